"""Store what the model of an agent knows of its mail, in a file of the agent's private directory.

The hooks write it. The wake loop reads it, and types nothing about that mail.
"""

from __future__ import annotations

import json
import os

from amq.layout import RootedPath
from amq.runtime.policy.hook_decision import HookState
from amq.runtime.private_state import write_private
from amq.store.locks import lock_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

LOCK_WITHIN_S = 2.0  # for a hook to end
STATE_NAME = "hook.json"
LOCK_NAME = "hook.lock"
_LONGEST = 4 << 20  # bytes
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # which Windows does not have


def locked(directory: str) -> AbstractContextManager[None]:
    """Hold the lock of the state in DIRECTORY: reading and writing it are then one step. Raises AmqError, OSError."""
    return lock_beside(RootedPath(directory), LOCK_NAME, LOCK_WITHIN_S)


def read_state(directory: str) -> HookState:
    """Return the state in the agent's private DIRECTORY; a new one if there is none, or if it is damaged."""
    try:
        descriptor = os.open(f"{directory}/{STATE_NAME}", _READ)
        with open(descriptor, "rb") as file:
            wire = json.loads(file.read(_LONGEST))
        return HookState(
            session=str(wire["session"]),
            announced=_ids(wire["announced"]),
            blocked_stop_for=_ids(wire["blocked_stop_for"]),
            attempts_since_drain=int(wire["attempts_since_drain"]),
            count=int(wire["count"]),
            lapses=int(wire.get("lapses", 0)),
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return HookState()


def _ids(found: list[object]) -> frozenset[str]:
    """Return the texts FOUND. Raises TypeError for anything else."""
    if not all(isinstance(each, str) for each in found):
        raise TypeError("not ids")
    return frozenset(map(str, found))


def write_state(directory: str, state: HookState) -> None:
    """Replace the state in DIRECTORY."""
    wire = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in vars(state).items()}
    write_private(f"{directory}/{STATE_NAME}", json.dumps(wire))


class HookStateWatcher:
    """Reports each announcement once. Those from before it was made do not count."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._version: tuple[int, int] | None = None
        self._count = read_state(directory).count

    def another(self) -> frozenset[str]:
        """Return the mail that the model knows of, if a hook has announced some since the last call; otherwise none."""
        try:
            found = os.stat(f"{self._directory}/{STATE_NAME}")
        except OSError:
            return frozenset()
        # the inode too: two writes within one tick of the filesystem's clock have one time
        version = (found.st_mtime_ns, found.st_ino)
        if version == self._version:
            return frozenset()
        self._version = version
        state = read_state(self._directory)
        before, self._count = self._count, state.count
        return state.announced if state.count > before else frozenset()
