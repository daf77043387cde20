"""A real agent's tool without AM_ME, in a terminal of its own where the CLI can make one: it is never the user."""

from __future__ import annotations

import json

import pytest

from amq.certify.protocols import Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.user import AMQ, INPUT_ROW, Run, User, agents, soak, submit

pytestmark = pytest.mark.timeout(180)
LOST = f"env -u AM_ME -u AMQ_RUN {AMQ} send --to user --body x; echo =$?"


@soak
@agents("codex", "claude", also=("claude-old",))
def test_an_agent_that_lost_its_name_is_not_the_user(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    results: list[str] = []

    def script(turn: Turn) -> Say | Call:
        if turn.results:
            results.append(turn.results[-1])
            return Say("Done.")
        return Call(f"{LOST}; : </dev/tty && echo has a terminal", tty=True)

    rig.model.script = script
    terminal = run(agent, "--no-wake")
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "go")
    wait_until(lambda: bool(results), terminal.screen)
    (said,) = results
    assert "who are you?" in said
    assert "=2" in said
    assert ("has a terminal" in said) == (agent.program == "codex"), json.dumps(said)
    assert not user.mail()
