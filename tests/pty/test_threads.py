"""Other threads at a hosted program's terminal, at the worst instants."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from amq.pty.pump import Pump
from amq.pty.terminal_model import TerminalSnapshot
from amq.pty.user_terminal import Tty
from tests.pty.user import PATIENCE, User, host, terminal

ENOUGH = 0.2  # seconds for a look that does not have to wait


def test_no_look_falls_between_the_programs_bytes_and_what_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else Enter could be pressed into a dialog that has been read and not been seen."""
    from_child, read, looks = Pump._from_child, 0, list[TerminalSnapshot]()
    lookers: list[threading.Thread] = []

    def reads_and_is_interrupted(pump: Pump) -> bytes:
        nonlocal read
        data = from_child(pump)
        read += len(data)
        if data and not lookers:
            lookers.append(threading.Thread(target=lambda: looks.append(user.host.look(time.monotonic()))))
            lookers[0].start()
            lookers[0].join(ENOUGH)
            assert all(look.output == read for look in looks)
        return data

    monkeypatch.setattr(Pump, "_from_child", reads_and_is_interrupted)
    with terminal() as user:
        assert host(user, ["sh", "-c", "echo a dialog"]) == 0
    lookers[0].join(PATIENCE)
    assert looks[0].output > 0


def test_a_notice_after_the_end_goes_nowhere() -> None:
    """The pipe that wakes the pump is closed, and another file may have its number by then."""
    with terminal() as user:
        assert host(user, ["true"]) == 0
        user.host.tell(b"\a")


def test_a_notice_is_not_forgotten_for_a_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both come while the pump is busy, with one signal before them."""
    busy, proceed, size = threading.Event(), threading.Event(), Tty.size
    proceed.set()

    def size_and_be_busy(tty: Tty) -> tuple[int, int]:
        found = size(tty)
        busy.set()
        assert proceed.wait(PATIENCE)
        return found

    def does(user: User) -> None:
        user.sees("ready")
        proceed.clear()
        busy.clear()
        os.kill(os.getpid(), signal.SIGWINCH)
        assert busy.wait(PATIENCE)
        user.host.tell(b"<notice>")
        os.kill(os.getpid(), signal.SIGWINCH)
        proceed.set()
        user.sees("<notice>")
        user.type(b"\r")

    monkeypatch.setattr(Tty, "size", size_and_be_busy)
    with terminal() as user:
        assert host(user, ["sh", "-c", "stty raw -echo; printf ready; head -c 1 >/dev/null"], does) == 0


def test_a_signal_at_the_very_end_is_not_complained_of(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    close = Pump.close

    def close_and_be_signalled(pump: Pump) -> None:
        close(pump)
        os.kill(os.getpid(), signal.SIGWINCH)

    monkeypatch.setattr(Pump, "close", close_and_be_signalled)
    with terminal() as user:
        assert host(user, ["true"]) == 0
    assert capfd.readouterr().err == ""
