"""Call `amq` with a terminal as its stdout, or as another descriptor."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Result, Shell

MOST_BYTES = 65536


class Written:
    """The text that was written to a terminal, once its block has ended."""

    text = ""


@contextmanager
def terminal_as(fd: int, columns: int = 80) -> Iterator[Written]:
    """Put a terminal of so many COLUMNS in the place of the descriptor FD for the time of a block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    raw = termios.tcgetattr(theirs)
    raw[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, raw)
    kept, written = os.dup(fd), Written()
    os.dup2(theirs, fd)
    try:
        yield written
    finally:
        os.dup2(kept, fd)
        os.close(kept)
        os.close(theirs)  # before the reading: until then the kernel may still have some of the output
        data = b""
        with suppress(OSError):  # EIO is the end
            while piece := os.read(ours, MOST_BYTES):
                data += piece
        os.close(ours)
        written.text = data.decode()


def on_terminal(amq: Shell, *words: str, columns: int = 80, me: str | None = "bob") -> tuple[str, Result]:
    """Return what the call of WORDS writes to a terminal of so many COLUMNS, and its result, without that output."""
    with terminal_as(1, columns) as written:
        result = amq(*words, me=me)
    return written.text, result
