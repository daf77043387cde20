"""A hidden terminal: a program runs in it, and what it has drawn can be looked at.

It is amq's own pseudo-terminal and model of the screen. It answers the queries that terminals of today answer.
"""

from __future__ import annotations

import os
import re
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from amq.pty.child import Child
from amq.pty.screen import Screen
from amq.pty.terminal_model import Terminal

Size = tuple[int, int]  # rows, columns
SIZE: Size = (30, 100)
TERM = "xterm-256color"
_LOOK_EVERY_S = 0.03
_IN_DIRECTORY = 'cd "$0" && exec "$@"'
_QUERY = re.compile(
    rb"\x1b\[(?:(?P<device>>?)0?c|(?P<status>[56])n|(?P<name>>)0?q|\?(?P<mode>\d+)\$p)"
    rb"|\x1b\](?P<colour>1[01]);\?(?:\x07|\x1b\\)"
)
_BEGUN_QUERY = re.compile(rb"\x1b[\[\]]?[>?]?[\d;?]{0,6}\$?\x1b?\Z")
_SYNCHRONISED = b"2026"  # the mode in which a frame is drawn at once
_COLOURS = {b"10": b"e5e5/e5e5/e5e5", b"11": b"1e1e/1e1e/1e1e"}  # of text and background


class HiddenTerminal:
    """A terminal in which a program runs. Nothing is read from the program but in `wait`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: str, size: Size) -> None:
        """Run COMMAND in DIRECTORY. Raises CannotRunError, PtyError."""
        self._child = Child.spawn(["/bin/sh", "-c", _IN_DIRECTORY, directory, *command], environment, size)
        self._terminal = Terminal(time.monotonic(), screen=Screen(size))
        self._begun = b""  # a query that is not complete
        self._printed = time.monotonic()

    @property
    def status(self) -> int | None:
        """Return the program's exit status; None while it runs."""
        return self._child.status

    @property
    def quiet_for_s(self) -> float:
        """Return for how long nothing has been printed, in seconds."""
        return time.monotonic() - self._printed

    def wait(self, condition: Callable[[], object], within_s: float) -> bool:
        """Return whether CONDITION came to hold in time."""
        deadline = time.monotonic() + within_s
        while True:
            self._read(_LOOK_EVERY_S)
            if condition():
                return True
            if time.monotonic() > deadline:
                return False

    def screen(self) -> str:
        """Return the rows of the screen as text, without trailing spaces; "" while it is not known."""
        return self._terminal.shown()

    def shows(self, pattern: str) -> bool:
        """Return whether PATTERN is found in the screen; ^ and $ are the ends of a row."""
        return re.search(pattern, self.screen(), re.MULTILINE) is not None

    def press(self, keys: str) -> None:
        """Send KEYS as they are."""
        self._write(keys.encode())

    def resize(self, size: Size) -> None:
        """Change the terminal's size."""
        self._terminal.resize(size)
        self._child.resize(size)

    def is_restored(self) -> bool:
        """Return whether every mode that a program can switch on is off, as before it."""
        return not self._terminal.undo()

    def hang_up(self, within_s: float) -> None:
        """End the program: close its terminal, and kill it if it does not end in time."""
        self._child.signal(signal.SIGTERM)
        self.wait(lambda: self.status is not None, within_s)
        self._child.signal(signal.SIGKILL)
        self.wait(lambda: self.status is not None, within_s)
        self._child.close()

    def _read(self, wait_s: float) -> None:
        self._child.poll()
        readable, _, _ = select.select([self._child.fd, self._child.report], [], [], wait_s)
        if self._child.fd not in readable:
            return
        try:
            data = os.read(self._child.fd, 1 << 16)
        except OSError:  # the program has ended, and so has the last one that had its terminal
            data = b""
        if not data:
            time.sleep(wait_s)
            return
        self._printed = time.monotonic()
        self._terminal.from_program(data, self._printed)
        self._answer(data)

    def _answer(self, data: bytes) -> None:
        data = self._begun + data
        for match in _QUERY.finditer(data):
            self._write(self._reply(match))
        begun = _BEGUN_QUERY.search(data)
        self._begun = begun[0] if begun else b""

    def _reply(self, query: re.Match[bytes]) -> bytes:
        if query["colour"]:
            return b"\x1b]%s;rgb:%s\x1b\\" % (query["colour"], _COLOURS[query["colour"]])
        if query["mode"]:
            return b"\x1b[?%s;%d$y" % (query["mode"], 2 if query["mode"] == _SYNCHRONISED else 0)
        if query["name"]:
            return b"\x1bP>|amq\x1b\\"
        if query["status"]:
            return b"\x1b[0n" if query["status"] == b"5" else b"\x1b[1;1R"
        return b"\x1b[>0;10;0c" if query["device"] else b"\x1b[?62;22c"

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # the program has ended, or reads nothing: a scenario shows that
            os.write(self._child.fd, data)
