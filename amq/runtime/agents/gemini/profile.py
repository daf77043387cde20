"""Gemini CLI, measured on 0.61.0.

No key is known that its dialogs ignore. So Enter is pressed only while its title says that it is ready and its row
holds exactly our line. Its placeholder is not faint; it is recognised by its words. In a dialog the row is gone, and
the title says so. It is slow to start. It takes an Enter for a line break that it reads within 40 ms of a paste by its
own clock: on a busy machine, 3 of 36 that were pressed 0.3 s after the text was seen, and none of 24 after 1 s.

docs/agents.md says how often it was notified, and when.

It takes hooks from settings and extensions alone: no argument adds some for one process. The files that a variable
names are the administrator's.
"""

from __future__ import annotations

from amq.pty.input_row import RowRule
from amq.pty.keystrokes import BURST_S, ENTER, Line
from amq.pty.osc_state import AgentState
from amq.runtime.agents.profile import Profile
from amq.runtime.policy.injection import InjectionRules, ReadyWhen

PROFILE = Profile(
    name="gemini",
    programs=("gemini",),
    tested=("0.61.0",),
    keeps_path=True,
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST_S, escape_waits=False),
    continues=("--resume", "latest"),
    rules=InjectionRules(
        prompt_row=RowRule(
            prompt=" > ",
            framed=False,
            indent=3,
            hides_cursor=True,
            placeholders=("Type your message or @path/to/file",),
            faint=False,
        ),
        submit=b"",
        fallback_submit_key=ENTER,
        titles=(
            ("◇".encode(), AgentState.IDLE),
            ("✦".encode(), AgentState.WORKING),
            ("⏲".encode(), AgentState.WORKING),
            ("✋".encode(), AgentState.BLOCKED),
        ),
        needs_paste_mode=True,
        full_screen=True,
        ready_when=ReadyWhen.TITLED,
        startup_timeout_s=20.0,
        submit_delay_s=1.0,
    ),
)
