"""A program hosted in a pseudo-terminal between it and the person: keys in, output out, signals and sizes passed on."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from types import FrameType

from amq.pty.child import Child
from amq.pty.errors import PtyError
from amq.pty.pump import Pump
from amq.pty.terminal import Terminal, TerminalSnapshot
from amq.pty.tty import SHOW_WITHIN_S, Tty

FOR_AN_END = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
PASSED_ON = (*FOR_AN_END, signal.SIGUSR1, signal.SIGUSR2)
ENDING = (signal.SIGHUP, signal.SIGTERM)  # with one of these a shell lets a stopped job go on, so that it can end
OURS = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)

HUNG_UP = 128 + signal.SIGHUP
LEAVE_AFTER_S = 5.0  # seconds in which a program may tidy up after its terminal is gone
LOOK_EVERY_S = 0.1  # seconds between looks at whether a program whose input is a pipe wants the user's keys


class Host:
    """`run` belongs to the main thread; `look` and `type` may be called from any other, holding `terminal.lock`."""

    def __init__(self, child: Child, tty: Tty, terminal: Terminal) -> None:
        self.terminal = terminal
        self._child = child
        self._tty = tty
        self._pump = Pump(tty, child, terminal)
        self._signals: set[int] = set()
        self._at_terminal = False  # whether what the program has switched on is on at the person's terminal
        self._leave_at: float | None = None  # set when the terminal is gone
        self._told_to_stop = False  # by a signal to us, since the program last stopped

    def run(self) -> int:
        """Host the program until it has ended and its last output is out. Returns its status, 128 + n for signal n.

        Once the person's terminal is gone, the program is hung up, and then has LEAVE_AFTER_S seconds; one that ignores
        that is left to itself without a terminal. Raises PtyError, in the end, if its output could not be written.
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
        """One look at everything that is known."""
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

    def type(self, data: bytes) -> None:
        """Write DATA to the program as if it were typed: whole, between what the person typed before and after.

        Whether that is wise is for the caller to see from a look taken under the same hold of `terminal.lock`.
        """
        with self.terminal.lock:
            if self._child.fd >= 0:
                self._pump.type(data)

    def tell(self, notice: bytes) -> None:
        """Show NOTICE, a bell or a sequence that prints nothing, where the program's output is between sequences."""
        with self.terminal.lock:
            if self._child.fd >= 0:
                self._pump.tell(notice)

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        """While the program is hosted, signals wake the pump. One that we were started to ignore stays ignored."""
        numbers = [number for number in (*PASSED_ON, *OURS) if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._note) for number in numbers}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it hides how children ended
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
        """Seconds that a program without a terminal still has; None while there is no end."""
        return None if self._leave_at is None else max(0.0, self._leave_at - time.monotonic())

    def _turn(self) -> None:
        """Signals before bytes: a size that changed before a key was pressed is the program's before the key is."""
        may_take_keys = self._tty.has_other_keys and self._leave_at is None
        found = self._pump.wait(LOOK_EVERY_S if may_take_keys else self._time_left())
        if not self._signals:
            self._pump.move(found)
        self._serve_signals()
        if may_take_keys and self._child.uses_terminal():
            self._take_keys()

    def _take_keys(self) -> None:
        """The program reads its input elsewhere, and turns to its terminal: as without us, the user's keys are there.

        Until then they are left to whoever else reads them, and ^C is for the whole pipeline.
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
        """The size is read after the signal came, so the last of many signals always finds the last size."""
        size = self._tty.size()
        self.terminal.resize(size)
        self._child.resize(size, self._tty.pixels())

    def _suspend(self) -> None:
        """The program has stopped: so do we, and the shell gets its terminal back until it gives it to us again.

        Where no process could continue us (an orphaned process group) the kernel ignores the stop, and the program
        goes on at once. So it does where nobody has asked us to stop and our input is no terminal: it may have been
        a byte of a script's, or the program itself, and our caller's whole job would stop.
        """
        stopped_from_outside, self._told_to_stop = self._told_to_stop, False
        if not (stopped_from_outside or self._tty.source_is_terminal):
            self._child.resume()
            return
        self._pump.drain()
        self._give_terminal_back()
        self._stop(alone=stopped_from_outside)  # whoever else was meant has had the signal too
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
        """Show what is left to show, and undo what the program has switched on.

        A terminal that another job has is left alone, and one that takes nothing is not waited for.
        """
        deadline = time.monotonic() + SHOW_WITHIN_S
        while self._tty.is_ours and self._pump.flush(SHOW_WITHIN_S) and time.monotonic() < deadline:
            pass
        self._tty.restore(self._pump.undo())
        self._at_terminal = False

    def _take_terminal(self, served: Collection[int] = ()) -> None:
        """Also after a stop that nobody could see coming, which has undone nothing.

        In the background we stop until we have it, unless we are to end: by a signal that came, or is being SERVED.
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
            self._child.signal(signal.SIGWINCH)  # its screen was taken away behind its back: it has to draw it anew

    def _leave(self) -> None:
        self._leave_at = time.monotonic() + LEAVE_AFTER_S
