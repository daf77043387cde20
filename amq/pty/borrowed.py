"""A terminal that another program reads: bytes can be pushed into its input as if they were typed (TIOCSTI, tty_ioctl(4)).

Nothing can be seen of what stands on it, or of what the person types.
"""

from __future__ import annotations

import fcntl
import os
import termios
from pathlib import Path

TTY = "/dev/tty"
SYSCTL = Path("/proc/sys/dev/tty/legacy_tiocsti")  # Linux 6.2 and later; where it is missing, the ioctl is there
STATUS = Path("/proc/self/status")
CAP_SYS_ADMIN = 21


def open_own() -> int | None:
    """The controlling terminal of this process, or None if it has none."""
    try:
        return os.open(TTY, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def kernel_allows_pushing() -> bool:
    """Whether the kernel lets a process push bytes into its own terminal."""
    if not hasattr(termios, "TIOCSTI"):
        return False
    try:
        forbidden = SYSCTL.read_text().strip() == "0"
    except OSError:
        return True
    return not forbidden or _may_all()


def push(fd: int, data: bytes) -> None:
    """Push DATA into the input of the terminal FD, which has to be our own. Raises OSError where that is forbidden."""
    for byte in data:
        fcntl.ioctl(fd, termios.TIOCSTI, bytes([byte]))


def _may_all() -> bool:
    """Whether we have CAP_SYS_ADMIN, which overrides the kernel's setting."""
    for line in STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> CAP_SYS_ADMIN & 1)
    return False
