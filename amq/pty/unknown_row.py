"""Recognition of an empty input line by its picture, for programs whose input row is not known.

The picture is taken when the line is known to be empty; when it shows again, the line is empty again. Keys say when
editing begins, but never that all of it was undone: an arrow may have recalled a line of history, and one Backspace
deletes a byte here and an emoji there. The screen shows it. Pure.
"""

from __future__ import annotations

from amq.pty.input_row import before_cursor, behind_cursor, squeeze
from amq.pty.screen import View
from amq.record import record


@record
class _Picture:
    """Screen around the cursor. Blanks next to it are ignored, since programs differ in how wide a character is."""

    before: str  # in the cursor's row
    behind: str
    above: str  # the row above it
    below: str
    screen: tuple[str, ...]
    cursor: tuple[int, int]

    @property
    def row(self) -> str:
        """The text of the cursor's row, wherever in it the cursor is, without blanks."""
        return squeeze(self.before + self.behind)

    def shows_the_place_of(self, other: _Picture) -> bool:
        """Return whether the cursor's row and the text below it are those of OTHER, perhaps further up or down.

        False if another row is above and begins as this one does: this may then be the last row of a longer draft.
        """
        if (self.before, self.behind, self.below) != (other.before, other.behind, other.below):
            return False
        return self.above == other.above or not self.above.startswith(self.before)


class EmptyRow:
    """Memory of the empty input line's picture; feed it views while the line is empty and while it may not be."""

    def __init__(self) -> None:
        self._empty: _Picture | None = None
        self._since = 0.0
        self._moved = False
        self._draft: tuple[str, int] | None = None  # the text of the row that held a draft, and the user's keys then

    @property
    def behind(self) -> str:
        """Return the text behind the cursor of the empty line, such as a prompt at the right."""
        return self._empty.behind if self._empty else ""

    def remember(self, view: View, now: float) -> None:
        """Keep VIEW as the picture of the empty line, fully drawn NOW (seconds).

        A row without text before the cursor, or a hidden cursor, could not be recognised: then no picture is kept.
        """
        picture = _picture(view)
        self._empty = picture if picture.before and view.cursor_visible else None
        self._since = now
        self._moved = False

    def note(self, view: View, keys: int) -> None:
        """Note what VIEW shows while the line is edited, after so many KEYS of the user's."""
        if self._empty is None:
            return
        self._moved = self._moved or view.cursor != self._empty.cursor
        row = _picture(view).row
        if row != self._empty.row:
            self._draft = row, keys

    def is_draft_back(self, view: View, keys: int) -> bool:
        """Return whether VIEW shows the draft again that the row held after the last of the user's KEYS.

        A program may clear the row for a while, and draw it then.
        """
        return self._draft == (_picture(view).row, keys)

    def is_back(self, view: View, last_text: float | None) -> bool:
        """Return whether VIEW shows the empty line again; LAST_TEXT is when text was last typed, None if never.

        A program may keep its cursor outside the line. So typing must have moved the cursor, or, if no text was among
        the keys, the whole screen must be equal.
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
