"""A user's terminal with a shell in it, in which `amq run` is called, and the state that it leaves behind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

from tests.pty.user import wait_until
from tests.terminal.modes import left_on

PROMPT = b"\x1b[?2004h"  # the last that bash and zsh print before they read a line
JOB_SHELLS = ("bash", "zsh")
SHELLS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "dash": ["-i"]}
HERE = Path(__file__).parent
AMQ = f"{sys.executable} -P -m amq"
BROKEN = f"{sys.executable} -P {HERE / 'broken.py'}"
LINES = f"{sys.executable} -P {HERE / 'lines.py'}"
"""A program that reads lines in canonical mode."""
DISORDER = f"sh {HERE / 'disorder.sh'}"
A_COMMAND = "sleep 0.1"
"""A command long enough for a guard that came later than a shell which inherits settings."""
HALF = b"half-a-title"
"""The last output of the program in `disorder.sh`."""


class Desk:
    """A user's actions at a terminal, and the state that they see."""

    edits_lines = True  # whether the shell edits lines itself, with its own terminal settings

    def __init__(self, shell: int) -> None:
        self.shell = shell  # the shell's process id
        self._asked = 0

    def type(self, text: str) -> None:
        raise NotImplementedError

    def stream(self) -> bytes:
        """Return all bytes that the terminal has been given so far."""
        raise NotImplementedError

    def flags(self) -> str:
        """Return the terminal's own report of its modes; "" if it cannot be asked."""
        return ""

    def says(self, command: str) -> bytes:
        """Type COMMAND at the prompt, run it once, and return its output."""
        self._asked += 1
        start, end = f"from-{self._asked}-on".encode(), f"to-{self._asked}-here".encode()
        # the dots keep the shell's echo of the line from looking like the answer
        self.type(f"printf 'from-%s-on ' {self._asked}; {command}; printf 'to-%s-here ' {self._asked}\r")
        wait_until(lambda: end in self.stream(), self.stream)
        assert self.stream().count(start) == 1
        return self.stream().partition(start)[2].partition(end)[0].strip()

    def left_on(self) -> dict[str, bytes]:
        """Return the modes that were on when the last answer of `says` was printed."""
        return left_on(self.stream().rpartition(f"to-{self._asked}-here".encode())[0])

    def job(self) -> list[int]:
        """Return the ids of the processes that the shell has started, with all their descendants."""
        return descendants(self.shell)


class PtyDesk(Desk):
    """A shell in a pseudo-terminal, in which `amq run` is one job."""

    def __init__(self, name: str, environment: dict[str, str], place: Path) -> None:
        program = [shutil.which(name) or name, *SHELLS[name]]
        self._process = PtyProcess.spawn(program, env=environment, cwd=str(place), dimensions=(30, 100))
        self._process.closed = True  # its destructor would sleep
        os.set_blocking(self._process.fd, False)
        self._stream = b""
        self._seen = 0  # how much of it has been looked at
        super().__init__(self._process.pid)
        self.edits_lines = name in JOB_SHELLS
        self._is_prompted()

    def type(self, text: str) -> None:
        os.write(self._process.fd, text.encode())

    def run(self, command: str) -> None:
        """Type COMMAND at the prompt."""
        self.type(f"{command}\r")

    def stream(self) -> bytes:
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self._process.fd, 65536):
                self._stream += data
        return self._stream

    def sees(self, text: str | bytes) -> bytes:
        """Wait for TEXT behind what was seen before; return the output in between."""
        return self._sees(re.escape(text.encode() if isinstance(text, str) else text))

    def says(self, command: str) -> bytes:
        answer = super().says(command)
        self.sees(f"to-{self._asked}-here")
        self._is_prompted()
        return answer

    def stop(self) -> None:
        """Press ^Z, and wait until the shell has its terminal again."""
        self.type("\x1a")
        self.is_told_of_the_stop()

    def is_told_of_the_stop(self) -> None:
        self._sees(b"(?i:stopped|suspended)")
        self.sees(PROMPT)

    def finds_it_stopped(self) -> None:
        """Wait until the only job, which was running in the background, is stopped."""
        wait_until(lambda: re.search(b"(?i)stopped|suspended", self.says("jobs")))

    def go_on(self) -> None:
        """Run `fg`, and wait until the shell has done it."""
        self.run("fg")
        self.sees("amq run")

    def signal_job(self, number: int) -> None:
        """Send signal NUMBER to `amq run`, as `kill` does from elsewhere."""
        os.kill(self.job()[0], number)

    def job_is_stopped(self) -> bool:
        """Return whether ps(1) reports `amq run` as stopped."""
        return state(self.job()[0]).startswith("T")

    def resize(self, rows: int, columns: int) -> None:
        self._process.setwinsize(rows, columns)

    def settings(self) -> list[int | list[bytes | int]]:
        return termios.tcgetattr(self._process.fd)

    def hang_up(self) -> None:
        self._process.fileobj.close()

    def _sees(self, pattern: bytes) -> bytes:
        found: list[re.Match[bytes]] = []

        def look() -> bool:
            found.extend(re.finditer(pattern, self.stream()[self._seen :]))
            return bool(found)

        wait_until(look, lambda: (pattern, self._stream[self._seen :]))
        between = self._stream[self._seen :][: found[0].start()]
        self._seen += found[0].end()
        return between

    def _is_prompted(self) -> None:
        if self.edits_lines:
            self.sees(PROMPT)

    def close(self) -> None:
        self.hang_up()
        os.kill(self.shell, signal.SIGKILL)
        os.waitpid(self.shell, 0)


class TmuxDesk(Desk):
    """Bash in a pane of the test's own tmux server, which is the terminal and knows its modes."""

    _FLAGS = "alternate_on cursor_flag insert_flag keypad_cursor_flag keypad_flag mouse_any_flag mouse_sgr_flag"
    _MORE_FLAGS = "origin_flag wrap_flag scroll_region_upper scroll_region_lower"

    def __init__(self, environment: dict[str, str], place: Path) -> None:
        self._socket = str(place / "tmux")
        self._log = place / "stream"
        self._log.touch()
        words = ["new-session", "-d", "-x", "100", "-y", "30", "bash", *SHELLS["bash"]]
        subprocess.run(["tmux", "-S", self._socket, "-f", "/dev/null", *words], check=True, cwd=place, env=environment)
        self._tmux("pipe-pane", "-O", f"cat >> {self._log}")
        super().__init__(int(self._tmux("display-message", "-p", "#{pane_pid}")))

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def stream(self) -> bytes:
        return self._log.read_bytes()

    def flags(self) -> str:
        names = f"{self._FLAGS} {self._MORE_FLAGS}".split()
        return self._tmux("display-message", "-p", " ".join(f"{name}=#{{{name}}}" for name in names))

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def picture(self) -> str:
        """Return the screen with colours and attributes, and the place of the cursor."""
        cursor = self._tmux("display-message", "-p", "#{cursor_x},#{cursor_y},#{cursor_flag}")
        return self._tmux("capture-pane", "-p", "-e") + cursor

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", self._socket, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def desk(name: str, place: Path) -> Iterator[PtyDesk | TmuxDesk]:
    """Open a terminal with the shell NAME, or with `tmux`, in a project in PLACE."""
    require([name])
    project = place / "project"
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "HEAD").touch()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("AM_", "TMUX"))},
        "PS1": "$ ",
        "HISTFILE": "",
        "TERM": "xterm-256color",
        "HOME": str(place),
        "XDG_DATA_HOME": str(place),
    }
    made = TmuxDesk(environment, project) if name == "tmux" else PtyDesk(name, environment, project)
    try:
        yield made
    finally:
        left = made.job()
        made.close()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def require(programs: Sequence[str]) -> None:
    """Skip the test if one of PROGRAMS is not installed; fail it where everything is required to run."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"required, but not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def descendants(pid: int) -> list[int]:
    """Return the processes started by process PID, each before those that it started."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    parents = {int(child): int(parent) for child, parent, state in rows if not state.startswith("Z")}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def is_alive(pid: int) -> bool:
    """Return whether process PID runs; a zombie does not."""
    return state(pid) != "" and not state(pid).startswith("Z")


def state(pid: int) -> str:
    """Return the state of process PID by ps(1), "" if there is none."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return said.stdout.strip()
