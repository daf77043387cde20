"""Limits on how much text a command prints. Pure.

An agent's tool passes only part of a command's output to its model, and drops or hides the rest without a notice to the
command. So long output is printed in portions.
"""

from __future__ import annotations

from amq.record import record

_MOST_DIGITS = 12


@record
class Budget:
    """The limit for one call: `most` characters, or bytes of UTF-8 if `in_bytes`; 0 means no limit."""

    most: int
    in_bytes: bool = False

    def size(self, text: str) -> int:
        """Return how much of the budget TEXT takes, in its unit."""
        return len(text.encode("utf-8", "replace")) if self.in_bytes and not text.isascii() else len(text)

    def fitting(self, text: str, room: int) -> int:
        """Return how many characters from the start of TEXT fit in ROOM, which is in the budget's unit."""
        start = text[: max(room, 0)]
        if self.in_bytes:
            start = start.encode("utf-8", "replace")[: max(room, 0)].decode("utf-8", "ignore")
        return len(start)

    def __str__(self) -> str:
        return f"{self.most}b" if self.in_bytes else str(self.most)


UNLIMITED = Budget(0)
DEFAULT = Budget(20_000, in_bytes=True)
"""The limit for an unknown reader: what the tools of known agents pass on, with some margin."""


def parse_budget(text: str) -> Budget:
    """Return the budget in TEXT, such as `20000` for characters or `9500b` for bytes; raises ValueError."""
    digits = text.removesuffix("b")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS):
        raise ValueError(f"{text!r} is not a number of characters such as 20000, or of bytes such as 9500b")
    return Budget(int(digits), in_bytes=digits != text)


class Room:
    """The rest of BUDGET while RESERVED of it is kept for the text around the messages."""

    def __init__(self, budget: Budget, reserved: int) -> None:
        self._budget = budget
        self._left = budget.most - reserved
        self._is_empty = True

    def takes(self, text: str) -> bool:
        """Return whether TEXT fits, and use up its space. The first text always fits."""
        self._left -= self._budget.size(text)
        fits = self._is_empty or self._left >= 0
        self._is_empty = False
        return fits
