"""Wait until a file in one of several directories may have changed, by the system's events.

Events are hints: the caller looks again after a while in any case.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from amq.runtime.directory_events import DirectoryEvents
from amq.runtime.journal import WAKES_NAME
from amq.runtime.stat_polling import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import QueueLayout
    from amq.runtime.directory_events import Names
    from amq.runtime.private_state import PrivateState

    Hints = Mapping[str, Names] | None
    """The directories that have changed, each with the names that did; None if there are no events."""

GATHER_S = 0.01  # seconds for which events that follow each other are one: those of one command
APART_S = 0.12  # seconds at least between the ends of two waits by events
STOP_S = 0.5  # seconds within which a wait ends that is to stop
POLL_S = 0.5  # seconds after which a wait ends if the system gives no events


class FileEvents:
    """A watch of directories; those that are missing are left out."""

    def __init__(self) -> None:
        self._events: DirectoryEvents | None = None
        self._hints: dict[str, Names] = {}
        self._ended_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def follow(self, directories: Iterable[str]) -> None:
        """Watch DIRECTORIES from here on. Call it before each look: a directory may have been replaced."""
        try:
            self._events = self._events or DirectoryEvents(contents=True)
            self._events.follow(directories)
        except OSError:
            self._close()
            return  # tried again before the next look
        if not self._events.is_complete:
            self._close()

    def changed(self) -> Hints:
        """Return what has changed since the last call, or since the last wait began, whichever came later.

        Call it between `follow` and the look: what changes after it ends the next wait.
        """
        if self._events is None:
            return None
        self._note(self._events)
        found, self._hints = self._hints, {}
        return found

    def wait(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Return when something may have changed since `follow`, after SECONDS, or when STOP is set.

        Raises KeyboardInterrupt in the main thread.
        """
        stop = stop or threading.Event()
        if self._events is None:
            stop.wait(min(seconds, POLL_S))
            return
        self._hints = {}
        until = now() + seconds
        poll = select.poll()
        poll.register(self._events.descriptor, select.POLLIN)
        while not stop.is_set() and (left := until - now()) > 0:
            if poll.poll(1000 * min(left, STOP_S)):
                stop.wait(max(GATHER_S, self._ended_s + APART_S - now()))
                self._note(self._events)
                self._ended_s = now()
                return

    def _note(self, events: DirectoryEvents) -> None:
        for path, names in events.changed().items():
            before = self._hints.get(path, set())
            self._hints[path] = None if names is None or before is None else names | before

    def _close(self) -> None:
        if self._events is not None:
            self._events.close()
        self._events, self._hints = None, {}


def of_agent(queue: QueueLayout, handle: str, private: PrivateState) -> Iterator[str]:
    """Yield the directories in which a change may be one of the state or of the mail of the agent HANDLE.

    PRIVATE is the user's private directory. The journal of its notifier is named by itself: lines come to its end.
    """
    agent = queue.agent(handle)
    yield from (agent.home, agent.state, agent.inbox_new, agent.dlq_new, agent.dlq_cur)
    if private.directory:
        directory = private.of_agent(queue.root, handle, make=False).directory
        yield from (directory, f"{directory}/{WAKES_NAME}")
