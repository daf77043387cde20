"""A program in its own pseudo-terminal: start, signal and resize it, and learn how it ended."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from amq import procfs
from amq.pty import session_leader
from amq.pty.errors import CannotRunError, PtyError
from amq.pty.line_discipline import (
    Attributes,
    attributes_of,
    end_of_file_key,
    is_canonical,
    is_echoing,
    set_attributes,
    set_window,
    waiting_bytes,
)
from amq.pty.shebang import interpreter, through_shell
from amq.pty.spawn import Program, Started, start
from amq.record import replace

NOT_FOUND, NOT_EXECUTABLE = 127, 126
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)
"""Values of errno for a resource that the system lacks, whichever program is to be started."""
NO_PIXELS = (0, 0)  # width and height of a terminal that does not know them
NOTHING: Mapping[int, int] = MappingProxyType({})

_MOST_WRAPPERS = 8  # of a CLI, one in the other
_OPEN_PEER = 0x5441  # TIOCGPTPEER (Linux, ioctl_tty(2)): opens the program's side of its terminal

TERMINAL_NAME = "GPG_TTY"
"""Environment variable with the name of the terminal in which GnuPG asks for a passphrase."""


class Child:
    """A program in its own pseudo-terminal.

    `pid` is the program's process id, `fd` our side of its terminal, non-blocking. `report` becomes readable when
    `poll` has news. `status` is None while the program runs, then its exit status, or 128 + n for signal n.
    `reads_terminal` is true if its standard input is its terminal.
    """

    def __init__(self, started: Started, *, reads_terminal: bool, discipline: tuple[bool, bool]) -> None:
        self.monitor = started.monitor
        self.pid = started.pid
        self.fd = started.fd
        self.report = started.report
        self.reads_terminal = reads_terminal
        self._first_discipline = discipline
        self.status: int | None = None
        self.stopped = False
        os.set_blocking(self.fd, False)
        os.set_blocking(self.report, False)
        os.set_inheritable(self.fd, False)

    @classmethod
    def spawn(
        cls,
        argv: Sequence[str],
        environment: Mapping[str, str],
        size: tuple[int, int],
        attributes: Attributes | None = None,
        pixels: tuple[int, int] = NO_PIXELS,
        given: Mapping[int, int] = NOTHING,
    ) -> Child:
        """Start ARGV in a new pseudo-terminal of SIZE (rows, columns), in the foreground of a new session.

        PIXELS is the terminal's (width, height) in pixels, ATTRIBUTES are its initial settings. GIVEN maps standard
        descriptor numbers to our descriptors that the program gets instead of the terminal. If ENVIRONMENT has
        TERMINAL_NAME, the program gets its terminal's name there. A script without a `#!` line is run as a shell would
        run it.

        Returns after the exec. Raises CannotRunError with the status that a shell would give, and PtyError if no
        terminal or process is available.
        """

        def prepare() -> None:
            set_window(0, size, pixels)
            if attributes is not None:
                set_attributes(0, attributes)
            _name_terminal(inside)

        path = find_program(argv[0], environment.get("PATH", os.defpath))
        inside = dict(environment)
        program = Program(path, argv, inside)
        try:
            try:
                started = start(program, given, prepare)
            except OSError as error:
                if error.errno != errno.ENOEXEC or (script := through_shell([path, *argv[1:]])) is None:
                    raise
                started = start(replace(program, path=script[0], argv=script), given, prepare)
        except OSError as error:
            if error.errno in SHORTAGES:
                raise PtyError(f"no terminal for {argv[0]}: {error.strerror}") from error
            raise _cannot_run(argv[0], path, error) from error
        discipline = (True, True) if attributes is None else _line_discipline(attributes)
        return cls(started, reads_terminal=0 not in given, discipline=discipline)

    def resize(self, size: tuple[int, int], pixels: tuple[int, int] = NO_PIXELS) -> None:
        """Give the program's terminal SIZE (rows, columns) and PIXELS (width, height); the kernel signals a change."""
        with contextlib.suppress(OSError):
            set_window(self.fd, size, pixels)

    def resume(self) -> None:
        """Continue the program after a stop (SIGCONT)."""
        self.stopped = False
        self.signal(signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send signal NUMBER to the program's process group; do nothing once the program has ended."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def poll(self) -> None:
        """Update `status` and `stopped` without waiting. A program whose monitor was killed counts as hung up."""
        while self.status is None:
            try:
                news = session_leader.read_report(self.report)
            except BlockingIOError:
                return
            if news is None:
                self.status = 128 + signal.SIGHUP
            elif os.WIFSIGNALED(news):
                self.status = 128 + os.WTERMSIG(news)
            elif os.WIFEXITED(news):
                self.status = os.WEXITSTATUS(news)
            self.stopped = news is not None and os.WIFSTOPPED(news)

    def line_discipline(self) -> tuple[bool, bool]:
        """Return (canonical, echoing) of the program's terminal; (False, False) if that is unknown.

        Canonical: the kernel edits the line. Echoing: it sends back what is typed.
        """
        try:
            return _line_discipline(attributes_of(self.fd))
        except OSError:
            return False, False

    def uses_terminal(self) -> bool:
        """Return whether the program has changed its line discipline, as programs do before they read keys."""
        try:
            return _line_discipline(attributes_of(self.fd)) != self._first_discipline
        except OSError:
            return False

    def in_foreground(self) -> bool:
        """Return whether the program's own process group is in its terminal's foreground; False if unknown."""
        try:
            return os.tcgetpgrp(self.fd) == self.pid
        except OSError:
            return False

    def hangs(self) -> bool:
        """Return whether the program is a wrapper, as a script is, of a CLI that is stopped; False if unknown.

        `stopped` is about the program's own process. The CLI is the only process that it has in its own group, perhaps
        behind another wrapper.
        """
        process = self.pid
        with contextlib.suppress(OSError, IndexError):
            for _ in range(_MOST_WRAPPERS):
                inside = [each for each in procfs.children(process) if procfs.group(each) == self.pid]
                if len(inside) != 1:
                    break
                (process,) = inside
                if procfs.state(process) == b"T":
                    return True
        return False

    def has_unread(self) -> bool:
        """Return whether the program has yet to read typed bytes; in canonical mode only finished lines count.

        False where the system cannot be asked; True where it cannot be asked now, for want of a descriptor.
        """
        try:
            terminal = fcntl.ioctl(self.fd, _OPEN_PEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            return error.errno in (errno.EMFILE, errno.ENFILE)
        try:
            return waiting_bytes(terminal) > 0
        finally:
            os.close(terminal)

    def end_of_input(self) -> bytes:
        """Return the key that ends the program's input; b"" while the program edits the line and reads every key."""
        with contextlib.suppress(OSError):
            now = attributes_of(self.fd)
            if is_canonical(now):
                return end_of_file_key(now)
        return b""

    def close(self) -> None:
        """Close our side of the program's terminal, which hangs it up."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            os.close(self.report)
            if self.status is not None:
                with contextlib.suppress(ChildProcessError):  # we were started to ignore SIGCHLD
                    os.waitpid(self.monitor, 0)  # it ends when the program does


def _line_discipline(attributes: Attributes) -> tuple[bool, bool]:
    return is_canonical(attributes), is_echoing(attributes)


def find_program(name: str, path: str) -> str:
    """Return the file that a shell would run for NAME, on PATH. Raises CannotRunError if there is none."""
    if os.sep in name:
        candidates = [name]
    else:
        candidates = [f"{directory or os.curdir}/{name}" for directory in path.split(os.pathsep)]
    existing = [candidate for candidate in candidates if os.path.isfile(candidate)]
    for candidate in existing:
        if os.access(candidate, os.X_OK):
            return candidate
    if existing:
        raise CannotRunError(f"{existing[0]} is not executable", NOT_EXECUTABLE)
    if os.path.isdir(name):
        raise CannotRunError(f"{name} is a directory", NOT_EXECUTABLE)
    raise CannotRunError(f"{name}: no such program", NOT_FOUND)


def _name_terminal(environment: dict[str, str]) -> None:
    """Set TERMINAL_NAME, where it is set, to the name of descriptor 0; unset it if the terminal has no name here."""
    if TERMINAL_NAME in environment:
        try:
            environment[TERMINAL_NAME] = os.ttyname(0)
        except OSError:
            del environment[TERMINAL_NAME]


def _cannot_run(name: str, program: str, error: OSError) -> CannotRunError:
    missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
    if missing and os.path.exists(program):
        needed = interpreter(program)
        reason = f"its interpreter {needed!r} is missing" if needed else "a file that it needs is missing"
    elif error.errno == errno.ENOEXEC:
        reason = "it is a program for another machine, or damaged (Exec format error)"
    else:
        reason = os.strerror(error.errno) if error.errno else str(error)
    return CannotRunError(f"cannot run {name}: {reason}", NOT_FOUND if missing else NOT_EXECUTABLE)
