"""Transport of bytes from the user to the program and from the program to the user, unchanged.

One thread does it, with bounded buffers, and neither direction blocks the other: a program that does not read can still
print, and the user of a terminal that takes no output can still type.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time

from amq.pty.child import Child
from amq.pty.descriptors import Ready, ready
from amq.pty.terminal_model import Terminal
from amq.pty.user_terminal import Tty

BUFFER_BYTES = 1 << 16  # bytes kept in each direction before its reader pauses
PIECE_BYTES = 1 << 12  # bytes asked for at once; kernels seldom have more; a larger buffer costs time
IN_A_TURN = 16  # pieces passed on before other work has its turn: a millisecond
SHORT_BYTES = PIECE_BYTES // 2 if sys.platform == "linux" else 0  # a shorter read came before a piece was gathered
SHORT_READS = 16  # such reads, without a key or a silence between them, after which output is given time to gather
GATHER_S = 0.001  # that time: seconds in which only output waits
LAST_PIECES = 1 << 8  # pieces read at most after the program has ended; more than a kernel keeps
END_AFTER_S = 1.0  # seconds for a program to leave canonical mode before its input is ended

_GONE = (errno.EIO, errno.EPIPE, errno.ENXIO)  # the reader is gone: not a failure


class Pump:
    """Buffers between the user's TTY and CHILD; bytes pass through the models of `terminal` first.

    `failure` is the error for which output could not be written, None if the reader is simply gone.
    """

    def __init__(self, tty: Tty, child: Child, terminal: Terminal) -> None:
        self._tty = tty
        self._child = child
        self._terminal = terminal
        self._to_child = bytearray()
        self._to_user = bytearray()
        self._notice = b""  # our notice to the user, kept until the program's output is between sequences
        self._source_open = tty.source_is_terminal
        self._sink_open = True
        self._child_open = True
        self._end_at: float | None = None  # when a program without a user gets the end of its input
        if child.reads_terminal and not tty.source_is_terminal:
            self._end_at = time.monotonic() + END_AFTER_S
        self.failure: OSError | None = None
        self._short_reads = 0  # since the last key or silence; one less than SHORT_READS at most after a long read
        self._guarded = -1  # version of the ledger that the guard knows
        self._wake_read, self.wake_fd = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self.wake_fd, False)

    @property
    def hung_up(self) -> bool:
        """Return whether the user's terminal or the reader of the output is gone."""
        return not self._sink_open or (self._tty.source_is_terminal and not self._source_open)

    @property
    def waiting(self) -> bool:
        """Return whether bytes for the program are on their way, including the user's that are not read yet."""
        if self._to_child:
            return True
        return self._source_open and bool(ready([self._tty.source], [], 0)[0])

    def type(self, data: bytes) -> None:
        """Queue DATA in one piece behind what the user has typed. Call it with the terminal's lock held."""
        self._to_child += data
        self.wake()

    def tell(self, notice: bytes) -> None:
        """Show NOTICE to the user as soon as the program's output is not inside an escape sequence."""
        self._notice = notice
        self.wake()

    def detach_input(self) -> None:
        """Stop reading the user's input: another job has the terminal."""
        self._source_open = False

    def take_keys(self) -> None:
        """Start reading the user's keys."""
        self._source_open = True

    def wake(self) -> None:
        """End a `wait`, from any thread."""
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self.wake_fd, b"\0")

    def wait(self, timeout: float | None = None) -> Ready:
        """Wait until bytes can be moved, the program stops or ends, `wake` is called, or TIMEOUT seconds are over.

        Returns the descriptors that can be read, and those that can be written.
        """
        self._show_notice()
        readable, writable = self._gather() if self._floods_in_short_reads else ([], [])
        if not (readable or writable):
            readable, writable = ready(*self._wanted(), self._until_end(timeout))
        self._awake(readable)
        return readable, writable

    def move(self, found: Ready) -> None:
        """Move the bytes of the descriptors FOUND by `wait`."""
        readable, writable = found
        if self._tty.source in readable:
            self._from_user()
        if self._to_child:
            self._write_child()
        if self._tty.sink in writable:
            self._write_user()
        if self._child.fd in readable:
            self._relay()
        if self._child.report in readable:
            self._child.poll()
        if self._end_at is not None and not self._to_child and time.monotonic() >= self._end_at:
            self._end_input()

    def drain(self) -> None:
        """Read and show what a program that has ended or stopped has left in its terminal."""
        for _ in range(LAST_PIECES):
            piece = self._read_child()
            if piece is None:
                break
            self.show(piece)
        self.show(self._terminal.withheld())
        self._show_notice()

    def show(self, data: bytes) -> None:
        """Queue our own DATA for the user, behind the program's output."""
        if self._sink_open:
            self._to_user += data

    def flush(self, timeout: float | None = None) -> bool:
        """Wait at most TIMEOUT seconds until output can be written or `wake` is called; return whether some is left."""
        if self._to_user and self._sink_open:
            readable, writable = ready([self._wake_read], [self._tty.sink], timeout)
            self._awake(readable)
            if writable:
                self._write_user()
        return bool(self._to_user) and self._sink_open

    def undo(self) -> bytes:
        """Return the bytes that restore the user's terminal, however much of the output it has taken."""
        return self._terminal.undo(all_shown=not self._to_user)

    def close(self) -> None:
        """Close the pipe of `wake`."""
        os.close(self._wake_read)
        os.close(self.wake_fd)

    @property
    def _floods_in_short_reads(self) -> bool:
        """Return whether output comes faster than it is read, but in pieces too small to be worth a turn each."""
        return self._short_reads >= SHORT_READS

    def _gather(self) -> Ready:
        """Let output gather for GATHER_S, unless something else is ready before; return what is ready then.

        If that is nothing, the flood is over.
        """
        readers, writers = self._wanted()
        found = ready([fd for fd in readers if fd != self._child.fd], writers, GATHER_S)
        if not any(found):
            found = ready(readers, writers, 0)
        if not any(found):
            self._short_reads = 0
        return found

    def _awake(self, readable: list[int]) -> None:
        if self._wake_read in readable:
            os.read(self._wake_read, BUFFER_BYTES)

    def _wanted(self) -> tuple[list[int], list[int]]:
        readers, writers = [self._wake_read, self._child.report], []
        if self._source_open and len(self._to_child) < BUFFER_BYTES:
            readers.append(self._tty.source)
        if self._child_open and len(self._to_user) < BUFFER_BYTES:
            readers.append(self._child.fd)
        if self._to_child and self._child_open:
            writers.append(self._child.fd)
        if self._to_user and self._sink_open:
            writers.append(self._tty.sink)
        return readers, writers

    def _until_end(self, timeout: float | None) -> float | None:
        """Return TIMEOUT, or the time until the end of the input is due if that is shorter (seconds)."""
        if self._end_at is None or self._to_child:
            return timeout
        left = max(0.0, self._end_at - time.monotonic())
        return left if timeout is None else min(left, timeout)

    def _from_user(self) -> None:
        """Read the user's keys. The lock is held from the read on: nothing is typed between a key and its effect."""
        with self._terminal.lock:
            try:
                data = os.read(self._tty.source, BUFFER_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self._short_reads = 0  # its echo must not wait
                self._to_child += data
                self._write_child()  # before the models, which take as long as the kernel does
                self._terminal.from_user(data, time.monotonic())
                return
        self._source_open = False

    def _end_input(self) -> None:
        """Send the key for end of file, if the program's terminal is in canonical mode: a terminal has no other end."""
        self._end_at = None
        with self._terminal.lock:
            self._to_child += self._child.end_of_input()

    def _write_child(self) -> None:
        with self._terminal.lock:
            try:
                del self._to_child[: os.write(self._child.fd, self._to_child)]
            except BlockingIOError:
                return
            except OSError:  # its terminal was hung up
                self._child_open = False

    def _relay(self) -> None:
        """Pass on piece after piece, as long as they come and go without a wait and are worth it.

        Each is written before the next is read, so that the program and the terminal work while we do.
        """
        for _ in range(IN_A_TURN):
            piece = self._read_child()
            if piece is None:
                return
            if self._tty.sink_is_private and not self._to_user:
                piece = piece[self._offer(piece) :]
            self.show(piece)
            if self._to_user:
                return
            self._all_is_shown()
            if self._floods_in_short_reads:
                return

    def _read_child(self) -> bytes | None:
        """Return what to show of one piece of the program's output, which the models see first; None if there is none.

        The lock is held from the read on: no look is taken between the output and its effect on the models.
        """
        with self._terminal.lock:
            if not (data := self._from_child()):
                return None
            shown, answer = self._terminal.from_program(data, time.monotonic())
            self._to_child += answer
            self._tell_guard()
        return shown

    def _from_child(self) -> bytes:
        """Return the bytes of one read; b"" if there are none now, or the program's terminal was hung up."""
        try:
            data = os.read(self._child.fd, PIECE_BYTES)
        except BlockingIOError:
            return b""
        except OSError:  # Linux gives EIO where macOS gives end of file
            data = b""
        self._child_open = bool(data)
        if len(data) < SHORT_BYTES:
            self._short_reads += 1
        else:
            self._short_reads = min(self._short_reads, SHORT_READS - 1)
        return data

    def _show_notice(self) -> None:
        if self._notice and not self._terminal.printing:
            self.show(self._notice)
            self._notice = b""

    def _write_user(self) -> None:
        with memoryview(self._to_user) as waiting, waiting[: self._tty.portion] as portion:
            count = self._offer(portion)
        del self._to_user[:count]
        if not self._sink_open:
            self._to_user.clear()
        if not self._to_user:
            self._all_is_shown()

    def _offer(self, data: bytes | memoryview) -> int:
        """Write DATA to the user's terminal; return how many bytes it takes at once."""
        try:
            return os.write(self._tty.sink, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.failure = None if error.errno in _GONE else error
            self._sink_open = False
            return 0

    def _all_is_shown(self) -> None:
        """Update the guard, which no longer needs to undo the modes that have ended meanwhile."""
        if self._terminal.ledger.outdated:
            with self._terminal.lock:
                self._terminal.ledger.shown()
                self._tell_guard()

    def _tell_guard(self) -> None:
        """Send the guard a changed undo: before a mode is switched on, and after one is switched off."""
        ledger = self._terminal.ledger
        if self._guarded != ledger.version and self._tty.guard is not None:
            self._guarded = ledger.version
            self._tty.guard.undo(ledger.undo_superset())
