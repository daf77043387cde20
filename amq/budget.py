"""How much text a reader takes. Pure.

An agent's tool hands its model only so much of what a command prints, and drops or hides the rest without a word to the
command. So what is to be seen is printed in portions.
"""

from __future__ import annotations

from amq.record import record

_MOST_DIGITS = 12


@record
class Budget:
    """The most text for one call: `most` characters, or bytes of UTF-8; 0 is no limit."""

    most: int
    in_bytes: bool = False

    def size(self, text: str) -> int:
        """Return how much of the budget TEXT takes."""
        return len(text.encode("utf-8", "replace")) if self.in_bytes and not text.isascii() else len(text)

    def fitting(self, text: str, room: int) -> int:
        """Return how many characters from the start of TEXT take no more than ROOM."""
        start = text[: max(room, 0)]
        if self.in_bytes:
            start = start.encode("utf-8", "replace")[: max(room, 0)].decode("utf-8", "ignore")
        return len(start)

    def __str__(self) -> str:
        return f"{self.most}b" if self.in_bytes else str(self.most)


UNLIMITED = Budget(0)
DEFAULT = Budget(20_000, in_bytes=True)
"""For a reader of whom nothing is known: what the tools of known agents hand on, and some more room."""


def parse_budget(text: str) -> Budget:
    """Return the budget that TEXT names, such as `20000`, or `9500b` for bytes; raises ValueError."""
    digits = text.removesuffix("b")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS):
        raise ValueError(f"{text!r} is not a number of characters such as 20000, or of bytes such as 9500b")
    return Budget(int(digits), in_bytes=digits != text)


class Room:
    """What is left of BUDGET when RESERVED of it is kept for what stands around."""

    def __init__(self, budget: Budget, reserved: int) -> None:
        self._budget = budget
        self._left = budget.most - reserved
        self._is_empty = True

    def takes(self, text: str) -> bool:
        """Whether there is room for TEXT, which is then used up. There always is for the first."""
        self._left -= self._budget.size(text)
        fits = self._is_empty or self._left >= 0
        self._is_empty = False
        return fits
