"""A file's birth time, which distinguishes it from a later one with the same inode number.

Python's `stat` has it on macOS and Windows. Linux: statx(2).
"""

from __future__ import annotations

import os
import sys

_AT_FDCWD, _STATX_BTIME = -100, 0x800
_STATX_BYTES, _SECONDS_AT, _NANOSECONDS_AT = 256, 80, 88


def born_ns(path: str) -> int:
    """Return PATH's birth time in nanoseconds since the epoch; 0 where it is not known. A link is followed."""
    if sys.platform != "linux":
        return int(getattr(os.stat(path), "st_birthtime", 0) * 1_000_000_000)
    import ctypes

    try:
        statx = ctypes.CDLL(None).statx
    except (AttributeError, OSError):  # a C library from before 2018
        return 0
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    if statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, buffer) != 0:
        return 0
    found = buffer.raw
    mask = int.from_bytes(found[:4], sys.byteorder)
    seconds = int.from_bytes(found[_SECONDS_AT:_NANOSECONDS_AT], sys.byteorder, signed=True)
    nanoseconds = int.from_bytes(found[_NANOSECONDS_AT : _NANOSECONDS_AT + 4], sys.byteorder)
    return seconds * 1_000_000_000 + nanoseconds if mask & _STATX_BTIME else 0
