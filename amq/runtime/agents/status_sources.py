"""The state that an agent reports besides its terminal output: in a status file, and by its hooks.

If two sources disagree, the more cautious one counts. A hook event counts only where there is no other source: programs
do not call a hook for every way in which a turn can end.
"""

from __future__ import annotations

import os
import time

from amq.pty.osc_state import AgentState
from amq.runtime.hooks.script import EVENT_NAME, last_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class StatusFile(Protocol):
        """A file in which a program reports its state. An unreadable one reports nothing."""

        def state(self) -> AgentState | None:
            """Return the program's state; None if unknown."""

        def version(self) -> str:
            """Return the program's version, or an empty string."""

        def is_detached(self) -> bool:
            """Return whether the terminal may show something other than the session in the file."""


MOST_CAUTIOUS_LAST = (
    None, AgentState.DONE, AgentState.IDLE, AgentState.ERROR, AgentState.WORKING,
    AgentState.OTHER, AgentState.CLEAR, AgentState.BLOCKED,
)  # in rising order  # fmt: skip

_EVENTS = {
    **dict.fromkeys(("prompt", "edit", "tool", "failure", "batch"), AgentState.WORKING),
    "ask": AgentState.BLOCKED,
}


class AgentStatus:
    """The state that one program reports.

    FILES is the directory of its run, where its hooks note each event; empty if there is none. FILE is the status file
    that the program itself writes; None if it writes none.
    """

    def __init__(self, files: str, file: StatusFile | None = None) -> None:
        self.file = file
        self._files = files
        self._version = ""
        self._written = self._happened = 0.0  # the last event's time, on the wall clock and on that of `look`

    @property
    def hooks_active(self) -> bool:
        """True if the program calls our hooks: it has done so, and has not ended its session."""
        return last_event(self._files)[0] not in ("", "end")

    @property
    def hooks_silent(self) -> bool:
        """True if the program was given hooks and has never called one."""
        return bool(self._files) and self.noted_bytes == 0

    @property
    def noted_bytes(self) -> int:
        """The size of what the program's hooks have noted. It grows with each event, and only then."""
        try:
            return os.stat(f"{self._files}/{EVENT_NAME}" if self._files else "").st_size
        except OSError:
            return 0

    @property
    def turn_ended(self) -> bool:
        """True if the last hook that the program called was that of the end of a turn: it was not interrupted."""
        return last_event(self._files)[0] == "stop"

    def look(self, published: AgentState | None, last_key: float | None, now: float) -> AgentState | None:
        """Return the state that counts, given the one that the program has PUBLISHED by OSC 7501.

        LAST_KEY is the time of the user's last key, after which an earlier hook event no longer counts: no hook reports
        that a dialog was answered or a turn interrupted.
        """
        said = self.file.state() if self.file else None
        if said is None and published is None:
            event, written = last_event(self._files)
            return _EVENTS.get(event) if last_key is None or last_key < self._when(written, now) else None
        return max(said, published, key=MOST_CAUTIOUS_LAST.index)

    def version(self) -> str:
        """Return the version in the program's status file, or an empty string. Once known, it does not change."""
        self._version = self._version or (self.file.version() if self.file else "")
        return self._version

    def is_detached(self) -> bool:
        """Return whether the terminal may show something other than the session in the status file."""
        return self.file is not None and self.file.is_detached()

    def _when(self, written: float, now: float) -> float:
        """Return the time WRITTEN on NOW's clock. The wall clock may be set or jump, so it is read once an event."""
        if written != self._written:
            self._written, self._happened = written, now - max(0.0, time.time() - written)
        return self._happened
