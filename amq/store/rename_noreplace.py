"""Rename without replacing, which Python's standard library does not offer on POSIX.

Linux: renameat2(2) with RENAME_NOREPLACE. macOS: renameatx_np(2) with RENAME_EXCL. Windows: a plain rename refuses by
itself. Elsewhere, and on filesystems without the flag: ENOSYS.
"""

from __future__ import annotations

import _ctypes  # `ctypes` around it costs a drain a quarter of `python -c pass`
import errno
import os
import sys
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

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
        code = _ctypes.get_errno()
        if code in (errno.EINVAL, errno.ENOTSUP):  # the filesystem does not know the flag: Linux, macOS
            code = errno.ENOSYS
        raise OSError(code, os.strerror(code), name, None, new_name)


class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
    """C's int."""

    _type_ = "i"


@lru_cache(maxsize=1)
def _system_call() -> tuple[Callable[[int | None, bytes, int | None, bytes, int], int], int]:
    """Return the C function that renames without replacing, and its flag. Raises OSError(ENOSYS) where there is none.

    C gets each int as an int, and bytes as a pointer to them.
    """
    wanted, flag = ("renameatx_np", _RENAME_EXCL) if sys.platform == "darwin" else ("renameat2", _RENAME_NOREPLACE)

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = _Int

    try:
        program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
        return Function(_ctypes.dlsym(program, wanted)), flag
    except OSError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
