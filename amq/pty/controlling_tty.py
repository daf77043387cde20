"""Injecting input into our controlling terminal, while another program reads it, by TIOCSTI (ioctl_tty(2)).

Neither the screen nor the user's keys can be seen.
"""

from __future__ import annotations

import os

from amq import procfs
from amq.pty import line_discipline

TTY = "/dev/tty"
CAP_SYS_ADMIN = 21  # which overrides the kernel's setting (capabilities(7))


def open_own() -> int | None:
    """Open the controlling terminal of this process and return its descriptor; None if there is none."""
    return open_at(TTY)


def open_at(path: str) -> int | None:
    """Open the terminal at PATH, without making it ours, and return its descriptor; None if that is not possible."""
    try:
        return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def foreground(terminal: int) -> int | None:
    """Return the foreground process group of our controlling TERMINAL; None if there is none or it is gone."""
    try:
        group = os.tcgetpgrp(terminal)
    except OSError:
        return None
    return group if group > 0 else None


def is_gone(terminal: int) -> bool:
    """Return whether TERMINAL has been hung up. Not by `poll`: on macOS it reports a hang-up for every /dev/tty."""
    try:
        line_discipline.attributes_of(terminal)
    except OSError:
        return True
    return False


def can_inject() -> bool:
    """Return whether the kernel lets a process push bytes into its own terminal."""
    if not line_discipline.CAN_INJECT:
        return False
    try:
        forbidden = procfs.forbids_tiocsti()
    except OSError:
        return True
    return not forbidden or procfs.has_capability(CAP_SYS_ADMIN)
