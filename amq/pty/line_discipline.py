"""The line discipline of a terminal: how the kernel passes on input, and what waits there to be read.

The settings of termios(3) and tty_ioctl(4) are read and changed only here. A function that takes a descriptor raises
OSError if it is not a terminal, or the terminal is gone.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from collections.abc import Callable

from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Attributes = list[int | list[bytes | int]]
"""A terminal's settings, as `termios.tcgetattr` returns them. The constants below are indexes into it."""
IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6

CAN_INJECT = hasattr(termios, "TIOCSTI")  # whether the system has the call at all

_SANE = {
    IFLAG: ("BRKINT ICRNL IXON IMAXBEL", "IGNBRK INLCR IGNCR ISTRIP PARMRK IXOFF IXANY IUCLC"),
    OFLAG: ("OPOST ONLCR", "OCRNL ONOCR ONLRET OLCUC OFILL"),
    CFLAG: ("CREAD CS8", "PARENB"),
    LFLAG: ("ICANON IEXTEN ISIG ECHO ECHOE ECHOK ECHOCTL ECHOKE", "ECHONL NOFLSH TOSTOP ECHOPRT EXTPROC FLUSHO"),
}
"""The flags that `stty sane` sets, and those that it clears."""
_KEYS = {"VINTR": 0x03, "VQUIT": 0x1C, "VERASE": 0x7F, "VKILL": 0x15, "VEOF": 0x04, "VSUSP": 0x1A}


@record
class LineDiscipline:
    """The state of a terminal's line discipline."""

    canonical: bool  # it edits the line
    echoing: bool  # it sends back what is typed
    waiting: bool  # something typed has not been read yet


def discipline(terminal: int) -> LineDiscipline:
    """Return the state of TERMINAL's line discipline."""
    now = attributes_of(terminal)
    return LineDiscipline(is_canonical(now), is_echoing(now), waiting_bytes(terminal) > 0)


def attributes_of(terminal: int) -> Attributes:
    """Return the settings of TERMINAL."""
    return list(_ask(termios.tcgetattr, terminal))


def set_attributes(terminal: int, changed: Attributes) -> None:
    """Give TERMINAL the settings CHANGED at once."""
    _ask(termios.tcsetattr, terminal, termios.TCSANOW, changed)


def waiting_bytes(terminal: int) -> int:
    """Return the number of typed bytes not yet read. In canonical mode a line counts once it is finished."""
    (count,) = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
    return int(count)


def drop_input(terminal: int) -> None:
    """Discard typed bytes not yet read."""
    _ask(termios.tcflush, terminal, termios.TCIFLUSH)


def wait_for_output(terminal: int) -> None:
    """Wait until all output is sent. The kernel stops a background job that asks for this."""
    _ask(termios.tcdrain, terminal)


def inject(terminal: int, data: bytes) -> None:
    """Push DATA into the input of TERMINAL, the controlling one. Raises OSError where that is forbidden."""
    for byte in data:
        fcntl.ioctl(terminal, termios.TIOCSTI, bytes([byte]))


def window(fd: int) -> tuple[int, int, int, int]:
    """Return rows and columns of the terminal FD, and its width and height in pixels, 0 if unknown. Raises OSError."""
    rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    return rows, columns, width, height


def set_window(fd: int, size: tuple[int, int], pixels: tuple[int, int]) -> None:
    """Give the terminal FD a SIZE (rows, columns), and its width and height in PIXELS. Raises OSError."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, *pixels))


def is_canonical(settings: Attributes) -> bool:
    """Return whether the kernel edits the line."""
    return _has(settings, termios.ICANON)


def is_echoing(settings: Attributes) -> bool:
    """Return whether the kernel echoes input."""
    return _has(settings, termios.ECHO)


def sends_signals(settings: Attributes) -> bool:
    """Return whether Ctrl-C and its like send signals."""
    return _has(settings, termios.ISIG)


def end_of_file_key(settings: Attributes) -> bytes:
    """Return the key that ends the input; b"" where there is none."""
    key = settings[CC][termios.VEOF]  # type: ignore[index]
    return b"" if key == b"\0" else bytes(key)


def raw_attributes(attributes: Attributes) -> Attributes:
    """Return ATTRIBUTES as cfmakeraw(3) would change them."""
    iflag, oflag, cflag, lflag = (int(attributes[index]) for index in (IFLAG, OFLAG, CFLAG, LFLAG))  # type: ignore[arg-type]
    iflag &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP)
    iflag &= ~(termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
    oflag &= ~termios.OPOST
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    controls = list(attributes[CC])  # type: ignore[arg-type]
    controls[termios.VMIN], controls[termios.VTIME] = 1, 0
    return [iflag, oflag, cflag, lflag, *attributes[4:CC], controls]


def sane(attributes: Attributes) -> Attributes:
    """Return ATTRIBUTES as `stty sane` would change them, but keep keys that the user chose."""
    made = list(attributes)
    for index, (on, off) in _SANE.items():
        made[index] = int(made[index]) & ~_flags(off) | _flags(on)  # type: ignore[arg-type]
    controls = list(made[CC])  # type: ignore[arg-type]
    controls[termios.VMIN], controls[termios.VTIME] = 1, 0
    for name, usual in _KEYS.items():
        if controls[getattr(termios, name)] in (b"\0", b"\xff"):  # none at all, as Linux and macOS say it
            controls[getattr(termios, name)] = bytes([usual])
    made[CC] = controls
    return made


def with_plain_newlines(settings: Attributes) -> Attributes:
    """Return SETTINGS without the translation of line feeds in output."""
    made = list(settings)
    made[OFLAG] = int(made[OFLAG]) & ~termios.ONLCR  # type: ignore[arg-type]
    return made


def usual_attributes() -> Attributes:
    """Return the settings of a new terminal."""
    pty, tty = os.openpty()
    found = attributes_of(tty)
    os.close(tty)
    os.close(pty)
    return found


def _has(settings: Attributes, flag: int) -> bool:
    return bool(int(settings[LFLAG]) & flag)  # type: ignore[arg-type]


def _flags(names: str) -> int:
    """Return the flags in NAMES that this system has, combined."""
    return sum(getattr(termios, name, 0) for name in names.split())


def _ask(call: Callable[..., Any], *arguments: object) -> Any:
    """Return the result of CALL. Raises OSError instead of termios.error, like other calls on a descriptor."""
    try:
        return call(*arguments)
    except termios.error as error:
        raise OSError(*error.args) from error
