"""Native channels of the real agents: a half-typed line does not matter, and is still there afterwards."""

from __future__ import annotations

import pytest

from amq.certify.protocols import Say
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.user import HALF_TYPED, INPUT_ROW, Run, User, soak, submit, trust_hooks, type_half

pytestmark = [pytest.mark.timeout(180), soak]
LINE = "amq: 1 new message from user, attached. If it is missing, run: amq drain --include-body"


@pytest.mark.parametrize("agent", ["claude"], indirect=True)
def test_claude_is_notified_through_its_socket(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = lambda _: Say("Ok.")
    terminal = run(agent, "--native")  # and no plugin, which would come first
    terminal.wait_for(INPUT_ROW)
    type_half(terminal)
    user.send(agent, "urgent")
    wait_until(lambda: user.ways(agent)[:1] == ["claude socket"], terminal.screen)
    wait_until(lambda: rig.model.turns, terminal.screen)
    assert LINE in rig.model.turns[0][0].text
    assert "Body:\nhello\n" in rig.model.turns[0][0].given
    assert user.ways(agent) == ["claude socket", "hook prompt"]
    terminal.wait_for(HALF_TYPED)


@pytest.mark.parametrize("agent", ["codex"], indirect=True)
def test_codex_is_notified_by_its_queue(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = lambda _: Say("Ok.")
    terminal = run(agent, "--hooks", "--native")
    trust_hooks(terminal)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "hello")
    terminal.wait_for("Ok\\.")
    type_half(terminal)
    user.send(agent, "normal")
    wait_until(lambda: user.ways(agent)[:1] == ["codex queue"], terminal.screen)
    wait_until(lambda: LINE in rig.model.turns[-1][0].text, terminal.screen)
    assert "Body:\nhello\n" in rig.model.turns[-1][0].given
    terminal.wait_for(HALF_TYPED)
