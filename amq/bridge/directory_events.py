"""Notice at once when a name in one of several directories comes or goes: inotify on Linux, kqueue on macOS.

watchfiles, which amq uses elsewhere, looks for events every few milliseconds; here a descriptor becomes readable, so a
bridge at rest does nothing. Events are hints: the caller looks at everything now and then in any case.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import sys
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE, _DELETE, _MOVED, _SELF = 0x100, 0x200, 0xC0, 0xC00
_ONLY_DIRECTORIES = 0x1000000
_EVENT = struct.Struct("iIII")
_MOST_BYTES = 1 << 16
_kqueue: Any = select
"""Has kqueue's names, which the type checker does not know on Linux."""


class DirectoryEvents:
    """A watch of directories; `descriptor` is readable when something has changed. Raises OSError if there is none."""

    def __init__(self) -> None:
        self._watch: _Inotify | _Kqueue = _Inotify() if sys.platform == "linux" else _Kqueue()
        self.descriptor = self._watch.descriptor
        self._watched: dict[str, tuple[int, tuple[int, int]]] = {}

    def follow(self, paths: Iterable[str]) -> None:
        """Watch PATHS, and nothing else; those that are missing are left out until the next call."""
        wanted = {path: identity for path in paths if (identity := _identity(path))}
        for path in [path for path, (_, identity) in self._watched.items() if wanted.get(path) != identity]:
            self._watch.forget(self._watched.pop(path)[0])
        for path, identity in wanted.items():
            if path not in self._watched and (number := self._watch.add(path)) is not None:
                self._watched[path] = number, identity

    def changed(self) -> set[str]:
        """Return the watched directories that have changed since the last call; all of them if some events are lost."""
        numbers = self._watch.changed()
        return {path for path, (number, _) in self._watched.items() if numbers is None or number in numbers}

    def close(self) -> None:
        """Close all descriptors."""
        self._watch.close()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Inotify:
    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def add(self, path: str) -> int | None:
        mask = _CREATE | _DELETE | _MOVED | _SELF | _ONLY_DIRECTORIES
        number: int = self._libc.inotify_add_watch(self.descriptor, os.fsencode(path), mask)
        return None if number < 0 else number

    def forget(self, number: int) -> None:
        self._libc.inotify_rm_watch(self.descriptor, number)

    def changed(self) -> set[int] | None:
        found: set[int] = set()
        while True:
            try:
                data = os.read(self.descriptor, _MOST_BYTES)
            except BlockingIOError:
                return None if -1 in found else found  # -1: the queue of events has overflowed
            at = 0
            while at < len(data):
                number, _, _, length = _EVENT.unpack_from(data, at)
                found.add(number)
                at += _EVENT.size + length

    def close(self) -> None:
        os.close(self.descriptor)


class _Kqueue:
    """Only on macOS and the BSDs."""

    def __init__(self) -> None:
        self._queue = _kqueue.kqueue()
        self.descriptor = self._queue.fileno()
        self._open: set[int] = set()

    def add(self, path: str) -> int | None:
        try:
            number = os.open(path, os.O_RDONLY)
        except OSError:
            return None
        what = _kqueue.KQ_NOTE_WRITE | _kqueue.KQ_NOTE_DELETE | _kqueue.KQ_NOTE_RENAME
        event = _kqueue.kevent(number, _kqueue.KQ_FILTER_VNODE, _kqueue.KQ_EV_ADD | _kqueue.KQ_EV_CLEAR, what)
        self._queue.control([event], 0)
        self._open.add(number)
        return number

    def forget(self, number: int) -> None:
        self._open.discard(number)
        os.close(number)

    def changed(self) -> set[int] | None:
        return {event.ident for event in self._queue.control(None, 1000, 0)}

    def close(self) -> None:
        for number in self._open:
            os.close(number)
        self._queue.close()
