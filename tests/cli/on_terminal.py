"""Call `amq` with a terminal as its stdout."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Result, Shell

MOST_BYTES = 65536


def on_terminal(amq: Shell, *words: str, columns: int = 80, me: str | None = "bob") -> tuple[str, Result]:
    """Return what the call of WORDS writes to a terminal of so many COLUMNS, and its result, without that output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    raw = termios.tcgetattr(theirs)
    raw[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, raw)
    kept = os.dup(1)
    os.dup2(theirs, 1)
    try:
        result = amq(*words, me=me)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    os.close(theirs)  # before the reading: until then the kernel may still have some of the output
    written = b""
    with suppress(OSError):  # EIO is the end
        while data := os.read(ours, MOST_BYTES):
            written += data
    os.close(ours)
    return written.decode(), result
