"""A channel that runs the user's own command."""

from __future__ import annotations

import math

import anyio

from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification

COMMAND_WITHIN_S = 30.0  # seconds for the command to end


class CommandChannel:
    """A command line of sh(1), with the notification as `$1`; status 0 means that the agent was notified."""

    way = "command"

    def __init__(self, command: str) -> None:
        self._command = command

    def look(self) -> Readiness:
        """Return that the agent can be notified: nothing is seen of it."""
        return Readiness(quiet_for_s=math.inf)

    def drained(self) -> None:
        pass

    async def attempt(self, line: Notification) -> End:
        """Run the command; return SENT for exit status 0, FAILED for another, UNCERTAIN after COMMAND_WITHIN_S."""
        with anyio.move_on_after(COMMAND_WITHIN_S):
            ended = await anyio.run_process(
                ["/bin/sh", "-c", self._command, "amq", line.text], stdin=None, check=False, start_new_session=True
            )
            if ended.returncode == 0:
                return End(Outcome.SENT, "")
            return End(Outcome.FAILED, f"the command ended with status {ended.returncode}")
        return End(Outcome.UNCERTAIN, f"the command timed out after {COMMAND_WITHIN_S:g} s")
