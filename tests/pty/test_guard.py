"""The guard's orders, given by a test in place of `amq run`."""

from __future__ import annotations

import os
import signal
import termios
import threading
from unittest.mock import Mock

import pytest

from amq.pty import descriptors
from amq.pty.child import Child
from amq.pty.guard import MOST_UNSAID_BYTES, Guard
from amq.pty.pump import Pump
from amq.pty.terminal_model import Terminal
from amq.pty.user_terminal import Tty
from tests.pty.user import PATIENCE, terminal


def test_closing_returns_when_the_terminal_is_right() -> None:
    with terminal() as user:
        before = termios.tcgetattr(user.slave)
        tty = Tty(user.slave, user.slave)
        guard = tty.post_guard()
        tty.make_raw()
        guard.undo(b"first")
        guard.undo(b"second")
        tty.close()
        assert termios.tcgetattr(user.slave) == before
        assert os.read(user.master, 1000).endswith(b"second")


@pytest.mark.parametrize("limit", [-1, 2**63 - 1])
def test_it_lets_go_of_all_else_where_descriptors_have_no_limit(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard with our end of its pipe would wait for itself, and we for it.

    No limit: as on macOS after `ulimit -n unlimited`, and where nothing lists descriptors, as in a chroot.
    """
    monkeypatch.setattr(os, "sysconf", lambda _name: limit)
    monkeypatch.setattr(os, "listdir", Mock(side_effect=FileNotFoundError))
    monkeypatch.setattr(descriptors, "_MOST_DESCRIPTORS", 1 << 12)
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        guard = tty.post_guard()
        tty.make_raw()
        guard.undo(b"undone")
        given_up = threading.Timer(PATIENCE, os.kill, (guard.pid, signal.SIGKILL))
        given_up.start()
        tty.close()
        assert given_up.is_alive(), "it still waits"
        given_up.cancel()
        assert os.read(user.master, 1000).endswith(b"undone")


def test_a_shell_that_is_writing_at_that_instant_does_not_keep_it_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel refuses a second writer, though the terminal can be written."""
    write, refused = os.write, [True]

    def refusing_once(fd: int, data: bytes) -> int:
        if b"undone" in data and refused and os.isatty(fd):
            refused.clear()
            raise BlockingIOError
        return write(fd, data)

    monkeypatch.setattr(os, "write", refusing_once)
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        guard = tty.post_guard()
        tty.make_raw()
        guard.undo(b"undone")
        tty.close()
        os.set_blocking(user.master, False)
        assert os.read(user.master, 1000).endswith(b"undone")


def test_later_settings_stay() -> None:
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        tty.post_guard()
        tty.make_raw()
        others = termios.tcgetattr(user.slave)
        others[3] |= termios.ICANON | termios.ISIG
        termios.tcsetattr(user.slave, termios.TCSANOW, others)
        tty.close()
        assert termios.tcgetattr(user.slave)[:4] == others[:4]


def test_it_does_nothing_while_disarmed() -> None:
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        guard = tty.post_guard()
        guard.undo(b"never")
        tty.make_raw()
        tty.restore(b"x")
        tty.close()
        assert os.read(user.master, 1000) == b"x"


ON, OFF = "\033[?2004h", "\033[?2004l"


class Told(Guard):
    """A guard without a process, which only records its orders."""

    def __init__(self, happened: list[bytes]) -> None:
        self._happened = happened

    def undo(self, undo: bytes) -> None:
        self._happened.append(undo)


@pytest.mark.parametrize("at_once", [True, False], ids=["to a terminal", "elsewhere"])
def test_it_knows_of_a_mode_before_it_is_shown_and_of_its_end_after(
    monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """A terminal is given each piece at once; another file may block us, and is asked first."""
    happened: list[bytes] = []
    write = os.write

    def noting(fd: int, data: bytes) -> int:
        happened.append(bytes(data))
        return write(fd, data)

    with terminal() as user, open(os.devnull, "wb") as elsewhere:
        tty = Tty(user.slave, user.slave if at_once else elsewhere.fileno())
        tty.guard = Told(happened)
        child = Child.spawn(["printf", ON + "%s" + OFF, "shown"], os.environ, tty.size(), tty.attributes())
        pump = Pump(tty, child, Terminal(0.0))
        monkeypatch.setattr(os, "write", noting)
        while child.status is None or not any(b"shown" in data for data in happened):
            pump.move(pump.wait())
        pump.close()
        child.close()
        tty.guard = None
        tty.close()
    shown = next(index for index, data in enumerate(happened) if b"shown" in data)
    assert [OFF.encode() in data for data in happened[: shown + 2]][-3:] == [True, True, False]


def test_a_stopped_guard_blocks_nothing() -> None:
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        guard = tty.post_guard()
        os.kill(guard.pid, signal.SIGSTOP)
        os.waitpid(guard.pid, os.WUNTRACED)
        for _ in range(4):
            guard.undo(b"u" * MOST_UNSAID_BYTES)
        os.kill(guard.pid, signal.SIGCONT)
        tty.close()


def test_a_dead_guard_is_ignored() -> None:
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        guard = tty.post_guard()
        os.kill(guard.pid, signal.SIGKILL)
        os.waitid(os.P_PID, guard.pid, os.WEXITED | os.WNOWAIT)
        tty.make_raw()
        guard.undo(b"never")
        tty.restore(b"x")
        tty.close()
        assert os.read(user.master, 1000) == b"x"
