"""A small process between us and the program, so that the program can be stopped: as `sudo` does it.

The kernel ignores ^Z for a process group that nobody in its own session looks after. So the leader of the session
in the inner terminal is not the program but this process, its parent; the program has a process group of its own,
in the foreground. What happens to it is reported through a pipe: its process id first, then each wait status, as
native integers of four bytes. A pipe that ends without the program's end means that the monitor was killed.
"""

from __future__ import annotations

import os
import signal
import sys

from amq.pty.descriptors import close_all_but

_NOT_OURS = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGPIPE", "SIGUSR1", "SIGUSR2")
_SIZE = 4


def divide(report: int) -> None:
    """Split the leader of a new session, whose terminal is descriptor 0, in two.

    One half returns, to become the program. The other is the monitor: it reports to the pipe REPORT, keeps nothing
    else open but the terminal, and never returns. Raises OSError if there is no process to be had.
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
    """The next number from the pipe, None at its end. Raises BlockingIOError when there is none yet."""
    data = os.read(report, _SIZE)  # never less than one: a pipe takes so little in one piece
    return int.from_bytes(data, sys.byteorder) if data else None


def _take_foreground() -> None:
    os.setpgid(0, 0)
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # it would stop us: this is still a background group
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, before)


def _watch(program: int, report: int) -> None:
    """Until PROGRAM has ended. Who wants to end it asks the host, which has its last output to show.

    When the terminal goes we end, also where hang-ups were ignored before us (nohup), and the kernel hangs up the
    program, stopped or not: what becomes of one that ignores it, there is nobody to tell.
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
