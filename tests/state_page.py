"""Tables in the page before a state machine, so that tests can hold them against the code."""

from __future__ import annotations

import re


def rows(page: str | None, *columns: str) -> list[tuple[str, ...]]:
    """Return the rows of the table in PAGE that has these COLUMNS: a heading, a ruler of dashes, rows, a blank line."""
    assert page is not None
    lines = page.splitlines()
    for heading, ruler, first in zip(lines, lines[1:], range(2, len(lines)), strict=False):
        if not re.fullmatch(r"[ -]*---[ -]*", ruler):
            continue
        starts = [match.start() for match in re.finditer(r"-+", ruler)]
        cells = list(zip(starts, [*starts[1:], None], strict=True))
        if tuple(heading[start:end].strip() for start, end in cells) == columns:
            body = lines[first : lines.index("", first) if "" in lines[first:] else None]
            return [tuple(line[start:end].strip() for start, end in cells) for line in body]
    raise AssertionError(f"the page has no table with the columns {columns}")
