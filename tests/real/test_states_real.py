"""The state of real agents, as `amq who` and `amq wait` show it while no mail waits."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from amq.certify.protocols import Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.user import DIALOG, INPUT_ROW, Run, User, agents, submit

pytestmark = pytest.mark.timeout(180)
COMMAND = "touch done-by-the-agent"


@agents("claude", also=("claude-before", "codex"))
def test_an_agent_is_idle_asks_and_is_gone(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    def script(turn: Turn) -> Say | Call:
        return Say("Done.") if turn.results else Call(COMMAND, escalated=True)

    def state() -> dict[str, Any]:
        return next(row for row in user.amq("who") if row["handle"] == agent.program)

    rig.model.script = script
    terminal = run(agent, asks=True)
    terminal.wait_for(INPUT_ROW)
    assert user.amq("wait", agent.program, "--idle")["agents"][0]["state"] == "idle"
    submit(terminal, "go")
    terminal.wait_for(DIALOG)
    assert user.amq("wait", agent.program, "--blocked")["event"] == "blocked"
    # it says that it asks before it draws the dialog
    wait_until(lambda: COMMAND in state().get("question", ""), terminal.screen)
    terminal.press("\x1b")
    assert user.amq("wait", agent.program, "--idle")["event"] == "idle"
    os.kill(state()["notifier"]["pid"], signal.SIGKILL)
    assert state()["state"] == "not-running"
