"""The leader of the hosted program's session: a small process between us and the program, so that it can be stopped.

sudo(8) calls such a process its monitor. The kernel ignores ^Z for an orphaned process group: one without a parent in
another group of its session. So the leader of the session in the inner terminal is this process, the program's parent,
and the program has its own process group, in the foreground.

The monitor reports through a pipe: the program's process id first, then each wait status, as native integers of four
bytes. A pipe that ends before the program does means that the monitor was killed.
"""

from __future__ import annotations

import os
import signal
import sys

from amq.pty.descriptors import close_all_but

_NOT_OURS = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGPIPE", "SIGUSR1", "SIGUSR2")
_SIZE = 4


def divide(report: int) -> None:
    """Fork the leader of a new session, whose terminal is descriptor 0, into program and monitor.

    One half returns, to become the program. The other is the monitor: it reports to the pipe REPORT, keeps nothing else
    open but the terminal, and never returns. Raises OSError if no process is available.
    """
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if it was ignored, no status would come
    program = os.fork()
    if not program:
        signal.signal(signal.SIGCHLD, before)
        _take_foreground()
        return
    try:
        close_all_but({0, 1, 2, report})
        _watch(program, report)
    finally:
        os._exit(0)


def read_report(report: int) -> int | None:
    """Return the next number from the pipe REPORT, None at its end. Raises BlockingIOError when there is none yet."""
    data = os.read(report, _SIZE)  # always a whole number: a pipe takes so few bytes in one piece
    return int.from_bytes(data, sys.byteorder) if data else None


def _take_foreground() -> None:
    os.setpgid(0, 0)
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # it would stop us: this is still a background group
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, before)


def _watch(program: int, report: int) -> None:
    """Report the status of PROGRAM until it has ended. Other signals are ignored: they are the host's to serve.

    When the terminal hangs up, the monitor ends, also where hang-ups were ignored before us (nohup). The kernel then
    hangs up the program, stopped or not; the status of one that ignores that has no reader.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for name in _NOT_OURS:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    _tell(report, program)
    while True:
        _, status = os.waitpid(program, os.WUNTRACED | os.WCONTINUED)
        _tell(report, status)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return


def _tell(report: int, number: int) -> None:
    os.write(report, number.to_bytes(_SIZE, sys.byteorder))
