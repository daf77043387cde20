"""Storms of sizes, signals to `amq run`, and how it ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest

from amq.pty.child import Child
from amq.pty.user_terminal import USUAL_SIZE
from tests.pty.user import PATIENCE, User, host, terminal, wait_until
from tests.seeds import SOAK

STORMS = 100 if SOAK else 5
STATUSES = range(256) if SOAK else (0, 1, 125, 126, 127, 128, 129, 255)
DEADLY = [
    number
    for number in sorted(signal.valid_signals())
    if number not in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
    and number not in (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH)
]
SIGNALS = DEADLY if SOAK else [signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV, signal.SIGKILL, signal.SIGPIPE]

SIZES = """
import os, signal
def tell(*_):
    size = os.get_terminal_size(); os.write(1, b"<%dx%d>" % (size.lines, size.columns))
signal.signal(signal.SIGWINCH, tell)
print("ready", flush=True)
while True: signal.pause()
"""


PIXELS = """
import fcntl, os, signal, struct, termios
def tell(*_):
    os.write(1, b"<%d %d %d %d>" % struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))))
signal.signal(signal.SIGWINCH, tell)
tell()
while True: signal.pause()
"""


def test_sizes_in_pixels_are_passed_on() -> None:
    """From the first instant, and where nothing else has changed, as with another font."""

    def does(user: User) -> None:
        user.sees("<30 100 900 600>")
        for size in ((30, 100, 1800, 1200), (31, 100, 0, 0)):
            user.resize(*size)
            os.kill(os.getpid(), signal.SIGWINCH)
            user.sees(f"<{' '.join(map(str, size))}>")
        os.kill(os.getpid(), signal.SIGTERM)

    with terminal() as user:
        user.resize(30, 100, 900, 600)
        assert host(user, [sys.executable, "-c", PIXELS], does) == 143


@pytest.mark.parametrize("seed", range(2))
def test_the_last_size_of_a_storm_arrives(seed: int) -> None:
    """The signals come in a burst; sizes change between them, and after the last that was served."""
    chance = random.Random(seed)

    def does(user: User) -> None:
        user.sees("ready")
        for _ in range(STORMS):
            for _ in range(chance.randrange(1, 200)):
                user.resize(chance.randrange(10, 60), chance.randrange(40, 200))
                os.kill(os.getpid(), signal.SIGWINCH)
            rows, columns = chance.randrange(61, 90), chance.randrange(40, 200)
            user.resize(rows, columns)
            os.kill(os.getpid(), signal.SIGWINCH)
            user.sees(f"<{rows}x{columns}>")
        os.kill(os.getpid(), signal.SIGTERM)

    with terminal() as user:
        assert host(user, [sys.executable, "-c", SIZES], does) == 143


def test_every_exit_status_is_ours() -> None:
    for status in STATUSES:
        with terminal() as user:
            assert host(user, ["sh", "-c", f"exit {status}"]) == status


def test_every_fatal_signal_is_reported() -> None:
    """The status is a shell's: 128 and the signal's number."""
    for number in SIGNALS:
        with terminal() as user:
            assert host(user, ["sh", "-c", f"ulimit -c 0; kill -{int(number)} $$"]) == 128 + number


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_what_it_prints_at_a_signal_is_shown_to_the_last_byte(number: signal.Signals) -> None:
    def does(user: User) -> None:
        user.sees("ready")
        os.kill(os.getpid(), number)
        came = b""
        while not came.endswith(b"END\r\n"):
            came += user.screen.read_nonblocking(1 << 16, PATIENCE)
        assert came.count(b"x") == 30_000

    script = "trap 'head -c 30000 /dev/zero | tr \\\\0 x; echo END; exit 9' HUP INT TERM QUIT; echo ready"
    with terminal() as user:
        assert host(user, ["sh", "-c", f"{script}; while :; do sleep 0.02; done"], does) == 9


def test_a_signal_reaches_the_whole_process_group() -> None:
    def does(user: User) -> None:
        user.sees("ready")
        os.kill(os.getpid(), signal.SIGTERM)
        user.sees("the other too")

    other = "trap 'echo the other too; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
    script = f"trap 'wait; exit 3' TERM; ({other}) & wait"
    with terminal() as user:
        assert host(user, ["sh", "-c", script], does) == 3


def test_a_program_that_ignores_the_hang_up_does_not_keep_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left to itself, without a terminal."""
    monkeypatch.setattr("amq.pty.host.LEAVE_AFTER_S", 0.1)
    left: list[int] = []

    def does(user: User) -> None:
        user.sees("ready")
        left.append(user.host._child.pid)
        os.close(user.slave)
        os.close(user.master)

    with terminal() as user:
        assert host(user, ["sh", "-c", "trap '' HUP TERM; echo ready; exec sleep 60"], does) == 129
    os.kill(left[0], signal.SIGKILL)


def test_the_monitors_death_hangs_the_program_up() -> None:
    def does(user: User) -> None:
        user.sees("ready")
        os.kill(user.host._child.monitor, signal.SIGKILL)

    with terminal() as user:
        assert host(user, ["sh", "-c", "echo ready; exec sleep 60"], does) == 129


def test_the_hosts_death_hangs_the_program_up() -> None:
    """This holds for one that is stopped, too: the kernel signals its session's leader, and then the program."""
    host = (
        "import os, sys; from amq.pty.child import Child; c = Child.spawn(['sleep', '60'], os.environ, (24, 80));"
        "c.signal(19); print(c.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", host], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
        wait_until(lambda: not is_running(pid))


def test_the_program_and_its_monitor_are_distinguished() -> None:
    child = Child.spawn(["sh", "-c", "exec sleep 60"], os.environ, USUAL_SIZE)
    assert os.getpgid(child.pid) == child.pid == os.tcgetpgrp(child.fd)
    assert os.getsid(child.pid) == child.monitor
    child.signal(signal.SIGSTOP)
    wait_until(lambda: polled(child).stopped)
    child.resume()
    child.signal(signal.SIGTERM)
    wait_until(lambda: polled(child).status is not None)
    assert child.status == 143
    child.close()


def polled(child: Child) -> Child:
    child.poll()
    return child


def is_running(pid: int) -> bool:
    """Return whether process PID runs; a zombie does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
