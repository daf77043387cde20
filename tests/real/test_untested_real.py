"""Real agents whose profile takes their version for one that was not tested: they say what they do, so they get lines.

The requests that the mock model got are the only proof. AMQ_SOAK=1 runs these tests.
"""

from __future__ import annotations

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal
from tests.real.user import (
    DIALOG,
    INPUT_ROW,
    Run,
    User,
    agents,
    beginnings,
    check_answer,
    remains,
    submit,
    wait_for_reply,
)

pytestmark = pytest.mark.timeout(300)

in_a_soak = agents(also=("claude", "codex"))


def start(rig: Rig, run: Run, agent: Agent, *, asks: bool = False) -> Terminal:
    profile = rig.directory / "untested.toml"
    profile.write_text(f'extends = "{agent.program}"\ntested = ["0.0"]\n')
    terminal = run(agent, "--no-hooks", "--profile", str(profile), asks=asks)
    terminal.wait_for(INPUT_ROW)
    return terminal


@in_a_soak
def test_it_is_notified_when_it_is_idle(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = start(rig, run, agent)
    for count in (1, 2, 3):
        question = user.ask(agent)
        wait_for_reply(rig, user, terminal, count)
        check_answer(user, agent, question)
    assert beginnings(rig) == ["amq: 1 new message from user"] * 3


@in_a_soak
def test_an_open_dialog_is_not_answered(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        return Say("Finished.") if turn.results else Call("touch done", escalated=True)

    rig.model.script = script
    terminal = start(rig, run, agent, asks=True)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
    user.ask(agent)
    user.waits_for(agent, "dialog")
    remains(terminal, DIALOG)
    assert not (rig.project / "done").exists()
