"""What an agent's program says of itself beside its terminal: in a file of its own, and by its hooks.

Two witnesses may disagree. The one that asks for more care counts, but a hook's word only where there is no other:
programs do not call a hook for every way in which a turn can end.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from amq.pty.osc_state import AgentState
from amq.runtime.hooks.script import EVENT_NAME

MOST_CAUTIOUS_LAST = (
    None, AgentState.DONE, AgentState.IDLE, AgentState.ERROR, AgentState.WORKING,
    AgentState.OTHER, AgentState.CLEAR, AgentState.BLOCKED,
)  # in rising order  # fmt: skip
_LONGEST = 1 << 16  # bytes of a session's file
_LAST_EVENTS = 32  # bytes that hold the last event's word

_STATUS = {"idle": AgentState.IDLE, "busy": AgentState.WORKING, "waiting": AgentState.BLOCKED}
_EVENTS = {
    **dict.fromkeys(("prompt", "tool"), AgentState.WORKING),
    "ask": AgentState.BLOCKED,
}


class AgentStatus:
    """Of the program with process id PID, started at STARTED (seconds since the epoch).

    FILES is the directory of its run, in which its hooks note each event; empty if it has none of that run. SESSIONS is
    where Claude Code keeps a file for each of its processes (measured on 2.1.197 and 2.1.330), empty for another
    program.
    """

    def __init__(self, files: str, pid: int, started: float, sessions: str = "") -> None:
        self._event = f"{files}/{EVENT_NAME}" if files else ""
        self._session = f"{sessions}/{pid}.json" if sessions else ""
        self._pid = pid
        self._started = started
        self._version = ""
        self._written = self._happened = 0.0  # when the last event came, on the wall clock and on the looker's

    @property
    def hooked(self) -> bool:
        """Whether the program calls our hooks: it has done so, and not ended its session."""
        return self._last_event()[0] not in ("", "end")

    def look(self, published: AgentState | None, last_key: float | None, now: float) -> AgentState | None:
        """What counts, where PUBLISHED is what the program says by OSC 7501.

        LAST_KEY is the time of the person's last key: a dialog that was answered, or a turn that was broken off, is
        no event of any hook's, so a hook's word counts no longer than that.
        """
        said = self._status()
        if said is None and published is None:
            event, written = self._last_event()
            return _EVENTS.get(event) if last_key is None or last_key < self._when(written, now) else None
        return max(said, published, key=MOST_CAUTIOUS_LAST.index)

    def version(self) -> str:
        """Return the version that the program's file names, or an empty string. Once known it stays as it is."""
        self._version = self._version or str(self.session().get("version", ""))
        return self._version

    def is_detached(self) -> bool:
        """Whether the terminal may show another session than the file's, or Claude Code's list of them.

        The list puts the session into a process of its own. Back from there, the file of the first process still
        names the parked job, and its status is out of date.
        """
        return "parkedJobId" in self.session()

    def _status(self) -> AgentState | None:
        session = self.session()
        return None if "parkedJobId" in session else _STATUS.get(str(session.get("status")))

    def _last_event(self) -> tuple[str, float]:
        """Its name, and when it was written, in seconds since the epoch."""
        try:
            with open(self._event, "rb") as file:
                found = os.fstat(file.fileno())
                file.seek(max(0, found.st_size - _LAST_EVENTS))
                words = file.read().decode("ascii", "replace").split()
        except OSError:
            return "", 0.0
        return words[-1] if words else "", found.st_mtime

    def _when(self, written: float, now: float) -> float:
        """WRITTEN on the looker's clock. The other may be set, and jumps while the machine sleeps: it is asked once."""
        if written != self._written:
            self._written, self._happened = written, now - max(0.0, time.time() - written)
        return self._happened

    def session(self) -> dict[str, Any]:
        """What stands in the file of the program's process; nothing if a dead one with the same id left it behind."""
        try:
            with open(self._session, "rb") as file:
                wire = json.loads(file.read(_LONGEST))
            return dict(wire) if wire["pid"] == self._pid and wire["startedAt"] / 1000 >= self._started - 1 else {}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return {}


def claude_sessions(environment: Mapping[str, str]) -> str:
    """Where Claude Code keeps its sessions' files."""
    home = environment.get("CLAUDE_CONFIG_DIR") or os.path.join(environment.get("HOME", ""), ".claude")
    return os.path.join(home, "sessions")
