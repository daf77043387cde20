"""The file that Claude Code keeps for each of its processes, as measured on 2.1.197 and 2.1.330."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from amq.pty.osc_state import AgentState
from amq.runtime.agents.claude.cli import DIRECTORY

_LONGEST = 1 << 16  # bytes
_STATUS = {"idle": AgentState.IDLE, "busy": AgentState.WORKING, "waiting": AgentState.BLOCKED}


class SessionFile:
    """The one in the directory SESSIONS of the process PID, which was started at STARTED (seconds since the epoch)."""

    def __init__(self, sessions: str, pid: int, started: float) -> None:
        self._path = f"{sessions}/{pid}.json"
        self._pid = pid
        self._started = started

    def state(self) -> AgentState | None:
        """Return its status, where the file is up to date."""
        session = self.read()
        return None if "parkedJobId" in session else _STATUS.get(str(session.get("status")))

    def version(self) -> str:
        """Return the version that it names, or an empty string."""
        return str(self.read().get("version", ""))

    def is_detached(self) -> bool:
        """Whether the terminal may show another session than the file's, or Claude Code's list of them.

        The list puts the session into a process of its own. Back from there, the file of the first process still
        names the parked job, and its status is out of date.
        """
        return "parkedJobId" in self.read()

    def read(self) -> dict[str, Any]:
        """Return its JSON object; an empty one if a dead process with the same id left it behind."""
        try:
            with open(self._path, "rb") as file:
                wire = json.loads(file.read(_LONGEST))
            return dict(wire) if wire["pid"] == self._pid and wire["startedAt"] / 1000 >= self._started - 1 else {}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return {}


def sessions(environment: Mapping[str, str]) -> str:
    """Return the directory that holds these files."""
    return f"{DIRECTORY.find(environment)}/sessions"
