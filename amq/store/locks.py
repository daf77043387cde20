"""The mailbox lock, and the private state beside it.

The lock is an flock, which dies with its process. It is held only for a moment, never while anything is shown or waited
for. If a process is stopped in that moment, the others fail with an error instead of hanging.
"""

from __future__ import annotations

import os
import time

from amq.errors import AmqError
from amq.layout import AgentLayout, RootedPath
from amq.store import durable
from amq.store.durable import Directory

LOCK_WITHIN_S = 10.0
"""Seconds that one process may keep a lock while others wait; normally it is held for milliseconds."""


def open_state(agent: AgentLayout, path: RootedPath) -> Directory:
    """Return the private directory PATH of a mailbox, made if needed (other programs' mailboxes have none)."""
    try:
        return Directory(path)
    except FileNotFoundError:
        from amq.store import directories

        directories.make([agent.state] if path == agent.state else [agent.state, path])
        return Directory(path)


def mailbox_lock(agent: AgentLayout, within_s: float = LOCK_WITHIN_S) -> Held:
    """Hold the mailbox's lock; raises AmqError if one other process has it for more than WITHIN_S seconds."""
    open_state(agent, agent.state).close()
    return lock_beside(agent.state, "lock", within_s)


def lock_beside(path: RootedPath, name: str, within_s: float = LOCK_WITHIN_S) -> Held:
    """Hold the lock file NAME in the directory PATH; raises AmqError if another process has it for WITHIN_S seconds."""
    return Held(path, name, within_s)


class Held:
    """A `with` block that holds a lock file. Written by hand, since `contextlib` costs each command 0.07 of `pass`."""

    def __init__(self, path: RootedPath, name: str, within_s: float) -> None:
        self._path = path
        self._name = name
        self._within_s = within_s

    def __enter__(self) -> None:
        with Directory(self._path) as directory:
            self._fd = open_lock(directory, self._name)
            try:
                _wait_for(self._fd, os.path.join(self._path, self._name), self._within_s)
                durable.syscalls.touch(directory, self._name)
            except BaseException:
                durable.close(self._fd)
                raise

    def __exit__(self, *_: object) -> None:
        durable.close(self._fd)


def open_lock(directory: Directory, name: str) -> int:
    """Return a descriptor for the lock file, made if needed with a mode that lets its owner open it again."""
    try:
        return durable.syscalls.open(directory, name, os.O_RDWR)
    except FileNotFoundError:
        return _make_lock(directory, name) if directory.owner is None else _make_lock_for_owner(directory, name)


def _make_lock(directory: Directory, name: str) -> int:
    fd = durable.syscalls.open(directory, name, os.O_RDWR | os.O_CREAT)
    try:
        durable.syscalls.chmod(fd, durable.FILE_MODE)
    except BaseException:
        durable.close(fd)
        raise
    return fd


def _make_lock_for_owner(directory: Directory, name: str) -> int:
    """Make the lock in another user's directory, so that this user can open it from the moment it exists."""
    from contextlib import suppress

    from amq.store.directories import fresh_name

    with suppress(FileExistsError):
        durable.publish_new(directory, fresh_name(), directory, name, b"")
    return durable.syscalls.open(directory, name, os.O_RDWR)


def _wait_for(fd: int, path: str, within_s: float) -> None:
    """Wait until the lock is held. Each new holder touches the file, which restarts the within_s of the others."""
    pause, since, deadline = 0.0005, -1, 0.0
    while not durable.syscalls.lock(fd):
        now, touched = time.monotonic(), durable.syscalls.stat(fd).st_mtime_ns
        if touched != since:
            since, deadline = touched, now + within_s
        elif now > deadline:
            raise AmqError(
                f"another process held the lock {path} for {within_s:g} s",
                hint="it may be stopped (^Z): resume or end it",
            )
        time.sleep(pause)
        pause = min(pause * 2, 0.02)
