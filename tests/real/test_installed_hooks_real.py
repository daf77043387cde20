"""`amq hook install`: an agent without a host learns its name, and reads its mail before its turn ends."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Answer, Call, Say, Turn
from amq.record import replace
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import open_terminal, wait_until
from tests.real.test_hooks_real import mentions
from tests.real.user import AMQ, INPUT_ROW, User, submit, trust_hooks

pytestmark = pytest.mark.timeout(180)
BASH_SEES = "env-of-the-shell"


def greets(turn: Turn) -> Answer:
    """Note the shell's environment when greeted; otherwise act as `use_amq` does."""
    if turn.text == "hello":
        return Say("Hello.") if turn.results else Call(f"env | grep ^AM_ >{BASH_SEES}; true")
    return use_amq(replace(turn, text=turn.text.replace("</hook_prompt>", "")))  # which Codex puts behind a reason


@pytest.mark.parametrize("agent", ["claude", "claude-old", "codex"], indirect=True)
def test_an_agent_without_a_host_reads_its_mail_before_its_turn_ends(rig: Rig, agent: Agent, user: User) -> None:
    rig.model.script = greets
    environ = rig.home(agent)
    programs = rig.directory / "programs"
    programs.mkdir()
    (programs / "amq").symlink_to(AMQ)
    environ["PATH"] = f"{programs}:{environ['PATH']}"
    Path(environ["HOME"], ".profile").write_text(f"PATH={programs}:$PATH\n")  # Codex's shells are login shells
    if agent.program == "codex":
        environ["AM_ME"] = "codex"  # a real model would heed its introduction
    install = [str(AMQ), "hook", "install", agent.program, "--yes"]
    subprocess.run(install, cwd=rig.project, env=environ, check=True, capture_output=True)
    user.amq("send", "--to", agent.program, "--kind", "question", "--body", "What is the answer?")
    command = rig.network.inside([agent.program])
    with open_terminal(rig.directory / "terminal", command, rig.project, environ) as terminal:
        if agent.program == "codex":
            trust_hooks(terminal)
        terminal.wait_for(INPUT_ROW)
        submit(terminal, "hello")
        wait_until(lambda: "Done: 1 replies." in terminal.screen(), terminal.screen)
        assert mentions(rig, f"You are `{agent.program}` in this project's mail (amq).") == 1
    assert [message["kind"] for message in user.amq("list")] == ["answer"]
    if agent.program == "claude":
        seen = Path(rig.project, BASH_SEES).read_text().split()
        assert sorted(seen) == ["AM_ME=claude", f"AM_ROOT={rig.project}/.agent-mail"]
