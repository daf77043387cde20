"""Write tables for a user at a terminal: headings, ages, local times, short ids, colour.

Programs and agents never get them. For these the plain lines of each command stay as they are, byte for byte.

Every cell is made visible here, and a row is one line that fits the terminal. Text that a peer chose freely, such as a
subject, goes into the last column: if a terminal draws it wider than expected, no other column moves.
"""

from __future__ import annotations

import os
import time

from amq import config
from amq.cli.output import is_terminal
from amq.instants import SECOND_NS, age, local_time, parse_instant
from amq.record import record
from amq.text import cut_before, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence

    from amq.cli.output import Output

BOLD, FAINT, RED = "1", "2", "31"
"""Styles that can be read on a light background and on a dark one."""
WIDE = 100
"""The columns from which a table has room for more than it needs."""
_GAP = "  "
_NARROWEST = 8
"""The width below which no column is cut."""
_FAIR = 16
"""The width down to which a column is cut to leave half of the line to the last one."""
_FOR_LAST = 16
"""The width that all other columns leave to the last one, if they can."""
_MOST_MARKS = 2
"""The marks on one letter that take no width. Each further one counts as a column: no script piles up so many."""


def terminal(args: Namespace, out: Output) -> Terminal | None:
    """Return the terminal to write a table to; None where a program or an agent reads the output."""
    environ = config.variables()
    if out.json or not (args.color == "always" or (is_terminal(1) and not environ.get("AM_ME"))):
        return None
    return Terminal(_columns(), _has_colour(args.color, environ), time.time_ns())


def _columns() -> int:
    """Return the width of the first terminal among stdout, stderr and stdin: stdout may be a pager's pipe."""
    return next(filter(None, (size.columns for size in _sizes())), 80)


def height() -> int:
    """Return the number of lines of that terminal."""
    return next(filter(None, (size.lines for size in _sizes())), 24)


def _sizes() -> Iterator[os.terminal_size]:
    from contextlib import suppress  # only here: agents have no terminal

    for fd in (1, 2, 0):
        with suppress(OSError):
            yield os.get_terminal_size(fd)


def _has_colour(wanted: str, environ: Mapping[str, str]) -> bool:
    if wanted != "auto":
        return wanted == "always"
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


@record
class Cell:
    """Text in a table, and the style that it has in colour (SGR parameters)."""

    text: str
    style: str = ""


@record
class Terminal:
    """A terminal of so many `columns`, with `colour` or without, at the instant `now_ns`."""

    columns: int
    colour: bool
    now_ns: int

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> str:
        """Return HEADINGS and ROWS as aligned lines; a column of empty cells is left out.

        A line too long for the terminal is cut: first the last column, then the widest of the others.
        """
        lines = [[Cell(heading, FAINT) for heading in headings], *(list(map(_cell, row)) for row in rows)]
        columns = [column for column in zip(*lines, strict=True) if any(cell.text for cell in column[1:])]
        widths = self._widths([max(width(cell.text) for cell in column) for column in columns])
        return "".join(f"{self._line(line, widths)}\n" for line in zip(*columns, strict=True))

    def _widths(self, widths: list[int]) -> list[int]:
        """Return WIDTHS, made smaller to fit the terminal."""
        *others, last = widths
        room = self.columns - len(_GAP) * len(others)
        for floor, for_last in ((_FAIR, room // 2), (_NARROWEST, _FOR_LAST)):
            while others and sum(others) + min(last, for_last) > room and max(others) > floor:
                others[others.index(max(others))] -= 1
        return [*others, max(min(last, room - sum(others)), _NARROWEST)]

    def _line(self, cells: Sequence[Cell], widths: list[int]) -> str:
        shown = [cut(cell.text, most) for cell, most in zip(cells, widths, strict=True)]
        last = max((at for at, text in enumerate(shown) if text), default=-1)
        return _GAP.join(
            self.styled(text, cell.style) + ("" if at == last else " " * (most - width(text)))
            for at, (cell, text, most) in enumerate(zip(cells, shown, widths, strict=True))
            if at <= last
        )

    def styled(self, text: str, style: str) -> str:
        """Return TEXT, which is visible already, in a style; unchanged without colour."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and style and text else text

    def age(self, instant_ns: int) -> str:
        """Return how long ago an instant was; the local time for one that is to come, as another clock may have it."""
        seconds = (self.now_ns - instant_ns) / SECOND_NS
        return age(seconds) if seconds >= 0 else self.local(instant_ns)

    def local(self, instant_ns: int) -> str:
        """Return the local time of an instant, as exact as a reader needs it: today, this year, or before."""
        return local_time(instant_ns, self.now_ns)

    def local_text(self, text: str) -> str:
        """Return the local time of an RFC 3339 time; TEXT itself if it is none, as another program may write."""
        try:
            return self.local(parse_instant(text))
        except ValueError:
            return text


def priority(word: str) -> Cell:
    """Return the cell of a priority; the normal one needs no word."""
    return Cell("" if word == "normal" else word, RED if word == "urgent" else "")


def _cell(content: str | Cell) -> Cell:
    """Return the cell of CONTENT, safe to show."""
    return Cell(visible(content)) if isinstance(content, str) else Cell(visible(content.text), content.style)


def width(text: str) -> int:
    """Return how many columns TEXT, which is visible, takes at most.

    Terminals differ where several characters make one picture, so each counts: a line that is expected too wide is cut
    a little early, but never wraps.
    """
    return len(text) if text.isascii() else sum(_widths_of(text))


def _widths_of(text: str) -> list[int]:
    widths, marks = [], 0
    for character in text:
        columns = _columns_of(character)
        marks = 0 if columns else marks + 1
        widths.append(1 if marks > _MOST_MARKS else columns)
    return widths


def _columns_of(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width

    if category(character) in ("Mn", "Me", "Cf") and character != "\ufe0f":  # that one makes a sign an emoji, and wide
        return 0
    # emoji that this Python does not know yet, and flags, which are two letters
    is_wide = east_asian_width(character) in "WF" or "\U0001f000" <= character <= "\U0001faff"
    return 2 if is_wide else 1


def cut(text: str, most: int) -> str:
    """Return TEXT, which is visible, in at most MOST columns; `…` stands for what is missing."""
    if width(text) <= most:
        return text
    room, end = most - 1, 0
    for end, columns in enumerate(_widths_of(text)):  # noqa: B007  it ends before the text does
        room -= columns
        if room < 0:
            break
    before = cut_before(text, end)
    return f"{text[: before if before <= end else end]}…"
