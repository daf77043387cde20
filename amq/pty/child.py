"""A program running in a pseudo-terminal of its own: start it, signal it, learn how it ended."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import termios
from collections.abc import Mapping, Sequence

from ptyprocess import PtyProcess

from amq.pty.errors import CannotRunError, PtyError
from amq.pty.tty import LFLAG, Attributes

NOT_FOUND, NOT_EXECUTABLE = 127, 126

_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ", "SIGXFZ")


class Child:
    """`fd` is our end of its terminal, non-blocking."""

    def __init__(self, process: PtyProcess) -> None:
        self._process = process
        process.closed = True  # its destructor would sleep, and end the program
        self.pid: int = process.pid
        self.fd: int = process.fd
        self.status: int | None = None  # None while it runs; else its exit status, 128 + n for signal n
        self.stopped = False
        os.set_blocking(self.fd, False)
        os.set_inheritable(self.fd, False)

    @classmethod
    def spawn(
        cls,
        argv: Sequence[str],
        environment: Mapping[str, str],
        size: tuple[int, int],
        attributes: Attributes | None = None,
    ) -> Child:
        """Start ARGV as leader of a session of its own, in a terminal of SIZE (rows, columns).

        ATTRIBUTES are the settings that terminal starts with. Raises CannotRunError with the status that a shell
        would give. Returns after the exec.
        """
        program = find_program(argv[0], environment.get("PATH", os.defpath))

        def prepare() -> None:
            for name in _IGNORED_BY_PYTHON:
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
            if attributes is not None:
                termios.tcsetattr(0, termios.TCSANOW, attributes)

        try:
            process = PtyProcess.spawn([program, *argv[1:]], env=dict(environment), preexec_fn=prepare, dimensions=size)
        except OSError as error:
            raise _cannot_run(argv[0], error) from error
        except Exception as error:
            raise PtyError(f"no terminal for {argv[0]}: {error}") from error
        return cls(process)

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
        """Bring `status` and `stopped` up to date, without waiting."""
        while self.status is None:
            pid, wait_status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if not pid:
                return
            self.stopped = os.WIFSTOPPED(wait_status)
            if os.WIFSIGNALED(wait_status):
                self.status = 128 + os.WTERMSIG(wait_status)
            elif os.WIFEXITED(wait_status):
                self.status = os.WEXITSTATUS(wait_status)

    def line_discipline(self) -> tuple[bool, bool]:
        """Whether the kernel edits the line (canonical), and whether it echoes; (False, False) if that is unknown."""
        try:
            flags = termios.tcgetattr(self.fd)[LFLAG]
        except termios.error:
            return False, False
        return bool(flags & termios.ICANON), bool(flags & termios.ECHO)

    def close(self) -> None:
        """Hang up its terminal."""
        if self.fd >= 0:
            self._process.fileobj.close()
            self.fd = -1


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


def _cannot_run(name: str, error: OSError) -> CannotRunError:
    missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
    reason = os.strerror(error.errno) if error.errno else str(error)
    return CannotRunError(f"cannot run {name}: {reason}", NOT_FOUND if missing else NOT_EXECUTABLE)
