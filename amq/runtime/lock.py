"""One notifier for each agent: a lock that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import json
import os
import time

from amq.layout import NOTIFIER_NAME
from amq.store.notifier import MAX_BYTES, Notifier, parse_notifier

PASSING = 0.1  # seconds; nobody but a notifier holds the lock for longer


class TakenError(Exception):
    """Somebody else notifies the agent; `holder` is None if it has not said who it is."""

    def __init__(self, holder: Notifier | None) -> None:
        super().__init__(str(holder))
        self.holder = holder

    @property
    def who(self) -> str:
        """Who it is, for people."""
        return f"amq {self.holder.how}, process {self.holder.pid}" if self.holder else "another process"


class Claim:
    """The lock, held. The descriptor is not inherited: programs that we start do not keep it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        os.close(self._descriptor)


def claim(directory: str, how: str) -> Claim:
    """Become the notifier of the agent whose private DIRECTORY this is, or raise TakenError."""
    descriptor = os.open(f"{directory}/{NOTIFIER_NAME}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if not _take(descriptor):
        holder = parse_notifier(os.pread(descriptor, MAX_BYTES, 0))
        os.close(descriptor)
        raise TakenError(holder)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "how": how}).encode() + b"\n", 0)
    return Claim(descriptor)


def _take(descriptor: int) -> bool:
    """Whether the lock is ours. Whoever only asks for the notifier holds it an instant: that is waited out."""
    deadline = time.monotonic() + PASSING
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(PASSING / 10)
        else:
            return True
