"""Waiting until something has become true of some directories.

The directories are the truth; what tells of their changes is a hint that it is time to look. Whatever happens to the
hints, there is a look without one, only later.
"""

from __future__ import annotations

import gc
import math
import os
import time
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self, TypeVar

    from watchfiles._rust_notify import RustNotify

    Found = TypeVar("Found")

STEP_MS = 4  # between two glances at the directories' times; fewer cost processor time
SWEEP = 0.5  # seconds after which to look without any hint, because filesystems lie
POLL = 0.1  # the same, where the system gives no events


def now() -> float:
    """Seconds of a clock that nobody sets and that, where there is such a one, goes on while the machine sleeps."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


def until(
    look: Callable[[], Found],
    directories: Sequence[str],
    seconds: float,
    *,
    poll: bool = False,
    clock: Callable[[], float] = now,
) -> Found:
    """Ask LOOK until what it finds is true, or for SECONDS (0: no limit); the last thing it found.

    LOOK is asked at once, at the end, and whenever the entries of DIRECTORIES may have changed; with `poll`, or where
    the system tells of no changes, at least every POLL seconds. Raises KeyboardInterrupt, and whatever LOOK raises.
    """
    end = clock() + seconds if seconds else math.inf
    while True:
        # The watch is there before the look, so that nothing falls between the two.
        with Watch(directories, STEP_MS, events=not poll, clock=clock) as watch:
            found = look()
            left = end - clock()
            if found or left <= 0:
                return found
            watch.wait(min(left, SWEEP if watch.has_events else POLL))


class Watch:
    """Over DIRECTORIES, from when it is made until the end of one `wait`.

    Changes are seen in the directories' own times, at a glance every STEP_MS. That costs no more than to ask for the
    system's events as often, needs one step where these need two, misses no directory that has taken the place of
    another, and works where there are no events. These tell of what came within the same tick of the clock.
    """

    def __init__(
        self,
        directories: Sequence[str],
        step_ms: int,
        *,
        events: bool = True,
        clock: Callable[[], float] = now,
    ) -> None:
        self.failure = ""  # why the system gives no events, if it was asked for them
        self._directories = list(directories)
        self._step_ms = step_ms
        self._clock = clock
        self._before = self._times()
        self._events = self._begin() if events else None

    @property
    def has_events(self) -> bool:
        """Whether the system tells of changes."""
        return self._events is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._events is not None:
            self._events.close()

    def wait(self, seconds: float, stopped: Callable[[], bool] = bool) -> None:
        """Return when the entries may have changed, when STOPPED says so, or after SECONDS."""
        self._end, self._stopped = self._clock() + seconds, stopped
        if self._events is None:
            while not self.is_set():
                time.sleep(self._step_ms / 1000)
        elif self._events.watch(0, self._step_ms, 0, self) == "signal":
            raise KeyboardInterrupt

    def is_set(self) -> bool:
        """Whether the wait is over: the watcher asks at each step, as it would ask an event."""
        return self._stopped() or self._clock() >= self._end or self._times() != self._before

    def _begin(self) -> RustNotify | None:
        try:
            return _watcher()(self._directories, False, False, 0, False, False)
        except (OSError, RuntimeError) as error:  # not there, no watches left, or a filesystem without them
            self.failure = str(error)
            return None

    def _times(self) -> list[tuple[int, ...]]:
        return [_times(directory) for directory in self._directories]


def _times(directory: str) -> tuple[int, ...]:
    """Which directory it is, and when it changed; nothing if it is not there."""
    try:
        found = os.stat(directory)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


@cache
def _watcher() -> type[RustNotify]:
    """Imported only for those who have to wait and can watch: it costs more than a whole short command."""
    from watchfiles._rust_notify import RustNotify

    gc.freeze()  # else the interpreter goes through all that this import made before it ends: 10 ms after the mail came
    return RustNotify
