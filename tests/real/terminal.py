"""A user's terminal: a pane of a separate tmux server, which can be looked at and typed into."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SIZE = 30, 100  # rows, columns
_SHELL = '"$@"; echo "exit status $?"; exec cat'
_MODES = "#{alternate_on} #{mouse_any_flag} #{keypad_cursor_flag} #{keypad_flag} #{cursor_flag}"
_EXIT_STATUS = r"^exit status (\d+)$"


def wait_until(condition: Callable[[], object], what: Callable[[], str], timeout: float = 30) -> None:
    """Wait until CONDITION holds; if it does not in time, fail and show the value of WHAT instead."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s:\n{what()}")
        time.sleep(0.05)


def stays(condition: Callable[[], object], what: Callable[[], str], seconds: float) -> None:
    """Fail, and show the value of WHAT, if CONDITION does not hold for as long as SECONDS."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), what()
        time.sleep(0.05)


class Terminal:
    """A running pane; its tmux server is reached by SOCKET."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def tmux(self, *arguments: str) -> str:
        """Run tmux with ARGUMENTS; return its output."""
        command = ["tmux", "-S", str(self._socket), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        """Return the rows of the screen as text, without trailing spaces."""
        return self.tmux("capture-pane", "-p")

    def shows(self, pattern: str) -> bool:
        """Return whether PATTERN is found in the screen; ^ and $ are the ends of a row."""
        return re.search(pattern, self.screen(), re.MULTILINE) is not None

    def wait_for(self, pattern: str, timeout: float = 30) -> None:
        """Wait until the screen shows PATTERN."""
        wait_until(lambda: self.shows(pattern), self.screen, timeout)

    def press(self, keys: str) -> None:
        """Send KEYS as they are."""
        self.tmux("send-keys", "-l", keys)

    def is_sane(self) -> bool:
        """Return whether every mode of a full-screen program is off, and the cursor on."""
        return self.tmux("display-message", "-p", _MODES).split() == ["0", "0", "0", "0", "1"]

    def quit(self, keys: Sequence[str]) -> int:
        """End the program by KEYS, each pressed when the one before has had an effect; return its exit status."""
        for key in keys:
            self._press_and_see(key)
        self.wait_for(_EXIT_STATUS)
        found = re.search(_EXIT_STATUS, self.screen(), re.MULTILINE)
        assert found
        return int(found[1])

    def _press_and_see(self, keys: str) -> None:
        before = self.screen()
        self.press(keys)
        wait_until(lambda: self.screen() != before, self.screen)


@contextmanager
def open_terminal(
    socket: Path,
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    size: tuple[int, int] = SIZE,
) -> Iterator[Terminal]:
    """Run COMMAND in a `Terminal` of SIZE, for the time of a block. Its exit status is shown when it has ended."""
    rows, columns = map(str, size)
    subprocess.run(
        ["tmux", "-S", socket, "-f", "/dev/null",
         "set-option", "-g", "default-terminal", "tmux-256color", ";",
         "new-session", "-d", "-x", columns, "-y", rows, "sh", "-c", _SHELL, "sh", *command],
        check=True, cwd=cwd, env=environment,
    )  # fmt: skip
    terminal = Terminal(socket)
    try:
        yield terminal
    finally:
        terminal.tmux("kill-server")
