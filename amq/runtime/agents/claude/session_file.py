"""The status file that Claude Code keeps for each of its processes, as measured on 2.1.197 and 2.1.330."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from amq.pty.osc_state import AgentState
from amq.runtime.agents.claude.setup_facts import DIRECTORY

_LONGEST = 1 << 16  # bytes
_STATUS = {"idle": AgentState.IDLE, "busy": AgentState.WORKING, "waiting": AgentState.BLOCKED}


class SessionFile:
    """The status file of the process PID, started at STARTED (seconds since the epoch), in the directory SESSIONS."""

    def __init__(self, sessions: str, pid: int, started: float) -> None:
        self._path = f"{sessions}/{pid}.json"
        self._pid = pid
        self._started = started

    def state(self) -> AgentState | None:
        """Return the session's state; None if it is unknown or the file is out of date."""
        session = self.read()
        return None if "parkedJobId" in session else _STATUS.get(str(session.get("status")))

    def version(self) -> str:
        """Return Claude Code's version, or an empty string."""
        return str(self.read().get("version", ""))

    def name(self) -> str:
        """Return the session's name: the user's own, or the one that Claude Code has made up; "" if it is unknown."""
        session = self.read()
        name = "" if "parkedJobId" in session else session.get("name")
        return name if type(name) is str else ""

    def is_detached(self) -> bool:
        """Return whether the terminal may show another session than the file's, or the list of sessions.

        The list moves the session into a process of its own. When the user comes back, the file of the first process
        still names the parked job, and its status is out of date.
        """
        return "parkedJobId" in self.read()

    def read(self) -> dict[str, Any]:
        """Return the file's JSON object; an empty one if it is unreadable, or a dead process with this id wrote it."""
        try:
            with open(self._path, "rb") as file:
                wire = json.loads(file.read(_LONGEST))
            return dict(wire) if wire["pid"] == self._pid and wire["startedAt"] / 1000 >= self._started - 1 else {}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return {}


def sessions(environment: Mapping[str, str]) -> str:
    """Return the directory of the status files."""
    return f"{DIRECTORY.find(environment)}/sessions"
