"""The file in which an agent's hooks remember what they handed over.

The waking reads it, to type nothing of that, and writes into it what it has typed at an agent that works.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

from amq.errors import AmqError
from amq.layout import RootedPath
from amq.record import replace
from amq.runtime.policy.hook_delivery import HookState
from amq.runtime.private import write_private
from amq.store.locks import lock_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PATIENCE = 2.0  # seconds for a hook to end
STATE_NAME = "hook.json"
LOCK_NAME = "hook.lock"
_LONGEST = 4 << 20  # bytes
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # which Windows does not have


def read_state(state: str) -> HookState:
    """What stands in the agent's private directory STATE; a new one if nothing does, or what does is damaged."""
    try:
        descriptor = os.open(f"{state}/{STATE_NAME}", _READ)
        with open(descriptor, "rb") as file:
            wire = json.loads(file.read(_LONGEST))
        return HookState(
            session=str(wire["session"]),
            announced=frozenset(wire["announced"]),
            blocked_stop_for=frozenset(wire["blocked_stop_for"]),
            attempts_since_drain=int(wire["attempts_since_drain"]),
            count=int(wire["count"]),
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return HookState()


def write_state(state: str, handed: HookState) -> None:
    """Replace what stands there."""
    wire = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in vars(handed).items()}
    write_private(f"{state}/{STATE_NAME}", json.dumps(wire))


def note_queued(state: str, ids: Iterable[str]) -> None:
    """A line that tells of IDS waits at the agent for its turn, so no hook has to. Not to note it only repeats it."""
    with suppress(AmqError, OSError), lock_beside(RootedPath(state), LOCK_NAME, PATIENCE):
        handed, queued = read_state(state), frozenset(ids)
        write_state(
            state,
            replace(handed, announced=handed.announced | queued, blocked_stop_for=handed.blocked_stop_for | queued),
        )


class HookStateWatcher:
    """Tells of each handing over once; those from before it was made do not count."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._version: tuple[int, int] | None = None
        self._count = read_state(state).count

    def another(self) -> bool:
        """Whether a hook has handed something over since the last call."""
        try:
            found = os.stat(f"{self._state}/{STATE_NAME}")
        except OSError:
            return False
        version = (found.st_mtime_ns, found.st_ino)
        if version == self._version:
            return False
        self._version = version
        before, self._count = self._count, read_state(self._state).count
        return self._count > before
