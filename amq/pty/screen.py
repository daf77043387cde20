"""The screen of a program: a terminal emulator beside the pump, fed with the output.

The pump only queues what it has read. The emulator is fed in small slices, because it holds the interpreter's lock.
Queued output may change everything, so while there is any, there is no view. A flood is not fed at all: when
the queue becomes too long, it is dropped up to the last full redraw of the screen. Without one there is no view until
the program has drawn its whole screen anew.

The emulator is `avt` (docs/decisions/screen.md). Where it is not installed there is never a view.
"""

from __future__ import annotations

import codecs
import contextlib
import importlib
import re
import unicodedata
from collections import deque
from collections.abc import Sequence
from functools import cached_property

from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from avt import Line, Vt

SLICE_BYTES = 1 << 14  # bytes fed at a time: a quarter to one millisecond
MOST_WAITING_BYTES = 1 << 20  # bytes of output in the queue
NARROWEST = 2  # columns; one has no room for a wide character, and avt breaks down at that

_REDRAW = re.compile(rb"\x1b\[(?:2J|(?:1;1)?H\x1b\[0?J|\?1049h)")
_CLEARS = (b"\x1b[2J", b"H\x1b[J", b"H\x1b[0J")
_LONGEST_REDRAW = 16
_BROKEN_OFF = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?\Z")
_LONGEST_SEQUENCE = 256
_MARKS = ("Mn", "Me", "Cf")  # general categories of Unicode whose characters have no width
_COLOURS = re.compile(rb"\x1b\[([0-9;]*58;[0-9;:]*)m")

Size = tuple[int, int]  # rows, columns


def load_emulator() -> None:
    """Import the emulator, where it is installed, so that the first feed has nothing to wait for."""
    with contextlib.suppress(ImportError):
        importlib.import_module("avt")


def has_emulator() -> bool:
    """Return whether the emulator, avt, is installed."""
    from importlib.util import find_spec

    return find_spec("avt") is not None


@record
class Cell:
    """One character, in the cell where it begins; the other cell of a wide one is None in `View.cells`."""

    text: str
    faint: bool
    inverse: bool


class View:
    """The screen at one instant."""

    def __init__(self, lines: Sequence[Line], size: Size, cursor: tuple[int, int], *, cursor_visible: bool) -> None:
        self._lines = lines
        self.size = size
        self.cursor = cursor  # row and column, from 0; at the end of a full row it is behind the last cell
        self.cursor_visible = cursor_visible

    @cached_property
    def rows(self) -> list[str]:
        """The text of each row, with its blanks. Most of a view's cost, and a key seldom needs it."""
        return [line.text for line in self._lines]

    def cells(self, row: int) -> list[Cell | None]:
        """Return the cells of ROW, None for the second half of a wide character."""
        return [
            Cell(cell.char, cell.pen.faint, cell.pen.inverse) if cell.width else None for cell in self._lines[row].cells
        ]


class Screen:
    """The emulator and its queue of output. Not thread-safe: hold one lock around every call."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._first_size = size  # of a new emulator
        self._waiting: deque[bytes | Size] = deque()
        self._amount = 0  # bytes in it
        self._lost = False  # bytes were dropped, and no full redraw has been seen since
        self._tail = b""  # end of what was dropped: a redraw may begin there
        self._resized = False  # resized, and not drawn since
        self._vt: Vt | None = None
        self._missing = False  # the emulator is not installed
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""  # the beginning of a sequence that is not complete

    @property
    def waiting(self) -> bool:
        """Return whether output is in the queue."""
        return bool(self._waiting)

    def enqueue(self, data: bytes) -> None:
        """Queue the program's output DATA."""
        if self._lost:
            data = self._from_redraw(data)
        if not data or self._missing:
            return
        self._waiting.append(data)
        self._amount += len(data)
        self._resized = False
        if self._amount > MOST_WAITING_BYTES:
            self._drop_backlog()

    def resize(self, size: Size) -> None:
        """Set the screen's SIZE (rows, columns) from here on; there is no view until the program prints again."""
        if size == self._size:
            return
        self._size = size
        self._resized = True
        if self._lost:
            self._first_size = size
        elif not self._missing:
            self._waiting.append(size)

    def feed(self, most: int = SLICE_BYTES) -> None:
        """Feed the emulator from the queue, with little more than MOST bytes."""
        if self._vt is None and not self._missing:
            self._start()
        while self._waiting and most > 0:
            piece = self._waiting.popleft()
            if isinstance(piece, bytes):
                self._amount -= len(piece)
                most -= len(piece)
                self._feed(piece)
            elif self._vt is not None:
                self._vt.resize(max(piece[1], NARROWEST), piece[0])

    def view(self) -> View | None:
        """Return the screen as it is now; None if it is not known."""
        if (
            self._vt is None
            or self._waiting
            or self._held
            or self._lost
            or self._resized
            or self._size[1] < NARROWEST
            or self._decoder.getstate()[0]
        ):
            return None
        cursor = self._vt.cursor
        return View(self._vt.view(), self._size, (cursor.row, cursor.col), cursor_visible=cursor.visible)

    def _start(self) -> None:
        try:
            from avt import Vt
        except ImportError:
            self._missing = True
            return
        rows, columns = self._first_size
        self._vt = Vt(max(columns, NARROWEST), rows, 0)  # 0: keep no lines that have scrolled away
        self._decoder.reset()
        self._held = b""

    def _feed(self, data: bytes) -> None:
        data = self._held + data
        broken_off = _BROKEN_OFF.search(data, max(0, len(data) - _LONGEST_SEQUENCE))
        end = broken_off.start() if broken_off else len(data)
        self._held = data[end:]
        data = _COLOURS.sub(_without_underline_colour, data[:end])
        if self._vt is not None:
            self._vt.feed_str(_without_marks(self._decoder.decode(data)))

    def _drop_backlog(self) -> None:
        """Drop the queue up to the last full redraw in its second half, or all of it: there may be no other redraw."""
        kept, size = list[bytes](), 0
        while isinstance(piece := self._waiting.pop(), bytes) and size + len(piece) <= MOST_WAITING_BYTES // 2:
            kept.append(piece)
            size += len(piece)
        self._waiting.clear()
        self._amount = 0
        self._lost = True
        self._tail = b""
        self._vt = None
        self._first_size = self._size
        recent = b"".join(reversed(kept))
        for at in range(0, len(recent), SLICE_BYTES):  # fed at once, all of it would leave megabytes to the heap
            part = recent[at : at + SLICE_BYTES]
            redrawn = self._from_redraw(part)
            if redrawn:
                self._waiting.clear()
                self._amount = 0
            if not self._lost:
                self._waiting.append(redrawn or part)
                self._amount += len(redrawn or part)

    def _from_redraw(self, data: bytes) -> bytes:
        """Return the part of DATA from its last full redraw on; b"" until the program has cleared its screen."""
        data = self._tail + data
        *_, match = (None, *_REDRAW.finditer(data)) if _may_redraw(data) else (None,)
        self._tail = data[-_LONGEST_REDRAW:]
        if match is None:
            return b""
        self._lost = False
        return data[match.start() :]


def _may_redraw(data: bytes) -> bool:
    """Cheap pre-filter: look for a rare byte of each way to redraw, and then a part of it, before running the regex."""
    return (ord("J") in data and any(part in data for part in _CLEARS)) or (ord("?") in data and b"?1049h" in data)


def _without_marks(text: str) -> str:
    """Return TEXT without characters that have no width, such as combining accents: avt gives each of them a cell."""
    if text.isascii():
        return text
    marks = [character for character in set(text) if _is_mark(character)]
    return text.translate(dict.fromkeys(map(ord, marks))) if marks else text


def _is_mark(character: str) -> bool:
    """Return whether CHARACTER has no width, by the C library's wcwidth(3).

    A soft hyphen has a width; vowels and finals of conjoining Hangul have none.
    """
    if unicodedata.category(character) in _MARKS:
        return character != "\xad"
    return "\u1160" <= character <= "\u11ff"


def _without_underline_colour(match: re.Match[bytes]) -> bytes:
    """Return an SGR sequence without the underline's colour (58), whose numbers avt takes for attributes."""
    numbers = match[1].split(b";")
    kept: list[bytes] = []
    at = 0
    while at < len(numbers):
        kind = numbers[at + 1 : at + 2]
        length = {b"2": 5, b"5": 3}.get(kind[0] if kind else b"", 1) if numbers[at] in (b"38", b"48", b"58") else 1
        if numbers[at] != b"58":
            kept += numbers[at : at + length]
        at += length
    return b"\x1b[%sm" % b";".join(kept) if kept else b""
