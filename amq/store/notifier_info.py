"""The process that notifies an agent of its mail: the holder of a lock that dies with that process."""

from __future__ import annotations

import os

from amq import jsontext
from amq.errors import is_write_forbidden
from amq.layout import NOTIFIER_NAME
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import AgentLayout

MAX_BYTES = 4096


@record
class Notifier:
    """The process that notifies an agent, and the amq command that it runs (such as `run`).

    `run` is the random word by which the hosted program's own shells know it (`config.RUN`); empty where they cannot.
    """

    pid: int
    how: str
    run: str = ""


def read_notifier(agent: AgentLayout) -> Notifier | None:
    """Return the agent's notifier; None if its lock is free, whatever the file says. Raises OSError.

    The lock is tried only if the file names a process, and released at once, so that a notifier starting at this
    instant hardly ever finds it taken. A sandbox where nothing may be written still allows trying it.
    """
    try:
        with Directory(agent.state) as state:
            fd = _open(state)
    except FileNotFoundError:
        return None
    try:
        named = parse_notifier(durable.read_all(fd, MAX_BYTES))
        return None if named is None or durable.syscalls.lock(fd) else named
    finally:
        durable.close(fd)


def _open(state: Directory) -> int:
    try:
        return durable.syscalls.open(state, NOTIFIER_NAME, os.O_RDWR)
    except OSError as error:
        if not is_write_forbidden(error.errno):
            raise
    return durable.syscalls.open(state, NOTIFIER_NAME, os.O_RDONLY)


def parse_notifier(data: bytes) -> Notifier | None:
    """Return the notifier that the lock file's content names; None if it names none."""
    try:
        wire = jsontext.parse(data)
        pid, how, run = wire["pid"], wire["how"], wire.get("run", "")
    except (ValueError, TypeError, KeyError):
        return None
    return Notifier(pid, how, run) if [type(pid), type(how), type(run)] == [int, str, str] else None
