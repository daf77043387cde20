"""Ways to reach an agent."""

from __future__ import annotations

from typing import Protocol

from amq.runtime.policy.injection import End
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class Channel(Protocol):
    """One way to one agent. It makes one attempt at a time, and knows what became of the ones before."""

    @property
    def way(self) -> str:
        """Its name in the record."""

    def look(self) -> Readiness:
        """How it stands with the agent now."""

    def drained(self) -> None:
        """Be told that mail has left the inbox."""

    async def attempt(self, line: Notification) -> End:
        """Tell the agent, as far as that is safe. The first look is taken before anything else is waited for."""

    def tell_person(self) -> None:
        """Let the person know that the agent does not read its mail."""
