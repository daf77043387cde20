"""A user at a terminal: the outer end of a pseudo-terminal.

The host needs the main thread, so the user acts in another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from pexpect.fdpexpect import fdspawn

from amq.pty.child import Child
from amq.pty.host import Host
from amq.pty.input_row import RowRule
from amq.pty.screen import Screen
from amq.pty.terminal_model import Terminal
from amq.pty.user_terminal import Tty

ROW = RowRule("❯", framed=True)
PATIENCE = 20.0  # seconds until a test gives up; never a wait that has to be long enough


class User:
    """A user's actions at a terminal; `host` and `child` serve what only a test can do."""

    def __init__(self, master: int, slave: int) -> None:
        self.master = master
        self.slave = slave
        self.screen: fdspawn[bytes] = fdspawn(master, timeout=PATIENCE)
        self.host: Host
        self.child: Child

    def type(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.master, data) :]

    def sees(self, text: str | bytes) -> None:
        self.screen.expect_exact(text)

    def resize(self, rows: int, columns: int, width: int = 0, height: int = 0) -> None:
        """Set the terminal's size in ROWS and COLUMNS, and its WIDTH and HEIGHT in pixels."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))


@contextlib.contextmanager
def terminal(rows: int = 30, columns: int = 100) -> Iterator[User]:
    master, slave = os.openpty()
    user = User(master, slave)
    user.resize(rows, columns)
    try:
        yield user
    finally:
        with contextlib.suppress(OSError):
            os.close(slave)
        with contextlib.suppress(OSError):
            os.close(master)


def host(user: User, argv: list[str], does: Callable[[User], None] = lambda _: None) -> int:
    """Host ARGV at USER's terminal, while DOES acts as the user in another thread; return the exit status."""
    tty = Tty(user.slave, user.slave)
    child = user.child = Child.spawn(argv, os.environ, tty.size(), tty.attributes(), tty.pixels())
    terminal = Terminal(time.monotonic(), answers_state=True, screen=Screen(tty.size()), row=ROW)
    user.host = Host(child, tty, terminal)
    failures: list[BaseException] = []

    def act() -> None:
        try:
            does(user)
        except BaseException as failure:
            failures.append(failure)
            child.signal(9)

    thread = threading.Thread(target=act)
    thread.start()
    try:
        status = user.host.run()
    finally:
        thread.join(2 * PATIENCE)  # a wait that timed out has failed before
        tty.close()
    if failures:
        raise failures[0]
    assert not thread.is_alive(), "the user is still busy"
    return status


def hang_up(session: Any) -> None:  # a pexpect.spawn, whose types leave out its base class
    """Close SESSION's terminal, and kill a program that survives; pexpect's own close gives up on a busy machine."""
    session.ptyproc.fileobj.close()
    session.closed = session.ptyproc.closed = True  # else their destructors do it again
    deadline = time.monotonic() + PATIENCE
    while not session.ptyproc.terminated and not os.waitpid(session.pid, os.WNOHANG)[0]:
        if time.monotonic() > deadline:
            os.kill(session.pid, signal.SIGKILL)
        time.sleep(0.002)


def wait_until(condition: Callable[[], object], what: Callable[[], object] = str) -> None:
    """Return as soon as CONDITION holds; after PATIENCE seconds fail, showing WHAT was there instead."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen: {what()!r}"
        time.sleep(0.002)
