"""Restoring our own terminal, for `amq reset`."""

from __future__ import annotations

import os
from contextlib import closing

from amq.errors import AmqError
from amq.pty.blanket_reset import reset
from amq.pty.errors import PtyError
from amq.pty.user_terminal import Tty

STANDARD = (0, 1, 2)


class NoTerminal(AmqError):
    """No terminal to restore."""

    code = "no_terminal"


def reset_terminal() -> tuple[str, bool]:
    """Restore our terminal; return its name, and whether that changed its settings. Raises NoTerminal."""
    fd = next((fd for fd in STANDARD if os.isatty(fd)), None)
    if fd is None:
        raise NoTerminal("no terminal", hint="run it in the shell of the broken terminal")
    try:
        with closing(Tty(fd, fd)) as tty:
            return os.ttyname(fd), reset(tty)
    except PtyError as error:
        raise NoTerminal(str(error)) from error
