"""`amq reset`: our own terminal, brought back into order."""

from __future__ import annotations

import os
from contextlib import closing

from amq.errors import AmqError
from amq.pty.errors import PtyError
from amq.pty.reset import reset
from amq.pty.tty import Tty

STANDARD = (0, 1, 2)


class NoTerminal(AmqError):
    """There is nothing to put in order."""

    code = "no_terminal"


def reset_terminal() -> tuple[str, bool]:
    """The name of our terminal, now in order, and whether its settings were not. Raises NoTerminal."""
    fd = next((fd for fd in STANDARD if os.isatty(fd)), None)
    if fd is None:
        raise NoTerminal("no terminal", hint="run it in the shell of the broken terminal")
    try:
        with closing(Tty(fd, fd)) as tty:
            return os.ttyname(fd), reset(tty)
    except PtyError as error:
        raise NoTerminal(str(error)) from error
