"""The standard input and error that our caller gave us: where they are no terminal they are the program's own.

It reads and writes them itself, as without us: a terminal cuts long lines, takes some bytes for keys, and cannot end.
"""

from __future__ import annotations

import os
import stat

INPUT, OUTPUT, ERROR = 0, 1, 2


def plug() -> None:
    """Open what we were started without, so that no file of amq gets its number. To use it is still an error."""
    for number, mode in ((INPUT, os.O_WRONLY), (OUTPUT, os.O_RDONLY), (ERROR, os.O_RDONLY)):
        if not _is_open(number):
            os.open(os.devnull, mode)  # gets the lowest number that is free
            os.set_inheritable(number, True)


def handed_over() -> dict[int, int]:
    """The program's own descriptors, by their standard number.

    Where there is no terminal and nothing to read, as for a service, its input is the terminal that it gets from us:
    agents want one. What comes out together with the output stays together with it.
    """
    given = {}
    if not os.isatty(INPUT) and (os.isatty(OUTPUT) or not _is_null(INPUT)):
        given[INPUT] = INPUT
    if not os.isatty(ERROR) and not os.path.samestat(os.fstat(ERROR), os.fstat(OUTPUT)):
        given[ERROR] = ERROR
    return given


def let_go() -> None:
    """Keep nothing of the input that was handed over: whoever writes to it is to see when the program lets go of it."""
    os.close(INPUT)
    os.open(os.devnull, os.O_RDONLY)  # gets its number, also where there are no more descriptors to be had
    os.set_inheritable(INPUT, True)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _is_null(fd: int) -> bool:
    """Whether FD is /dev/null, or was closed and is plugged."""
    status = os.fstat(fd)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev
