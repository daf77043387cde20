"""A program hosted in a pseudo-terminal between it and the user: input, output, signals and sizes are passed on."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator
from types import FrameType

from amq.pty.child import Child
from amq.pty.errors import PtyError
from amq.pty.pump import Pump
from amq.pty.terminal_model import Terminal, TerminalSnapshot
from amq.pty.user_terminal import SHOW_WITHIN_S, Tty
from amq.record import replace

FOR_AN_END = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
PASSED_ON = (*FOR_AN_END, signal.SIGUSR1, signal.SIGUSR2)
ENDING = (signal.SIGHUP, signal.SIGTERM)  # on one of these a shell continues a stopped job, so that it can end
OURS = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)

HUNG_UP = 128 + signal.SIGHUP
LEAVE_AFTER_S = 5.0  # seconds for a program to clean up after its terminal is gone
LOOK_EVERY_S = 0.1  # seconds between looks whether a program with a pipe as input wants the user's keys


class Host:
    """A hosted program. Call `run` in the main thread; `look` and `type` from any other, holding `terminal.lock`."""

    def __init__(self, child: Child, tty: Tty, terminal: Terminal) -> None:
        self.terminal = terminal
        self._child = child
        self._tty = tty
        self._pump = Pump(tty, child, terminal)
        self._signals: set[int] = set()
        self._at_terminal = False  # whether the program's modes are on at the user's terminal
        self._leave_at: float | None = None  # set when the terminal is gone
        self._told_to_stop = False  # by SIGTSTP to us, since the program last stopped
        self.on_suspend: Callable[[], None] = lambda: None
        """Called in the main thread before this process stops as the program has."""

    def run(self) -> int:
        """Host the program until it has ended and its last output is out. Return its status, 128 + n for signal n.

        Once the user's terminal is gone, the program is hung up and has LEAVE_AFTER_S left; one that ignores that is
        left running without a terminal. Raises PtyError, in the end, if its output could not be written.
        """
        with contextlib.closing(self._pump), self._catching_signals():
            try:
                self._take_terminal()
                while self._child.status is None and self._time_left() != 0.0:
                    self._turn()
                self._pump.drain()
                while self._pump.flush() and not self._signals & set(FOR_AN_END):
                    pass
            finally:
                # under the lock: a line that is being typed would go to whatever file gets the number next
                with self.terminal.lock:
                    self._child.close()
                self._give_terminal_back()
        if self._pump.failure is not None:
            raise PtyError(f"its output could not be written: {self._pump.failure.strerror}")
        return HUNG_UP if self._child.status is None else self._child.status

    def look(self, now: float) -> TerminalSnapshot:
        """Return a snapshot of all that is known of the terminal at NOW (monotonic seconds)."""
        with self.terminal.lock:
            alive = self._child.status is None and self._child.fd >= 0
            canonical, echoing = self._child.line_discipline() if alive else (False, False)
            return replace(
                self.terminal.look(now, foreground=alive and self._child.in_foreground(), canonical=canonical),
                alive=alive,
                stopped=self._child.stopped,
                canonical=canonical,
                echoing=echoing,
                # a busy program shows an empty row while the user's keys lie unread in its terminal
                waiting=alive and (self._pump.waiting or self._child.has_unread()),
            )

    def hangs(self) -> bool:
        """Return whether a CLI behind the program is stopped (`Child.hangs`); it costs more than a look."""
        return self._child.hangs()

    def type(self, data: bytes) -> None:
        """Send DATA to the program as if typed: in one piece, between the user's keys before and after.

        The caller has to know that it is safe, from a look taken under the same hold of `terminal.lock`.
        """
        with self.terminal.lock:
            if self._child.fd >= 0:
                self._pump.type(data)

    def tell(self, notice: bytes) -> None:
        """Show NOTICE, a bell or an invisible sequence, to the user once the program's output is between sequences."""
        with self.terminal.lock:
            if self._child.fd >= 0:
                self._pump.tell(notice)

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        """Wake the pump by signals while the program is hosted. Signals that we were started to ignore stay ignored."""
        numbers = [number for number in (*PASSED_ON, *OURS) if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._note) for number in numbers}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if ignored, there is no exit status
        wake_fd = signal.set_wakeup_fd(self._pump.wake_fd, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wake_fd)
            for number, action in before.items():
                signal.signal(number, action)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.add(number)

    def _time_left(self) -> float | None:
        """Return the seconds left for a program without a terminal; None while there is no deadline."""
        return None if self._leave_at is None else max(0.0, self._leave_at - time.monotonic())

    def _turn(self) -> None:
        """Serve signals before bytes: a size that changed before a key was pressed arrives before the key."""
        may_take_keys = self._tty.has_other_keys and self._leave_at is None
        found = self._pump.wait(LOOK_EVERY_S if may_take_keys else self._time_left())
        if not self._signals:
            self._pump.move(found)
        self._serve_signals()
        if may_take_keys and self._child.uses_terminal():
            self._take_keys()

    def _take_keys(self) -> None:
        """Read the user's keys from the terminal, because the program, whose input is elsewhere, has begun to.

        Without us it would get the keys there as well. Until then they are left to any other reader, and ^C is for the
        whole pipeline.
        """
        self._tty.take_keys()
        self._pump.take_keys()
        self._take_terminal()

    def _serve_signals(self) -> None:
        if self._pump.hung_up and self._leave_at is None:
            self._leave()
            self._signals.add(signal.SIGHUP)
        if self._signals:
            signals, self._signals = self._signals, set()
            self._serve(signals)
        if self._child.stopped:
            self._suspend()

    def _serve(self, signals: set[int]) -> None:
        for number in signals.intersection(PASSED_ON):
            self._child.signal(number)
        if signal.SIGTSTP in signals:
            self._told_to_stop = True
            self._child.signal(signal.SIGTSTP)
        if signal.SIGCONT in signals:
            self._take_terminal(signals)
        elif signal.SIGWINCH in signals:
            self._tty_changed()

    def _tty_changed(self) -> None:
        """Pass on the terminal's size, read after the signal came: the last of many signals finds the last size."""
        size = self._tty.size()
        self.terminal.resize(size)
        self._child.resize(size, self._tty.pixels())

    def _suspend(self) -> None:
        """Stop as the program has; the shell has its terminal until it continues us, and we the program.

        Where no process could continue us (an orphaned process group), the kernel ignores the stop, and the program
        continues at once. It also does where no signal to us asked for the stop and our input is not a terminal: a byte
        of a script, or the program itself, may have caused it, and our caller's whole job would stop.
        """
        stopped_from_outside, self._told_to_stop = self._told_to_stop, False
        if not (stopped_from_outside or self._tty.source_is_terminal):
            self._child.resume()
            return
        self._pump.drain()
        self._give_terminal_back()
        self.on_suspend()
        self._stop(alone=stopped_from_outside)  # the other processes that were meant have had the signal too
        self._take_terminal()
        self._child.resume()

    def _stop(self, *, alone: bool = False) -> bool:
        """Stop our whole job, as ^Z does, or amq ALONE; return False where no process could continue it."""
        self._signals.discard(signal.SIGCONT)
        action = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        if alone:
            os.kill(os.getpid(), signal.SIGTSTP)
        else:
            os.killpg(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, action)
        return signal.SIGCONT in self._signals

    def _give_terminal_back(self) -> None:
        """Write the rest of the output, and undo the modes that the program has switched on.

        A terminal that another job has is left alone, and one that takes no output is not waited for.
        """
        deadline = time.monotonic() + SHOW_WITHIN_S
        while self._tty.is_ours and self._pump.flush(SHOW_WITHIN_S) and time.monotonic() < deadline:
            pass
        self._tty.restore(self._pump.undo())
        self._at_terminal = False

    def _take_terminal(self, served: Collection[int] = ()) -> None:
        """Make the terminal raw, switch the program's modes on, and pass on the size.

        This also follows a stop that could not be foreseen (SIGSTOP), which has undone nothing. In the background we
        stop until we have the terminal, unless we are to end: by a signal that came, or is in SERVED.
        """
        while self._tty.source_is_terminal and not self._tty.is_ours:
            if self._signals.union(served).intersection(ENDING):
                self._pump.detach_input()
                self._leave()
                return
            if not self._stop():
                break
        self._signals.discard(signal.SIGCONT)
        self._tty.make_raw()
        undo = self.terminal.undo()
        if self._tty.shows:
            self._pump.show((undo if self._at_terminal else b"") + self.terminal.redo())
            self._at_terminal = True
        self._tty_changed()
        if undo:
            self._child.signal(signal.SIGWINCH)  # its screen was undone without its knowledge: have it drawn anew

    def _leave(self) -> None:
        self._leave_at = time.monotonic() + LEAVE_AFTER_S
