"""A key goes to the program at once; small pieces of output are gathered, unless a key or a silence is between them."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from amq.pty import pump as module
from amq.pty.descriptors import Ready, ready
from amq.pty.pump import GATHER_S, PIECE_BYTES, SHORT_READS, Pump
from amq.pty.terminal_model import Terminal
from amq.pty.user_terminal import Tty
from tests.pty.user import User, terminal

gathers = pytest.mark.skipif(module.SHORT_BYTES == 0, reason="no output is gathered here")


class Program:
    """A program that prints on demand, its pump, and what a test wants to know of both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, user: User, tty: Tty) -> None:
        self.user = user
        ours, self.terminal = socket.socketpair()
        self._report, self._reports_to = os.pipe()
        ours.setblocking(False)
        child: Any = SimpleNamespace(fd=ours.fileno(), report=self._report, reads_terminal=True)
        self._ours = ours
        self.models = Terminal(0.0)
        self.pump = Pump(tty, child, self.models)
        self.pieces: list[bytes] = []
        self.gathered = 0  # times
        self.meanwhile: Callable[[], object] = lambda: None
        """Called while output gathers."""
        passes = self.models.from_program

        def from_program(data: bytes, now: float) -> tuple[bytes, bytes]:
            self.pieces.append(data)
            return passes(data, now)

        def ready_and_noted(readers: list[int], writers: list[int], timeout: float | None = None) -> Ready:
            if timeout == GATHER_S:
                self.gathered += 1
                self.meanwhile()
            return ready(readers, writers, timeout)

        monkeypatch.setattr(self.models, "from_program", from_program)
        monkeypatch.setattr(module, "ready", ready_and_noted)

    def prints(self, data: bytes) -> None:
        self.terminal.sendall(data)

    def turn(self) -> None:
        self.pump.move(self.pump.wait(0))

    def prints_small_pieces(self) -> None:
        """Print as many as are read one by one."""
        for _ in range(SHORT_READS):
            self.prints(b"-")
            self.turn()
        assert self.pieces == [b"-"] * SHORT_READS
        assert self.gathered == 0
        self.pieces.clear()

    def close(self) -> None:
        self.pump.close()
        self.terminal.close()
        self._ours.close()
        os.close(self._report)
        os.close(self._reports_to)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        tty.make_raw()
        program = Program(monkeypatch, user, tty)
        try:
            yield program
        finally:
            program.close()
            with contextlib.suppress(OSError):
                tty.close()


@gathers
def test_small_pieces_in_a_row_are_gathered(program: Program) -> None:
    program.prints_small_pieces()
    program.prints(b"a")
    program.meanwhile = lambda: program.prints(b"b")
    program.turn()
    assert program.pieces == [b"ab"]


@gathers
def test_what_was_gathered_is_not_followed_by_a_small_piece(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has just begun to gather the next one."""
    program.prints_small_pieces()
    offer = program.pump._offer

    def offer_and_print(data: bytes | memoryview) -> int:
        program.prints(b"c")
        return offer(data)

    monkeypatch.setattr(program.pump, "_offer", offer_and_print)
    program.prints(b"a" * (PIECE_BYTES + 1))
    program.turn()
    assert program.pieces == [b"a" * PIECE_BYTES, b"ac"]


@gathers
def test_a_key_ends_the_gathering_and_is_passed_on_first(program: Program) -> None:
    program.prints_small_pieces()
    program.prints(b"a")
    program.meanwhile = lambda: program.user.type(b"k")
    program.turn()
    assert program.terminal.recv(9) == b"k"
    assert program.pieces == []


@gathers
def test_the_echo_of_a_key_is_not_gathered(program: Program) -> None:
    program.prints_small_pieces()
    program.meanwhile = lambda: program.user.type(b"k")
    program.turn()
    program.prints(program.terminal.recv(9))
    program.turn()
    assert program.pieces == [b"k"]
    assert program.gathered == 1


@gathers
def test_a_silence_ends_the_gathering(program: Program) -> None:
    program.prints_small_pieces()
    program.turn()
    assert program.gathered == 1
    program.prints(b"a")
    program.turn()
    assert program.pieces == [b"a"]
    assert program.gathered == 1


@gathers
def test_whole_pieces_are_not_gathered(program: Program) -> None:
    """They are all that the kernel keeps ready, and the program may wait for room."""
    program.prints_small_pieces()
    program.prints(b"a" * 2 * PIECE_BYTES)
    program.turn()
    assert program.gathered == 1
    program.prints(b"b")
    program.turn()
    assert program.gathered == 1
    assert program.pieces == [b"a" * PIECE_BYTES, b"a" * PIECE_BYTES, b"b"]


def test_a_key_is_sent_before_the_models_take_their_time(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    program.terminal.setblocking(False)
    monkeypatch.setattr(program.models, "from_user", lambda _data, _now: sent.append(program.terminal.recv(9)))
    program.user.type(b"k")
    program.turn()
    assert sent == [b"k"]
