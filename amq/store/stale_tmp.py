"""Temporary files of writers that died: old, and not locked. A live writer of amq keeps its file locked."""

from __future__ import annotations

import errno
import os

from amq.store import durable
from amq.store.durable import Directory

_UNOPENABLE = {errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EACCES}


def stale(tmp: Directory, before: int, *, remove: bool) -> list[str]:
    """Return the names of the stale files in TMP: last written before the instant BEFORE, and their writer is gone.

    With `remove` they are removed. Raises OSError.
    """
    names = sorted(name for name, regular in durable.entries(tmp).items() if regular)
    return [name for name in names if _if_stale(tmp, name, before, remove)]


def _if_stale(tmp: Directory, name: str, before: int, remove: bool) -> bool:
    """Return whether the file is stale; with REMOVE it is removed while this process holds its lock."""
    try:
        fd = durable.syscalls.open(tmp, name, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _UNOPENABLE:
            raise
        return False
    try:
        if durable.syscalls.stat(fd).st_mtime_ns >= before or not durable.syscalls.lock(fd):
            return False
        if remove:
            durable.syscalls.unlink(tmp, name)
        return True
    finally:
        durable.close(fd)
