"""Start a program in its own pseudo-terminal, by fork and exec; the rest stays as our caller gave it.

Descriptors above the standard ones that our caller gave us are passed on, as in `amq run -- cat <(echo hi)`; those that
Python opens are closed by the exec.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence

from amq.pty import session_leader
from amq.pty.errors import PtyError
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ", "SIGXFZ")
_PREPARING, _STARTING = b"p", b"s"  # the step that failed, in the pipe that reports it; the errno follows


@record
class Program:
    """A program to run: the file PATH with the arguments ARGV, of which the first need not be its name."""

    path: str
    argv: Sequence[str]
    environment: Mapping[str, str]


@record
class Started:
    """Process ids of a program and its monitor, our side of the program's terminal, and the monitor's report pipe."""

    pid: int
    monitor: int
    fd: int
    report: int


def start(program: Program, given: Mapping[int, int], prepare: Callable[[], None]) -> Started:
    """Start PROGRAM in a new session with a new terminal; PREPARE is called in it before the exec.

    The terminal is its standard input, output and error, except for the numbers for which GIVEN has another descriptor.
    Raises OSError if the program cannot be run, and PtyError if no terminal or process is available.
    """
    report, report_end = os.pipe()
    try:
        leader, fd = _start(program, given, report_end, prepare)
    except BaseException:
        os.close(report)
        raise
    finally:
        os.close(report_end)
    pid = session_leader.read_report(report)
    if not pid:
        raise PtyError(f"{program.argv[0]} was killed while it started")
    return Started(pid, leader, fd, report)


def _start(program: Program, given: Mapping[int, int], report: int, prepare: Callable[[], None]) -> tuple[int, int]:
    """Return the process id of the new session's leader, which becomes the monitor, and our side of its terminal."""
    failure, failure_end = os.pipe()
    kept = {number: os.dup(fd) for number, fd in given.items()}  # the numbers are about to be the terminal's
    try:
        leader, fd = os.forkpty()
        if not leader:
            _become(program, kept, report, prepare, failure_end)
    except OSError as error:
        os.close(failure)
        raise PtyError(f"no terminal for {program.argv[0]}: {error.strerror}") from error
    finally:
        for each in (failure_end, *kept.values()):
            os.close(each)
    with open(failure, "rb") as pipe:
        said = pipe.read()  # nothing, if the exec has closed the pipe
    if not said:
        return leader, fd
    os.close(fd)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(leader, 0)
    number = int(said[1:])
    if said[:1] == _STARTING:
        raise OSError(number, os.strerror(number))
    raise PtyError(f"no process for {program.argv[0]}: {os.strerror(number)}") from OSError(number, os.strerror(number))


def _become(
    program: Program, kept: Mapping[int, int], report: int, prepare: Callable[[], None], failure: int
) -> NoReturn:
    """Become the leader of the new session and then, in the half that is not the monitor, the program."""
    doing = _PREPARING
    try:
        prepare()
        session_leader.divide(report)
        for number, fd in kept.items():
            os.dup2(fd, number)
        for name in _IGNORED_BY_PYTHON:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
        doing = _STARTING
        os.execve(program.path, list(program.argv), program.environment)  # noqa: S606 - it is what we are for
    except BaseException as error:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        os.write(failure, doing + b"%d" % number)
    finally:
        os._exit(127)
