"""Rename without replacing, which Python's standard library does not offer on POSIX.

Linux: renameat2(2) with RENAME_NOREPLACE. macOS: renameatx_np(2) with RENAME_EXCL. Windows: a plain rename refuses by
itself. Elsewhere, and on filesystems without the flag: ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_RENAME_NOREPLACE = 1
_RENAME_EXCL = 4


def rename_noreplace(name: str, new_name: str, *, source_fd: int | None, target_fd: int | None) -> None:
    """Rename in one step; raises FileExistsError rather than replace, OSError(ENOSYS) where that is not possible.

    The names are relative to the directories of the descriptors; on Windows, which has none, they are paths.
    """
    if sys.platform == "win32":  # only on Windows
        os.rename(name, new_name)
        return
    call, flag = _system_call()
    if call(source_fd, os.fsencode(name), target_fd, os.fsencode(new_name), flag) != 0:
        code = ctypes.get_errno()
        if code in (errno.EINVAL, errno.ENOTSUP):  # the filesystem does not know the flag: Linux, macOS
            code = errno.ENOSYS
        raise OSError(code, os.strerror(code), name, None, new_name)


def _system_call() -> tuple[ctypes._NamedFuncPointer, int]:
    wanted, flag = ("renameatx_np", _RENAME_EXCL) if sys.platform == "darwin" else ("renameat2", _RENAME_NOREPLACE)
    try:
        call = getattr(ctypes.CDLL(None, use_errno=True), wanted)
    except (AttributeError, OSError):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return call, flag
