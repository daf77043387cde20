"""What the program has told its terminal: modes it switched on, its title, the state it publishes.

This is the ledger that says what must be undone when the program is gone.
"""

from __future__ import annotations

import re
from enum import Enum

from amq.pty.sequences import Kind

BRACKETED_PASTE = 2004
SYNCHRONISED = 2026  # a frame is being drawn
ALTERNATE_SCREENS = frozenset({47, 1047, 1049})

_PRIVATE_MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_PUBLISHED_STATE = re.compile(rb"\]7501;(?:.*:)?state=([a-z]+)")


STATE_QUESTION = re.compile(rb"\x1b\]7501;\?(?:\x07|\x1b\\)")  # some programs publish only to a terminal that answers
STATE_ANSWER = b"\x1b]7501;?\x1b\\"


class Published(Enum):
    """The state a program publishes of itself by OSC 7501 (`ESC ] 7501 ; state=idle:app=… ST`)."""

    IDLE = "idle"
    WORKING = "working"
    DONE = "done"
    BLOCKED = "blocked"


class Modes:
    """Told each token of the program's output, knows what is switched on."""

    def __init__(self) -> None:
        self.private: set[int] = set()  # DEC private modes now on
        self.title: bytes | None = None  # None until the program has set one
        self.published: Published | None = None
        self.state_questions = 0  # how often the program has asked whether its state is wanted

    @property
    def bracketed_paste(self) -> bool:
        return BRACKETED_PASTE in self.private

    @property
    def alternate_screen(self) -> bool:
        return not self.private.isdisjoint(ALTERNATE_SCREENS)

    def take(self, kind: Kind, data: bytes) -> None:
        if kind is Kind.CSI:
            self._csi(data)
        elif kind is Kind.STRING:
            self._string(data)
        elif data == b"\x1bc":  # RIS, the full reset
            self.private.clear()

    def _csi(self, data: bytes) -> None:
        if match := _PRIVATE_MODES.fullmatch(data):
            modes = {int(mode) for mode in match[1].split(b";") if mode}
            if match[2] == b"h":
                self.private |= modes
            else:
                self.private -= modes

    def _string(self, data: bytes) -> None:
        if data.startswith((b"]0;", b"]2;")):
            self.title = data[3:]
        elif data == b"]7501;?":
            self.state_questions += 1
        elif match := _PUBLISHED_STATE.match(data):
            try:
                self.published = Published(match[1].decode("ascii"))
            except ValueError:  # `clear`, or a word of a later version: nothing is known then
                self.published = None
