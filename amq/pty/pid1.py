"""Duties of the first process of a container, as docker(1) starts one: pass signals on, and reap orphans.

The kernel makes process 1 the parent of every process that has lost its own, and drops signals that process 1 does not
handle. So as process 1 we leave the hosting to a child, whose children are only its own, and stay as its parent.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from amq.pty.descriptors import close_all_but
from amq.pty.guard import GIVE_UP_AFTER_S
from amq.pty.host import OURS, PASSED_ON

INIT = 1  # process id of the first process

_PASSED_ON = {*PASSED_ON, *OURS}
_FOR_THE_JOB = {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH}  # the terminal sends them to all of it
_FROM_KERNEL = 0x80  # SI_KERNEL of sigaction(2)


def step_aside() -> None:
    """Fork as process 1: return in the child, exit with its status at its end. Else return at once. Raises OSError."""
    if os.getpid() != INIT:
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})
    host = os.fork()
    if host:
        try:
            close_all_but(set())  # holding the caller's pipes would hide that the child closed them
            os._exit(_look_after(host))
        finally:
            os._exit(128 + signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _look_after(host: int) -> int:
    """Pass signals on to HOST until it ends. Return its exit status, 128 + n for signal n."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        came = signal.sigwaitinfo({*_PASSED_ON, signal.SIGCHLD})
        if came.si_signo == signal.SIGCHLD:
            if (status := _bury(host)) is not None:
                break
        elif came.si_signo not in _FOR_THE_JOB or came.si_code != _FROM_KERNEL:
            os.kill(host, came.si_signo)
    if status >= 0:
        return status
    _wait_for_the_others()
    return 128 - status


def _bury(host: int) -> int | None:
    """Reap all children that have ended. Return the exit status of HOST if it is among them, -n for signal n."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == host:
                status = os.waitstatus_to_exitcode(ended[1])
    return status


def _wait_for_the_others() -> None:
    """Wait for the guard of a host that was killed, at most GIVE_UP_AFTER_S seconds: with process 1 all others end."""
    deadline = time.monotonic() + GIVE_UP_AFTER_S
    with contextlib.suppress(ChildProcessError):
        while (left := deadline - time.monotonic()) > 0:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                signal.sigtimedwait({signal.SIGCHLD}, left)
