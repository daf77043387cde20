"""A window of GNU screen(1), through its command line. Its hardcopy has no colours: dim text looks like any other."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from amq.pty.encode import bracketed, plain
from amq.runtime import processes
from amq.runtime.panes import GoneError, Picture, ask, drawing

_INFO = re.compile(rb"\((\d+),(\d+)\)/\((\d+),(\d+)\)")  # the cursor's column and row from 1, columns and rows
_LONGEST = 100  # bytes stuffed at a time; each may take four in a command, which may have 768


class ScreenWindow:
    """The window that STY and WINDOW name."""

    way = "screen"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._at = ["-S", environment["STY"], "-p", environment["WINDOW"]]
        self._environment = environment

    def picture(self) -> Picture | None:
        """screen(1) may answer before it has written the file, so it is asked for the cursor behind that.

        Nothing tells whether somebody copies: then the picture is that of the mode, and the cursor is in its place.
        """
        with tempfile.TemporaryDirectory(prefix="amq-") as place:
            file = Path(place, "hardcopy")
            self._ask("-X", "hardcopy", str(file))
            column, row, columns, rows = self._info()
            try:
                lines = file.read_text("utf-8", "replace").split("\n")
            except OSError as error:
                raise GoneError(f"screen wrote no hardcopy: {error.strerror}") from error
        drawn = drawing([line.encode() for line in lines[:rows]], (row - 1, column - 1))
        return Picture((rows, columns), drawn, coloured=False)

    def paste(self, text: str, *, as_paste: bool) -> None:
        self.press(bracketed(text) if as_paste else plain(text))

    def press(self, key: bytes) -> None:
        for at in range(0, len(key), _LONGEST):
            self._ask("-X", "stuff", "".join(map(_escaped, key[at : at + _LONGEST])))

    def _info(self) -> tuple[int, int, int, int]:
        answer = self._ask("-Q", "info")
        if not (match := _INFO.match(answer)):
            raise GoneError(f"screen does not tell where its cursor is: {answer!r}")
        column, row, columns, rows = map(int, match.groups())
        return column, row, columns, rows

    def _ask(self, *words: str) -> bytes:
        return ask(["screen", *self._at, *words], self._environment)


def why_not(environment: Mapping[str, str]) -> str:
    """Why the window we are in cannot be reached; "" if it can."""
    if not environment.get("STY") or not environment.get("WINDOW"):
        return "not inside screen"
    if str(processes.parent(os.getsid(0))) != environment["STY"].partition(".")[0]:
        return "the terminal is another one than STY names"
    try:
        ScreenWindow(environment).picture()
    except GoneError as error:
        return str(error)
    return ""


def _escaped(byte: int) -> str:
    r"""In screen's own notation: ^, $ and \ are special in `stuff`, and any byte may be named in octal."""
    character = chr(byte)
    return character if byte < 0x80 and (character.isalnum() or character in " .,:;/_+-") else f"\\{byte:03o}"
