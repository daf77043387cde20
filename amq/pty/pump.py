"""Bytes from the person to the program and from the program to the person, unchanged.

One thread does it, with bounded buffers and without ever blocking on one direction: a program that does not read
still gets its output away, and a terminal that does not take output still gets its keys through.
"""

from __future__ import annotations

import contextlib
import os
import select
import time

from amq.pty.child import Child
from amq.pty.terminal import Terminal
from amq.pty.tty import Tty

BUFFER = 1 << 16  # bytes kept in each direction before the reader of that direction rests
BATCH = 1 << 14  # bytes read from the program, 4 KiB at a time as kernels do it, before they are passed on
LAST_OUTPUT = 1 << 20  # bytes read at most after the program has ended; more than a kernel keeps of it
RETRY = 0.05  # seconds until a program is looked at again that has closed its terminal without ending


class Pump:
    """What passes is shown to `terminal` first."""

    def __init__(self, tty: Tty, child: Child, terminal: Terminal) -> None:
        self._tty = tty
        self._child = child
        self._terminal = terminal
        self._to_child = bytearray()
        self._to_person = bytearray()
        self._notice = b""  # of ours for the person, until the program's output is between sequences
        self._source_open = tty.source_open
        self._sink_open = tty.sink_open
        self._child_open = True
        self._wake_read, self.wake_fd = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self.wake_fd, False)

    @property
    def hung_up(self) -> bool:
        """Whether the person's terminal has gone, or nobody reads the output any more."""
        return not self._sink_open or (self._tty.source_is_terminal and not self._source_open)

    @property
    def waiting(self) -> bool:
        """Whether bytes for the program are still on their way, the person's unread ones included."""
        if self._to_child:
            return True
        return self._source_open and self._tty.source_is_terminal and _is_readable(self._tty.source)

    def type(self, data: bytes) -> None:
        """Put DATA in one piece behind what the person has typed. Call it with the terminal's lock held."""
        self._to_child += data
        self.wake()

    def tell(self, notice: bytes) -> None:
        """Show NOTICE to the person as soon as it cannot fall into the middle of a sequence of the program's."""
        self._notice = notice
        self.wake()

    def wake(self) -> None:
        """End the wait of `turn`, from any thread."""
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self.wake_fd, b"\0")

    def turn(self) -> None:
        """Wait until something can be moved, or somebody calls `wake`; move it."""
        readers, writers = self._wanted()
        readable, writable, _ = select.select(readers, writers, [], None if self._child_open else RETRY)
        self._child_open = True
        self._awake(readable)
        if self._tty.source in readable:
            self._from_person()
        if self._child.fd in writable or self._to_child:
            self._write_child()
        if self._child.fd in readable:
            self._read_child(BATCH)
        if self._notice and not self._terminal.printing:
            self._show_notice()
        if self._child.fd in readable and self._to_person and self._tty.sink_is_private:
            writable.append(self._tty.sink)
        if self._tty.sink in writable:
            self._write_person()

    def drain(self) -> None:
        """Read what an ended program has left in its terminal."""
        self._read_child(LAST_OUTPUT)

    def flush(self) -> bool:
        """Wait until output can be moved, or somebody calls `wake`; whether there is more to move."""
        if self._to_person and self._sink_open:
            readable, writable, _ = select.select([self._wake_read], [self._tty.sink], [])
            self._awake(readable)
            if writable:
                self._write_person()
        return bool(self._to_person) and self._sink_open

    def close(self) -> None:
        os.close(self._wake_read)
        os.close(self.wake_fd)

    def _awake(self, readable: list[int]) -> None:
        if self._wake_read in readable:
            os.read(self._wake_read, BUFFER)

    def _wanted(self) -> tuple[list[int], list[int]]:
        readers, writers = [self._wake_read], []
        if self._source_open and len(self._to_child) < BUFFER:
            readers.append(self._tty.source)
        if self._child_open and len(self._to_person) < BUFFER:
            readers.append(self._child.fd)
        if self._to_child and self._child_open:
            writers.append(self._child.fd)
        if self._to_person and self._sink_open:
            writers.append(self._tty.sink)
        return readers, writers

    def _from_person(self) -> None:
        """The lock is held from the read on: nothing is typed between a key and what it changes."""
        with self._terminal.lock:
            try:
                data = os.read(self._tty.source, BUFFER)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._source_open = False
                return
            self._terminal.from_person(data, time.monotonic())
            self._to_child += data

    def _write_child(self) -> None:
        with self._terminal.lock:
            try:
                del self._to_child[: os.write(self._child.fd, self._to_child)]
            except BlockingIOError:
                return
            except OSError:  # nobody has the terminal open
                self._child_open = False

    def _read_child(self, room: int) -> None:
        """Until there is nothing more at this instant, or ROOM bytes have come."""
        while room > 0 and (count := self._from_child()):
            room -= count

    def _from_child(self) -> int:
        """How many bytes there were."""
        try:
            data = os.read(self._child.fd, BUFFER)
        except BlockingIOError:
            return 0
        except OSError:  # Linux says EIO where macOS says end of file
            data = b""
        if not data:
            self._child_open = False
            return 0
        with self._terminal.lock:
            shown, answer = self._terminal.from_program(data, time.monotonic())
            self._to_child += answer
        if self._sink_open:
            self._to_person += shown
        return len(data)

    def _show_notice(self) -> None:
        if self._sink_open:
            self._to_person += self._notice
        self._notice = b""

    def _write_person(self) -> None:
        try:
            del self._to_person[: os.write(self._tty.sink, self._to_person[: self._tty.portion])]
        except BlockingIOError:
            return
        except OSError:
            self._sink_open = False
            self._to_person.clear()


def _is_readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])
