"""Restoring a terminal that a program left in a bad state, keeping all that it shows and its scrollback."""

from __future__ import annotations

import termios

from amq.pty.descriptors import CC, CFLAG, IFLAG, LFLAG, OFLAG, Attributes
from amq.pty.errors import PtyError
from amq.pty.ledger import ABANDON, Ledger
from amq.pty.sequences import Splitter
from amq.pty.tty import Tty

WITHIN = 5.0  # seconds for the terminal to take the bytes

_PRIVATE = (1, 5, 9, 45, 66, *range(1000, 1007), 1015, 1016, 2004, 2026, 2031, 2048, 9001)
_DISORDER = (
    *(b"\x1b[?%dh" % mode for mode in _PRIVATE),
    b"\x1b[?7;8;25l\x1b[2;4;20h\x1b[12l\x1b[>4;2m\x1b[5 q\x1b]8;;x\x1b\\",
    b"\x1b[=1u" + b"\x1b[>1u" * 8 + b"\x1b[?1049h" + b"\x1b[>1u" * 8,
    b"\x1b(0\x1b)0\x0e\x1b[1m\x1b[1;2r",
)
"""Sequences that switch on all that the ledger can undo.

Not the title, nor progress, which some terminals take for a notification.
"""
_SOFT_RESET = b"\x1b[!p"  # DECSTR: ends origin mode without moving the cursor, where a terminal knows it

_SANE = {
    IFLAG: ("BRKINT ICRNL IXON IMAXBEL", "IGNBRK INLCR IGNCR ISTRIP PARMRK IXOFF IXANY IUCLC"),
    OFLAG: ("OPOST ONLCR", "OCRNL ONOCR ONLRET OLCUC OFILL"),
    CFLAG: ("CREAD CS8", "PARENB"),
    LFLAG: ("ICANON IEXTEN ISIG ECHO ECHOE ECHOK ECHOCTL ECHOKE", "ECHONL NOFLSH TOSTOP ECHOPRT EXTPROC FLUSHO"),
}
"""Flags that `stty sane` switches on, and those that it switches off, by their index in the attributes."""
_KEYS = {"VINTR": 0x03, "VQUIT": 0x1C, "VERASE": 0x7F, "VKILL": 0x15, "VEOF": 0x04, "VSUSP": 0x1A}


def everything_off() -> bytes:
    """Return the bytes that switch off all modes that we know; they neither clear anything nor move the cursor."""
    ledger, splitter = Ledger(), Splitter()
    for kind, token in splitter.feed(b"".join(_DISORDER)):
        ledger.take(kind, token)
    return ABANDON + _SOFT_RESET + ledger.undo_superset()


def sane(attributes: Attributes) -> Attributes:
    """Return ATTRIBUTES as `stty sane` (stty(1)) would set them, but keep the control characters that are set."""
    made = list(attributes)
    for index, (on, off) in _SANE.items():
        made[index] = int(made[index]) & ~_flags(off) | _flags(on)  # type: ignore[arg-type]
    controls = list(made[CC])  # type: ignore[arg-type]
    controls[termios.VMIN], controls[termios.VTIME] = 1, 0
    for name, usual in _KEYS.items():
        if controls[getattr(termios, name)] in (b"\0", b"\xff"):  # disabled, in the values of Linux and macOS
            controls[getattr(termios, name)] = bytes([usual])
    made[CC] = controls
    return made


def reset(tty: Tty) -> bool:
    """Restore TTY, a terminal; return whether that changed its settings. Raises PtyError."""
    try:
        before = termios.tcgetattr(tty.source)
        termios.tcsetattr(tty.source, termios.TCSANOW, sane(before))
        tty.show(everything_off(), WITHIN)
        return termios.tcgetattr(tty.source) != before
    except (OSError, termios.error) as error:
        raise PtyError(f"cannot restore the terminal: {error.args[-1]}") from error


def _flags(names: str) -> int:
    """Return the combined flags of those NAMES that this system has."""
    return sum(getattr(termios, name, 0) for name in names.split())
