"""A program hosted in a pseudo-terminal between it and the person: keys in, output out, signals and sizes passed on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType

from amq.pty.child import Child
from amq.pty.pump import Pump
from amq.pty.terminal import Look, Terminal
from amq.pty.tty import Tty

PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
OURS = (signal.SIGCHLD, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)


class Host:
    """`run` belongs to the main thread; `look` and `type` may be called from any other, holding `terminal.lock`."""

    def __init__(self, child: Child, tty: Tty, terminal: Terminal) -> None:
        self.terminal = terminal
        self._child = child
        self._tty = tty
        self._pump = Pump(tty, child, terminal)
        self._signals: set[int] = set()
        self._hung_up = False

    def run(self) -> int:
        """Host the program until it has ended and its last output is out. Returns its status, 128 + n for signal n."""
        with self._catching_signals(), contextlib.closing(self._pump):
            try:
                self._tty.make_raw()
                self._tty_changed()
                self._child.poll()
                while self._child.status is None:
                    self._pump.turn()
                    self._serve_signals()
                self._pump.drain()
                while self._pump.flush() and not self._signals & set(PASSED_ON):
                    pass
            finally:
                with self.terminal.lock:
                    self._child.close()
                self._tty.restore()
        assert self._child.status is not None
        return self._child.status

    def look(self, now: float) -> Look:
        """One look at everything that is known."""
        with self.terminal.lock:
            alive = self._child.status is None and self._child.fd >= 0
            canonical, echoing = self._child.line_discipline() if alive else (False, False)
            return replace(
                self.terminal.look(now),
                alive=alive,
                stopped=self._child.stopped,
                canonical=canonical,
                echoing=echoing,
                waiting=alive and self._pump.waiting,
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
        self._pump.tell(notice)

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        """While the program is hosted, signals wake the pump. One that we were started to ignore stays ignored."""
        numbers = [number for number in (*PASSED_ON, *OURS) if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._note) for number in numbers}
        wake_fd = signal.set_wakeup_fd(self._pump.wake_fd, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wake_fd)
            for number, action in before.items():
                signal.signal(number, action)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.add(number)

    def _serve_signals(self) -> None:
        if self._pump.hung_up and not self._hung_up:
            self._hung_up = True
            self._signals.add(signal.SIGHUP)
        signals, self._signals = self._signals, set()
        for number in signals.intersection(PASSED_ON):
            self._child.signal(number)
        if signal.SIGTSTP in signals:
            self._child.signal(signal.SIGSTOP)
        if signal.SIGCONT in signals:
            self._tty.make_raw()
        if signals & {signal.SIGWINCH, signal.SIGCONT}:
            self._tty_changed()
        self._child.poll()
        if self._child.stopped and self._child.status is None:
            self._suspend()

    def _tty_changed(self) -> None:
        """The size is read after the signal came, so the last of many signals always finds the last size."""
        size = self._tty.size()
        self.terminal.resize(size)
        self._child.resize(size)

    def _suspend(self) -> None:
        """The program has stopped itself: so do we, and the shell gets its terminal back until it continues us.

        Where nobody could continue us (an orphaned process group) the kernel ignores the stop, and the program
        goes on at once.
        """
        self._tty.restore()
        action = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, action)
        self._tty.make_raw()
        self._tty_changed()
        self._child.resume()
