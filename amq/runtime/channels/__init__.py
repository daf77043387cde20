"""Channels: ways to reach an agent."""

from __future__ import annotations

from typing import Protocol

from amq.runtime.policy.injection import End
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class Channel(Protocol):
    """A way to reach one agent. It makes one attempt at a time, and remembers what became of earlier ones."""

    @property
    def way(self) -> str:
        """Return the channel's name in the journal."""

    def look(self) -> Readiness:
        """Return whether the agent can be notified now."""

    def drained(self) -> None:
        """Note that mail has left the inbox."""

    async def attempt(self, line: Notification) -> End:
        """Notify the agent by LINE, as far as that is safe; return the outcome.

        The first look is taken before anything else is waited for.
        """
