"""The user's request to notify an agent once more: a file of the agent's private directory, new each time.

It asks for nothing that a notifier would not do: what forbids typing forbids it still.
"""

from __future__ import annotations

from amq.runtime.private_state import write_private
from amq.runtime.stat_polling import hint

_NAME = "wake-again"


def request_wake(directory: str) -> None:
    """Ask the notifier of the agent whose private DIRECTORY this is. Raises OSError."""
    write_private(f"{directory}/{_NAME}", "")


class WakeRequests:
    """Reports each request once. Those from before it was made do not count."""

    def __init__(self, directory: str) -> None:
        self._path = directory and f"{directory}/{_NAME}"
        self._seen = hint(self._path)

    def another(self) -> bool:
        """Return whether there was a request since the last call."""
        before, self._seen = self._seen, hint(self._path)
        return self._seen not in ((), before)
