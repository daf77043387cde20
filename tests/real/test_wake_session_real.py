"""A real session, started without amq, gets a handle and a line about its mail, and answers as that agent."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, open_terminal, wait_until
from tests.real.user import AMQ, INPUT_ROW, User, agents, submit, type_half, wait_for_reply

pytestmark = pytest.mark.timeout(180)
TO_ANSWER = re.compile(r"^\[AMQ\] To answer: (.+ reply --id \S+) --body -", re.MULTILINE)
COMMAND = re.compile(r"Run: (\S+ drain --me \w+ --include-body)")


def answers(turn: Turn) -> Answer:
    """Drain as the line says, then answer as the output of that says."""
    told = COMMAND.search(turn.text)
    if told is None:
        return Say("Ok.")
    if not turn.results:
        return Call(told[1])
    to_answer = TO_ANSWER.search(turn.results[0])
    if to_answer and len(turn.results) == 1:
        return Call(f'{to_answer[1]} --body "The answer is 42."')
    return Say("Done.")


@pytest.fixture
def start(rig: Rig, user: User) -> Iterator[Callable[..., tuple[Terminal, Path]]]:
    """Start an agent as a user does, then `amq wake --session` elsewhere; return its terminal and what that said."""
    with ExitStack() as stack:

        def start(agent: Agent, *options: str, arguments: str = "", first: str = "") -> tuple[Terminal, Path]:
            rig.model.script = answers
            environment = rig.home(agent)
            environment |= {"PATH": f"{AMQ.parent}:{environment['PATH']}", "PS1": "READY "}
            shell = rig.network.inside(["bash", "--norc", "--noprofile", "-i"])
            terminal = stack.enter_context(open_terminal(rig.directory / "t", shell, rig.project, environment))
            terminal.wait_for("^READY")
            terminal.press(f"clear; {agent.program} {arguments}\r")
            terminal.wait_for(INPUT_ROW, timeout=60)
            if first:
                submit(terminal, first)
                terminal.wait_for(r"Ok\.")
            wake = rig.network.inside([AMQ, "wake", "--session", agent.program, *options])
            said = rig.directory / "said"
            with said.open("w") as output:
                notifier = stack.enter_context(
                    subprocess.Popen(wake, cwd=rig.project, env=environment, stderr=output, start_new_session=True)
                )
            stack.callback(notifier.terminate)
            wait_until(lambda: "amq sees" in said.read_text() or notifier.poll() is not None, said.read_text)
            return terminal, said

        yield start


@agents("claude", "codex", also=("claude-before", "claude-old", "codex-before"))
def test_a_line_notifies_a_session_in_tmux(
    rig: Rig, agent: Agent, user: User, start: Callable[..., tuple[Terminal, Path]]
) -> None:
    """Codex runs with its daemon, as by itself. It echoes no paste while it starts that."""
    terminal, said = start(agent, first="hello" if agent.program == "codex" else "")
    assert f"notifying {agent.program} of its mail by tmux" in said.read_text()
    question = user.ask(agent)
    wait_for_reply(rig, user, terminal)
    answer = user.amq("read", "--id", user.mail()[-1]["id"])
    assert (answer["header"]["from"], answer["header"]["refs"]) == (agent.program, [question])
    assert user.ways(agent) == ["tmux"], user.history(agent)
    if agent.program == "claude":
        (claude,) = [each for each in user.amq("who") if each["handle"] == "claude"]
        assert claude["session_name"].startswith("project")


@agents("claude", also=("claude-before", "codex-before", "codex"))
def test_its_own_way_notifies_a_session_past_a_draft(
    rig: Rig, agent: Agent, user: User, start: Callable[..., tuple[Terminal, Path]]
) -> None:
    """`codex queue` needs a first turn."""
    first = "hello" if agent.program == "codex" else ""
    terminal, said = start(agent, "--via", "native", first=first)
    assert f"notifying {agent.program} of its mail by native" in said.read_text()
    type_half(terminal)
    user.ask(agent)
    wait_for_reply(rig, user, terminal)
    assert user.ways(agent) == ["claude socket" if agent.program == "claude" else "codex queue"]
    terminal.wait_for(f"{INPUT_ROW}half$")
