"""The input row on a program's screen: whether it is there, and the text in it.

"Not found" is not "empty": there may be a dialog where the row should be. And a field of another kind may be drawn like
the row. So the row is recognised by its own placeholder, and other places by what they show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum
from itertools import pairwise

from amq.pty.screen import Cell, View
from amq.record import record, replace

_LINE = "─"
_BOX_EDGE = "╹▀▀▀"
_PADDING = " ▀▄"  # a blank, or half a row of a background
_NEAR = 3  # rows above the input row that may say that the program works


class Standing(Enum):
    """State of the input row, as far as the screen shows it."""

    EMPTY = "empty"  # no text; a placeholder does not count
    HOLDS = "holds"  # text
    NOT_FOUND = "not-found"
    ELSEWHERE = "elsewhere"  # not at a prompt, or in another field that looks like the row
    UNKNOWN = "unknown"  # the screen is not known


@record
class Row:
    """The input row at one instant."""

    NOT_COMPARED = ("room",)

    standing: Standing
    text: str = ""
    working: bool = False  # text near it says that the program works
    room: tuple[int, int] | None = None  # lines and columns that it shows; None: unknown

    def is_exactly(self, text: str) -> bool:
        """Return whether the row holds TEXT and nothing else. Blanks are ignored: a wrapped line may not show them."""
        return self.standing is Standing.HOLDS and squeeze(self.text) == squeeze(text)

    def contains(self, text: str) -> bool:
        """Return whether the row holds TEXT, perhaps among other text. Blanks are ignored."""
        return self.standing is Standing.HOLDS and squeeze(text) in squeeze(self.text)

    def has_room(self, text: str) -> bool:
        """Return whether all of TEXT would be seen in the row; True where the row's size is not known."""
        if self.room is None:
            return True
        most, columns = self.room
        if columns < 1:
            return False
        from textwrap import wrap

        lines = wrap(text, columns, break_on_hyphens=False, break_long_words=False)
        return sum(-(-len(line) // columns) for line in lines) <= most


EMPTY = Row(Standing.EMPTY)
PART = "\0"  # a part of a text that is not seen; so it never equals a typed text
UNKNOWN = Row(Standing.UNKNOWN)
NOT_FOUND = Row(Standing.NOT_FOUND)
ELSEWHERE = Row(Standing.ELSEWHERE)


@record
class RowRule:
    """Rule by which a program draws its input row. The cursor is in the row, visible or not."""

    prompt: str  # text before its first line; the lines below are indented by `indent` blanks
    framed: bool  # it is between two lines across the screen, else above an empty row, with the cursor visible
    indent: int = 2  # columns before its text
    bar: str = ""  # it is in a box behind this bar, from which prompt and indent are counted
    hides_cursor: bool = False  # the cursor is in it, and need not be visible
    draws_cursor: bool = False  # as an inverse cell; the terminal's own cursor is somewhere below the row
    placeholders: tuple[str, ...] = ()  # patterns of the whole text of its empty row; none: any faint text is one
    faint: bool = True  # its placeholders are faint; else they are recognised by their words alone
    suggests_behind: str = ""  # a prompt behind which the program also suggests lines, in any faint words
    working: tuple[str, ...] = ()  # patterns of a line below it, or right above, while the program works
    elsewhere: tuple[str, ...] = ()  # patterns that other places show, instead of its text or in a line below
    scrolled: str = ""  # a pattern of the lines around it while a part of its text is hidden
    shows: tuple[int, int, int] | None = None  # a, b, c: it shows a lines of text, or screen rows // b - c if more
    flat: bool = False  # it ends a screen of plain text, for a screen reader: wrapped without an indent, no placeholder
    also: tuple[RowRule, ...] = ()  # rules for its look in other terminals


@record
class PromptRule:
    """Rule for an input row behind a printed prompt. The cursor is in the row, visible; nothing is below it."""

    text: str  # the prompt, always the same; blanks at its end are ignored

    def stands_alone(self, view: View) -> bool:
        """Return whether the cursor is visible, and the prompt is all the text before it."""
        return view.cursor_visible and before_cursor(view).strip() == self.text.strip()


def find_row(view: View | None, rule: RowRule | PromptRule, right: str = "") -> Row:
    """Return the input row that VIEW shows by RULE. RIGHT is a prompt at the right, also shown on an empty line."""
    if view is None:
        return UNKNOWN
    if isinstance(rule, PromptRule):
        return _behind_prompt(view, rule.text.rstrip(), right)
    found = (_drawn_by(view, look) for look in (rule, *rule.also))
    return next((row for row in found if row.standing is not Standing.NOT_FOUND), NOT_FOUND)


def _drawn_by(view: View, rule: RowRule) -> Row:
    if rule.flat:
        return _flat(view, rule)
    if rule.scrolled and any(
        number is not None and re.search(rule.scrolled, view.rows[number]) for number in _lines_around(view)
    ):
        return Row(Standing.HOLDS, PART)
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
        room = _room(view, area.lines[0], rule)
        empty = replace(_at_its_start(view, area.lines[0], text, rule), working=working, room=room)
        return empty if area.whole else NOT_FOUND
    return Row(Standing.HOLDS, text, working)


def _at_its_start(view: View, number: int, text: str, rule: RowRule) -> Row:
    """Return the row NUMBER, with the cursor before TEXT: a draft, or the placeholder of this field or another."""
    if not text:
        return EMPTY
    if _is_one_of(rule.elsewhere, text, re.fullmatch):
        return ELSEWHERE
    own = _is_one_of(rule.placeholders, text, re.fullmatch)
    if not rule.faint or not _is_faint(view, number, rule.indent):
        return EMPTY if own and not rule.faint else Row(Standing.HOLDS, text)
    suggested = bool(rule.suggests_behind) and view.rows[number].startswith(rule.suggests_behind)
    return EMPTY if own or suggested or not rule.placeholders else ELSEWHERE


def _room(view: View, first: int, rule: RowRule) -> tuple[int, int] | None:
    """Return how many lines and columns of text are seen in a row that begins at FIRST; None if that is not known."""
    if rule.shows is None:
        return None
    rows, columns = view.size
    least, part, less = rule.shows
    return max(min(least, rows - first), rows // part - less), columns - rule.indent - 1


def _is_one_of(expressions: Iterable[str], text: str, match: Callable[[str, str], object]) -> bool:
    return any(match(expression, text) for expression in expressions)


def _flat(view: View, rule: RowRule) -> Row:
    """Return the row at the end of plain text, from its prompt to the cursor.

    Text behind the cursor is a menu, or more of a draft.
    """
    row, column = view.cursor
    first = next((number for number in range(row, -1, -1) if _begins_flat(view.rows[number], rule)), None)
    if first is None or not view.cursor_visible:
        return NOT_FOUND
    if any(_is_one_of(rule.elsewhere, text, re.search) for text in view.rows[:first]):
        return ELSEWHERE
    behind = "".join([behind_cursor(view), *view.rows[row + 1 :]]).strip()
    if (row, column) == (first, len(rule.prompt)) and not behind:
        return Row(Standing.EMPTY, room=_room(view, 0, rule))
    text = "".join([*view.rows[first:row], before_cursor(view)]).removeprefix(rule.prompt).strip()
    return Row(Standing.HOLDS, f"{text}{PART}{behind}" if behind else text)


def _begins_flat(text: str, rule: RowRule) -> bool:
    """Return whether TEXT is the prompt and nothing else, or begins with the prompt and a no-break space."""
    return text.rstrip(" ") == rule.prompt or text.startswith(f"{rule.prompt}\xa0")


def before_cursor(view: View) -> str:
    """Return the text before the cursor, in the cursor's row."""
    row, column = view.cursor
    return _text(view.cells(row)[:column])


def behind_cursor(view: View) -> str:
    """Return the text from the cursor on, in the cursor's row."""
    row, column = view.cursor
    return _text(view.cells(row)[column:])


def stands_at_cursor(view: View, before: str, text: str) -> bool:
    """Return whether BEFORE and TEXT are right before the cursor, and nothing is behind it. Blanks are ignored."""
    row, column = view.cursor
    cells = view.cells(row)
    above = "".join(view.rows[max(0, row - len(text)) : row])
    seen = squeeze(above + _text(cells[:column]))
    return seen.endswith(squeeze(before + text)) and not _text(cells[column:]).strip()


def squeeze(text: str) -> str:
    """Return TEXT without blanks."""
    return "".join(text.split())


def _behind_prompt(view: View, prompt: str, right: str) -> Row:
    """Return the row with the text behind PROMPT; ELSEWHERE unless the cursor's line begins with PROMPT.

    Text behind the cursor, in its row or below, may be the rest of a draft, or a menu, unless it is the RIGHT prompt.
    It is kept behind a NUL, so that the row never equals the text that we typed.
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
    """Return the rows of the line that ends in ROW, from its first: full rows above it run on into the next."""
    first = row
    while first > 0 and _is_full(view, first - 1):
        first -= 1
    return range(first, row + 1)


def _is_full(view: View, number: int) -> bool:
    """Return whether row NUMBER may have been wrapped: room for a blank or half a wide character may be left."""
    return any(cell is None or cell.text.strip() for cell in view.cells(number)[-3:])


@record
class _Area:
    """Place of the row on the screen, and of the cursor in it."""

    lines: range
    cursor: tuple[int, int]
    left: int = 0  # its first column
    right: int | None = None  # the column behind its last
    whole: bool = True  # its end is on the screen


def _area(view: View, rule: RowRule) -> _Area | None:
    if rule.bar:
        return _boxed(view, rule.bar)
    if rule.draws_cursor:
        return _framed_above(view)
    if rule.framed:
        return _framed(view, rule)
    lines = _unframed(view, rule)
    return _Area(lines, view.cursor) if lines else None


def _visible(view: View, number: int, area: _Area) -> str:
    """Return the text of row NUMBER in AREA."""
    return view.rows[number] if area.right is None else _text(view.cells(number)[area.left : area.right])


def _framed(view: View, rule: RowRule) -> _Area | None:
    """Return the rows around the cursor between two lines across the screen.

    A text of many rows pushes the lower line out of a small screen, by a RULE that knows how much its row shows. A
    cursor right behind the text of the last row shows that nothing follows there: in a row further down, the cursor's
    column would be another one.
    """
    top, bottom = _lines_around(view)
    whole = bottom is not None
    if bottom is None and rule.shows and _ends_screen(view):
        bottom = view.size[0]
    if top is None or bottom is None or bottom - top < 2:
        return None
    return _Area(range(top + 1, bottom), view.cursor, whole=whole)


def _lines_around(view: View) -> tuple[int | None, int | None]:
    """Return the rows of the nearest lines across the screen above and below the cursor, None for a missing one."""
    row = view.cursor[0]
    top = next((number for number in range(row, -1, -1) if _is_line(view, number)), None)
    bottom = next((number for number in range(row, view.size[0]) if _is_line(view, number)), None)
    return top, bottom


def _ends_screen(view: View) -> bool:
    """Return whether the cursor is in the last row, right behind its text."""
    row, column = view.cursor
    if row != view.size[0] - 1 or not column:
        return False
    before, *behind = view.cells(row)[column - 1 :]
    return (before is None or bool(before.text.strip())) and not _text(behind).strip()


def _framed_above(view: View) -> _Area | None:
    """Return the rows between the last two lines above the terminal's cursor, if an inverse cell is drawn there."""
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
    """Return the rows behind BAR around the cursor, in a box that ends with two rows of the program's own.

    A box begins with an empty row; it ends with another, then the agent's description, then its lower edge.
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
    """Return whether row NUMBER is a line across the screen; a few words may be in it, such as a session's name."""
    text = view.rows[number]
    return text.startswith(_LINE * 3) and text.endswith(_LINE)


def _ends_box(view: View, number: int, left: int, bar: str) -> bool:
    return number == view.size[0] or view.rows[number][left : left + 1] != bar


def _unframed(view: View, rule: RowRule) -> range | None:
    """Return the rows around the cursor, from the one with the prompt to the gap above the text at the bottom."""
    row = view.cursor[0]
    top = next((number for number in range(row, -1, -1) if view.rows[number].startswith(rule.prompt)), None)
    if top is None or not (view.cursor_visible or rule.hides_cursor):
        return None
    filled = [number for number in range(top, view.size[0]) if view.rows[number].strip(_PADDING)]
    gaps = [number for number, after in pairwise(filled) if after - number > 1]
    return range(top, max(row, gaps[-1] if gaps else filled[-1]) + 1)


def _is_faint(view: View, number: int, indent: int) -> bool:
    """Return whether all text of row NUMBER from INDENT on is faint, except a cursor drawn over its first character."""
    cells = view.cells(number)[indent:]
    if cells and cells[0] is not None and cells[0].inverse:
        cells = cells[1:]
    visible = [cell for cell in cells if cell is not None and cell.text.strip()]
    return bool(visible) and all(cell.faint for cell in visible)


def _text(cells: list[Cell | None]) -> str:
    return "".join(cell.text for cell in cells if cell is not None)
