"""The state that a running bridge shows to the commands `status`, `why` and `who`: one small file in its directory.

The lock beside it is held while the bridge runs. So the file of one that has ended is never taken for what is.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager

from amq import jsontext
from amq.bridge.checked_table import BadBridge
from amq.errors import Conflict
from amq.layout import RootedPath
from amq.runtime.private_state import write_private
from amq.store import durable
from amq.store.durable import Directory
from amq.store.locks import open_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FILE, LOCK = "state.json", "run.lock"
_LARGEST_BYTES = 1 << 20
_AGENT = {"status": str, "note": str, "waits_for": str, "seen_ns": int}
_HOST = {"heard_ns": int, "clock_ahead_ns": int, "version": str, "agents": {str: _AGENT}}
_MAILBOX = {"mail": {str: int}, "ack": {str: int}, "reason": str}
_STATE = {
    "pid": int, "hub": str, "hub_reason": str, "since_ns": int,
    "trouble": {str: str}, "hosts": {str: _HOST}, "mailboxes": {str: _MAILBOX},
}  # fmt: skip
"""The type of each value, where it is there; behind `str` that of any name."""


@contextmanager
def running(directory: str) -> Iterator[None]:
    """Hold the lock of the bridge in DIRECTORY; raises Conflict if another process has it."""
    from amq.runtime.notifier_lock import take  # only here: who reads the state takes no lock

    with Directory(RootedPath(directory)) as opened:
        descriptor = open_lock(opened, LOCK)
        try:
            if not take(descriptor):
                raise Conflict(f"another amq bridge runs for this queue ({directory})", hint="one is enough")
            yield
        finally:
            durable.close(descriptor)


def is_running(directory: str) -> bool:
    """Return whether a bridge runs whose files are in DIRECTORY. Raises OSError.

    The lock is shared by all who ask at the same time, so that none of them takes another for the bridge.
    """
    import fcntl  # not on Windows, where no bridge runs

    with Directory(RootedPath(directory)) as opened:
        try:
            descriptor = durable.syscalls.open(opened, LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            durable.close(descriptor)
    return False


def write_state(directory: str, state: dict[str, Any]) -> None:
    """Write STATE, which JSON can hold. Raises OSError."""
    write_private(f"{directory}/{FILE}", json.dumps(state) + "\n")


def read_state(directory: str) -> dict[str, Any] | None:
    """Return what the bridge in DIRECTORY says, if it runs; else None. Raises BadBridge, or OSError."""
    if not is_running(directory):
        return None
    try:
        with Directory(RootedPath(directory)) as opened:
            wire = jsontext.parse(durable.read_regular(opened, FILE, _LARGEST_BYTES) or b"")
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BadBridge(f"{directory}/{FILE} is not JSON: {error}", hint="start the bridge again") from error
    if not _fits(wire, _STATE):
        reason = "is not of this version of amq, or was changed"
        raise BadBridge(f"{directory}/{FILE} {reason}", hint="start the bridge again: amq bridge run")
    assert isinstance(wire, dict)
    return wire


def _fits(value: object, types: Any) -> bool:
    """Return whether VALUE is of the type, or has values of these TYPES by name."""
    if isinstance(types, type):
        return type(value) is types
    if not isinstance(value, dict):
        return False
    if str in types:
        return all(_fits(each, types[str]) for each in value.values())
    return all(name in types and _fits(each, types[name]) for name, each in value.items())
