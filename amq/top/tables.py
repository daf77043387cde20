"""A table whose rows have keys: what changes is drawn anew, and the cursor stays on its row."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.widgets import DataTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import ClassVar

    from textual.binding import BindingType
    from textual.events import Resize

    Cells = tuple[Text, ...]

_NARROWEST = 6
_SHARE_OF_LAST = 3
"""The last column, of which texts are the longest, gets at least the third part of the width if it needs that."""


class KeyedTable(DataTable[Text]):
    """Rows by key, below HEADINGS. The last column takes the rest of the width, and the others are cut if they must.

    With `follows`, a cursor on the last row stays on the last row when others come.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", "first", show=False),
        Binding("end", "scroll_bottom", "last", show=False),
    ]

    def __init__(self, headings: Sequence[str], *, follows: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(cursor_type="row", cell_padding=0, zebra_stripes=False, id=id)
        self._headings = headings
        self._follows = follows
        self._rows: dict[str, Cells] = {}
        self._widths: list[int] = []

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor; None if there is no row."""
        keys = list(self._rows)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    def show(self, rows: Mapping[str, Cells]) -> None:
        """Show ROWS, in their order, in place of those before."""
        before, key, is_last = self._rows, self.key, self.cursor_row >= len(self._rows) - 1
        self._rows = dict(rows)
        widths = self._fitting()
        kept = [each for each in before if each in rows]
        if widths != self._widths or kept != list(rows)[: len(kept)]:
            self._draw_all(widths)
        else:
            self._draw_changes(before)
        if self._follows and is_last:
            self.move_cursor(row=len(rows) - 1, animate=False)
        elif key is not None and key in rows:
            self.move_cursor(row=list(rows).index(key), animate=False, scroll=False)

    def on_resize(self, _: Resize) -> None:
        """Fit the columns to the new width."""
        if self._rows or not self._widths:
            self.show(self._rows)

    def _draw_all(self, widths: list[int]) -> None:
        top = self.scroll_y
        self.clear(columns=True)
        self._widths = widths
        for heading, width in zip(self._headings, widths, strict=True):
            self.add_column(Text(heading), width=width)
        self._add(self._rows)
        self.scroll_to(y=top, animate=False, immediate=True)

    def _draw_changes(self, before: Mapping[str, Cells]) -> None:
        for key in before.keys() - self._rows.keys():
            self.remove_row(key)
        for key, cells in self._rows.items():
            if key in before and before[key] != cells:
                for column, old, new, width in zip(self.columns, before[key], cells, self._widths, strict=True):
                    if old != new:
                        self.update_cell(key, column, _cut(new, width))
        self._add(key for key in self._rows if key not in before)

    def _add(self, keys: Iterable[str]) -> None:
        for key in keys:
            cells = (_cut(cell, width) for cell, width in zip(self._rows[key], self._widths, strict=True))
            self.add_row(*cells, key=key)

    def _fitting(self) -> list[int]:
        """Return the width of each column, with the blank behind it."""
        columns = zip(map(Text, self._headings), *self._rows.values(), strict=True)
        wanted = [max(cell_len(cell.plain) for cell in column) + 2 for column in columns]
        room = max(self.scrollable_content_region.width or self.app.size.width, len(wanted) * _NARROWEST)
        *others, last = wanted
        while sum(others) > room - max(min(last, room // _SHARE_OF_LAST), _NARROWEST) and max(others) > _NARROWEST:
            others[others.index(max(others))] -= 1
        return [*others, max(room - sum(others), _NARROWEST)]


def _cut(cell: Text, width: int) -> Text:
    """Return CELL on one line of WIDTH columns, of which the last two are blank; `…` stands for what is missing."""
    shown = cell.copy()
    shown.no_wrap = True
    shown.truncate(width - 2, overflow="ellipsis")
    if shown.justify == "right":
        shown.pad_left(width - 2 - cell_len(shown.plain))
        shown.justify = "left"
    return shown
