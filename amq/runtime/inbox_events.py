"""A stream of "look again". The directory is the truth; what tells of its changes only hints at them."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from typing import Self

import anyio.to_thread
from watchfiles._rust_notify import RustNotify

from amq.layout import RootedPath
from amq.runtime.dirwatch import Watch, now
from amq.runtime.limits import start_threads
from amq.store import directories

STEP = 0.06  # seconds between two glances at the directory's times; more of them cost processor time at rest
SWEEP = 5.0  # seconds after which to look without any hint, because filesystems lie
POLL = 0.5  # the same, where the system gives no events


async def looks(
    directory: RootedPath, stop: threading.Event, log: Callable[[str], None], clock: Callable[[], float] = now
) -> AsyncGenerator[None, None]:
    """One item now, one whenever DIRECTORY may have changed, and one every SWEEP seconds, until STOP is set.

    What comes after the first item is seen. LOG is told once when the system gives no events. STOP has to be set before
    the reader is cancelled: a thread waits here, which notices nothing else, and ends within a step.
    """
    told = ""
    while not stop.is_set():
        with EventWatch(directory, clock) as watch:
            if watch.failure not in ("", told):
                log(f"{directory} cannot be watched, so amq checks it twice a second: {watch.failure}")
            told = watch.failure
            yield
            await anyio.to_thread.run_sync(watch.wait, POLL if watch.failure else SWEEP, stop.is_set)


class EventWatch:
    """A `Watch` over DIRECTORY that is helped by the system's events, from when it is made until the end of one `wait`.

    They tell of what came within the same tick of the filesystem's clock. `failure` is why there are none.
    """

    def __init__(self, directory: RootedPath, clock: Callable[[], float] = now) -> None:
        self.failure = ""
        self._clock = clock
        self._watch = Watch([directory], clock)
        self._events = self._begin(directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._events is not None:
            self._events.close()

    def wait(self, seconds: float, stopped: Callable[[], bool] = bool) -> None:
        """Return when the entries may have changed, when STOPPED says so, or after SECONDS."""
        self._end, self._stopped = self._clock() + seconds, stopped
        if self._events is None:
            self._watch.wait(seconds, STEP, stopped)
        else:
            self._events.watch(0, int(STEP * 1000), 0, self)

    def is_set(self) -> bool:
        """Whether the wait is over: the watcher asks at each step, as it would ask an event."""
        return self._stopped() or self._clock() >= self._end or self._watch.changed()

    def _begin(self, directory: RootedPath) -> RustNotify | None:
        try:
            # What takes its place in this instant only gives hints of its own: every look goes down without links
            directories.look(directory)
            start_threads(1)  # it has one of its own; where that is refused, it ends the process
            return RustNotify([directory], False, False, 0, False, False)
        except (OSError, RuntimeError, UnicodeEncodeError) as error:
            # not there, no watches or threads left, a filesystem without them, or a path that is not UTF-8
            self.failure = str(error)
            return None
