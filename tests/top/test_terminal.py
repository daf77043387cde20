"""`amq top` as a process at a terminal: it ends as it should, and leaves the terminal as it was."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

from amq.top.terminal import UNDO
from tests.conftest import Shell, run_amq
from tests.terminal.modes import left_on

WITHIN_S = 60.0


def _kept() -> dict[str, str]:
    """Return what `amq` takes over from the environment of the tests."""
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "XDG_STATE_HOME") if name in os.environ}


class Terminal:
    """A terminal of 80 x 24 in which `amq top` runs as its user's; all that it has written."""

    def __init__(self, amq: Shell) -> None:
        environ = _kept() | {"TERM": "xterm-256color"}
        self.outer, self.inner = os.openpty()  # kept open: its settings can be seen after the end
        termios.tcsetwinsize(self.inner, (24, 80))
        self.before = termios.tcgetattr(self.inner)
        self.process = subprocess.Popen(
            [sys.executable, "-c", LEADER, sys.executable, "-m", "amq", "top"],
            cwd=amq.project, env=environ, stdin=self.inner, stdout=self.inner, stderr=self.inner,
            start_new_session=True,
        )  # fmt: skip
        self.written = b""

    def until(self, condition: Callable[[], object]) -> None:
        """Read what is written until CONDITION holds."""
        end = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < end, self.written[-500:]
            if select.select([self.outer], [], [], 0.02)[0]:
                self.written += os.read(self.outer, 1 << 16)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.outer)
        os.close(self.inner)


LEADER = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


@pytest.fixture
def terminal(amq: Shell) -> Iterator[Terminal]:
    amq.send("--subject", "the subject")
    terminal = Terminal(amq)
    yield terminal
    terminal.close()


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("q", 0),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGABRT, -signal.SIGABRT),
    ],
)
def test_the_terminal_is_as_before(terminal: Terminal, end: str | signal.Signals, code: int) -> None:
    terminal.until(lambda: b"the subject" in terminal.written and b"\x1b[?2004h" in terminal.written)
    assert termios.tcgetattr(terminal.inner) != terminal.before
    assert left_on(terminal.written)
    if isinstance(end, str):
        os.write(terminal.outer, end.encode())
    else:
        terminal.process.send_signal(end)
    terminal.until(lambda: terminal.process.poll() is not None)
    terminal.until(lambda: termios.tcgetattr(terminal.inner) == terminal.before and not left_on(terminal.written))
    assert terminal.process.returncode == code


def test_all_modes_are_undone_by_the_guard(terminal: Terminal) -> None:
    """The bytes that it writes are for what Textual sets today."""
    terminal.until(lambda: b"the subject" in terminal.written and b"\x1b[?2004h" in terminal.written)
    assert left_on(terminal.written)
    assert left_on(terminal.written + UNDO) == {}


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_without_a_terminal(amq: Shell, words: tuple[str, ...]) -> None:
    done = run_amq("top", *words, cwd=amq.project, AM_ME="alice")
    assert done.returncode == 2
    assert b"amq top needs a terminal: its input or its output is none" in done.stderr
    assert b"without one: amq who, amq log" in done.stderr


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw(amq: Shell, term: str) -> None:
    code, said = refused(amq, **({"TERM": term} if term else {}))
    assert code == 2
    assert said.splitlines() == ["amq: amq top needs a terminal: TERM is dumb", "     without one: amq who, amq log"]


def refused(amq: Shell, **environ: str) -> tuple[int, str]:
    """Return the exit code and the output of `amq top` at a terminal, where it has to end by itself."""
    process = PtyProcess.spawn(
        [sys.executable, "-m", "amq", "top"], cwd=str(amq.project), env=_kept() | environ, dimensions=(24, 200)
    )
    said = b""
    try:
        while True:
            said += process.read()
    except EOFError:
        return process.wait(), said.decode()


def test_without_its_packages(amq: Shell, tmp_path: Path) -> None:
    """One line says how to get them; nothing else of amq needs them."""
    (tmp_path / "textual").mkdir()
    (tmp_path / "textual" / "__init__.py").write_text("raise ImportError('none', name='textual')")
    code, said = refused(amq, TERM="xterm", PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert code == 1
    assert "amq top needs more packages: textual is not installed" in said
    assert "pip install 'textual<9,>=8.2'" in said
