"""Mail for a real agent whose model's API fails, or refuses for a usage limit: it waits until that ends.

The requests that the mock model got are the only proof. AMQ_SOAK=1 runs these tests.
"""

from __future__ import annotations

import threading

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Answer, Fail, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import stays, wait_until
from tests.real.test_delivery_real import WORKS, main_requests, send, start, wait_until_filed
from tests.real.test_failures_real import FAILURES, ONCE, OTHER_MODEL, USAGE_LIMITS
from tests.real.user import INPUT_ROW, LONG_ENOUGH, Run, User, agents, submit

pytestmark = pytest.mark.timeout(300)

in_a_soak = agents(also=("claude", "claude-before", "codex", "codex-before"))


@pytest.mark.parametrize("failure", ["400", "529", "usage limit"])
@in_a_soak
def test_mail_waits_for_the_end_of_an_error(rig: Rig, agent: Agent, user: User, run: Run, failure: str) -> None:
    it_waits(rig, agent, user, run, failure)


@agents(also=("claude", "claude-before"))
def test_mail_for_a_plugin_waits_too(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    it_waits(rig, agent, user, run, "usage limit", plugin=True)


def it_waits(rig: Rig, agent: Agent, user: User, run: Run, failure: str, *, plugin: bool = False) -> None:
    """Let a turn fail, then send mail: nothing is asked of the model until the error ends, then the mail is read."""
    fails = threading.Event()
    fails.set()
    fail = USAGE_LIMITS[agent.program] if failure == "usage limit" else FAILURES[failure]

    def script(turn: Turn) -> Answer | Fail:
        return fail if fails.is_set() else use_amq(turn)

    rig.model.script = script
    terminal = start(run, agent, variables=ONCE, plugin=plugin)
    submit(terminal, "hello")
    wait_until(lambda: rig.model.times_of("hello"), terminal.screen, timeout=60)
    asks = (agent.program, failure) == ("codex", "usage limit")
    if asks:
        terminal.wait_for(OTHER_MODEL)
    else:
        wait_until(lambda: terminal.shows(INPUT_ROW) and not terminal.shows(WORKS), terminal.screen, timeout=60)
    send(user, agent)
    user.waits_for(agent, "api-error")
    asked = len(main_requests(rig))
    stays(lambda: user.amq("why", agent.program).get("waits_for") == "api-error", terminal.screen, LONG_ENOUGH)
    assert len(main_requests(rig)) == asked
    fails.clear()
    if asks:  # to close it is the end of the error, as Codex says, whatever the model does then
        terminal.press("\x1b")
    else:
        submit(terminal, "again")
    wait_until_filed(user, agent, terminal)
