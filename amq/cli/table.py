"""Format rows of text in aligned columns."""

from __future__ import annotations


def table(rows: list[tuple[str, ...]]) -> str:
    """Return ROWS, the heading first, as lines whose columns are as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
