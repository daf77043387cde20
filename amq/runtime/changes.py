"""Waiting until something has become true of some directories.

The directories are the truth, events are hints that they may have changed: the caller's look is asked again and again,
and what an event would have told is found without one, only later.
"""

from __future__ import annotations

import gc
import math
import time
from contextlib import nullcontext
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import TypeVar

    from watchfiles._rust_notify import RustNotify

    Found = TypeVar("Found")

STEP_MS = 2  # how long the watcher gathers changes; it polls inside, so a finer step costs processor time
GATHER_MS = 20  # at most, while changes go on and on
SWEEP = 0.5  # seconds after which to look without any event, because filesystems lie
POLL = 0.1  # seconds between looks where nothing can be watched


def until(
    look: Callable[[], Found],
    directories: Sequence[str],
    seconds: float,
    *,
    poll: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Ask LOOK until what it finds is true, or for SECONDS (0: no limit); the last thing it found.

    LOOK is asked at once, at the end, and whenever the entries of DIRECTORIES may have changed; with `poll`, or where
    they can not be watched, every POLL seconds. Raises KeyboardInterrupt, and whatever LOOK raises.
    """
    end = clock() + seconds if seconds else math.inf
    while True:
        # The watch is there before the look, so that nothing falls between the two; and it is a new one each time, so
        # that a directory which has taken the place of another is watched from the next sweep on.
        with nullcontext() if poll else _watch(directories) as watch:
            found = look()
            left = end - clock()
            if found or left <= 0:
                return found
            _wait(watch, left)


def _watch(directories: Sequence[str]) -> AbstractContextManager[RustNotify | None]:
    """A watch over DIRECTORIES; none where that is not possible."""
    try:
        return _watcher()(list(directories), False, False, 0, False, False)
    except (OSError, RuntimeError):  # not there, no watches left, or a filesystem without them
        return nullcontext()


@cache
def _watcher() -> type[RustNotify]:
    """Imported only for those who have to wait and can watch: it costs more than a whole short command."""
    from watchfiles._rust_notify import RustNotify

    gc.freeze()  # else the interpreter goes through all that this import made before it ends: 10 ms after the mail came
    return RustNotify


def _wait(watch: RustNotify | None, left: float) -> None:
    """Return when it is time to look again, at the latest in LEFT seconds."""
    if watch is None:
        time.sleep(min(POLL, left))
    elif watch.watch(GATHER_MS, STEP_MS, max(1, int(min(SWEEP, left) * 1000)), None) == "signal":
        raise KeyboardInterrupt
