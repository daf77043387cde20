"""A stream of "look again". The directory is the truth; what tells of its changes only hints at them."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable

import anyio.to_thread

from amq.runtime.changes import Watch, now

STEP_MS = 60  # between two glances at the directory's times; more of them cost processor time at rest
SWEEP = 5.0  # seconds after which to look without any hint, because filesystems lie
POLL = 0.5  # the same, where the system gives no events


async def looks(
    directory: str, stop: threading.Event, log: Callable[[str], None], clock: Callable[[], float] = now
) -> AsyncGenerator[None, None]:
    """One item now, one whenever DIRECTORY may have changed, and one every SWEEP seconds, until STOP is set.

    What comes after the first item is seen. LOG is told once when the system gives no events. STOP has to be set before
    the reader is cancelled: a thread waits here, which notices nothing else, and ends within a step.
    """
    told = ""
    while not stop.is_set():
        with Watch([directory], STEP_MS, clock=clock) as watch:
            if watch.failure not in ("", told):
                log(f"{directory} cannot be watched, so it is looked at twice a second: {watch.failure}")
            told = watch.failure
            yield
            await anyio.to_thread.run_sync(watch.wait, SWEEP if watch.has_events else POLL, stop.is_set)
