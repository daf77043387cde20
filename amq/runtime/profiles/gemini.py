"""Gemini CLI. Measured: the submit key is taken 0.3 s after a paste and later, and it is slow to start.

None of its keys is known to mean nothing to a dialog: the line is submitted only where exactly it came back.
"""

from __future__ import annotations

from amq.pty.keystrokes import BURST, ENTER, Line
from amq.runtime.profiles import Profile
from amq.runtime.typed import ReadyWhen, Rules

PROFILE = Profile(
    name="gemini",
    programs=("gemini",),
    tested=("0.61.0",),
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST, escape_waits=False),
    rules=Rules(
        by_echo=True, needs_paste_mode=True, full_screen=True, ready_when=ReadyWhen.TITLED, patience=20.0, settle=0.3
    ),
)
