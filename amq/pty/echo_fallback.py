"""Proof by echo that a typed text is in the program's input line, and nothing else.

A program that shows its input sends the typed text back. Without a picture of the screen, that is the only proof that
the text is in an input line and waits for Enter.
"""

from __future__ import annotations

from enum import Enum

from amq.pty.sequences import Kind

_INVISIBLE = bytes(range(0x21)) + b"\x7f"  # controls and the space
_BACKSPACE = b"\b"
_ERASES = frozenset({b"\x1b[2J", b"\x1b[1J", b"\x1b[3J", b"\x1b[2K", b"\x1b[1K", b"\x1bc"})
_LONGEST = 4096


class Echo(Enum):
    """Amount of the typed text that the program has sent back."""

    NOTHING = "nothing"  # no visible character
    PART = "part"  # the beginning of the text
    EXACT = "exact"  # all of the text, and nothing else
    OTHER = "other"  # another text, or more than the text


class EchoWatch:
    """Comparison of the output with the text that was sent; feed it each token since then.

    Blanks are ignored, because a narrow terminal wraps the line in its own way: with spaces, CR, LF, or cursor
    movements. An erased line counts as gone.
    """

    def __init__(self, text: str) -> None:
        self._expected = text.encode("utf-8").translate(None, _INVISIBLE)
        self._seen = b""
        self._spoilt = False

    def take(self, kind: Kind, data: bytes) -> None:
        """Compare one token of the output."""
        if self._spoilt:
            return
        if kind is Kind.TEXT:
            for behind_backspace, part in _around_backspaces(data):
                self._seen = self._seen[:-1] if behind_backspace else self._seen
                self._add(part.translate(None, _INVISIBLE))
        elif data in _ERASES:
            self._seen = b""

    def _add(self, visible: bytes) -> None:
        room = _LONGEST - len(self._seen)
        self._spoilt = self._spoilt or len(visible) > room
        self._seen += visible[:room]

    @property
    def status(self) -> Echo:
        """Return how much of the text has come back."""
        if self._spoilt:
            return Echo.OTHER
        if not self._seen:
            return Echo.NOTHING
        if self._seen == self._expected:
            return Echo.EXACT
        return Echo.PART if self._expected.startswith(self._seen) else Echo.OTHER


def _around_backspaces(data: bytes) -> list[tuple[bool, bytes]]:
    """Split DATA at its backspaces into pairs: whether a backspace precedes the piece, and the piece."""
    return [(index > 0, piece) for index, piece in enumerate(data.split(_BACKSPACE))]
