"""Open a file on Windows so that others may rename or remove it meanwhile, as on every other system.

There, `os.open` keeps them from it until the file is closed. Source: CreateFileW's dwShareMode, and _open_osfhandle.
"""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":  # only on Windows
    import _winapi
    import msvcrt

    _READ, _WRITE, _REMOVE = 1, 2, 4  # FILE_SHARE_…
    _CREATE_NEW, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 3, 4
    _NORMAL = 0x80  # FILE_ATTRIBUTE_NORMAL

    def open_shared(path: str, flags: int) -> int:
        """Return a descriptor for PATH, which no child inherits; FLAGS are those of `os.open`."""
        access = _winapi.GENERIC_READ
        if flags & (os.O_WRONLY | os.O_RDWR):
            access |= _winapi.GENERIC_WRITE
        how = _OPEN_EXISTING
        if flags & os.O_CREAT:
            how = _CREATE_NEW if flags & os.O_EXCL else _OPEN_ALWAYS
        try:
            handle = _winapi.CreateFile(path, access, _READ | _WRITE | _REMOVE, 0, how, _NORMAL, 0)
        except OSError as error:
            error.filename = path
            raise
        return msvcrt.open_osfhandle(handle, flags & (os.O_WRONLY | os.O_RDWR) | os.O_NOINHERIT)
