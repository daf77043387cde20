"""The input row on a program's screen: whether it is there, and what stands in it.

"Not found" is not "empty": where the row should be there may be a dialog.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from amq.pty.screen import Cell, View

_INDENT = 2  # columns: the prompt and a blank, or in the lines below two blanks
_LINE = "─"


class Standing(Enum):
    """What the screen says of the input row."""

    EMPTY = "empty"  # a placeholder counts for nothing
    HOLDS = "holds"  # text
    NOT_FOUND = "not-found"
    ELSEWHERE = "elsewhere"  # the cursor stands at no prompt: the program works, or asks something
    UNKNOWN = "unknown"  # the screen is


@dataclass(frozen=True)
class Row:
    """The input row at one instant."""

    standing: Standing
    text: str = ""

    def is_exactly(self, text: str) -> bool:
        """Whether it holds TEXT and nothing else. Blanks do not count: where a line is wrapped they are not seen."""
        return self.standing is Standing.HOLDS and squeeze(self.text) == squeeze(text)

    def contains(self, text: str) -> bool:
        """Whether it holds TEXT, perhaps among other things."""
        return self.standing is Standing.HOLDS and squeeze(text) in squeeze(self.text)


UNKNOWN = Row(Standing.UNKNOWN)
NOT_FOUND = Row(Standing.NOT_FOUND)
ELSEWHERE = Row(Standing.ELSEWHERE)


@dataclass(frozen=True)
class RowRule:
    """How a program draws its input row. The cursor is in it, visible or not."""

    prompt: str  # what stands before its first line; the lines below are indented by two blanks
    framed: bool  # it stands between two lines across the screen, else above an empty row, with the cursor visible


@dataclass(frozen=True)
class PromptRule:
    """An input row that a program shows by printing a prompt. The cursor is in it, visible, and nothing is below it."""

    text: str  # the prompt, always the same; blanks at its end do not count


def find_row(view: View | None, rule: RowRule | PromptRule) -> Row:
    """The input row of a program that draws it by RULE."""
    if view is None:
        return UNKNOWN
    if isinstance(rule, PromptRule):
        return _behind_prompt(view, rule.text.rstrip())
    lines = _framed(view) if rule.framed else _unframed(view, rule.prompt)
    if lines is None:
        return NOT_FOUND
    first, *more = [view.rows[number].rstrip() for number in lines]
    if first[:1] != rule.prompt or any(text.strip() for text in (first[1:_INDENT], *(text[:_INDENT] for text in more))):
        return NOT_FOUND
    text = "\n".join(text[_INDENT:] for text in (first, *more)).strip()
    if view.cursor == (lines[0], _INDENT) and not more and (not text or _is_placeholder(view, lines[0])):
        return Row(Standing.EMPTY)
    return Row(Standing.HOLDS, text)


def before_cursor(view: View) -> str:
    """What stands in the cursor's row before it, without blanks."""
    row, column = view.cursor
    return squeeze(_text(view.cells(row)[:column]))


def stands_at_cursor(view: View, before: str, text: str) -> bool:
    """Whether TEXT stands right before the cursor, BEFORE (without blanks) before it, and nothing behind it."""
    row, column = view.cursor
    cells = view.cells(row)
    above = "".join(view.rows[max(0, row - len(text)) : row])
    seen = squeeze(above + _text(cells[:column]))
    return seen.endswith(before + squeeze(text)) and not _text(cells[column:]).strip()


def squeeze(text: str) -> str:
    """TEXT without blanks."""
    return "".join(text.split())


def _behind_prompt(view: View, prompt: str) -> Row:
    """What stands behind PROMPT, if the cursor's line begins with it.

    What stands behind the cursor, in its row or below, may be the rest of a draft, or a menu. It is kept behind a NUL,
    so that together with ours it is never exactly ours.
    """
    row, column = view.cursor
    cells = view.cells(row)
    rows = [*view.rows[:row], _text(cells[:column])]
    first = next((number for number in _line_of(view, row) if rows[number].startswith(prompt)), None)
    if first is None or not view.cursor_visible:
        return ELSEWHERE
    text = "".join(rows[first:]).removeprefix(prompt).strip()
    behind = "".join([_text(cells[column:]), *view.rows[row + 1 :]]).strip()
    if behind:
        return Row(Standing.HOLDS, f"{text}\0{behind}")
    return Row(Standing.HOLDS, text) if text else Row(Standing.EMPTY)


def _line_of(view: View, row: int) -> range:
    """The rows of the line that ends in ROW, from its first: those above it that are full run on into the next."""
    first = row
    while first > 0 and _is_full(view, first - 1):
        first -= 1
    return range(first, row + 1)


def _is_full(view: View, number: int) -> bool:
    """Whether a row may have been wrapped: at its end a blank, or half the room of a wide character, may be left."""
    return any(cell is None or cell.text.strip() for cell in view.cells(number)[-3:])


def _framed(view: View) -> range | None:
    """The rows around the cursor between two lines across the screen."""
    row = view.cursor[0]
    top = next((number for number in range(row, -1, -1) if _is_line(view, number)), None)
    bottom = next((number for number in range(row, view.size[0]) if _is_line(view, number)), None)
    if top is None or bottom is None or bottom - top < 2:
        return None
    return range(top + 1, bottom)


def _is_line(view: View, number: int) -> bool:
    """Whether a row is a line across the screen. A few words may stand in it."""
    text = view.rows[number]
    return text.startswith(_LINE * 3) and text.endswith(_LINE * 3)


def _unframed(view: View, prompt: str) -> range | None:
    """The rows around the cursor, from the one with the prompt to the empty one above whatever stands at the bottom."""
    row = view.cursor[0]
    top = next((number for number in range(row, -1, -1) if view.rows[number].startswith(prompt)), None)
    if top is None or not view.cursor_visible:
        return None
    filled = [number for number in range(top, view.size[0]) if view.rows[number].strip()]
    gaps = [number for number, after in pairwise(filled) if after - number > 1]
    return range(top, max(row, gaps[-1] if gaps else filled[-1]) + 1)


def _is_placeholder(view: View, number: int) -> bool:
    """Whether all that stands there is faint. The cursor may be drawn over its first character, which then is not."""
    cells = view.cells(number)[_INDENT:]
    if cells and cells[0] is not None and cells[0].inverse:
        cells = cells[1:]
    visible = [cell for cell in cells if cell is not None and cell.text.strip()]
    return bool(visible) and all(cell.faint for cell in visible)


def _text(cells: list[Cell | None]) -> str:
    return "".join(cell.text for cell in cells if cell is not None)
