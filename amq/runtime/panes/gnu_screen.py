"""A window of GNU screen(1), through its command line. Its hardcopy has no colours: dim text looks like any other."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from amq.pty.encode import bracketed, plain
from amq.runtime import processes
from amq.runtime.panes import GoneError, Picture, ask


class ScreenWindow:
    """The window WINDOW of the session SESSION."""

    way = "screen"

    def __init__(self, session: str, window: str, terminal: int, environment: Mapping[str, str]) -> None:
        """TERMINAL is a descriptor of the window's terminal, which tells its size."""
        self._at = ["-S", session, "-p", window]
        self._terminal = terminal
        self._environment = environment

    def picture(self) -> Picture | None:
        """screen(1) answers before it has written the file, so it is asked a question behind it."""
        columns, rows = os.get_terminal_size(self._terminal)
        with tempfile.TemporaryDirectory(prefix="amq-") as place:
            file = Path(place, "hardcopy")
            self._ask("-X", "hardcopy", str(file))
            self._ask("-Q", "echo", "done")
            try:
                lines = file.read_bytes().split(b"\n")
            except OSError as error:
                raise GoneError(f"screen wrote no hardcopy: {error.strerror}") from error
        return Picture(rows, columns, tuple(lines[:rows]), None, coloured=False)

    def foreground(self) -> int | None:
        return processes.foreground(os.getpid())

    def paste(self, text: str, *, as_paste: bool) -> None:
        self.press(bracketed(text) if as_paste else plain(text))

    def press(self, key: bytes) -> None:
        self._ask("-X", "stuff", "".join(map(_escaped, key)))

    def _ask(self, *words: str) -> bytes:
        return ask(["screen", *self._at, *words], self._environment)


def why_not(environment: Mapping[str, str]) -> str:
    """Why the window we are in cannot be reached; "" if it can."""
    if not environment.get("STY") or not environment.get("WINDOW"):
        return "not inside screen"
    try:
        ask(["screen", "-S", environment["STY"], "-Q", "echo", "here"], environment)
    except GoneError as error:
        return str(error)
    return ""


def _escaped(byte: int) -> str:
    r"""In screen's own notation: ^ and \ are special in `stuff`, any byte may be named in octal."""
    character = chr(byte)
    return character if character.isalnum() and byte < 0x80 or character in " .,:;/_+-" else f"\\{byte:03o}"
