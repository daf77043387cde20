"""Agent APIs: the CLIs' own ways to take a notification."""

from __future__ import annotations

from typing import Protocol

from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import WaitReason
from amq.runtime.policy.schedule import Readiness


class Native(Protocol):
    """The agent API of one session."""

    way: str

    def is_there(self) -> bool:
        """Return whether the session is known to be alive and to accept a text."""

    def look(self, readiness: Readiness) -> Readiness:
        """Return READINESS, which the terminal has shown, with what is known of the API; it is called at each look."""

    def reaches(self, readiness: Readiness) -> bool:
        """Return whether it reaches an agent that is as READINESS says, into which nothing may be typed."""

    def tell(self, text: str) -> End:
        """Send TEXT to the session and return the outcome: SENT, UNCERTAIN, or REFUSED if it was not taken."""


class Plugin(Native, Protocol):
    """The agent API of a session that was given amq's plugin."""

    def forbids(self) -> WaitReason | None:
        """Ask the plugin, and return what forbids typing by its answer, such as a draft; None without an answer."""

    def close(self) -> None:
        """End it: what it has on offer is given back."""


class PluginFeed(Protocol):
    """The pipes to a plugin. They are made before its CLI is started."""

    def close(self) -> None:
        """Close them, if they are open."""
