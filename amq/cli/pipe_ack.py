"""Find out whether written output was read.

A write to a pipe succeeds while no one reads it, and `| head` takes what it wants and exits: bytes that are still in
the pipe then were never shown. The kernel reports how many there are, at the writing end too.
"""

from __future__ import annotations

import os
import stat
import sys
import time

STALLED_AFTER_S = 5.0
"""Seconds without progress after which a reader counts as gone."""

# FIONREAD: unread bytes in a pipe (pipe(7), tty(4) on macOS). SIOCOUTQ: bytes of a socket not taken yet (unix(7)).
# By number, because the module that names them is for terminals, and is not there on Windows.
_UNREAD_IN_PIPE = {"linux": 0x541B, "darwin": 0x4004667F}.get(sys.platform)
_UNREAD_IN_SOCKET = {"linux": 0x5411}.get(sys.platform)


def was_read(fd: int) -> bool:
    """Wait until the reader of the pipe or socket FD has taken everything; return False if it exits or stalls first.

    Anything else (a file, a terminal) has no reader to wait for; a pipe on a system that cannot report this counts as
    read.
    """
    mode = os.fstat(fd).st_mode
    request = _UNREAD_IN_PIPE if stat.S_ISFIFO(mode) else _UNREAD_IN_SOCKET if stat.S_ISSOCK(mode) else None
    if request is None:
        return True
    import select  # only where there is a reader to wait for

    least, since, pause = sys.maxsize, time.monotonic(), 0.0002
    while (unread := _unread(fd, request)) > 0:
        if _events(fd) & (select.POLLERR | select.POLLHUP):
            return False
        now = time.monotonic()
        if unread < least:
            least, since = unread, now
        elif now - since > STALLED_AFTER_S:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.01)
    # A socket whose reader closes it loses what was unread, and only the error tells; a pipe keeps it.
    return not (stat.S_ISSOCK(mode) and _events(fd) & select.POLLERR)


def waiting(fd: int) -> int:
    """Return the number of bytes that wait in the pipe FD; 0 for anything else, or where the system reports none."""
    try:
        return _unread(fd, _UNREAD_IN_PIPE) if _UNREAD_IN_PIPE and stat.S_ISFIFO(os.fstat(fd).st_mode) else 0
    except OSError:
        return 0


def _unread(fd: int, request: int) -> int:
    import fcntl

    answer = fcntl.ioctl(fd, request, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder, signed=True)


def _events(fd: int) -> int:
    """Return the poll(2) events of a descriptor that are always reported: POLLERR, POLLHUP."""
    import select

    poll = select.poll()
    poll.register(fd, 0)
    return sum(events for _, events in poll.poll(0))
