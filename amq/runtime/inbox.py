"""A stream of "look again". The directory is the truth; events are hints that it may have changed."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import anyio
import watchfiles

STEP_MS = 20  # how long the watcher gathers changes; a finer step costs processor time at rest
GATHER_MS = 100  # at most, while changes go on and on
SWEEP = 5.0  # seconds after which to look without any event, because filesystems lie
POLL = 0.5  # seconds between looks where nothing can be watched
POLLS = 60  # such looks, until it is tried again


async def looks(directory: str, stop: anyio.Event, log: Callable[[str], None]) -> AsyncGenerator[None, None]:
    """One item now, one whenever DIRECTORY may have changed, and one every SWEEP seconds, until STOP is set.

    What comes between the first item and the beginning of the watch gives no event: look once more soon after it.
    A directory that takes the place of another is watched from the next sweep on.
    STOP has to be set before the reader is cancelled; the watcher's thread notices nothing else, and holds up the end.
    """
    yield
    while not stop.is_set():
        try:
            async with aclosing(_watched(directory, stop)) as watched:
                async for _ in watched:
                    yield
            continue
        except (OSError, RuntimeError) as error:  # no watches left, not there, or a filesystem without them
            log(f"{directory} cannot be watched, so it is polled: {error}")
        for _ in range(POLLS):
            await anyio.sleep(POLL)
            yield
            if stop.is_set():
                return


async def _watched(directory: str, stop: anyio.Event) -> AsyncGenerator[None, None]:
    """Until STOP is set, or DIRECTORY is no longer the one that is watched. Raises OSError or RuntimeError."""
    watched = os.stat(directory).st_ino
    async for _ in watchfiles.awatch(
        directory,
        watch_filter=None,
        debounce=GATHER_MS,
        step=STEP_MS,
        stop_event=stop,
        rust_timeout=int(SWEEP * 1000),
        yield_on_timeout=True,
        recursive=False,
    ):
        yield
        if not os.path.exists(directory) or os.stat(directory).st_ino != watched:
            return
