"""The guard: a process that restores the user's terminal if we are killed and cannot.

It holds only the terminal and the reading end of a pipe, and has its own session, where no signal of the terminal
reaches it. The pipe says what to do once the pipe breaks. The guard is forked, not executed: it shares our memory, and
is ready before the program is.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import signal
import time

from amq.pty.descriptors import close_all_but, write_within
from amq.pty.line_discipline import Attributes, attributes_of, is_canonical, sends_signals, set_attributes
from amq.pty.mode_ledger import ABANDON, BRACKETED_PASTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

Settings = tuple[Attributes, Attributes]  # the terminal's settings before us, and those that we gave it

GIVE_UP_AFTER_S = 5  # whole seconds after which it gives up on a terminal that takes no output
HEIR_WITHIN_S, HEIR_EVERY_S = 60, 0.002  # seconds for repairing settings that a shell has inherited, and between looks
MOST_UNSAID_BYTES = 1 << 16  # bytes queued for a guard that does not read

_UNDO, _ON_DUTY, _AT_EASE = b"u", b"d", b"e"  # first byte of a line in the pipe
_NO_PASTE = b"\x1b[?%dl" % BRACKETED_PASTE
_DEAF_TO = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


class Guard:
    """Our side of the guard. A call takes effect even if we are killed right after it; only `dismiss` waits."""

    def __init__(self, source: int, sink: int | None) -> None:
        """Fork the guard, before there are threads, and before the program. Raises OSError if that is refused.

        It restores the settings of the terminal SOURCE (-1: none) and the modes of the terminal SINK (None: none).
        """
        pipe, self._pipe = os.pipe()
        self._unsaid = bytearray()
        try:
            self.pid = os.fork()
        except OSError:
            os.close(self._pipe)
            os.close(pipe)
            raise
        if not self.pid:
            _stand_by(pipe, source, sink)
        os.close(pipe)
        # a guard that was stopped must not hold up the bytes between the program and the user
        os.set_blocking(self._pipe, False)

    def undo(self, undo: bytes) -> None:
        """Set the bytes to write to the terminal, UNDO, in place of those set before. They contain no line feed."""
        self._say(_UNDO + undo)

    def arm(self, settings: Settings | None) -> None:
        """Restore the terminal if we are killed from now on; SETTINGS only if it still has those that we gave it."""
        self._say(_ON_DUTY + marshal.dumps(settings).hex().encode())

    def disarm(self) -> None:
        """Leave the terminal alone from now on: it is as it was before us."""
        self._say(_AT_EASE)

    def dismiss(self) -> None:
        """End the guard and wait for its end. If armed, it restores the terminal first."""
        os.close(self._pipe)
        with contextlib.suppress(ChildProcessError):  # we were started to ignore SIGCHLD
            os.waitpid(self.pid, 0)

    def _say(self, line: bytes) -> None:
        """Send LINE. A guard that is stopped reads it later, one that was killed never."""
        if len(self._unsaid) < MOST_UNSAID_BYTES:
            self._unsaid += line + b"\n"
        with contextlib.suppress(OSError):
            del self._unsaid[: os.write(self._pipe, self._unsaid)]


def _stand_by(pipe: int, source: int, sink: int | None) -> NoReturn:
    try:
        gc.disable()  # a collection would write to pages shared with our parent
        os.setsid()
        for number in _DEAF_TO:
            signal.signal(number, signal.SIG_IGN)
        close_all_but({pipe, source} if sink is None else {pipe, source, sink})
        undo, settings = _listen(pipe)
        # a terminal that takes no output (^S, a dead connection) would keep this process for ever
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(GIVE_UP_AFTER_S)
        if undo is not None:
            _put_right(source, sink, undo, settings)
    finally:
        # not back into the caller's frames: as a fork of amq this process would run its exit handlers a second time
        os._exit(0)


def _listen(pipe: int) -> tuple[bytes | None, Settings | None]:
    """Read until the pipe breaks. Return the bytes to write, None if there is nothing to do, and the settings."""
    undo, rest = b"", b""
    settings: Settings | None = None
    armed = False
    while data := os.read(pipe, MOST_UNSAID_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line[:1] == _UNDO:
                undo = line[1:]
            elif line[:1] == _ON_DUTY:
                armed, settings = True, marshal.loads(bytes.fromhex(line[1:].decode()))  # noqa: S302 - our own words
            else:
                armed = False
    return (undo if armed else None), settings


def _put_right(source: int, sink: int | None, undo: bytes, settings: Settings | None) -> None:
    """Restore the terminal. If a shell's line editor has it already, its settings and its bracketed paste stay."""
    if settings is not None:
        before, ours = settings
        now = attributes_of(source)
        # other settings were made by whoever has taken the terminal since, such as the shell's line editor. At once:
        # TCSAFLUSH would throw away what the user has typed meanwhile
        if now == ours:
            set_attributes(source, before)
        elif not is_canonical(now):
            undo = undo.replace(_NO_PASTE, b"")
    if sink is not None:
        write_within(sink, ABANDON + undo, GIVE_UP_AFTER_S)  # the last write may have broken off anywhere
    if settings is not None:
        _disinherit(source, before)


def _disinherit(source: int, before: Attributes) -> None:
    """Repair our raw settings where a shell has inherited them for its commands.

    Zsh and fish keep the settings that they find when they take the terminal; a shell that was faster than the guard
    has found ours. Settings restored during its first command are kept as well. A command with sane settings is left
    alone.
    """
    # measured with zsh: raw settings were given to every later command after 18 of 60 kills, and after none with this
    signal.alarm(HEIR_WITHIN_S)
    while not is_canonical(now := attributes_of(source)) or not sends_signals(now):
        if is_canonical(now):
            set_attributes(source, before)
        time.sleep(HEIR_EVERY_S)
