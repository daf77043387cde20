"""The input row on a program's screen: whether it is there, and what stands in it.

"Not found" is not "empty": where the row should be there may be a dialog. And a field of another kind may be drawn like
the row. A row is known by its own placeholder, and other places by what they show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

from amq.pty.screen import Cell, View

_LINE = "─"
_BOX_EDGE = "╹▀▀▀"
_PADDING = " ▀▄"  # half a row of a background
_NEAR = 3  # rows above the row


class Standing(Enum):
    """What the screen says of the input row."""

    EMPTY = "empty"  # a placeholder counts for nothing
    HOLDS = "holds"  # text
    NOT_FOUND = "not-found"
    ELSEWHERE = "elsewhere"  # at no prompt, or in another field that looks like the row
    UNKNOWN = "unknown"  # the screen is


@dataclass(frozen=True)
class Row:
    """The input row at one instant."""

    standing: Standing
    text: str = ""
    working: bool = False  # what stands near it says that the program works

    def is_exactly(self, text: str) -> bool:
        """Whether it holds TEXT and nothing else. Blanks do not count: where a line is wrapped they are not seen."""
        return self.standing is Standing.HOLDS and squeeze(self.text) == squeeze(text)

    def contains(self, text: str) -> bool:
        """Whether it holds TEXT, perhaps among other things."""
        return self.standing is Standing.HOLDS and squeeze(text) in squeeze(self.text)


EMPTY = Row(Standing.EMPTY)
UNKNOWN = Row(Standing.UNKNOWN)
NOT_FOUND = Row(Standing.NOT_FOUND)
ELSEWHERE = Row(Standing.ELSEWHERE)


@dataclass(frozen=True)
class RowRule:
    """How a program draws its input row. The cursor is in it, visible or not."""

    prompt: str  # what stands before its first line; the lines below are indented by as many blanks as `indent`
    framed: bool  # it stands between two lines across the screen, else above an empty row, with the cursor visible
    indent: int = 2  # columns before its text
    bar: str = ""  # it stands in a box behind this bar; what is said of prompt and indent holds behind it
    hides_cursor: bool = False  # the cursor is in it, and need not be visible
    draws_cursor: bool = False  # as an inverse cell; the terminal's own is somewhere below the row
    placeholders: tuple[str, ...] = ()  # expressions for the whole text of its empty row; none: any faint text will do
    faint: bool = True  # its placeholders are; else they are known by their words alone
    suggests_behind: str = ""  # a prompt behind which it also suggests lines, in any faint words
    working: tuple[str, ...] = ()  # expressions for what a line below it, or right above, says while the program works
    elsewhere: tuple[str, ...] = ()  # expressions for what other places show: in place of its text, or in a line below


@dataclass(frozen=True)
class PromptRule:
    """An input row that a program shows by printing a prompt. The cursor is in it, visible, and nothing is below it."""

    text: str  # the prompt, always the same; blanks at its end do not count

    def stands_alone(self, view: View) -> bool:
        """Whether it is all that stands before the cursor, which is visible."""
        return view.cursor_visible and before_cursor(view).strip() == self.text.strip()


def find_row(view: View | None, rule: RowRule | PromptRule, right: str = "") -> Row:
    """The input row of a program that draws it by RULE. RIGHT is a prompt that also stands behind an empty line."""
    if view is None:
        return UNKNOWN
    if isinstance(rule, PromptRule):
        return _behind_prompt(view, rule.text.rstrip(), right)
    area = _area(view, rule)
    if area is None:
        return NOT_FOUND
    first, *more = [_visible(view, number, area) for number in area.lines]
    margins = (first[len(rule.prompt) : rule.indent], *(text[: rule.indent] for text in more))
    if not first.startswith(rule.prompt) or any(text.strip() for text in margins):
        return NOT_FOUND
    below = view.rows[area.lines[-1] + 1 :]
    if any(_is_one_of(rule.elsewhere, text, re.search) for text in below):
        return ELSEWHERE
    text = "\n".join(text[rule.indent :].rstrip() for text in (first, *more)).strip()
    near = [*view.rows[max(0, area.lines[0] - _NEAR) : area.lines[0]], *below]
    working = any(_is_one_of(rule.working, text, re.search) for text in near)
    if area.cursor == (area.lines[0], area.left + rule.indent) and not more:
        return replace(_at_its_start(view, area.lines[0], text, rule), working=working)
    return Row(Standing.HOLDS, text, working)


def _at_its_start(view: View, number: int, text: str, rule: RowRule) -> Row:
    """The row NUMBER, in which the cursor stands before TEXT: a draft, or the placeholder of this place or another."""
    if not text:
        return EMPTY
    if _is_one_of(rule.elsewhere, text, re.fullmatch):
        return ELSEWHERE
    own = _is_one_of(rule.placeholders, text, re.fullmatch)
    if not rule.faint or not _is_faint(view, number, rule.indent):
        return EMPTY if own and not rule.faint else Row(Standing.HOLDS, text)
    suggested = bool(rule.suggests_behind) and view.rows[number].startswith(rule.suggests_behind)
    return EMPTY if own or suggested or not rule.placeholders else ELSEWHERE


def _is_one_of(expressions: Iterable[str], text: str, match: Callable[[str, str], object]) -> bool:
    return any(match(expression, text) for expression in expressions)


def before_cursor(view: View) -> str:
    """What stands in the cursor's row before it."""
    row, column = view.cursor
    return _text(view.cells(row)[:column])


def behind_cursor(view: View) -> str:
    """What stands in the cursor's row from it on."""
    row, column = view.cursor
    return _text(view.cells(row)[column:])


def stands_at_cursor(view: View, before: str, text: str) -> bool:
    """Whether TEXT stands right before the cursor, BEFORE before it, and nothing behind it. Blanks do not count."""
    row, column = view.cursor
    cells = view.cells(row)
    above = "".join(view.rows[max(0, row - len(text)) : row])
    seen = squeeze(above + _text(cells[:column]))
    return seen.endswith(squeeze(before + text)) and not _text(cells[column:]).strip()


def squeeze(text: str) -> str:
    """TEXT without blanks."""
    return "".join(text.split())


def _behind_prompt(view: View, prompt: str, right: str) -> Row:
    """What stands behind PROMPT, if the cursor's line begins with it.

    What stands behind the cursor, in its row or below, may be the rest of a draft, or a menu, unless it is the RIGHT
    prompt. It is kept behind a NUL, so that together with ours it is never exactly ours.
    """
    row = view.cursor[0]
    rows = [*view.rows[:row], before_cursor(view)]
    first = next((number for number in _line_of(view, row) if rows[number].startswith(prompt)), None)
    if first is None or not view.cursor_visible:
        return ELSEWHERE
    text = "".join(rows[first:]).removeprefix(prompt).strip()
    behind = "".join([behind_cursor(view), *view.rows[row + 1 :]]).strip()
    if behind and behind != right:
        return Row(Standing.HOLDS, f"{text}\0{behind}")
    return Row(Standing.HOLDS, text) if text else EMPTY


def _line_of(view: View, row: int) -> range:
    """The rows of the line that ends in ROW, from its first: those above it that are full run on into the next."""
    first = row
    while first > 0 and _is_full(view, first - 1):
        first -= 1
    return range(first, row + 1)


def _is_full(view: View, number: int) -> bool:
    """Whether a row may have been wrapped: at its end a blank, or half the room of a wide character, may be left."""
    return any(cell is None or cell.text.strip() for cell in view.cells(number)[-3:])


@dataclass(frozen=True)
class _Area:
    """Where the row stands on the screen, and where in it the cursor is."""

    lines: range
    cursor: tuple[int, int]
    left: int = 0  # the first column
    right: int | None = None  # the column behind the last


def _area(view: View, rule: RowRule) -> _Area | None:
    if rule.bar:
        return _boxed(view, rule.bar)
    if rule.draws_cursor:
        return _framed_above(view)
    lines = _framed(view) if rule.framed else _unframed(view, rule)
    return _Area(lines, view.cursor) if lines else None


def _visible(view: View, number: int, area: _Area) -> str:
    """What a row has in AREA."""
    return view.rows[number] if area.right is None else _text(view.cells(number)[area.left : area.right])


def _framed(view: View) -> range | None:
    """The rows around the cursor between two lines across the screen."""
    row = view.cursor[0]
    top = next((number for number in range(row, -1, -1) if _is_line(view, number)), None)
    bottom = next((number for number in range(row, view.size[0]) if _is_line(view, number)), None)
    if top is None or bottom is None or bottom - top < 2:
        return None
    return range(top + 1, bottom)


def _framed_above(view: View) -> _Area | None:
    """The rows between the last two lines above the terminal's cursor, if an inverse cell in them stands for one."""
    lines = [number for number in range(min(view.cursor[0], view.size[0] - 1), -1, -1) if _is_line(view, number)][:2]
    if len(lines) < 2:
        return None
    inside = range(lines[1] + 1, lines[0])
    drawn = (
        (number, column)
        for number in inside
        for column, cell in enumerate(view.cells(number))
        if cell is not None and cell.inverse
    )
    cursor = next(drawn, None)
    return _Area(inside, cursor) if cursor else None


def _boxed(view: View, bar: str) -> _Area | None:
    """The rows behind a bar around the cursor, in a box that ends with two rows of the program's own.

    A box has an empty row at its top, and at its bottom one, then what the agent is, then its lower edge.
    """
    row = min(view.cursor[0], view.size[0] - 1)
    left = view.rows[row].find(bar)
    if left < 0 or not view.cursor_visible or view.rows[row][:left].strip():
        return None
    top = next((number for number in range(row, -1, -1) if view.rows[number][left : left + 1] != bar), -1)
    bottom = next(number for number in range(row, view.size[0] + 1) if _ends_box(view, number, left, bar))
    edge = view.rows[bottom][left:] if bottom < view.size[0] else ""
    inside = range(top + 2, bottom - 2)
    if not edge.startswith(_BOX_EDGE) or row not in inside:
        return None
    return _Area(inside, view.cursor, left + 1, left + len(edge.split()[0]))


def _is_line(view: View, number: int) -> bool:
    """Whether a row is a line across the screen. A few words may stand in it, such as a session's name near its end."""
    text = view.rows[number]
    return text.startswith(_LINE * 3) and text.endswith(_LINE)


def _ends_box(view: View, number: int, left: int, bar: str) -> bool:
    return number == view.size[0] or view.rows[number][left : left + 1] != bar


def _unframed(view: View, rule: RowRule) -> range | None:
    """The rows around the cursor, from the one with the prompt to the empty one above whatever stands at the bottom."""
    row = view.cursor[0]
    top = next((number for number in range(row, -1, -1) if view.rows[number].startswith(rule.prompt)), None)
    if top is None or not (view.cursor_visible or rule.hides_cursor):
        return None
    filled = [number for number in range(top, view.size[0]) if view.rows[number].strip(_PADDING)]
    gaps = [number for number, after in pairwise(filled) if after - number > 1]
    return range(top, max(row, gaps[-1] if gaps else filled[-1]) + 1)


def _is_faint(view: View, number: int, indent: int) -> bool:
    """Whether all that stands there is faint. The cursor may be drawn over its first character, which then is not."""
    cells = view.cells(number)[indent:]
    if cells and cells[0] is not None and cells[0].inverse:
        cells = cells[1:]
    visible = [cell for cell in cells if cell is not None and cell.text.strip()]
    return bool(visible) and all(cell.faint for cell in visible)


def _text(cells: list[Cell | None]) -> str:
    return "".join(cell.text for cell in cells if cell is not None)
