"""A terminal that another program reads. Bytes can be pushed into its input, as if typed, by TIOCSTI (tty_ioctl(4)).

Nothing can be seen of what stands on it, or of what the person types.
"""

from __future__ import annotations

import os

from amq import proc
from amq.pty import line_discipline

TTY = "/dev/tty"
CAP_SYS_ADMIN = 21  # which overrides the kernel's setting (capabilities(7))


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


def is_gone(terminal: int) -> bool:
    """Whether the terminal has been hung up. `poll` would not do: on macOS it says so of every /dev/tty."""
    try:
        line_discipline.attributes_of(terminal)
    except OSError:
        return True
    return False


def can_inject() -> bool:
    """Whether the kernel lets a process push bytes into its own terminal."""
    if not line_discipline.CAN_INJECT:
        return False
    try:
        forbidden = proc.forbids_tiocsti()
    except OSError:
        return True
    return not forbidden or proc.has_capability(CAP_SYS_ADMIN)
