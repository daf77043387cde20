"""What an agent's program says of itself beside its terminal: in a file of its own, and by its hooks.

Two witnesses may disagree. The one that asks for more care counts, but a hook's word only where there is no other:
programs do not call a hook for every way in which a turn can end.
"""

from __future__ import annotations

import os
import time
from typing import Protocol

from amq.pty.osc_state import AgentState
from amq.runtime.hooks.script import EVENT_NAME

MOST_CAUTIOUS_LAST = (
    None, AgentState.DONE, AgentState.IDLE, AgentState.ERROR, AgentState.WORKING,
    AgentState.OTHER, AgentState.CLEAR, AgentState.BLOCKED,
)  # in rising order  # fmt: skip
_LAST_EVENTS = 32  # bytes that hold the last event's word

_EVENTS = {
    **dict.fromkeys(("prompt", "tool"), AgentState.WORKING),
    "ask": AgentState.BLOCKED,
}


class StatusFile(Protocol):
    """A file in which a program says what it is doing. One that cannot be read says nothing."""

    def state(self) -> AgentState | None:
        """Return what it is doing; None if that is not known."""

    def version(self) -> str:
        """Return the program's version, or an empty string."""

    def is_detached(self) -> bool:
        """Whether the terminal may show something else than what the file speaks of."""


class AgentStatus:
    """What one program says of itself.

    FILES is the directory of its run, in which its hooks note each event; empty if it has none of that run. FILE is one
    that the program itself writes; None for a program that writes none.
    """

    def __init__(self, files: str, file: StatusFile | None = None) -> None:
        self.file = file
        self._event = f"{files}/{EVENT_NAME}" if files else ""
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
        said = self.file.state() if self.file else None
        if said is None and published is None:
            event, written = self._last_event()
            return _EVENTS.get(event) if last_key is None or last_key < self._when(written, now) else None
        return max(said, published, key=MOST_CAUTIOUS_LAST.index)

    def version(self) -> str:
        """Return the version that the program's file names, or an empty string. Once known it stays as it is."""
        self._version = self._version or (self.file.version() if self.file else "")
        return self._version

    def is_detached(self) -> bool:
        """Whether the terminal may show something else than the session that the file speaks of."""
        return self.file is not None and self.file.is_detached()

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
