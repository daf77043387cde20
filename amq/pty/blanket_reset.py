"""Restoring a terminal that a program left in a bad state, keeping all that it shows and its scrollback."""

from __future__ import annotations

from amq.pty.errors import PtyError
from amq.pty.line_discipline import attributes_of, sane, set_attributes
from amq.pty.mode_ledger import ABANDON, Ledger
from amq.pty.sequences import Splitter
from amq.pty.user_terminal import Tty

TAKEN_WITHIN_S = 5.0  # seconds for the terminal to take the bytes

_PRIVATE = (1, 5, 9, 45, 66, *range(1000, 1007), 1015, 1016, 2004, 2026, 2031, 2048, 9001)
_DISORDER = (
    *(b"\x1b[?%dh" % mode for mode in _PRIVATE),
    b"\x1b[?7;8;25l\x1b[2;4;20h\x1b[12l\x1b[>4;2m\x1b[5 q\x1b]8;;x\x1b\\",
    b"\x1b[=1u" + b"\x1b[>1u" * 8 + b"\x1b[?1049h" + b"\x1b[>1u" * 8,
    b"\x1b(0\x1b)0\x0e\x1b[1m\x1b[1;2r",
)
"""Sequences that switch on all that the ledger can undo.

The title is left out, and so is progress, which some terminals take for a notification.
"""
_SOFT_RESET = b"\x1b[!p"  # DECSTR: ends origin mode without moving the cursor, where a terminal knows it


def everything_off() -> bytes:
    """Return the bytes that switch off all known modes without clearing anything or moving the cursor."""
    ledger, splitter = Ledger(), Splitter()
    for kind, token in splitter.feed(b"".join(_DISORDER)):
        ledger.take(kind, token)
    return ABANDON + _SOFT_RESET + ledger.undo_superset()


def reset(tty: Tty) -> bool:
    """Restore the terminal TTY; return whether that changed its settings. Raises PtyError."""
    try:
        before = attributes_of(tty.source)
        set_attributes(tty.source, sane(before))
        tty.show(everything_off(), TAKEN_WITHIN_S)
        return attributes_of(tty.source) != before
    except OSError as error:
        raise PtyError(f"cannot restore the terminal: {error.args[-1]}") from error
