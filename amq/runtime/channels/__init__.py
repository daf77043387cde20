"""Ways to reach an agent."""

from __future__ import annotations

from typing import Protocol

from amq.runtime.typed import End, Notification
from amq.runtime.words import Reason


class Channel(Protocol):
    """One way to one agent. It makes one attempt at a time, and knows what became of the ones before."""

    @property
    def way(self) -> str:
        """Its name in the record."""

    def waits_for(self) -> Reason | None:
        """What forbids an attempt now."""

    def quiet_for(self) -> float:
        """Seconds since anything moved at the agent's side."""

    def drained(self) -> None:
        """Be told that mail has left the inbox."""

    async def attempt(self, line: Notification) -> End:
        """Tell the agent, as far as that is safe. The first look is taken before anything else is waited for."""
