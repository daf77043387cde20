"""The person's terminal: raw while a program is hosted, and afterwards exactly as it was."""

from __future__ import annotations

import contextlib
import math
import os
import select
import sys
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amq.pty.guard import Guard

Attributes = list[int | list[bytes | int]]

USUAL_SIZE = (24, 80)  # rows, columns, where there is no terminal to ask

PORTION = 1 << 16  # bytes offered to a non-blocking terminal at once

SHOW_WITHIN = 1.0  # seconds for a terminal to take what puts it right

IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6


class Tty:
    """Where a person's bytes come from and where output goes; either may be no terminal at all.

    A terminal is opened a second time, so that our non-blocking mode is not that of every program that shares the
    descriptor with us. What is no terminal stays as it is and is written in portions that cannot block.
    """

    def __init__(self, source: int, sink: int) -> None:
        self.guard: Guard | None = None  # who puts it right when we can not
        self._opened: list[int] = []
        self._before: Attributes | None = None
        self.source: int = self._open_again(source)
        self.sink: int = self._open_again(sink)
        self.source_is_terminal: bool = os.isatty(self.source)
        self._terminal = next((fd for fd in (self.source, self.sink) if os.isatty(fd)), None)
        self.sink_is_terminal: bool = os.isatty(self.sink)
        self.sink_is_private: bool = self.sink in self._opened  # and so non-blocking
        self.portion: int = PORTION if self.sink_is_private else select.PIPE_BUF
        self.source_open: bool = _is_open(self.source)
        self.sink_open: bool = _is_open(self.sink)

    def close(self) -> None:
        """Afterwards the terminal is right, even where `restore` could not do it."""
        if self.guard is not None:
            self.guard.dismiss()
        while self._opened:
            os.close(self._opened.pop())

    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        for fd in (self.sink, self.source):
            with contextlib.suppress(OSError):
                columns, rows = os.get_terminal_size(fd)
                if rows and columns:
                    return rows, columns
        return USUAL_SIZE

    def attributes(self) -> Attributes:
        """The settings that the hosted program's own terminal starts with: the person's terminal's, or the usual ones.

        Where the output goes to no terminal, a line ends as the program ends it. A job in the background is stopped by
        the kernel until it has the terminal: what a shell's line editor has set meanwhile is nobody else's business.
        """
        if self.source_is_terminal:
            with contextlib.suppress(termios.error):
                termios.tcdrain(self.source)  # changes nothing, but counts as a change
        attributes = termios.tcgetattr(self._terminal) if self._terminal is not None else _usual_attributes()
        if not self.sink_is_terminal:
            attributes[OFLAG] = int(attributes[OFLAG]) & ~termios.ONLCR  # type: ignore[arg-type]
        return attributes

    @property
    def is_ours(self) -> bool:
        """Whether our job has the terminal, or there are no jobs."""
        return self._terminal is None or _is_foreground(self._terminal)

    @property
    def shows(self) -> bool:
        """Whether what we write is seen at a terminal that our job has."""
        return self.sink_is_terminal and self.is_ours

    def make_raw(self) -> None:
        """Every byte at once and unchanged, until `restore`. A terminal that has gone is for its reader to notice.

        Output that does not pass us, because ours goes elsewhere, is treated as before.
        """
        if not self.source_is_terminal:
            self._set_guard(None)
            return
        with contextlib.suppress(termios.error):
            if self._before is None:
                self._before = termios.tcgetattr(self.source)
            raw = raw_attributes(self._before)
            if not self.sink_is_terminal:
                raw[OFLAG] = self._before[OFLAG]
            self._set_guard((self._before, raw))
            termios.tcsetattr(self.source, termios.TCSANOW, raw)

    def restore(self, undo: bytes = b"") -> None:
        """As it was before `make_raw`; UNDO is what does that for the program's modes. Never fails.

        Where another job has the terminal now it is left to the guard; where it is gone nothing is done.
        """
        with contextlib.suppress(OSError, termios.error):
            if not self.is_ours:
                return
            self.show(undo, SHOW_WITHIN)
            if self._before is not None:
                termios.tcsetattr(self.source, termios.TCSANOW, self._before)
                self._before = None  # the shell may change it before we come back
            if self.guard is not None:
                self.guard.at_ease()

    def show(self, data: bytes, timeout: float) -> None:
        """Write DATA, if there is a terminal to show it, for at most TIMEOUT seconds. Raises OSError."""
        deadline = time.monotonic() + timeout
        while data and self.sink_is_terminal:
            if not ready([], [self.sink], max(0.0, deadline - time.monotonic()))[1]:
                return
            data = data[os.write(self.sink, data) :]

    def _set_guard(self, settings: tuple[Attributes, Attributes] | None) -> None:
        if self.guard is not None:
            self.guard.on_duty(settings)

    def _open_again(self, fd: int) -> int:
        if not os.isatty(fd):
            return fd
        try:
            again = os.open(os.ttyname(fd), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:  # the device has no name here, as in some containers
            return fd
        self._opened.append(again)
        return again


def raw_attributes(attributes: Attributes) -> Attributes:
    """ATTRIBUTES as cfmakeraw(3) would change them."""
    iflag, oflag, cflag, lflag = (int(attributes[index]) for index in (IFLAG, OFLAG, CFLAG, LFLAG))  # type: ignore[arg-type]
    iflag &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP)
    iflag &= ~(termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
    oflag &= ~termios.OPOST
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    cflag = cflag & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    controls = list(attributes[CC])  # type: ignore[arg-type]
    controls[termios.VMIN], controls[termios.VTIME] = 1, 0
    return [iflag, oflag, cflag, lflag, *attributes[4:CC], controls]


def ready(readers: list[int], writers: list[int], timeout: float | None = None) -> tuple[list[int], list[int]]:
    """Wait, for at most TIMEOUT seconds, until one of the descriptors can be read or written; return those that can.

    A descriptor that has failed counts as ready. `select` takes none above 1023; `poll` knows no terminals on macOS.
    """
    if sys.platform == "darwin":
        readable, writable, _ = select.select(readers, writers, [], timeout)
        return readable, writable
    poll = select.poll()
    for fd in readers:
        poll.register(fd, select.POLLIN)
    for fd in writers:
        poll.register(fd, select.POLLOUT | (select.POLLIN if fd in readers else 0))
    events = dict(poll.poll(None if timeout is None else math.ceil(timeout * 1000)))
    failed = select.POLLERR | select.POLLHUP | select.POLLNVAL
    readable = [fd for fd in readers if events.get(fd, 0) & (select.POLLIN | failed)]
    return readable, [fd for fd in writers if events.get(fd, 0) & (select.POLLOUT | failed)]


def _usual_attributes() -> Attributes:
    """Those of a terminal that nobody has changed."""
    pty, tty = os.openpty()
    attributes = termios.tcgetattr(tty)
    os.close(tty)
    os.close(pty)
    return attributes


def _is_open(fd: int) -> bool:
    """False for a standard descriptor that we were started without."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _is_foreground(fd: int) -> bool:
    """Whether our job may change the terminal without being stopped for it."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # not our controlling terminal: there are no jobs
        return True
