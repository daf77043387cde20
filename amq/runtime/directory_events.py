"""Notice at once when a name in one of several directories comes or goes: inotify on Linux, kqueue on macOS.

watchfiles, which amq uses elsewhere, looks for events every few milliseconds; here a descriptor becomes readable, so a
program at rest does nothing. Events are hints: the caller looks at everything now and then in any case.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import sys
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Names = set[str] | None
    """The names in a directory that have come, gone or been written; None if that is not known."""

_MODIFY, _MOVED, _CREATE, _DELETE, _SELF = 0x2, 0xC0, 0x100, 0x200, 0xC00
_EVENT = struct.Struct("iIII")
_MOST_BYTES = 1 << 16
_kqueue: Any = select
"""Has kqueue's names, which the type checker does not know on Linux."""


class DirectoryEvents:
    """A watch of directories; `descriptor` is readable when something has changed. Raises OSError if there is none.

    With `contents` a file in them that is written counts, too, for which kqueue has no event: watch such a file by its
    own path. `is_complete` is False while a path that is there cannot be watched, as at the system's limit.
    """

    def __init__(self, *, contents: bool = False) -> None:
        self._watch: _Inotify | _Kqueue = _Inotify(contents) if sys.platform == "linux" else _Kqueue()
        self.descriptor = self._watch.descriptor
        self.is_complete = True
        self._watched: dict[str, tuple[int, tuple[int, int]]] = {}
        self._begun: set[str] = set()

    def follow(self, paths: Iterable[str]) -> None:
        """Watch PATHS, and nothing else; those that are missing are left out until the next call."""
        wanted = {path: identity for path in paths if (identity := _identity(path))}
        for path in [path for path, (_, identity) in self._watched.items() if wanted.get(path) != identity]:
            self._watch.forget(self._watched.pop(path)[0])
        for path, identity in wanted.items():
            if path not in self._watched and (number := self._watch.add(path)) is not None:
                self._watched[path] = number, identity
                self._begun.add(path)
        self.is_complete = len(self._watched) == len(wanted)

    def changed(self) -> dict[str, Names]:
        """Return the watched directories that have changed since the last call, each with the names that did.

        All of them have changed if some events are lost, and one of which the watch has begun since.
        """
        found, begun = self._watch.changed(), self._begun
        self._begun = set()
        return {
            path: None if found is None or path in begun else found[number]
            for path, (number, _) in self._watched.items()
            if found is None or path in begun or number in found
        }

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
    def __init__(self, contents: bool) -> None:
        self._mask = _CREATE | _DELETE | _MOVED | _SELF | (_MODIFY if contents else 0)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def add(self, path: str) -> int | None:
        number: int = self._libc.inotify_add_watch(self.descriptor, os.fsencode(path), self._mask)
        return None if number < 0 else number

    def forget(self, number: int) -> None:
        self._libc.inotify_rm_watch(self.descriptor, number)

    def changed(self) -> dict[int, Names] | None:
        """Return the names by the number of their watch; None if the queue of events has overflowed."""
        found: dict[int, set[str]] = {}
        while True:
            try:
                data = os.read(self.descriptor, _MOST_BYTES)
            except BlockingIOError:
                return None if -1 in found else dict(found)
            at = 0
            while at < len(data):
                number, _, _, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size + length
                name = data[at - length : at].rstrip(b"\0")
                found.setdefault(number, set()).add(os.fsdecode(name))

    def close(self) -> None:
        os.close(self.descriptor)


class _Kqueue:
    """Only on macOS and the BSDs."""

    def __init__(self) -> None:
        if not hasattr(_kqueue, "kqueue"):
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
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

    def changed(self) -> dict[int, Names] | None:
        return {event.ident: None for event in self._queue.control(None, 1000, 0)}

    def close(self) -> None:
        for number in self._open:
            os.close(number)
        self._queue.close()
