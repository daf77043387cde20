"""Qwen Code, measured on 0.24.4 and 0.15.10. It is a fork of Gemini CLI, with another screen.

Its row is between two lines. 0.24.4 leaves the terminal's cursor in it; 0.15.10 draws its own, and leaves the
terminal's below. In a dialog the row is gone. It publishes no state: it works while a line says how to cancel.

No key is known that its dialogs ignore. So Enter is pressed only while it is idle and its row holds exactly our line.

docs/agents.md says how often it was notified, and when.

It takes hooks from settings and extensions alone: no argument adds some for one process. The files that a variable
names are the administrator's.
"""

from __future__ import annotations

from amq.pty.input_row import RowRule
from amq.pty.keystrokes import BURST_S, ENTER, Line
from amq.record import replace
from amq.runtime.agents.profile import Addition, Profile
from amq.runtime.policy.injection import InjectionRules

_ROW = RowRule(
    prompt="> ",
    framed=True,
    placeholders=("Type your message or @path/to/file",),
    faint=False,
    working=(r"\(\d[\dhms ]* · (?:.* · )?esc to cancel\)",),
)

PROFILE = Profile(
    name="qwen",
    programs=("qwen",),
    tested=("0.24.4", "0.15.10"),
    additions=(
        Addition(
            ("--append-system-prompt", "{introduction}"),
            unless=("--append-system-prompt", *("auth", "channel", "extensions", "hook", "mcp", "review")),
            why="introduces it to its model, behind its own words and yours",
        ),
    ),
    keeps_path=True,
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST_S, escape_waits=False),
    continues=("--continue",),
    rules=InjectionRules(
        prompt_row=replace(_ROW, also=(replace(_ROW, draws_cursor=True),)),
        submit=b"",
        fallback_submit_key=ENTER,
        needs_paste_mode=True,
        full_screen=True,
        startup_quiet_s=1.0,
        startup_timeout_s=30.0,
        submit_delay_s=0.3,
    ),
)
