"""Wait until a condition on some directories is true.

The directories are the truth. A change of their times is only a hint to look again; without hints the look comes later.
"""

from __future__ import annotations

import math
import os
import time

from amq.store import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from amq.layout import RootedPath

    Found = TypeVar("Found")

STEP_S = 0.004  # seconds between two checks of the directories' times, at first
LONGEST_STEP_S = 0.06  # seconds between two checks after a minute
STEP_PER_WAITED = 1 / 1000  # the next step, as a share of the time that the wait has lasted
TICK_S = 0.02  # seconds within which two changes may leave the same times, on a usual filesystem
SWEEP_S = 0.5  # seconds after which to look without a hint, because filesystems lie
POLL_S = 0.1  # seconds after which to look with `poll`


def now() -> float:
    """Return the seconds of a clock that is never set. It goes on while the machine sleeps, if the system has such."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


def until(
    look: Callable[[], Found],
    directories: Sequence[RootedPath],
    seconds: float,
    *,
    poll: bool = False,
    clock: Callable[[], float] = now,
) -> Found:
    """Call LOOK until its result is true, or for SECONDS (0: no limit); return the last result.

    LOOK is called at once, at the end, whenever the entries of DIRECTORIES may have changed, and every SWEEP_S seconds
    (POLL_S with `poll`). Raises what LOOK raises.
    """
    begun = clock()
    end = begun + seconds if seconds else math.inf
    changed = True
    while True:
        # the watch is made before the look, so that no change is missed between the two
        watch = Watch(directories, clock=clock)
        found = look()
        left = end - clock()
        if found or left <= 0:
            return found
        # a change within one tick of a known one may have left the times as they were: look again soon
        pause = TICK_S if changed else POLL_S if poll else SWEEP_S
        changed = watch.wait(min(left, pause), step(clock() - begun))


def step(waited: float) -> float:
    """Return the seconds between two checks after WAITED seconds: the longer the wait, the rarer the checks."""
    return min(max(STEP_S, waited * STEP_PER_WAITED), LONGEST_STEP_S)


class Watch:
    """Notice changes of directories since it was made, from their own times.

    A check costs little more than a `stat`. It follows no link inside a queue, and notices a directory that has
    replaced another. It needs no system resource that could be refused, or that takes time to release.
    """

    def __init__(self, directories: Sequence[RootedPath], clock: Callable[[], float] = now) -> None:
        self._directories = list(directories)
        self._clock = clock
        self._before = self._times()

    def wait(self, seconds: float, step: float, stopped: Callable[[], bool] = bool) -> bool:
        """Wait until the entries may have changed; return whether they may have.

        The wait also ends when STOPPED returns true, or after SECONDS. Checks are STEP_S seconds apart.
        """
        end = self._clock() + seconds
        while not (changed := self.changed()) and not stopped() and self._clock() < end:
            time.sleep(step)
        return changed

    def changed(self) -> bool:
        """Return whether a directory was replaced, or has gained or lost an entry."""
        return self._times() != self._before

    def _times(self) -> list[tuple[int, ...]]:
        return [_times(directory) for directory in self._directories]


def hint(path: str) -> tuple[int, ...]:
    """Return what a change at PATH changes, by one stat; empty if it is missing. It follows links: only a hint."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns


def _times(directory: RootedPath) -> tuple[int, ...]:
    """Return the identity and the times of a directory; empty if it cannot be looked at."""
    try:
        found = directories.look(directory)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
