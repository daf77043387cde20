"""The mailbox lock, and the private state beside it.

The lock is an flock, which dies with its process. It is held for a moment only, never while anything is shown or
waited for; a process stopped inside that moment makes the others give up with a word instead of hanging.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from amq.errors import AmqError
from amq.layout import AgentLayout
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10.0
"""Seconds that a lock may stay with one process while others wait; it is held for milliseconds."""


def open_state(agent: AgentLayout, path: str) -> Directory:
    """The private directory PATH of a mailbox, made if need be (other programs' mailboxes have none)."""
    try:
        return Directory(path)
    except FileNotFoundError:
        durable.make_directories([agent.state] if path == agent.state else [agent.state, path])
        return Directory(path)


@contextmanager
def mailbox_lock(agent: AgentLayout, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the mailbox's lock; raises AmqError if one other process has it for more than PATIENCE seconds."""
    open_state(agent, agent.state).close()
    with lock_beside(agent.state, "lock", patience):
        yield


@contextmanager
def lock_beside(path: str, name: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock file NAME in the directory PATH; raises AmqError if another process has it for PATIENCE seconds."""
    with Directory(path) as directory:
        fd = _open_lock(directory, name)
        try:
            _wait_for(fd, os.path.join(path, name), patience)
            durable.steps.touch(directory, name)
            yield
        finally:
            durable.close(fd)


def _open_lock(directory: Directory, name: str) -> int:
    """The lock file, made if need be, for us to open again whatever the umask."""
    try:
        return durable.steps.open(directory, name, os.O_RDWR)
    except FileNotFoundError:
        fd = durable.steps.open(directory, name, os.O_RDWR | os.O_CREAT)
        try:
            durable.steps.chmod(fd, durable.FILE_MODE)
        except BaseException:
            durable.close(fd)
            raise
        return fd


def _wait_for(fd: int, path: str, patience: float) -> None:
    """Return when the lock is ours. Whoever gets it touches the file: with that the others' patience begins anew."""
    pause, since, deadline = 0.0005, -1, 0.0
    while not durable.steps.lock(fd):
        now, touched = time.monotonic(), durable.steps.stat(fd).st_mtime_ns
        if touched != since:
            since, deadline = touched, now + patience
        elif now > deadline:
            raise AmqError(
                f"another process has held the lock {path} for {patience:g} s",
                hint="it may be stopped (^Z): let it go on, or end it",
            )
        time.sleep(pause)
        pause = min(pause * 2, 0.02)
