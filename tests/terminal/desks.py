"""A person's terminal with a shell in it, in which `amq run` is called, and what that terminal was left with."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

PATIENCE = 20.0  # seconds until a test gives up; never a wait that has to be long enough

SOAK = bool(os.environ.get("AMQ_SOAK"))
SEED = int(os.environ.get("AMQ_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
"""What a sample is drawn by; it stands in the names of the tests that draw one."""

SHELLS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "dash": ["-i"]}
HERE = Path(__file__).parent
AMQ = f"{sys.executable} -P -m amq"
BROKEN = f"{sys.executable} -P {HERE / 'broken.py'}"
DISORDER = f"sh {HERE / 'disorder.sh'}"
A_COMMAND = "sleep 0.1"
"""Long enough for a guard that came later than a shell which inherits settings."""
HALF = b"half-a-title"
"""The last that the program in disorder shows."""


class Desk:
    """What the person can do and see."""

    def __init__(self, shell: int) -> None:
        self.shell = shell  # its process
        self._asked = 0

    def type(self, text: str) -> None:
        raise NotImplementedError

    def stream(self) -> bytes:
        """All that the terminal has been given so far."""
        raise NotImplementedError

    def flags(self) -> str:
        """What the terminal itself says of its modes, if it can be asked."""
        return ""

    def says(self, command: str) -> bytes:
        """What COMMAND prints, typed at the prompt and run once."""
        self._asked += 1
        start, end = f"from-{self._asked}-on".encode(), f"to-{self._asked}-here".encode()
        # the dots keep the shell's echo of the line from looking like the answer
        self.type(f"printf 'from-%s-on ' {self._asked}; {command}; printf 'to-%s-here ' {self._asked}\r")
        wait_until(lambda: end in self.stream(), self.stream)
        assert self.stream().count(start) == 1
        return self.stream().partition(start)[2].partition(end)[0].strip()

    def left_on(self) -> dict[str, bytes]:
        """What was on when the last answer of `says` was printed."""
        return left_on(self.stream().rpartition(f"to-{self._asked}-here".encode())[0])

    def job(self) -> list[int]:
        """The processes that the shell has started, and theirs."""
        return descendants(self.shell)


class PtyDesk(Desk):
    """A shell in a pseudo-terminal."""

    def __init__(self, name: str, environment: dict[str, str], place: Path) -> None:
        program = [shutil.which(name) or name, *SHELLS[name]]
        self._process = PtyProcess.spawn(program, env=environment, cwd=str(place), dimensions=(30, 100))
        self._process.closed = True  # its destructor would sleep
        os.set_blocking(self._process.fd, False)
        self._stream = b""
        super().__init__(self._process.pid)

    def type(self, text: str) -> None:
        os.write(self._process.fd, text.encode())

    def stream(self) -> bytes:
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self._process.fd, 65536):
                self._stream += data
        return self._stream

    def settings(self) -> list[int | list[bytes | int]]:
        return termios.tcgetattr(self._process.fd)

    def edits_lines(self) -> bool:
        """Whether somebody who edits the line himself has the terminal."""
        return not termios.tcgetattr(self._process.fd)[3] & termios.ICANON

    def hang_up(self) -> None:
        self._process.fileobj.close()

    def close(self) -> None:
        self.hang_up()
        os.kill(self.shell, signal.SIGKILL)
        os.waitpid(self.shell, 0)


class TmuxDesk(Desk):
    """Bash in a pane of a tmux server of its own; the server is the terminal, and knows its modes."""

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

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", self._socket, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def desk(name: str, place: Path) -> Iterator[PtyDesk | TmuxDesk]:
    """A desk with the shell NAME, or with `tmux`, in a project in PLACE."""
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
    """Skip the test if one of PROGRAMS is not here; fail it where everything is required to run."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"required, but not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def wait_until(condition: Callable[[], object], what: Callable[[], object] = str) -> None:
    """Wait until CONDITION holds; if it does not in time, fail and show WHAT there was instead."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen: {what()!r}"
        time.sleep(0.005)


def descendants(pid: int) -> list[int]:
    """Those started by process PID, each before those that it started."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    parents = {int(child): int(parent) for child, parent, state in rows if not state.startswith("Z")}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def is_alive(pid: int) -> bool:
    """Whether process PID runs; one that waits for its parent to notice its end does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout
    return state.strip() != "" and not state.startswith("Z")


_TOKEN = re.compile(
    rb"\x1b(?:[\]PX^_](?P<string>(?:[^\x07\x18\x1a\x1b]|\x1b(?!\\))*)(?:\x07|\x1b\\|[\x18\x1a])?"
    rb"|\[(?P<csi>[0-?]*[ -/]*[@-~])|(?P<charset>[()].)|(?P<escape>[ -/]*[0-~]))|(?P<shift>[\x0e\x0f])"
)
_USUAL = {
    "?7": b"h",
    "?8": b"h",
    "?25": b"h",
    "keypad": b">",
    "shape": b"0",
    "(": b"B",
    ")": b"B",
    "shift": b"\x0f",
    "progress": b"0",
    **dict.fromkeys(("margins", "link", "colours", "titles", "keys h", "keys l", "other keys"), b""),
}


def left_on(stream: bytes) -> dict[str, bytes]:
    """What a terminal that was given STREAM is left with: each mode that is not as usual, and its value.

    Written without a look at the ledger, to judge it. A string ends as kitty has it: no other sequence breaks it off.
    """
    state: dict[str, bytes] = {}
    for match in _TOKEN.finditer(stream):
        if match["csi"]:
            _take_csi(state, match["csi"])
        elif match["string"]:
            _take_string(state, match["string"])
        elif match["escape"] in (b"=", b">"):
            state["keypad"] = match["escape"]
        elif match["charset"]:
            state[match["charset"][:1].decode()] = match["charset"][1:]
        elif match["shift"]:
            state["shift"] = match["shift"]
    return {name: value for name, value in state.items() if value != _USUAL.get(name, b"l")}


def _take_csi(state: dict[str, bytes], csi: bytes) -> None:
    if found := re.fullmatch(rb"\?([0-9;]+)([hl])", csi):
        for mode in found[1].decode().split(";"):
            state[f"?{mode}"] = found[2]
    elif found := re.fullmatch(rb"([<>])[0-9]*u|2([23])[0-9;]*t", csi):
        name = "titles" if found[2] else f"keys {state.get('?1049', b'l').decode()}"
        pushed, stack = (found[1] or found[2]) in (b">", b"2"), state.get(name, b"")
        state[name] = stack + b"+" if pushed else stack[1:]
    elif found := re.fullmatch(rb">4;?([0-9]*)m", csi):
        state["other keys"] = found[1]
    elif found := re.fullmatch(rb"4([hl])", csi):
        state["insert"] = found[1]
    elif found := re.fullmatch(rb"([0-9;]*)(r| q)", csi):
        state["margins" if found[2] == b"r" else "shape"] = found[1]
    elif re.fullmatch(rb"0?m", csi):
        state["colours"] = b""
    elif csi.endswith(b"m") and not re.fullmatch(rb"(2[2-9]|39|49)m", csi):  # those end one colour, and begin none
        state["colours"] = csi


def _take_string(state: dict[str, bytes], string: bytes) -> None:
    if string.startswith(b"8;"):
        state["link"] = string.split(b";", 2)[2]
    elif string.startswith(b"9;4;"):
        state["progress"] = string[4:5]
