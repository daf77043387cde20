"""One notifier for each agent, by a lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import json
import os
import time

from amq import quoting
from amq.errors import UnsafePath
from amq.layout import NOTIFIER_NAME, AgentLayout, RootedPath
from amq.store import directories
from amq.store.durable import Directory
from amq.store.locks import open_lock, open_state
from amq.store.notifier_info import MAX_BYTES, Notifier, parse_notifier

PASSING_S = 0.1  # seconds; only a notifier holds the lock for longer


class TakenError(Exception):
    """Another process notifies the agent; `holder` is None if it has not written its name."""

    def __init__(self, holder: Notifier | None) -> None:
        super().__init__(str(holder))
        self.holder = holder

    @property
    def who(self) -> str:
        """Return the holder in words for the user."""
        return f"amq {self.holder.how}, process {self.holder.pid}" if self.holder else "another process"


class Claim:
    """The notifier's lock, held. Its descriptors are not inherited: programs that we start do not keep it."""

    def __init__(self, directory: RootedPath, how: str, run: str, lock: int, mailbox: int) -> None:
        self._directory = directory
        self._how = how
        self._run = run
        self._lock = lock
        self._mailbox = mailbox  # open, so that no other directory can have its inode number

    def holds(self) -> bool:
        """Return whether we notify the agent still; not if another process has its mailbox, made again meanwhile.

        If no process has the new one, we take it. A mailbox that is away is still ours; nothing is made in one that is
        being removed. Raises OSError.
        """
        try:
            if os.path.samestat(directories.look(_mailbox(self._directory)), os.fstat(self._mailbox)):
                return True
        except FileNotFoundError:
            return True
        open_state(AgentLayout(_mailbox(self._directory)), self._directory).close()
        try:
            again = claim(self._directory, self._how, self._run)
        except TakenError:
            return False
        self.release()
        self._lock, self._mailbox = again._lock, again._mailbox
        return True

    def release(self) -> None:
        """Release the lock."""
        os.close(self._lock)
        os.close(self._mailbox)


def claim(directory: RootedPath, how: str, run: str = "") -> Claim:
    """Become the notifier of the agent whose private DIRECTORY this is, or raise TakenError. RUN as in `Notifier`."""
    mailbox = Directory(_mailbox(directory)).fd
    assert mailbox is not None, "amq run and amq wake work only on POSIX systems"
    try:
        return Claim(directory, how, run, _claim(directory, Notifier(os.getpid(), how, run)), mailbox)
    except BaseException:
        os.close(mailbox)
        raise


def _mailbox(directory: RootedPath) -> RootedPath:
    return directory.parent


def _claim(directory: RootedPath, ours: Notifier) -> int:
    """Take the lock, and write OURS into it; return its descriptor. Raises TakenError."""
    with Directory(directory) as opened:
        descriptor = open_lock(opened, NOTIFIER_NAME)
    try:
        if os.fstat(descriptor).st_nlink > 1:  # it is written in place
            path = f"{directory}/{NOTIFIER_NAME}"
            raise UnsafePath(f"{path} has a second name (hard link)", hint=f"rm {quoting.shell(path)}")
        if not take(descriptor):
            raise TakenError(parse_notifier(os.pread(descriptor, MAX_BYTES, 0)))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(vars(ours)).encode() + b"\n", 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def take(descriptor: int) -> bool:
    """Return whether the lock could be taken. A process that only asks who holds it has it for an instant.

    That instant is waited out.
    """
    deadline = time.monotonic() + PASSING_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(PASSING_S / 10)
        else:
            return True
