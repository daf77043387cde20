"""Whether our text, and nothing else, came back.

A program that shows what is typed into it sends the text back. As long as we keep no picture of the screen, that
is the only proof that the text stands in an input line and waits for Enter.
"""

from __future__ import annotations

from enum import Enum

from amq.pty.sequences import Kind

_INVISIBLE = bytes(range(0x21)) + b"\x7f"  # controls and the space
_BACKSPACE = b"\b"
_ERASES = frozenset({b"\x1b[2J", b"\x1b[1J", b"\x1b[3J", b"\x1b[2K", b"\x1b[1K", b"\x1bc"})
_LONGEST = 4096


class Echo(Enum):
    """What has come back of a text since the mark."""

    NOTHING = "nothing"  # not one visible character
    PART = "part"  # the beginning of it
    EXACT = "exact"  # all of it, and nothing else
    OTHER = "other"  # something else, or something besides


class EchoWatch:
    """Told each token of the output since the text went out.

    Blanks do not count, because a narrow terminal wraps the line in ways of its own: with spaces, CR, LF, or
    cursor movements. A line that is erased is no longer there.
    """

    def __init__(self, text: str) -> None:
        self._expected = text.encode("utf-8").translate(None, _INVISIBLE)
        self._seen = b""
        self._spoilt = False

    def take(self, kind: Kind, data: bytes) -> None:
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
        if self._spoilt:
            return Echo.OTHER
        if not self._seen:
            return Echo.NOTHING
        if self._seen == self._expected:
            return Echo.EXACT
        return Echo.PART if self._expected.startswith(self._seen) else Echo.OTHER


def _around_backspaces(data: bytes) -> list[tuple[bool, bytes]]:
    """DATA cut at its backspaces: (whether one stands before the piece, the piece)."""
    return [(index > 0, piece) for index, piece in enumerate(data.split(_BACKSPACE))]
