"""The guard's orders, given by a test in our place."""

from __future__ import annotations

import os
import signal
import termios

from amq.pty.guard import MOST_UNSAID, Guard
from amq.pty.tty import Tty
from tests.pty.person import terminal


def test_closing_returns_when_the_terminal_is_right() -> None:
    with terminal() as person:
        before = termios.tcgetattr(person.slave)
        tty = Tty(person.slave, person.slave)
        tty.guard = Guard(tty)
        tty.make_raw()
        tty.guard.undo(b"first")
        tty.guard.undo(b"second")
        tty.close()
        assert termios.tcgetattr(person.slave) == before
        assert os.read(person.master, 1000).endswith(b"second")


def test_settings_that_somebody_else_has_made_since_stay() -> None:
    with terminal() as person:
        tty = Tty(person.slave, person.slave)
        tty.guard = Guard(tty)
        tty.make_raw()
        others = termios.tcgetattr(person.slave)
        others[3] |= termios.ICANON | termios.ISIG
        termios.tcsetattr(person.slave, termios.TCSANOW, others)
        tty.close()
        assert termios.tcgetattr(person.slave)[:4] == others[:4]


def test_it_does_nothing_off_duty() -> None:
    with terminal() as person:
        tty = Tty(person.slave, person.slave)
        tty.guard = Guard(tty)
        tty.guard.undo(b"never")
        tty.make_raw()
        tty.restore(b"x")
        tty.close()
        assert os.read(person.master, 1000) == b"x"


def test_one_that_does_not_listen_holds_nobody_up() -> None:
    with terminal() as person:
        tty = Tty(person.slave, person.slave)
        tty.guard = guard = Guard(tty)
        os.kill(guard.pid, signal.SIGSTOP)
        os.waitpid(guard.pid, os.WUNTRACED)
        for _ in range(4):
            guard.undo(b"u" * MOST_UNSAID)
        os.kill(guard.pid, signal.SIGCONT)
        tty.close()


def test_one_that_is_gone_is_not_missed() -> None:
    with terminal() as person:
        tty = Tty(person.slave, person.slave)
        tty.guard = guard = Guard(tty)
        os.kill(guard.pid, signal.SIGKILL)
        os.waitid(os.P_PID, guard.pid, os.WEXITED | os.WNOWAIT)
        tty.make_raw()
        guard.undo(b"never")
        tty.restore(b"x")
        tty.close()
        assert os.read(person.master, 1000) == b"x"
