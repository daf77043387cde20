"""Ways of the real agents' own: a half-typed line does not matter, and is still there afterwards."""

from __future__ import annotations

import pytest

from tests.chance import SOAK
from tests.real.agents import Agent
from tests.real.mock_model import Say
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.test_hooks_real import Run, person, run, send, trust_hooks, ways
from tests.real.test_wake_real import INPUT_ROW, Person

__all__ = ["person", "run"]

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(not SOAK, reason="AMQ_SOAK=1 runs it"),
]
LINE = "amq: 1 new message from user. Run: amq drain --include-body"


@pytest.mark.parametrize("agent", ["claude"], indirect=True)
def test_claude_is_told_through_its_socket(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    rig.model.script = lambda _: Say("Ok.")
    terminal = run(agent, "--native")
    terminal.wait_for(INPUT_ROW)
    terminal.press("half")
    terminal.wait_for(f"{INPUT_ROW}half$")
    send(person, agent, "urgent")
    wait_until(lambda: ways(person, agent)[:1] == ["claude socket"], terminal.screen)
    wait_until(lambda: rig.model.turns, terminal.screen)
    assert LINE in rig.model.turns[0][0].text
    assert "hook prompt" not in ways(person, agent), "its hook knows our line"
    terminal.wait_for(f"{INPUT_ROW}half$")


@pytest.mark.parametrize("agent", ["codex"], indirect=True)
def test_codex_is_told_by_its_queue(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    rig.model.script = lambda _: Say("Ok.")
    terminal = run(agent, "--hooks", "--native")
    trust_hooks(terminal)
    terminal.wait_for(INPUT_ROW)
    terminal.press("hello")
    terminal.wait_for(f"{INPUT_ROW}hello$")
    terminal.press("\r")
    terminal.wait_for("Ok\\.")
    terminal.press("half")
    terminal.wait_for(f"{INPUT_ROW}half$")
    send(person, agent, "normal")
    wait_until(lambda: ways(person, agent)[:1] == ["codex queue"], terminal.screen)
    wait_until(lambda: LINE in rig.model.turns[-1][0].text, terminal.screen)
    terminal.wait_for(f"{INPUT_ROW}half$")
