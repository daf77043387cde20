"""The controlling terminal of this process, while another program reads it: input injection by TIOCSTI (ioctl_tty(2)).

Neither its screen nor the user's keys can be seen.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from dataclasses import dataclass
from pathlib import Path

TTY = "/dev/tty"
SYSCTL = Path("/proc/sys/dev/tty/legacy_tiocsti")  # Linux 6.2 and later; where it is missing, TIOCSTI is allowed
STATUS = Path("/proc/self/status")
CAP_SYS_ADMIN = 21


@dataclass(frozen=True)
class LineDiscipline:
    """State of a terminal's line discipline, which passes on what is typed (termios(3))."""

    canonical: bool  # the kernel edits the line (ICANON)
    echoing: bool  # the kernel sends back what is typed (ECHO)
    waiting: bool  # typed bytes have not been read yet (FIONREAD)


def open_own() -> int | None:
    """Open the controlling terminal of this process and return its descriptor; None if there is none."""
    try:
        return os.open(TTY, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def foreground(terminal: int) -> int | None:
    """Return the foreground process group of our controlling TERMINAL; None if there is none or it is gone."""
    try:
        group = os.tcgetpgrp(terminal)
    except OSError:
        return None
    return group if group > 0 else None


def discipline(terminal: int) -> LineDiscipline:
    """Return the state of TERMINAL's line discipline. Raises OSError if the terminal is gone."""
    try:
        local_modes = termios.tcgetattr(terminal)[3]
    except termios.error as error:
        raise OSError(*error.args) from error
    (waiting,) = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
    return LineDiscipline(bool(local_modes & termios.ICANON), bool(local_modes & termios.ECHO), waiting > 0)


def is_gone(terminal: int) -> bool:
    """Return whether TERMINAL has been hung up. `poll` cannot say: on macOS it reports that of every /dev/tty."""
    try:
        termios.tcgetattr(terminal)
    except termios.error:
        return True
    return False


def can_inject() -> bool:
    """Return whether the kernel lets this process push bytes into its own terminal (TIOCSTI)."""
    if not hasattr(termios, "TIOCSTI"):
        return False
    try:
        forbidden = SYSCTL.read_text().strip() == "0"
    except OSError:
        return True
    return not forbidden or _may_all()


def inject(fd: int, data: bytes) -> None:
    """Push DATA into the input of FD, our controlling terminal, as if typed. Raises OSError where that is forbidden."""
    for byte in data:
        fcntl.ioctl(fd, termios.TIOCSTI, bytes([byte]))


def _may_all() -> bool:
    """Return whether this process has CAP_SYS_ADMIN, which overrides the sysctl (capabilities(7))."""
    for line in STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> CAP_SYS_ADMIN & 1)
    return False
