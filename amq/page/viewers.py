"""The browsers that follow the queue: each gets the newest state, by server-sent events.

Nothing is queued for a browser. One that reads slowly skips states, so that its memory here is one text at most.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

from amq.page.limits import VIEWERS
from amq.runtime.resource_limits import start_threads

STILL_HERE_S = 15.0
"""Seconds without news after which a comment shows that the connection is alive."""
LINGER_S = 5.0
"""Seconds for which the queue is still watched when the last viewer has gone: a browser that reloads comes back."""

Events = Mapping[str, str]
"""The newest value of each event, as JSON, by the event's name."""


class Viewers:
    """All browsers that follow the queue. The queue is watched while there are any.

    WATCH yields the newest events, whenever it has looked, until the event that it is given is set. It runs in a thread
    of its own; all else here belongs to the event loop.
    """

    def __init__(self, watch: Callable[[threading.Event], Iterator[Events]]) -> None:
        self._watch = watch
        self._newest: dict[str, str] = {}
        self._count = 0
        self._changed = asyncio.Event()
        self._stop: threading.Event | None = None
        self._is_closed = False

    @asynccontextmanager
    async def one_more(self) -> AsyncIterator[bool]:
        """Yield whether there is room for one more viewer; it counts until the context ends."""
        if self._count >= VIEWERS:
            yield False
            return
        self._count += 1
        try:
            self._begin()
            yield True
        finally:
            self._count -= 1
            asyncio.get_running_loop().call_later(LINGER_S, self._end_if_unwatched)

    async def follow(self) -> AsyncIterator[str]:
        """Yield the newest events, then those that change, as text of a stream, until the server ends."""
        sent: dict[str, str] = {}
        while not self._is_closed:
            changed = self._changed
            fresh = {name: data for name, data in self._newest.items() if sent.get(name) != data}
            sent |= fresh
            yield "".join(f"event: {name}\ndata: {data}\n\n" for name, data in fresh.items()) or ": still here\n\n"
            try:
                async with asyncio.timeout(STILL_HERE_S):
                    await changed.wait()
            except TimeoutError:
                continue

    def close(self) -> None:
        """End all streams, because the server ends."""
        self._is_closed = True
        self._end_if_unwatched()
        self._tell()

    def _begin(self) -> None:
        if self._stop is None:
            start_threads(1)
            self._stop = threading.Event()
            arguments = asyncio.get_running_loop(), self._stop
            threading.Thread(target=self._run, args=arguments, name="watch", daemon=True).start()

    def _end_if_unwatched(self) -> None:
        if self._stop and (self._is_closed or not self._count):
            self._stop.set()
            self._stop = None
            self._newest = {}

    def _run(self, loop: asyncio.AbstractEventLoop, stop: threading.Event) -> None:
        for events in self._watch(stop):
            if stop.is_set():
                return
            loop.call_soon_threadsafe(self._publish, stop, events)

    def _publish(self, stop: threading.Event, events: Events) -> None:
        if stop is self._stop and any(self._newest.get(name) != data for name, data in events.items()):
            self._newest |= events
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
