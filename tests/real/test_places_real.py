"""Fields that look like a real agent's input row: no line is typed there, and the mail is announced after them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from amq.certify.mock_model import reads_given
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, stays, wait_until
from tests.real.test_outside_real import start
from tests.real.user import (
    INPUT_ROW,
    LONG_ENOUGH,
    NOTICE,
    Run,
    User,
    agents,
    check_answer,
    notices,
    soak,
    wait_for_reply,
)

__all__ = ["start"]
pytestmark = pytest.mark.timeout(180)
SOON = 20.0  # seconds: less than until a reminder
LEFT, DOWN, ESCAPE = "\x1b[D", "\x1b[B", "\x1b"
TASK, NAME, INSTRUCTIONS = "describe a task", "Type a name", "Type instructions"


def open_tasks(terminal: Terminal) -> None:
    terminal.press(LEFT)
    terminal.wait_for(TASK)


def close_tasks(terminal: Terminal) -> None:
    terminal.press(ESCAPE)


def open_rename(terminal: Terminal) -> None:
    command(terminal, "/rename")
    terminal.wait_for(NAME)


def close_rename(terminal: Terminal) -> None:
    terminal.press(ESCAPE)


def open_review(terminal: Terminal) -> None:
    command(terminal, "/review")
    terminal.wait_for("Select a review preset")
    for _ in range(3):
        terminal.press(DOWN)
    terminal.wait_for("› 4. Custom")
    terminal.press("\r")
    terminal.wait_for(INSTRUCTIONS)


def close_review(terminal: Terminal) -> None:
    terminal.press(ESCAPE)
    terminal.wait_for("Select a review preset")
    terminal.press(ESCAPE)


def command(terminal: Terminal, name: str) -> None:
    terminal.press(name)
    terminal.wait_for(f"{INPUT_ROW}{name}$")
    terminal.press("\r")


PLACES = {
    TASK: (open_tasks, close_tasks),
    NAME: (open_rename, close_rename),
    INSTRUCTIONS: (open_review, close_review),
}


def check_place(rig: Rig, agent: Agent, user: User, terminal: Terminal, shown: str) -> None:
    """Check that mail waits while the place is SHOWN.

    `amq why` says so, and it is announced once when the row is back.
    """
    opens, closes = PLACES[shown]
    opens(terminal)
    question = user.ask(agent)
    user.waits_for(agent, "unknown-screen")
    stays(lambda: terminal.shows(shown), terminal.screen, LONG_ENOUGH)
    assert rig.model.turns == []
    closes(terminal)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert [NOTICE in turn.text for turn in notices(rig)] == [True]


@pytest.mark.parametrize("options", [("--no-hooks",), pytest.param((), marks=soak)], ids=["typing", "hooks"])
@agents("claude", also=("claude-before",))
def test_the_list_of_agents_gets_no_line(
    rig: Rig, agent: Agent, user: User, run: Run, options: tuple[str, ...]
) -> None:
    """A line there would begin another session, and the submit key would end this one.

    The background hook of before the list is not heard after it: the line follows when that is seen.
    """
    terminal = run(agent, *options)
    terminal.wait_for(INPUT_ROW)
    check_place(rig, agent, user, terminal, TASK)


@pytest.mark.parametrize("after", [0.0, 0.2, 0.4, 0.6])  # seconds
@agents(also=("claude", "claude-before"))
def test_mail_that_comes_as_the_list_of_agents_opens_arrives_soon_after_it(
    rig: Rig, agent: Agent, user: User, run: Run, after: float
) -> None:
    """The background hook may be asked to begin a turn of the session that is just being moved, which begins none."""
    rig.model.script = reads_given
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    stays(lambda: terminal.shows(INPUT_ROW), terminal.screen, LONG_ENOUGH)
    terminal.press(LEFT)
    threading.Event().wait(after)
    Mailbox(str(rig.project / ".agent-mail"), "user").send([agent.program], b"hello", Draft())
    terminal.wait_for(TASK)
    while terminal.shows(TASK):  # the key has no effect while the session is being moved
        close_tasks(terminal)
        threading.Event().wait(1.0)
    wait_until(lambda: rig.model.turns, lambda: f"{user.history(agent)}\n{terminal.screen()}", timeout=SOON)
    assert [NOTICE in turn.text for turn in notices(rig)] == [True]


@agents(also=("claude", "claude-before"))
def test_nor_does_the_list_that_is_started_by_itself(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """It asks whether its state is wanted, and publishes none until a session is opened from it."""
    terminal = run(agent, arguments=("agents",))
    terminal.wait_for(TASK)
    user.ask(agent)
    user.waits_for(agent, "starting", "unknown-screen")
    stays(lambda: terminal.shows(TASK), terminal.screen, 3 * LONG_ENOUGH)
    assert rig.model.turns == []


@pytest.mark.parametrize("shown", [NAME, INSTRUCTIONS])
@agents("codex", also=("codex-before",))
def test_a_field_for_a_name_or_a_review_gets_no_line(rig: Rig, agent: Agent, user: User, run: Run, shown: str) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    check_place(rig, agent, user, terminal, shown)


@soak
@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("claude", TASK),
        ("claude-before", TASK),
        ("codex", NAME),
        ("codex", INSTRUCTIONS),
        ("codex-before", NAME),
        ("codex-before", INSTRUCTIONS),
    ],
    indirect=["agent"],
)
@pytest.mark.parametrize("term", ["tmux-256color", "screen"])
def test_nor_do_they_in_a_terminal_that_is_not_ours(
    rig: Rig, agent: Agent, user: User, start: Callable[..., Terminal], shown: str, term: str
) -> None:
    """With 16 colours grey texts are faint, as a placeholder of the row is."""
    terminal = start(agent, arguments="--no-daemon" if agent.program == "codex" else "", term=term)
    check_place(rig, agent, user, terminal, shown)
