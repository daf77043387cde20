"""A stream of "look again". The directory is the truth; events are hints that it may have changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import anyio
import watchfiles

STEP_MS = 20  # how long the watcher gathers changes; a finer step costs processor time at rest
GATHER_MS = 100  # at most, while changes go on and on
SWEEP = 5.0  # seconds after which to look without any event, because filesystems lie
POLL = 0.5  # seconds between looks where nothing can be watched


async def looks(directory: str, stop: anyio.Event, log: Callable[[str], None]) -> AsyncGenerator[None, None]:
    """One item now, one whenever DIRECTORY may have changed, and one every SWEEP seconds, until STOP is set.

    What comes between the first item and the beginning of the watch gives no event: look once more soon after it.
    STOP has to be set before the reader is cancelled; the watcher's thread notices nothing else, and holds up the end.
    """
    yield
    try:
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
    except (OSError, RuntimeError) as error:  # no watches left, or a filesystem without them
        log(f"{directory} cannot be watched, so it is polled: {error}")
    while not stop.is_set():
        await anyio.sleep(POLL)
        yield
