"""Wait until a file in one of several directories may have changed, by the system's events.

Events are hints: the caller looks again after a while in any case.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from typing import Self

from watchfiles._rust_notify import RustNotify

from amq.runtime.resource_limits import start_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import QueueLayout
    from amq.runtime.private_state import PrivateState

STEP_MS = 40  # milliseconds between two checks for an event
GATHER_MS = 120  # milliseconds for which events that follow each other are one
POLL_S = 0.5  # seconds after which a wait ends if the system gives no events


class FileEvents:
    """A watch of directories; those that are missing are left out."""

    def __init__(self) -> None:
        self._watched: list[tuple[str, int, int]] = []
        self._events: RustNotify | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def follow(self, directories: Iterable[str]) -> None:
        """Watch DIRECTORIES from here on. Call it before each look: a directory may have been replaced."""
        found = sorted(_identified(directories))
        if found == self._watched:
            return
        self._close()
        try:
            start_threads(1)  # RustNotify starts one, and ends the process if that fails
            self._events = RustNotify([path for path, *_ in found], False, False, 0, False, True) if found else None
        except (OSError, RuntimeError, UnicodeEncodeError):
            return  # tried again before the next look
        self._watched = found

    def wait(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Return when something may have changed since `follow`, after SECONDS, or when STOP is set.

        Raises KeyboardInterrupt in the main thread.
        """
        if self._events is None:
            (stop or threading.Event()).wait(min(seconds, POLL_S))
        elif self._events.watch(GATHER_MS, STEP_MS, max(1, int(seconds * 1000)), stop) == "signal":
            raise KeyboardInterrupt

    def _close(self) -> None:
        if self._events is not None:
            self._events.close()
        self._events, self._watched = None, []


def of_agent(queue: QueueLayout, handle: str, private: PrivateState) -> Iterator[str]:
    """Yield the directories in which a change may be one of the state or of the mail of the agent HANDLE.

    PRIVATE is the user's private directory.
    """
    agent = queue.agent(handle)
    yield from (agent.home, agent.state, agent.inbox_new, agent.dlq_new, agent.dlq_cur)
    if private.directory:
        yield private.of_agent(queue.root, handle, make=False).directory


def _identified(directories: Iterable[str]) -> Iterable[tuple[str, int, int]]:
    """Yield each of DIRECTORIES that is there, with its identity."""
    for path in set(directories):
        try:
            found = os.stat(path)
        except OSError:
            continue
        yield path, found.st_dev, found.st_ino
