"""Agent APIs: the CLIs' own ways to take a text. Typing is left for where they are not available.

The user's draft does not block them. A text that an agent API may have taken is never typed as well. Measured on the
versions that the profiles name.
"""

from __future__ import annotations

from dataclasses import replace

import anyio.to_thread

from amq.runtime.agents.native_delivery import Native
from amq.runtime.channels import Channel
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class NativeFirst:
    """A channel that types only where the agent API is not available, or has refused."""

    def __init__(self, native: Native, typed: Channel) -> None:
        self._native = native
        self._typed = typed
        self._unsure = False
        self.way = typed.way

    def look(self) -> Readiness:
        """Return the typing channel's readiness, in which a draft, for one, may not block the agent API."""
        readiness = self._native.look(self._typed.look())
        if readiness.blocked_by and self._native.reaches(readiness) and self._native.is_there():
            return replace(readiness, blocked_by=None, queues_input=True)
        return readiness

    def drained(self) -> None:
        """Note that mail has left the inbox: an uncertain notification has arrived."""
        self._unsure = False
        self._typed.drained()

    async def attempt(self, line: Notification) -> End:
        """Notify by the agent API, and type only if it has refused; return the outcome.

        After an uncertain outcome nothing is sent until mail is drained: the agent may have the notification already.
        """
        if self._unsure:
            return End(Outcome.UNCERTAIN, "an earlier notification may have been accepted")
        if self._native.is_there():
            self.way = self._native.way
            end = await anyio.to_thread.run_sync(self._native.tell, line.text, abandon_on_cancel=True)
            self._unsure = end.outcome is Outcome.UNCERTAIN
            if end.outcome is not Outcome.REFUSED:
                return end
        end = await self._typed.attempt(line)
        self.way = self._typed.way
        return end
