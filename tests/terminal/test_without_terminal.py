"""Pipes, files and nothing at all in place of the user's terminal: cron, an orchestrator, a shell's pipeline."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from amq.pty.child import Child
from amq.pty.host import Host
from amq.pty.terminal_model import Terminal
from amq.pty.user_terminal import USUAL_SIZE, Tty
from tests.pty.user import PATIENCE, terminal

AMQ_RUN = [sys.executable, "-P", "-m", "amq", "run", "--no-wake", "--as", "x", "--"]


def run(*program: str, out: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    """Run PROGRAM in `amq run`, in a session without a terminal, and with nothing to read."""
    return subprocess.run(
        [*AMQ_RUN, *program],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        start_new_session=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(autouse=True)
def _in_a_project(project: Path) -> None:
    """Run in a project, where `amq run` makes its mailbox."""


def test_the_output_comes_as_the_program_printed_it() -> None:
    ended = run("sh", "-c", "stty size; echo two; exit 5")
    assert ended.stdout == b"%d %d\ntwo\n" % USUAL_SIZE
    assert ended.returncode == 5


def test_a_line_reader_gets_end_of_file() -> None:
    ended = run("cat")
    assert (ended.stdout, ended.returncode) == (b"", 0)


def test_a_line_editor_gets_no_end_of_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D would end it."""
    monkeypatch.setattr("amq.pty.pump.END_AFTER_S", 0.0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    read_end, write_end = os.pipe()
    tty = Tty(nothing, write_end)
    attributes = tty.attributes()
    attributes[3] &= ~(termios.ICANON | termios.ECHO)  # type: ignore[operator]
    script = "stty min 0 time 5; printf '<%s>' \"$(head -c 1)\""
    child = Child.spawn(["sh", "-c", script], os.environ, tty.size(), attributes)
    assert Host(child, tty, Terminal(0.0)).run() == 0
    os.close(write_end)
    os.close(nothing)
    with open(read_end, "rb") as pipe:
        assert pipe.read() == b"<>"


def test_only_the_output_is_a_terminal() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    with terminal() as user:
        tty = Tty(nothing, user.slave)
        child = Child.spawn(["sh", "-c", "echo here; sleep 0.3; exit 7"], os.environ, tty.size(), tty.attributes())
        status = Host(child, tty, Terminal(0.0)).run()
        tty.close()
        user.sees("here")
    os.close(nothing)
    assert status == 7


def test_only_the_output_is_piped() -> None:
    """The reader of the pipe prints to a terminal that still ends lines as before."""
    read_end, write_end = os.pipe()
    with terminal() as user:
        tty = Tty(user.slave, write_end)
        usual = termios.tcgetattr(user.slave)
        child = Child.spawn(["sh", "-c", "read -r line; echo $line"], os.environ, tty.size(), tty.attributes())
        tty.make_raw()
        raw = termios.tcgetattr(user.slave)
        assert (raw[1], raw[3] & termios.ICANON) == (usual[1], 0)
        user.type(b"typed\r")
        assert Host(child, tty, Terminal(0.0)).run() == 0
        tty.close()
        assert termios.tcgetattr(user.slave) == usual
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        assert pipe.read() == b"typed\ntyped\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_that_cannot_be_written_is_reported() -> None:
    with open("/dev/full", "wb") as full:
        ended = run("sh", "-c", "echo hello; exec sleep 60", out=full.fileno())
    assert ended.returncode == 125
    assert b"No space left on device" in ended.stderr


def test_a_reader_that_leaves_ends_the_program_without_a_word() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    ended = run("yes", out=write_end)
    os.close(write_end)
    assert (ended.returncode, ended.stderr.count(b"\n")) == (129, 1)  # the line is about the new mailbox


def test_a_thousand_descriptors_are_open() -> None:
    """`select` takes none above 1023."""
    opens = "import os, sys; [os.dup2(1, fd) for fd in range(3, 1100)]; os.execvp(sys.argv[1], sys.argv[1:])"
    ended = subprocess.run(
        ["sh", "-c", 'ulimit -n 4096 && exec "$@"', "sh", sys.executable, "-c", opens, *AMQ_RUN, "echo", "hello"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == (b"hello\n", 0), ended.stderr
