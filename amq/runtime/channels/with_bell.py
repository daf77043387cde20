"""A bell for the user, added to any channel."""

from __future__ import annotations

from collections.abc import Callable

from amq.runtime.channels import Channel
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class BelledChannel:
    """A channel that rings when the agent was notified."""

    def __init__(self, channel: Channel, ring: Callable[[], None]) -> None:
        self._channel = channel
        self._ring = ring
        self.way = channel.way

    def look(self) -> Readiness:
        return self._channel.look()

    def drained(self) -> None:
        self._channel.drained()

    async def attempt(self, line: Notification) -> End:
        end = await self._channel.attempt(line)
        if end.outcome not in (Outcome.REFUSED, Outcome.ERASED):
            self._ring()
        return end
