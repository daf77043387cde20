"""Wait for changes of a queue, by the system's events and in any case after a while."""

from __future__ import annotations

import threading

from amq.runtime.file_events import FileEvents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from amq.runtime.file_events import Hints


def looks(
    places: Callable[[], Iterable[str]],
    every_s: float,
    stop: threading.Event | None = None,
    events: Callable[[], FileEvents] = FileEvents,
) -> Iterator[Hints]:
    """Yield at once, whenever one of PLACES may have changed, and every EVERY_S seconds, until STOP is set.

    An item names what has changed since the last one, by the system's events; None without events. PLACES is asked for
    again after each item: where a look has found other directories, the next item comes at once, so that no change in
    them is missed. For any thread. Raises KeyboardInterrupt in the main one.
    """
    stop = stop or threading.Event()
    with events() as watch:
        followed = list(places())
        while not stop.is_set():
            watch.follow(followed)
            yield watch.changed()
            before, followed = followed, list(places())
            if followed == before:
                watch.wait(every_s, stop)
