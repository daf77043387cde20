"""A real agent's input row is found in all of its looks: mail wakes the agent, or `amq why` says why the mail waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import SIZE, Terminal, stays, wait_until
from tests.real.test_outside_real import start
from tests.real.test_places_real import TASK, check_place
from tests.real.user import LONG_ENOUGH, Run, User, agents, check_answer, notices, soak, wait_for_reply

__all__ = ["start"]
pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Look:
    """A way to start an agent, and its input row then."""

    row: str
    size: tuple[int, int] = SIZE
    arguments: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


SMALL = (10, 30)
LINUX = {"TERM": "linux"}
AX = ("--ax-screen-reader",)
PLAIN, READER = Look(r"^>\s", variables=LINUX), Look(r"^\$$", arguments=AX)
PLAIN_AND_SMALL = Look(r"^>\s", SMALL, variables=LINUX)
ALSO = [
    ("claude-before", "plain and small", PLAIN_AND_SMALL),
    ("claude-old", "plain and small", PLAIN_AND_SMALL),
    ("claude", "plain", PLAIN),
    ("claude", "small", Look(r"^❯\s", SMALL)),
    ("claude", "smaller", Look(r"^❯\s", (8, 30))),
    ("claude", "no colours", Look(r"^❯\s", variables={"NO_COLOR": "1"})),
    ("claude", "for a screen reader", READER),
    ("claude-before", "for a screen reader", READER),
    ("claude", "for a screen reader, small", Look(r"^\$$", SMALL, AX)),
    ("claude", "by a variable", Look(r"^\$$", variables={"CLAUDE_AX_SCREEN_READER": "1"})),
    ("codex", "plain", Look(r"^›\s", variables=LINUX)),
    ("codex", "small", Look(r"^›\s", SMALL)),
    ("codex", "no colours", Look(r"^›\s", variables={"NO_COLOR": "1"})),
]
LOOKS = [
    pytest.param("claude", PLAIN_AND_SMALL, id="claude, plain and small"),
    *(pytest.param(name, look, id=f"{name}, {what}", marks=soak) for name, what, look in ALSO),
]


@pytest.mark.parametrize(("agent", "look"), LOOKS, indirect=["agent"])
def test_mail_wakes_it(rig: Rig, agent: Agent, user: User, run: Run, look: Look) -> None:
    terminal = run(agent, arguments=look.arguments, size=look.size, variables=look.variables)
    terminal.wait_for(look.row)
    question = user.ask(agent)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert [turn.text.startswith("amq: 1 new message") for turn in notices(rig)] == [True]


@pytest.mark.parametrize(
    ("term", "arguments", "row"),
    [("linux", "", PLAIN.row), ("tmux-256color", AX[0], READER.row)],
    ids=["plain", "for a screen reader"],
)
@agents(also=("claude",))
def test_mail_wakes_it_in_a_terminal_that_is_not_ours(
    rig: Rig,
    agent: Agent,
    user: User,
    start: Callable[..., Terminal],
    term: str,
    arguments: str,
    row: str,
) -> None:
    terminal = start(agent, term=term, arguments=arguments, ready=row)
    question = user.ask(agent)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)


@pytest.mark.parametrize("look", [PLAIN, READER], ids=["plain", "for a screen reader"])
@agents(also=("claude", "claude-before"))
def test_the_list_of_agents_gets_no_line(rig: Rig, agent: Agent, user: User, run: Run, look: Look) -> None:
    terminal = run(agent, arguments=look.arguments, variables=look.variables)
    terminal.wait_for(look.row)
    check_place(rig, agent, user, terminal, TASK)


@agents(also=("claude-old",))
def test_where_no_row_is_drawn_the_mail_waits(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """This version has no prompt for a screen reader."""
    terminal = run(agent, arguments=READER.arguments)
    terminal.wait_for("/effort")
    user.ask(agent)
    user.waits_for(agent, "dialog")
    wait_until(lambda: user.amq("why", agent.program)["waits_for"] == "unknown-look", terminal.screen, timeout=90)
    assert rig.model.turns == []


@pytest.mark.parametrize(
    ("agent", "size"), [("claude", (6, 30)), ("claude", (10, 12)), ("codex", (6, 20))], indirect=["agent"]
)
@soak
def test_where_the_line_would_not_be_seen_it_is_not_typed(
    rig: Rig, agent: Agent, user: User, run: Run, size: tuple[int, int]
) -> None:
    terminal = run(agent, size=size)
    terminal.wait_for("^[❯›]")
    user.ask(agent)
    user.waits_for(agent, "unknown-screen", "dialog")
    stays(lambda: not terminal.shows("amq:"), terminal.screen, LONG_ENOUGH)
    assert rig.model.turns == []
