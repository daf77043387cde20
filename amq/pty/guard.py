"""A process that puts the person's terminal right when we are killed and cannot.

It holds the terminal and the reading end of a pipe and nothing else, in a session of its own, where no signal of the
terminal reaches it. The pipe tells it what to do once the pipe breaks. It is forked, not started: it shares our memory,
and is ready before the program is.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import signal
import time
from typing import NoReturn

from amq.pty.descriptors import close_all_but, write_within
from amq.pty.ledger import ABANDON, BRACKETED_PASTE
from amq.pty.line_discipline import Attributes, attributes_of, is_canonical, sends_signals, set_attributes

Settings = tuple[Attributes, Attributes]  # the terminal's before us, and those we gave it

GIVE_UP_AFTER_S = 5  # whole seconds in which it gives up: a terminal that takes no output can not be helped
HEIR_WITHIN_S, HEIR_EVERY_S = 60, 0.002  # seconds
MOST_UNSAID_BYTES = 1 << 16  # bytes kept for a guard that does not listen

_UNDO, _ON_DUTY, _AT_EASE = b"u", b"d", b"e"  # what a line begins with
_NO_PASTE = b"\x1b[?%dl" % BRACKETED_PASTE
_DEAF_TO = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


class Guard:
    """Our end of it. What it is told counts from the next instant on; only `dismiss` waits for it."""

    def __init__(self, source: int, sink: int | None) -> None:
        """Fork it, before there are threads, and before the program. Raises OSError if that is refused.

        It guards the terminal's settings at SOURCE (-1 if there is none), and its modes at SINK, if that is one.
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
        """Say what is to be written to the terminal: UNDO, which has no line feed, instead of what was said before."""
        self._say(_UNDO + undo)

    def arm(self, settings: Settings | None) -> None:
        """From now on the terminal is to be put right. Its SETTINGS go back if they are still those that we gave it."""
        self._say(_ON_DUTY + marshal.dumps(settings).hex().encode())

    def disarm(self) -> None:
        """The terminal is as it was before us, and to be left alone."""
        self._say(_AT_EASE)

    def dismiss(self) -> None:
        """End it, and return when it has ended: not before the terminal is right, unless it is at ease."""
        os.close(self._pipe)
        with contextlib.suppress(ChildProcessError):  # we were started to ignore SIGCHLD
            os.waitpid(self.pid, 0)

    def _say(self, line: bytes) -> None:
        """To one that is stopped it is said later, to one that was killed never."""
        if len(self._unsaid) < MOST_UNSAID_BYTES:
            self._unsaid += line + b"\n"
        with contextlib.suppress(OSError):
            del self._unsaid[: os.write(self._pipe, self._unsaid)]


def _stand_by(pipe: int, source: int, sink: int | None) -> NoReturn:
    try:
        gc.disable()  # it would touch pages that are shared
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
    """What was said when the pipe broke: the bytes to write, None if there is nothing to do; and the settings."""
    undo, rest = b"", b""
    settings: Settings | None = None
    on_duty = False
    while data := os.read(pipe, MOST_UNSAID_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line[:1] == _UNDO:
                undo = line[1:]
            elif line[:1] == _ON_DUTY:
                on_duty, settings = True, marshal.loads(bytes.fromhex(line[1:].decode()))  # noqa: S302 - our own words
            else:
                on_duty = False
    return (undo if on_duty else None), settings


def _put_right(source: int, sink: int | None, undo: bytes, settings: Settings | None) -> None:
    """A shell's line editor may have the terminal already: what it has set stays, and its bracketed paste as well."""
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
    """Zsh and fish take over the settings that they find. If one was faster than we, it has ours for its commands.

    Put right during its first command they are taken over as well. Those of a sane command are left alone.
    """
    # measured with zsh: raw settings were given to every later command after 18 of 60 kills, and after none with this
    signal.alarm(HEIR_WITHIN_S)
    while not is_canonical(now := attributes_of(source)) or not sends_signals(now):
        if is_canonical(now):
            set_attributes(source, before)
        time.sleep(HEIR_EVERY_S)
