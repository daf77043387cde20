"""Functions on file descriptors: terminal settings and size, readiness, timed writes and reads, closing."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import struct
import sys
import termios
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

Attributes = list[int | list[bytes | int]]
"""Terminal settings in the form of `termios.tcgetattr`; the constants that follow are indexes into it."""
IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6

Ready = tuple[list[int], list[int]]  # descriptors that can be read, descriptors that can be written

_DIRECTORIES = ("/proc/self/fd", "/dev/fd")  # directories in which systems list a process's descriptors
_MOST_DESCRIPTORS = 1 << 20  # used where the system states no limit, as macOS may


def raw_attributes(attributes: Attributes) -> Attributes:
    """Return a copy of ATTRIBUTES changed to raw mode, as cfmakeraw(3) does."""
    iflag, oflag, cflag, lflag = (int(attributes[index]) for index in (IFLAG, OFLAG, CFLAG, LFLAG))  # type: ignore[arg-type]
    iflag &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP)
    iflag &= ~(termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
    oflag &= ~termios.OPOST
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    controls = list(attributes[CC])  # type: ignore[arg-type]
    controls[termios.VMIN], controls[termios.VTIME] = 1, 0
    return [iflag, oflag, cflag, lflag, *attributes[4:CC], controls]


def usual_attributes() -> Attributes:
    """Return the settings of a new pseudo-terminal, which no program has changed."""
    pty, tty = os.openpty()
    attributes = termios.tcgetattr(tty)
    os.close(tty)
    os.close(pty)
    return attributes


def ready(readers: list[int], writers: list[int], timeout: float | None = None) -> Ready:
    """Wait at most TIMEOUT seconds until a descriptor can be read or written; return all that can.

    A descriptor that has failed counts as ready. `select` takes none above 1023; `poll` does not work on terminals of
    macOS.
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


def typed_line(fd: int, within_s: float) -> str:
    """Return the line typed at terminal FD within WITHIN_S seconds, without its end; "" if none is finished in time.

    Input typed earlier is discarded, and so is a line that was begun and not finished. Raises OSError.
    """
    deadline, line = time.monotonic() + within_s, b""
    termios.tcflush(fd, termios.TCIFLUSH)
    while not line.endswith((b"\n", b"\r")):
        if not ready([fd], [], max(0.0, deadline - time.monotonic()))[0]:
            termios.tcflush(fd, termios.TCIFLUSH)
            return ""
        piece = os.read(fd, 1024)
        if not piece:
            return ""
        line += piece
    return line.decode("utf-8", "replace").strip()


def window(fd: int) -> tuple[int, int, int, int]:
    """Return (rows, columns, width, height) of terminal FD; the last two in pixels, 0 if unknown. Raises OSError."""
    rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    return rows, columns, width, height


def set_window(fd: int, size: tuple[int, int], pixels: tuple[int, int]) -> None:
    """Set terminal FD's SIZE (rows, columns) and its width and height in PIXELS. Raises OSError."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, *pixels))


def close_all_but(kept: set[int]) -> None:
    """Close all descriptors of this process that are not in KEPT."""
    for fd in set(_opened()) - kept:
        with contextlib.suppress(OSError):  # closed already: the descriptor that listed the others
            os.close(fd)


def _opened() -> Iterable[int]:
    """Return the open descriptors of this process; every possible one where nothing lists them, as in a bare chroot."""
    for directory in _DIRECTORIES:
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir(directory)]
    limit = os.sysconf("SC_OPEN_MAX")
    return range(limit if 0 < limit < _MOST_DESCRIPTORS else _MOST_DESCRIPTORS)


def is_foreground(fd: int) -> bool:
    """Return whether our process group can change terminal FD without being stopped for it (SIGTTOU)."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # not our controlling terminal: there is no job control
        return True
