"""Waiting until something has become true of some directories.

The directories are the truth; that their times have changed is a hint that it is time to look. Whatever happens to the
hints, there is a look without one, only later.
"""

from __future__ import annotations

import math
import time

from amq.store import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from amq.layout import RootedPath

    Found = TypeVar("Found")

STEP = 0.004  # seconds between two glances at the directories' times, at first
LONGEST_STEP = 0.06  # and after a minute
PATIENCE = 1 / 1000  # of the time that a wait has lasted is the next step
TICK = 0.02  # no change is nearer to another than this and leaves the times as they were, if the filesystem is usual
SWEEP = 0.5  # seconds after which to look without any hint, because filesystems lie
POLL = 0.1  # the same, for those who ask for it


def now() -> float:
    """Seconds of a clock that nobody sets and that, where there is such a one, goes on while the machine sleeps."""
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
    """Ask LOOK until what it finds is true, or for SECONDS (0: no limit); the last thing it found.

    LOOK is asked at once, at the end, whenever the entries of DIRECTORIES may have changed, and otherwise every SWEEP
    seconds, with `poll` every POLL. Raises whatever LOOK raises.
    """
    begun = clock()
    end = begun + seconds if seconds else math.inf
    changed = True
    while True:
        # The watch is there before the look, so that nothing falls between the two.
        watch = Watch(directories, clock=clock)
        found = look()
        left = end - clock()
        if found or left <= 0:
            return found
        # What came within the same tick as a change that we know of may have left the times as they were.
        pause = TICK if changed else POLL if poll else SWEEP
        changed = watch.wait(min(left, pause), step(clock() - begun))


def step(waited: float) -> float:
    """Seconds between two glances of one who has WAITED: who has waited long is in less of a hurry."""
    return min(max(STEP, waited * PATIENCE), LONGEST_STEP)


class Watch:
    """Over DIRECTORIES, from when it is made: have their own times changed?

    A glance costs little more than a `stat`, follows no link inside a queue, misses no directory that has taken the
    place of another, and needs nothing of the system that it could refuse, or that takes it time to give back.
    """

    def __init__(self, directories: Sequence[RootedPath], clock: Callable[[], float] = now) -> None:
        self._directories = list(directories)
        self._clock = clock
        self._before = self._times()

    def wait(self, seconds: float, step: float, stopped: Callable[[], bool] = bool) -> bool:
        """Wait until the entries may have changed, until STOPPED, or for SECONDS, with a glance every STEP.

        Whether the entries may have changed.
        """
        end = self._clock() + seconds
        while not (changed := self.changed()) and not stopped() and self._clock() < end:
            time.sleep(step)
        return changed

    def changed(self) -> bool:
        """Whether a directory is another one than it was, or has had an entry more or less."""
        return self._times() != self._before

    def _times(self) -> list[tuple[int, ...]]:
        return [_times(directory) for directory in self._directories]


def _times(directory: RootedPath) -> tuple[int, ...]:
    """Which directory it is, and when it changed; nothing if it is not there."""
    try:
        found = directories.look(directory)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
