"""The terminal that `amq wake &` was started in, typed into by TIOCSTI; the agent has its foreground."""

from __future__ import annotations

import os
from functools import partial

from amq.pty import borrowed
from amq.runtime import processes
from amq.runtime.channels.blind import BlindChannel, Mode
from amq.runtime.profiles import Profile, profile_of

FORBIDDEN = "this kernel forbids programs to type into their terminal (dev.tty.legacy_tiocsti is 0)"


def open_channel(terminal: int, me: str, mode: Mode, *, submit: bool) -> BlindChannel:
    """To whatever program has the foreground of TERMINAL, our own."""
    return BlindChannel("tiocsti", me, partial(borrowed.push, terminal), running, mode=mode, submit=submit)


def running() -> Profile | None:
    """What has our terminal's keyboard; None while that is the shell at its prompt, or amq itself."""
    pid = processes.foreground(os.getpid())
    if pid is None or pid in (os.getsid(0), os.getpgrp()):
        return None
    return profile_of(processes.words(pid))
