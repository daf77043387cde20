"""The user's terminal: raw while a program is hosted, and afterwards exactly as it was."""

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

SHOW_WITHIN_S = 1.0  # seconds for a terminal to take the bytes that restore it


class Tty:
    """The source of the user's keys and the sink of the output; either need not be a terminal.

    Nothing is read from a source that is not a terminal. If the sink is one, keys can be read there (`take_keys`). A
    terminal is opened a second time, so that our non-blocking mode does not affect programs that share the descriptor.
    Anything else keeps its mode and is written in portions that cannot block.
    """

    def __init__(self, source: int, sink: int) -> None:
        self.guard: Guard | None = None  # restores it when we cannot
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
        """Start the guard, which restores the terminal if we are killed. Raises OSError.

        Call it before there are threads, and before the program.
        """
        terminal = -1 if self._terminal is None else self._terminal
        self.guard = Guard(terminal, self.sink if self.sink_is_terminal else None)
        return self.guard

    @property
    def has_other_keys(self) -> bool:
        """Return whether the user's keys could be read from the sink, though our input is not a terminal."""
        return self.sink_is_terminal and not self.source_is_terminal

    def take_keys(self) -> None:
        """Read the user's keys, from now on, at the terminal that shows the output."""
        self.source, self.source_is_terminal = self.sink, True

    def close(self) -> None:
        """End the guard and close the terminal. The guard restores it now if `restore` could not."""
        if self.guard is not None:
            self.guard.dismiss()
        while self._opened:
            os.close(self._opened.pop())

    def size(self) -> tuple[int, int]:
        """Return the terminal's rows and columns, USUAL_SIZE if there is none to ask."""
        return self._window()[:2]

    def pixels(self) -> tuple[int, int]:
        """Return the terminal's width and height in pixels, 0 where they are not known."""
        return self._window()[2:]

    def _window(self) -> tuple[int, int, int, int]:
        for fd in (self.sink, self.source):
            with contextlib.suppress(OSError):
                found = window(fd)
                if all(found[:2]):
                    return found
        return *USUAL_SIZE, 0, 0

    def attributes(self) -> Attributes:
        """Return the initial settings of the program's terminal: those of the user's terminal, or the usual ones.

        If the output does not go to a terminal, newlines are not translated. The kernel stops a background job here
        until it has the terminal, so that it does not copy the settings of a shell's line editor.
        """
        if self.source_is_terminal:
            with contextlib.suppress(OSError):
                wait_for_output(self.source)  # changes nothing, but counts as a change
        has_terminal = self._terminal is not None and self.is_ours
        attributes = attributes_of(self._terminal) if has_terminal else usual_attributes()  # type: ignore[arg-type]
        return attributes if self.sink_is_terminal else with_plain_newlines(attributes)

    @property
    def is_ours(self) -> bool:
        """Return whether our job is in the terminal's foreground, or there is no job control."""
        return self._terminal is None or is_foreground(self._terminal)

    @property
    def shows(self) -> bool:
        """Return whether our output is seen at a terminal that our job has in the foreground."""
        return self.sink_is_terminal and self.is_ours

    def make_raw(self) -> None:
        """Switch the terminal to raw mode until `restore`: every byte comes at once and unchanged.

        Output settings stay if our output goes elsewhere, since other programs print at the terminal directly. A
        terminal that is gone is left for its reader to notice.
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
        """Restore the state before `make_raw`; UNDO is the bytes that undo the program's modes. Never fails.

        If another job has the terminal now, this is left to the guard. If the terminal is gone, nothing is done.
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
        """Write DATA for at most TIMEOUT seconds, if the output goes to a terminal. Raises OSError."""
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
