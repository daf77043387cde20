"""Many bytes in both directions at once, compared by their hash. All of it runs with AMQ_SOAK=1."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import threading

import pexpect
import pytest

from amq.pty.child import Child
from amq.pty.pump import BUFFER_BYTES, Pump
from amq.pty.terminal_model import Terminal
from amq.pty.user_terminal import Tty
from tests.pty.user import User, host, terminal
from tests.seeds import SOAK

SIZE = 100_000_000 if SOAK else 3_000_000
PIECE = 1 << 20

ECHO = "stty raw -echo; echo ready; exec cat"
"""A program that sends back what is typed: both directions are full at the same time."""


def pieces(size: int) -> list[int]:
    return [min(PIECE, size - at) for at in range(0, size, PIECE)]


@pytest.mark.parametrize("seed", [7])
def test_bytes_come_back_as_they_were_sent(seed: int) -> None:
    sent, came = hashlib.sha256(), hashlib.sha256()

    def type_all(user: User) -> None:
        chance = random.Random(seed)
        for size in pieces(SIZE):
            data = chance.randbytes(size)
            sent.update(data)
            user.type(data)

    def does(user: User) -> None:
        user.sees("ready\n")
        writer = threading.Thread(target=type_all, args=(user,))
        writer.start()
        left = SIZE
        while left:
            data = user.screen.read_nonblocking(BUFFER_BYTES, 60)
            came.update(data)
            left -= len(data)
            assert len(user.host._pump._to_user) < 2 * BUFFER_BYTES
            assert len(user.host._pump._to_child) < 2 * BUFFER_BYTES
        writer.join()
        os.kill(os.getpid(), signal.SIGTERM)

    with terminal() as user:
        assert host(user, ["sh", "-c", ECHO], does) == 143
    assert came.hexdigest() == sent.hexdigest()


def test_output_that_is_not_read_takes_bounded_memory() -> None:
    with terminal() as user:
        tty = Tty(user.slave, user.slave)
        child = Child.spawn(["yes"], os.environ, tty.size(), tty.attributes())
        pump = Pump(tty, child, Terminal(0.0))
        for _ in range(100):
            pump.move(pump.wait(0.01))
            assert len(pump._to_user) < 2 * BUFFER_BYTES
        pump.close()
        child.close()
        tty.close()


@pytest.mark.timeout(10)
def test_a_full_pipe_blocks_nothing_and_its_backlog_is_dropped() -> None:
    read_end, write_end = os.pipe()
    with terminal() as user, open(write_end, "wb", buffering=0) as sink:
        tty = Tty(user.slave, sink.fileno())
        child = Child.spawn(["yes"], os.environ, tty.size(), tty.attributes())
        pump = Pump(tty, child, Terminal(0.0))
        while len(pump._to_user) < BUFFER_BYTES:
            pump.move(pump.wait())
        os.close(read_end)
        while pump._to_user:
            pump.move(pump.wait())
        assert pump.hung_up
        pump.close()
        child.close()
        tty.close()


@pytest.mark.timeout(10)
def test_one_that_prints_without_a_pause_does_not_keep_others_from_their_turn() -> None:
    """Nor does a terminal that takes all of it at once."""
    with terminal() as user, open(os.devnull, "wb") as void, open("/dev/zero", "rb") as endless:
        tty = Tty(user.slave, user.slave)
        child = Child.spawn(["sleep", "60"], os.environ, tty.size(), tty.attributes())
        pump = Pump(tty, child, Terminal(0.0))
        os.dup2(void.fileno(), tty.sink)
        os.dup2(endless.fileno(), child.fd)
        child.signal(signal.SIGKILL)
        while child.status is None:
            pump.move(pump.wait())
        pump.close()
        child.close()
        tty.close()


def test_a_program_that_prints_for_ever_and_never_reads_takes_no_memory() -> None:
    """The user types all the while, as far as the terminal takes it."""

    def does(user: User) -> None:
        user.sees("ready")
        os.set_blocking(user.master, False)
        seen = 0
        while seen < SIZE:
            with contextlib.suppress(BlockingIOError):
                os.write(user.master, b"k" * 4096)
            seen += len(user.screen.read_nonblocking(BUFFER_BYTES, 60))
            assert len(user.host._pump._to_user) < 2 * BUFFER_BYTES
            assert len(user.host._pump._to_child) < 2 * BUFFER_BYTES
        os.kill(os.getpid(), signal.SIGINT)
        with contextlib.suppress(pexpect.TIMEOUT):
            while user.screen.read_nonblocking(BUFFER_BYTES, 0.2):
                pass

    with terminal() as user:
        assert host(user, ["sh", "-c", "stty raw -echo; echo ready; exec yes"], does) == 130
