"""opencode, measured on 1.18.33.

It uses the alternate screen, which stays empty for eight seconds or more at the start. Its row is in a box behind a
bar, with the cursor visible. A dialog has a box without a lower edge, and hides the cursor.

No key is known that its dialogs ignore. So Enter is pressed only while nothing on its screen says that it works and its
row holds exactly our line. Its server takes a text, too, if the user asks for that (`server`).

docs/agents.md says how often it was notified, and when.
"""

from __future__ import annotations

from amq.pty.input_row import RowRule
from amq.pty.keystrokes import ENTER, Line
from amq.runtime.agents.profile import NativeWay, Profile
from amq.runtime.policy.injection import InjectionRules

PROFILE = Profile(
    name="opencode",
    programs=("opencode",),
    tested=("1.18.33",),
    keeps_path=True,
    instructions="OPENCODE_CONFIG_CONTENT",
    native=NativeWay.OPENCODE_SERVER,
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), escape_waits=False),
    continues=("--continue",),
    rules=InjectionRules(
        prompt_row=RowRule(
            prompt="",
            framed=False,
            bar="┃",
            placeholders=("Ask anything….*",),
            faint=False,
            working=(r"\besc (?:again to )?interrupt\b",),
            elsewhere=(r"^\s*┃\s+Shell\b",),  # a line there is a command
        ),
        submit=b"",
        fallback_submit_key=ENTER,
        needs_paste_mode=True,
        full_screen=True,
        startup_quiet_s=1.0,
        startup_timeout_s=30.0,
    ),
)
