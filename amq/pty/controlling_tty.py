"""A terminal that another program reads. Bytes can be pushed into its input, as if typed, by TIOCSTI (tty_ioctl(4)).

Nothing can be seen of what stands on it, or of what the person types.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from dataclasses import dataclass
from pathlib import Path

TTY = "/dev/tty"
SYSCTL = Path("/proc/sys/dev/tty/legacy_tiocsti")  # Linux 6.2 and later; where it is missing, the ioctl is there
STATUS = Path("/proc/self/status")
CAP_SYS_ADMIN = 21


@dataclass(frozen=True)
class LineDiscipline:
    """How the kernel passes on what is typed."""

    canonical: bool  # it edits the line
    echoing: bool  # it sends back what is typed
    waiting: bool  # something typed has not been read yet


def open_own() -> int | None:
    """The controlling terminal of this process, or None if it has none."""
    try:
        return os.open(TTY, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def foreground(terminal: int) -> int | None:
    """The process group that has the keyboard of TERMINAL, our own; None if there is none, or no terminal any more."""
    try:
        group = os.tcgetpgrp(terminal)
    except OSError:
        return None
    return group if group > 0 else None


def discipline(terminal: int) -> LineDiscipline:
    """Raises OSError if the terminal is gone."""
    try:
        local_modes = termios.tcgetattr(terminal)[3]
    except termios.error as error:
        raise OSError(*error.args) from error
    (waiting,) = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
    return LineDiscipline(bool(local_modes & termios.ICANON), bool(local_modes & termios.ECHO), waiting > 0)


def is_gone(terminal: int) -> bool:
    """Whether the terminal has been hung up. `poll` would not do: on macOS it says so of every /dev/tty."""
    try:
        termios.tcgetattr(terminal)
    except termios.error:
        return True
    return False


def can_inject() -> bool:
    """Whether the kernel lets a process push bytes into its own terminal."""
    if not hasattr(termios, "TIOCSTI"):
        return False
    try:
        forbidden = SYSCTL.read_text().strip() == "0"
    except OSError:
        return True
    return not forbidden or _may_all()


def inject(fd: int, data: bytes) -> None:
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
