"""Yield whenever an inbox may have changed. Events are only hints; the directory itself is the truth."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Self

import anyio.to_thread

from amq.layout import RootedPath
from amq.runtime.resource_limits import start_threads
from amq.runtime.rust_notify import RustNotify
from amq.runtime.stat_polling import Watch, hint, now
from amq.store import directories

STEP_S = 0.04  # seconds between two checks; watchfiles gives an event only after a step without another one
SAFE_STEP_S = 1.0  # seconds between two checks that follow no link, which cost ten times as much
STEP_WITHOUT_EVENTS_S = 0.06  # seconds between two of these where the system gives no events
SWEEP_S = 5.0  # seconds after which to look without a hint, because filesystems lie
POLL_S = 0.5  # seconds after which to look if the system gives no events


async def looks(
    directory: RootedPath, stop: threading.Event, log: Callable[[str], None], clock: Callable[[], float] = now
) -> AsyncGenerator[None, None]:
    """Yield at once, whenever DIRECTORY may have changed, and every SWEEP_S seconds, until STOP is set.

    No change after the first item is missed. LOG gets one line for each reason why the system gives no events. Set STOP
    before cancelling the reader: a thread waits here that notices nothing else. It ends within STEP_S seconds.
    """
    told = ""
    while not stop.is_set():
        with EventWatch(directory, clock) as watch:
            if watch.failure not in ("", told):
                log(f"{directory} cannot be watched, so amq checks it twice a second: {watch.failure}")
            told = watch.failure
            yield
            await anyio.to_thread.run_sync(watch.wait, POLL_S if watch.failure else SWEEP_S, stop.is_set)


class EventWatch:
    """A `Watch` of a directory, helped by the system's events, from its creation to the end of one `wait`.

    It watches OTHERS too, as far as they exist. Events reveal changes within one tick of the filesystem's clock.
    `failure` says why there are none, or is empty.
    """

    def __init__(
        self, directory: RootedPath, clock: Callable[[], float] = now, others: Sequence[RootedPath] = ()
    ) -> None:
        self.failure = ""
        self._clock = clock
        self._paths = [directory, *others]
        self._before = list(map(hint, self._paths))
        self._watch = Watch(self._paths, clock)
        self._events = self._begin(directory, others)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._events is not None:
            self._events.close()

    def wait(self, seconds: float, stopped: Callable[[], bool] = bool) -> None:
        """Wait until the entries may have changed, STOPPED returns true, or SECONDS have passed."""
        now = self._clock()
        self._end, self._check_at, self._stopped = now + seconds, now, stopped
        if self._events is None:
            self._watch.wait(seconds, STEP_WITHOUT_EVENTS_S, stopped)
        else:
            if self._events.watch(0, int(STEP_S * 1000), 0, self) == "signal":  # in the main thread: it was ^C
                raise KeyboardInterrupt

    def is_set(self) -> bool:
        """Return whether the wait is over. RustNotify calls this at each step, in place of an event's `is_set`."""
        now = self._clock()
        if self._stopped() or now >= self._end:
            return True
        if now < self._check_at and self._before == list(map(hint, self._paths)):
            return False
        self._check_at = now + SAFE_STEP_S
        return self._watch.changed()

    def _begin(self, directory: RootedPath, others: Sequence[RootedPath]) -> RustNotify | None:
        try:
            # a directory that takes its place now can only give wrong hints: each look descends without following links
            directories.look(directory)
            start_threads(1)  # RustNotify starts one, and ends the process if that fails
            return RustNotify([directory, *filter(_is_there, others)], False, False, 0, False, False)
        except (OSError, RuntimeError, UnicodeEncodeError) as error:
            # not there, no watches or threads left, a filesystem without them, or a path that is not UTF-8
            self.failure = str(error)
            return None


def _is_there(directory: RootedPath) -> bool:
    try:
        directories.look(directory)
    except OSError:
        return False
    return True
