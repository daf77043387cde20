"""The person's terminal: raw while a program is hosted, and afterwards exactly as it was."""

from __future__ import annotations

import contextlib
import os
import select

from amq.pty.descriptors import is_foreground, write_within
from amq.pty.guard import Guard
from amq.pty.line_discipline import (
    OFLAG,
    Attributes,
    attributes_of,
    raw_attributes,
    set_attributes,
    usual_attributes,
    wait_for_output,
    window,
    with_plain_newlines,
)

USUAL_SIZE = (24, 80)  # rows, columns, where there is no terminal to ask

PORTION_BYTES = 1 << 16  # bytes offered to a non-blocking terminal at once

SHOW_WITHIN_S = 1.0  # seconds for a terminal to take what puts it right


class Tty:
    """Where a user's keys come from and where output goes; either may be no terminal at all.

    Of a source that is none nothing is read; if the sink is a terminal, its keys can be taken later (`take_keys`).
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
        self.portion: int = PORTION_BYTES if self.sink_is_private else select.PIPE_BUF

    def post_guard(self) -> Guard:
        """Have it put right when we are killed: before there are threads, and before the program. Raises OSError."""
        terminal = -1 if self._terminal is None else self._terminal
        self.guard = Guard(terminal, self.sink if self.sink_is_terminal else None)
        return self.guard

    @property
    def has_other_keys(self) -> bool:
        """Whether there are keys to be had, though our input is no terminal."""
        return self.sink_is_terminal and not self.source_is_terminal

    def take_keys(self) -> None:
        """From now on the user's keys are those of the terminal that shows."""
        self.source, self.source_is_terminal = self.sink, True

    def close(self) -> None:
        """Afterwards the terminal is right, even where `restore` could not do it."""
        if self.guard is not None:
            self.guard.dismiss()
        while self._opened:
            os.close(self._opened.pop())

    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._window()[:2]

    def pixels(self) -> tuple[int, int]:
        """Width and height in pixels, 0 where the terminal does not tell."""
        return self._window()[2:]

    def _window(self) -> tuple[int, int, int, int]:
        for fd in (self.sink, self.source):
            with contextlib.suppress(OSError):
                found = window(fd)
                if all(found[:2]):
                    return found
        return *USUAL_SIZE, 0, 0

    def attributes(self) -> Attributes:
        """The settings that the hosted program's own terminal starts with: the person's terminal's, or the usual ones.

        Where the output goes to no terminal, a line ends as the program ends it. A job in the background is stopped by
        the kernel until it has the terminal, if it reads there: what a shell's line editor has set meanwhile is
        its own business.
        """
        if self.source_is_terminal:
            with contextlib.suppress(OSError):
                wait_for_output(self.source)  # changes nothing, but counts as a change
        has_terminal = self._terminal is not None and self.is_ours
        attributes = attributes_of(self._terminal) if has_terminal else usual_attributes()  # type: ignore[arg-type]
        return attributes if self.sink_is_terminal else with_plain_newlines(attributes)

    @property
    def is_ours(self) -> bool:
        """Whether our job has the terminal, or there are no jobs."""
        return self._terminal is None or is_foreground(self._terminal)

    @property
    def shows(self) -> bool:
        """Whether what we write is seen at a terminal that our job has."""
        return self.sink_is_terminal and self.is_ours

    def make_raw(self) -> None:
        """Every byte at once and unchanged, until `restore`. A terminal that has gone is for its reader to notice.

        Output that does not pass us, because ours goes elsewhere, is treated as before.
        """
        if not self.source_is_terminal:
            self._tell_guard(None)
            return
        with contextlib.suppress(OSError):
            if self._before is None:
                self._before = attributes_of(self.source)
            raw = raw_attributes(self._before)
            if not self.sink_is_terminal:
                raw[OFLAG] = self._before[OFLAG]
            self._tell_guard((self._before, raw))
            set_attributes(self.source, raw)

    def restore(self, undo: bytes = b"") -> None:
        """As it was before `make_raw`; UNDO is what does that for the program's modes. Never fails.

        Where another job has the terminal now it is left to the guard; where it is gone nothing is done.
        """
        with contextlib.suppress(OSError):
            if not self.is_ours:
                return
            self.show(undo, SHOW_WITHIN_S)
            if self._before is not None:
                set_attributes(self.source, self._before)
                self._before = None  # the shell may change it before we come back
            if self.guard is not None:
                self.guard.disarm()

    def show(self, data: bytes, timeout: float) -> None:
        """Write DATA, if there is a terminal to show it, for at most TIMEOUT seconds. Raises OSError."""
        if self.sink_is_terminal:
            write_within(self.sink, data, timeout)

    def _tell_guard(self, settings: tuple[Attributes, Attributes] | None) -> None:
        if self.guard is not None:
            self.guard.arm(settings)

    def _open_again(self, fd: int) -> int:
        if not os.isatty(fd):
            return fd
        try:
            again = os.open(os.ttyname(fd), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:  # the device has no name here, as in some containers
            return fd
        self._opened.append(again)
        return again
