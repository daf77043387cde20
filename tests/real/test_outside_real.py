"""Mail wakes a real agent that a user started in their own terminal, with `amq wake &` beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, open_terminal, stays, wait_until
from tests.real.user import (
    AMQ,
    DIALOG,
    HALF_TYPED,
    INPUT_ROW,
    User,
    check_answer,
    notices,
    soak,
    submit,
    type_half,
    wait_for_reply,
)

pytestmark = [pytest.mark.timeout(180), soak]


@pytest.fixture
def start(rig: Rig) -> Iterator[Callable[..., Terminal]]:
    """Start an agent in tmux, as the classic quick start says."""
    with ExitStack() as stack:

        def start(
            agent: Agent,
            *,
            asks: bool = False,
            arguments: str = "",
            via: str = "tmux",
            term: str = "tmux-256color",
            ready: str = INPUT_ROW,
        ) -> Terminal:
            environment = rig.home(agent, asks=asks)
            environment |= {"PATH": f"{AMQ.parent}:{environment['PATH']}", "AM_ME": agent.program, "PS1": "READY "}
            command = rig.network.inside(["bash", "--norc", "--noprofile", "-i"])
            socket = rig.directory / f"terminal-{agent.name}"
            terminal = stack.enter_context(open_terminal(socket, command, rig.project, environment))
            terminal.wait_for("^READY")
            terminal.press(f"amq wake --via {via} &\r")
            terminal.wait_for(f"notifying .* by {via}")
            terminal.press(f"clear; TERM={term} {agent.program} {arguments}\r")
            terminal.wait_for(ready, timeout=60)
            return terminal

        yield start


@pytest.mark.parametrize("agent", ["claude", "claude-old", "codex"], indirect=True)
def test_mail_wakes_an_idle_agent(rig: Rig, agent: Agent, user: User, start: Callable[..., Terminal]) -> None:
    arguments = "--no-daemon" if agent.program == "codex" else ""
    terminal = start(agent, arguments=arguments)
    for count in (1, 2):
        question = user.ask(agent)
        wait_for_reply(rig, user, terminal, count)
        check_answer(user, agent, question)
        terminal.wait_for(r"Done: 1 replies\.")
    assert len(notices(rig)) == 2


@pytest.mark.parametrize("agent", ["claude", "codex"], indirect=True)
def test_a_half_typed_line_is_left_alone(rig: Rig, agent: Agent, user: User, start: Callable[..., Terminal]) -> None:
    terminal = start(agent)
    type_half(terminal)
    user.ask(agent)
    stays(lambda: terminal.shows(HALF_TYPED), terminal.screen, seconds=4)


@pytest.mark.parametrize("agent", ["claude", "codex"], indirect=True)
def test_an_open_dialog_is_not_answered(rig: Rig, agent: Agent, user: User, start: Callable[..., Terminal]) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        return Say("Finished.") if turn.results else Call("touch done", escalated=True)

    rig.model.script = script
    terminal = start(agent, asks=True)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
    user.ask(agent)
    done = rig.project / "done"
    stays(lambda: terminal.shows(DIALOG) and not done.exists(), terminal.screen, seconds=4)
    terminal.press("\r")
    wait_until(done.exists, terminal.screen)
    wait_until(lambda: len(notices(rig)) == 2, terminal.screen, timeout=60)


@pytest.mark.parametrize("agent", ["claude"], indirect=True)
def test_a_terminal_without_an_observer_will_do_where_a_key_is_harmless(
    rig: Rig, agent: Agent, user: User, start: Callable[..., Terminal]
) -> None:
    terminal = start(agent, via="tiocsti")
    question = user.ask(agent)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert len(notices(rig)) == 1
