"""Yield whenever any of several directories of a queue may have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from amq.errors import NotFound
from amq.layout import RootedPath
from amq.runtime.inbox_watcher import POLL_S, SWEEP_S, EventWatch
from amq.runtime.stat_polling import now
from amq.store import directories


def looks(places: Callable[[], Sequence[RootedPath]], clock: Callable[[], float] = now) -> Iterator[bool]:
    """Yield at once, and whenever one of PLACES, asked for anew each time, may have changed; never end.

    The value says whether to look without a hint, as every SWEEP_S seconds: filesystems lie. No change after the first
    item is missed. Raises NotFound when the first of the places has gone, and KeyboardInterrupt.
    """
    swept = clock() - SWEEP_S
    while True:
        first, *others = places()
        if not directories.exists(first):
            raise NotFound(f"{first} has gone")
        with EventWatch(first, clock, others) as watch:
            sweep = clock() - swept >= SWEEP_S
            swept = clock() if sweep else swept
            yield sweep
            watch.wait(POLL_S if watch.failure else SWEEP_S)
