"""Know whether the user has interrupted the program's work, and submitted nothing since.

A program that publishes its state (`osc_state`) shows it: it works, the user presses a key that interrupts, and soon
after it says that it is idle.
"""

from __future__ import annotations

import re

from amq.pty.osc_state import AgentState

WITHIN_S = 2.0  # seconds from the key until the program has stopped its work

_KEY = rb"(?:\x1b|\x03|\x1b\[27(?:;1(?::1)?)?u|\x1b\[99;5(?::1)?u)\Z"
"""Escape and Ctrl-C, plain and in kitty's encoding, at the end of what the user has typed."""


class Interruption:
    """The last interruption. Times are in seconds of the caller's clock."""

    def __init__(self) -> None:
        self._key: float | None = None
        self._sent: int | None = None

    def typed(self, data: bytes, published: AgentState | None, now: float) -> None:
        """Note the user's bytes DATA, which came while the program had PUBLISHED its state."""
        if published is AgentState.WORKING and re.search(_KEY, data):
            self._key = now

    def changed(self, before: AgentState | None, after: AgentState | None, sent: int, now: float) -> None:
        """Note that the program's published state has changed; SENT counts the lines that the user has submitted."""
        if after is AgentState.WORKING:
            self._sent = None
        elif before is AgentState.WORKING and after in (AgentState.IDLE, AgentState.DONE):
            is_cause = self._key is not None and now - self._key <= WITHIN_S
            self._sent = sent if is_cause else None
            self._key = None

    def lasts(self, sent: int) -> bool:
        """Return whether the user has submitted nothing since; SENT counts the lines that they have submitted."""
        return self._sent == sent
