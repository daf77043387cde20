"""What an input row that is not known looked like when its line was known to be empty: seen again, the line is empty.

The keys tell when a line begins to be edited, never when all of that has been taken back: an arrow may have brought a
line of history, and one Backspace takes a byte here and an emoji there. The screen shows it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from amq.pty.row import before_cursor, behind_cursor
from amq.pty.screen import View


@dataclass(frozen=True)
class _Picture:
    """The screen around the cursor. Blanks beside it do not count: programs differ in how wide a character is."""

    before: str  # in the cursor's row
    behind: str
    above: str  # the row above it
    below: str
    screen: tuple[str, ...]
    cursor: tuple[int, int]

    def shows_the_place_of(self, other: _Picture) -> bool:
        """Whether the row, and what stands below it, are those of OTHER, though perhaps further up or down.

        Where another row above begins as this one does, this may be the last one of a draft that has several.
        """
        if (self.before, self.behind, self.below) != (other.before, other.behind, other.below):
            return False
        return self.above == other.above or not self.above.startswith(self.before)


class EmptyRow:
    """Told what the screen shows while the line is known to be empty, and while it may not be."""

    def __init__(self) -> None:
        self._empty: _Picture | None = None
        self._since = 0.0
        self._moved = False

    @property
    def behind(self) -> str:
        """What stands behind the cursor of the empty line, such as a prompt's part at the right."""
        return self._empty.behind if self._empty else ""

    def remember(self, view: View, now: float) -> None:
        """The line is empty NOW, and drawn. A row with nothing before the cursor could not be known again."""
        picture = _picture(view)
        self._empty = picture if picture.before and view.cursor_visible else None
        self._since = now
        self._moved = False

    def note(self, view: View) -> None:
        """The line is being edited: see whether the cursor goes with it."""
        if self._empty is not None and not self._moved:
            self._moved = view.cursor != self._empty.cursor

    def is_back(self, view: View, last_text: float | None) -> bool:
        """Whether VIEW shows the empty line again; LAST_TEXT is when text was last typed.

        A program may have its cursor elsewhere than in the line. So what has been typed must have moved it, or, if no
        text was among the keys, the whole screen must be the same.
        """
        if self._empty is None or not view.cursor_visible:
            return False
        picture = _picture(view)
        if self._moved:
            return picture.shows_the_place_of(self._empty)
        return (last_text is None or last_text < self._since) and picture == self._empty


def _picture(view: View) -> _Picture:
    row = view.cursor[0]
    above = view.rows[row - 1] if row else ""
    below = "\n".join(view.rows[row + 1 :]).rstrip()
    before, behind = before_cursor(view).rstrip(), behind_cursor(view).strip()
    return _Picture(before, behind, above, below, tuple(view.rows), view.cursor)
