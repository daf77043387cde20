"""Functions on file descriptors: terminal settings and size, readiness, timed writes and reads, closing."""

from __future__ import annotations

import contextlib
import math
import os
import select
import sys
import time

from amq import procfs
from amq.pty.line_discipline import drop_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

Ready = tuple[list[int], list[int]]  # descriptors that can be read, and that can be written

_MOST_DESCRIPTORS = 1 << 20  # where there is no limit to ask for, as macOS can have it


def ready(readers: list[int], writers: list[int], timeout: float | None = None) -> Ready:
    """Wait at most TIMEOUT seconds until a descriptor can be read or written; return all that can.

    A descriptor that has failed counts as ready. On macOS, where `poll` does not work on terminals, `select` is used,
    which takes no descriptor above 1023.
    """
    if sys.platform == "darwin":
        readable, writable, _ = select.select(readers, writers, [], timeout)
        return readable, writable
    poll = select.poll()
    for fd in readers:
        poll.register(fd, select.POLLIN)
    for fd in writers:
        poll.register(fd, select.POLLOUT | (select.POLLIN if fd in readers else 0))
    events = dict(poll.poll(None if timeout is None else math.ceil(timeout * 1000)))
    failed = select.POLLERR | select.POLLHUP | select.POLLNVAL
    readable = [fd for fd in readers if events.get(fd, 0) & (select.POLLIN | failed)]
    return readable, [fd for fd in writers if events.get(fd, 0) & (select.POLLOUT | failed)]


def write_within(fd: int, data: bytes, timeout: float) -> None:
    """Write DATA to FD; drop what is not taken within TIMEOUT seconds. Raises OSError.

    A terminal that is ready for writing may still refuse while another process writes to it, such as a shell that
    prints its prompt (Linux: EAGAIN, since a second writer would have to wait).
    """
    deadline = time.monotonic() + timeout
    while data and (left := deadline - time.monotonic()) > 0 and ready([], [fd], left)[1]:
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(fd, data) :]


def typed_line(fd: int, within_s: float) -> str | None:
    """Return the line typed at terminal FD within WITHIN_S seconds, without its end; None if none is finished in time.

    Input typed earlier is discarded, and so is a line that was begun and not finished. Raises OSError.
    """
    deadline, line = time.monotonic() + within_s, b""
    drop_input(fd)
    while not line.endswith((b"\n", b"\r")):
        if not ready([fd], [], max(0.0, deadline - time.monotonic()))[0]:
            drop_input(fd)
            return None
        piece = os.read(fd, 1024)
        if not piece:
            return None
        line += piece
    return line.decode("utf-8", "replace").strip()


def close_all_but(kept: set[int]) -> None:
    """Close all descriptors of this process that are not in KEPT."""
    for fd in set(_opened()) - kept:
        with contextlib.suppress(OSError):  # closed already: the descriptor that listed the others
            os.close(fd)


def _opened() -> Iterable[int]:
    """Return the descriptors of this process; where nothing lists them, as in a bare chroot, all possible ones."""
    with contextlib.suppress(OSError):
        return procfs.open_descriptors()
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/dev/fd")]
    limit = os.sysconf("SC_OPEN_MAX")
    return range(limit if 0 < limit < _MOST_DESCRIPTORS else _MOST_DESCRIPTORS)


def is_foreground(fd: int) -> bool:
    """Return whether our process group can change terminal FD without being stopped for it (SIGTTOU)."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # not our controlling terminal: there is no job control
        return True
