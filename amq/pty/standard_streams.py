"""The caller's standard input and error: where they are not a terminal, the program gets them itself.

It reads and writes them as it would without us: a terminal cuts long lines, takes some bytes for keys, and cannot end.
"""

from __future__ import annotations

import os
import stat

INPUT, OUTPUT, ERROR = 0, 1, 2


def plug() -> None:
    """Open /dev/null on the standard descriptors that we were started without: no file of amq gets their number.

    It is opened for the wrong direction: to use it is still an error.
    """
    for number, mode in ((INPUT, os.O_WRONLY), (OUTPUT, os.O_RDONLY), (ERROR, os.O_RDONLY)):
        if not _is_open(number):
            os.open(os.devnull, mode)  # gets the lowest number that is free
            os.set_inheritable(number, True)


def handed_over() -> dict[int, int]:
    """Return the caller's descriptors that the program gets instead of the terminal, by their standard number.

    Where there is no terminal and nothing to read, as for a service, its input is the terminal that we make: agents
    want one. Errors that the caller has sent to the same file as the output stay with the output.
    """
    given = {}
    if not os.isatty(INPUT) and (os.isatty(OUTPUT) or not _is_null(INPUT)):
        given[INPUT] = INPUT
    if not os.isatty(ERROR) and not os.path.samestat(os.fstat(ERROR), os.fstat(OUTPUT)):
        given[ERROR] = ERROR
    return given


def let_go() -> None:
    """Replace our standard input by /dev/null, so that its writer sees when the program closes it."""
    os.close(INPUT)
    os.open(os.devnull, os.O_RDONLY)  # gets its number, even if no other descriptor is free
    os.set_inheritable(INPUT, True)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _is_null(fd: int) -> bool:
    """Return whether FD is /dev/null, or was closed and is plugged."""
    status = os.fstat(fd)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev
