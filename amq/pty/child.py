"""A program running in a pseudo-terminal of its own: start it, signal it, learn how it ended."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import termios
from collections.abc import Mapping, Sequence

from ptyprocess import PtyProcess

from amq.pty import monitor
from amq.pty.descriptors import CC, LFLAG, Attributes, inherited
from amq.pty.errors import CannotRunError, PtyError

NOT_FOUND, NOT_EXECUTABLE = 127, 126

_OPEN_PEER = 0x5441  # TIOCGPTPEER of Linux: opens the program's end of its terminal

_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ", "SIGXFZ")

TERMINAL_NAME = "GPG_TTY"
"""The variable that names the terminal in which GnuPG asks for a passphrase."""


class Child:
    """`pid` is the program's own, `fd` our end of its terminal, non-blocking.

    `report` can be read when `poll` has news. `status` is None while it runs; then its exit status, or 128 + n for
    signal n.
    """

    def __init__(self, process: PtyProcess, pid: int, report: int) -> None:
        self._process = process  # the monitor, whose child the program is
        self.pid = pid
        self.fd: int = process.fd
        self.report = report
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
    ) -> Child:
        """Start ARGV in a terminal of its own of SIZE (rows, columns), in the foreground of a session of its own.

        ATTRIBUTES are the settings that terminal starts with. A TERMINAL_NAME in ENVIRONMENT becomes its name. Raises
        CannotRunError with the status that a shell would give. Returns after the exec.
        """
        program = find_program(argv[0], environment.get("PATH", os.defpath))

        def prepare() -> None:
            for name in _IGNORED_BY_PYTHON:
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
            if attributes is not None:
                termios.tcsetattr(0, termios.TCSANOW, attributes)
            _name_terminal(inside)
            monitor.divide(write_end)

        report, write_end = os.pipe()
        words, inside = [program, *argv[1:]], dict(environment)
        try:
            process = PtyProcess.spawn(
                words, env=inside, preexec_fn=prepare, dimensions=size, pass_fds=[write_end, *inherited()]
            )
        except OSError as error:
            os.close(report)
            raise _cannot_run(argv[0], error) from error
        except Exception as error:
            os.close(report)
            raise PtyError(f"no terminal for {argv[0]}: {error}") from error
        finally:
            os.close(write_end)
        process.closed = True  # its destructor would sleep, and end the program
        pid = monitor.read_report(report)
        if not pid:
            raise PtyError(f"{argv[0]} was killed while it started")
        return cls(process, pid, report)

    def resize(self, size: tuple[int, int]) -> None:
        """Tell its terminal the new SIZE; the kernel tells the program, if it is news."""
        with contextlib.suppress(OSError):
            self._process.setwinsize(*size)

    def resume(self) -> None:
        """Let it go on after a stop."""
        self.stopped = False
        self.signal(signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send signal NUMBER to the program's process group; nothing happens when it has ended."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def poll(self) -> None:
        """Bring `status` and `stopped` up to date, without waiting. A program without its monitor counts as hung up."""
        while self.status is None:
            try:
                news = monitor.read_report(self.report)
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
        """Whether the kernel edits the line (canonical), and whether it echoes; (False, False) if that is unknown."""
        try:
            flags = termios.tcgetattr(self.fd)[LFLAG]
        except termios.error:
            return False, False
        return bool(flags & termios.ICANON), bool(flags & termios.ECHO)

    def in_foreground(self) -> bool:
        """Whether its own process group has its terminal's keyboard; False where that cannot be told."""
        try:
            return os.tcgetpgrp(self.fd) == self.pid
        except OSError:
            return False

    def has_unread(self) -> bool:
        """Whether it has not read all that was typed; of a line that the kernel edits only what is finished.

        False where the system cannot be asked.
        """
        try:
            terminal = fcntl.ioctl(self.fd, _OPEN_PEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return any(fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
        finally:
            os.close(terminal)

    def end_of_input(self, started_line: bool) -> bytes:
        """The keys that end its input, behind a line that is not finished if STARTED_LINE.

        There are none while it edits the line itself: then Ctrl-D is a key like others.
        """
        with contextlib.suppress(termios.error):
            attributes = termios.tcgetattr(self.fd)
            key = attributes[CC][termios.VEOF]
            if attributes[LFLAG] & termios.ICANON and key != b"\0":
                return bytes(key) * (2 if started_line else 1)
        return b""

    def close(self) -> None:
        """Hang up its terminal."""
        if self.fd >= 0:
            self._process.fileobj.close()
            self.fd = -1
            os.close(self.report)
            if self.status is not None:
                os.waitpid(self._process.pid, 0)  # it ends when the program does


def find_program(name: str, path: str) -> str:
    """The file that a shell would run for NAME; raises CannotRunError if there is none."""
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
    """Let TERMINAL_NAME, where it is set, name descriptor 0; a terminal that has no name here leaves it unset."""
    if environment.pop(TERMINAL_NAME, None) is not None:
        with contextlib.suppress(OSError):
            environment[TERMINAL_NAME] = os.ttyname(0)


def _cannot_run(name: str, error: OSError) -> CannotRunError:
    missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
    reason = os.strerror(error.errno) if error.errno else str(error)
    return CannotRunError(f"cannot run {name}: {reason}", NOT_FOUND if missing else NOT_EXECUTABLE)
