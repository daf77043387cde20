"""Mail that is in a real agent's session while its model's API fails for good, or refuses for a limit.

It stays taken, and the next answer files it. The requests that the mock model got are the only proof. AMQ_SOAK=1 runs
these tests.
"""

from __future__ import annotations

import threading
import time

import pytest

from amq.certify.mock_model import reads_given
from amq.certify.protocols import Answer, Fail, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import stays, wait_until
from tests.real.test_delivery_real import (
    EMPTY_ROW,
    WORKS,
    in_a_soak,
    is_filed,
    send,
    shown,
    start,
    wait_for_body,
    wait_until_filed,
)
from tests.real.user import LONG_ENOUGH, Run, User, remains, submit

pytestmark = pytest.mark.timeout(300)

RESETS = int(time.time()) + 3600
FAILURES = {
    "400": Fail(400),
    "401": Fail(401, error=(("type", "authentication_error"), ("message", "invalid x-api-key"))),
    "500": Fail(500, error=(("type", "api_error"), ("message", "Internal server error"))),
    "529": Fail(529, error=(("type", "overloaded_error"), ("message", "Overloaded"))),
    "429": Fail(429, (("retry-after", "1"),), (("type", "rate_limit_error"), ("message", "Too many requests."))),
}
USAGE_LIMITS = {
    "claude": Fail(
        429,
        (
            ("anthropic-ratelimit-unified-status", "rejected"),
            ("anthropic-ratelimit-unified-reset", str(RESETS)),
            ("anthropic-ratelimit-unified-representative-claim", "five_hour"),
            ("anthropic-ratelimit-unified-5h-reset", str(RESETS)),
            ("anthropic-ratelimit-unified-overage-status", "rejected"),
            ("anthropic-ratelimit-unified-overage-disabled-reason", "org_level_disabled"),
            ("x-should-retry", "false"),
        ),
        (("type", "rate_limit_error"), ("message", "This request would exceed your account's rate limit.")),
    ),
    "codex": Fail(
        429,
        (("x-codex-primary-used-percent", "100"), ("x-codex-primary-window-minutes", "300")),
        (
            ("type", "usage_limit_reached"),
            ("message", "The usage limit has been reached"),
            ("plan_type", "pro"),
            ("resets_at", RESETS),
        ),
    ),
}
"""Each vendor's refusal where the user's plan has no more left for some hours."""
OTHER_MODEL = "Switch to .* for lower credit usage"  # Codex asks so near a limit
ONCE = {"CLAUDE_CODE_MAX_RETRIES": "1"}


@pytest.mark.parametrize("failure", [*FAILURES, "usage limit"])
@in_a_soak
def test_mail_of_a_turn_that_failed_stays_taken_until_the_next_answer(
    rig: Rig, agent: Agent, user: User, run: Run, failure: str
) -> None:
    fails = threading.Event()
    fails.set()
    fail = USAGE_LIMITS[agent.program] if failure == "usage limit" else FAILURES[failure]

    def script(turn: Turn) -> Answer | Fail:
        return fail if fails.is_set() else reads_given(turn)

    rig.model.script = script
    terminal = start(run, agent, variables=ONCE)
    send(user, agent)
    wait_for_body(rig, terminal)
    user.waits_for(agent, "taken")
    if (agent.program, failure) == ("codex", "usage limit"):
        terminal.wait_for(OTHER_MODEL)
        remains(terminal, OTHER_MODEL)
        terminal.press("\x1b")
    wait_until(lambda: terminal.shows(EMPTY_ROW) and not terminal.shows(WORKS), terminal.screen, timeout=60)
    stays(lambda: user.amq("why", agent.program).get("waits_for") == "taken", terminal.screen, LONG_ENOUGH)
    assert not is_filed(user, agent)
    fails.clear()
    submit(terminal, "again")
    wait_until_filed(user, agent, terminal)
    assert shown(rig) == 1
