"""Ways of an agent's program's own to be told something, for those who asked for them (`--native`).

Their gain is that a half-typed line of the person's does not matter. What one of them may have taken is never typed as
well.
"""

from __future__ import annotations

from dataclasses import replace

import anyio.to_thread

from amq.runtime.agents.native import Native
from amq.runtime.channels import Channel
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class NativeFirst:
    """A channel that types only where the program's own way is not there, or has refused."""

    def __init__(self, native: Native, typed: Channel) -> None:
        self._native = native
        self._typed = typed
        self._unsure = False
        self.way = typed.way

    def look(self) -> Readiness:
        """The same, but a draft does not matter."""
        readiness = self._typed.look()
        if readiness.blocked_by is WaitReason.DRAFT and self._native.is_there():
            return replace(readiness, blocked_by=None, queues_input=True)
        return readiness

    def drained(self) -> None:
        """What was uncertain has come out well."""
        self._unsure = False
        self._typed.drained()

    def tell_person(self) -> None:
        """As where nothing is native."""
        self._typed.tell_person()

    async def attempt(self, line: Notification) -> End:
        """By the program's own way; what it may have taken is not made sure of by another."""
        if self._unsure:
            return End(Outcome.UNCERTAIN, "an earlier notification may have been accepted")
        if self._native.is_there():
            self.way = self._native.way
            end = await anyio.to_thread.run_sync(self._native.tell, line.text, abandon_on_cancel=True)
            self._unsure = end.outcome is Outcome.UNCERTAIN
            if end.outcome is not Outcome.REFUSED:
                return end
        self.way = self._typed.way
        return await self._typed.attempt(line)
