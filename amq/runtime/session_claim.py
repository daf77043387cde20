"""One notifier for each open session, whatever the handle and the queue.

The claim is a lock on one byte of a file in the user's private directory: the byte that the session's process id
numbers. It dies with its process, and leaves no file behind for each session.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from amq import config
from amq.errors import AmqError, HostFailed
from amq.layout import QueueLayout, RootedPath
from amq.names import USER
from amq.runtime.agents import processes
from amq.runtime.agents.open_sessions import OpenSession
from amq.runtime.private_state import NoPrivateDirectory, PrivateState
from amq.store.durable import Directory
from amq.store.locks import open_lock
from amq.store.notifier_info import Notifier, read_notifier
from amq.store.registry import mailboxes

LOCK_NAME = "sessions.lock"


class SessionTaken(HostFailed):
    """Something notifies the session already."""

    code = "taken"


def how(session: OpenSession) -> str:
    """Return the words by which the notifier of SESSION calls itself (`Notifier.how`)."""
    return f"wake --session {session.reference}"


@contextmanager
def claimed(session: OpenSession, queue: QueueLayout, private: PrivateState) -> Iterator[None]:
    """Notify SESSION, and no other process does, for the time of a block.

    Raises SessionTaken if something does so already, and NoPrivateDirectory if the user has no directory for the lock.
    """
    if not private.directory:
        raise NoPrivateDirectory(
            f"cannot make sure that nothing else notifies {session.reference} ({private.why_not})",
            hint="set XDG_STATE_HOME to a directory that only you can use",
        )
    check_free(session, queue)
    with Directory(RootedPath(private.directory)) as directory:
        file = open_lock(directory, LOCK_NAME)
    try:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, session.pid)
        except OSError as error:
            raise _taken(session, notified_by(session, queue) or "an amq wake for another queue") from error
        yield
    finally:
        os.close(file)


def check_free(session: OpenSession, queue: QueueLayout) -> None:
    """Raise SessionTaken if something of amq is known to notify SESSION already."""
    if who := notified_by(session, queue):
        raise _taken(session, who)


def _taken(session: OpenSession, who: str) -> SessionTaken:
    what = f"{session.reference} is already notified by {who}"
    return SessionTaken(what, hint="to replace it, stop that process first")


def notified_by(session: OpenSession, queue: QueueLayout) -> str:
    """Return what of amq notifies SESSION already, in words; "" if nothing is known that does.

    That is a notifier of an agent of QUEUE, or an `amq run` in which the session was started.
    """
    for handle, notifier in _notifiers(queue):
        if _is_its(session, handle, notifier):
            return f"amq {notifier.how} as {handle} (process {notifier.pid})"
    if config.RUN in (session.environment or {}):
        return "amq run, in which it was started"
    return ""


def _notifiers(queue: QueueLayout) -> Iterator[tuple[str, Notifier]]:
    for handle in mailboxes(queue):
        try:
            notifier = read_notifier(queue.agent(handle))
        except (AmqError, OSError) as error:
            raise SessionTaken(f"cannot tell what notifies {handle}: {error}") from error
        if notifier:
            yield handle, notifier


def _is_its(session: OpenSession, handle: str, notifier: Notifier) -> bool:
    """Return whether NOTIFIER, of the agent HANDLE, hosts the SESSION's terminal, or notifies what is in it.

    The host of a terminal is the parent of its first process. A notifier in the terminal is of this session, unless it
    names another one or notifies the user.
    """
    if notifier.how.startswith("wake --session "):
        return notifier.how.startswith(f"{how(session)} ")
    if notifier.pid == processes.parent(session.leader):
        return True
    try:
        return handle != USER and os.getsid(notifier.pid) == session.leader
    except OSError:
        return False
