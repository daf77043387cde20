"""opencode. Measured: it lives on the alternate screen, which stays empty for eight seconds and more at the start.

None of its keys is known to mean nothing to a dialog: the line is submitted only where exactly it came back.
"""

from __future__ import annotations

from amq.pty.keystrokes import ENTER, Line
from amq.runtime.profiles import Profile
from amq.runtime.typed import Rules

PROFILE = Profile(
    name="opencode",
    programs=("opencode",),
    tested=("1.18.33",),
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), escape_waits=False),
    rules=Rules(by_echo=True, needs_paste_mode=True, full_screen=True, quiet=1.0, patience=30.0),
)
