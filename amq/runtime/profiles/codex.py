"""Codex, measured on 0.169.0.

It is started without its shared daemon, because that runs shell commands with the environment of the first Codex that
used it, and so with another agent's AM_ME. And it is given a queue key of our own, F21, which its dialogs ignore and
which does not break off a turn as Enter does.
"""

from __future__ import annotations

from amq.pty.encode import kitty_key
from amq.pty.keystrokes import BURST, ENTER, Line
from amq.pty.row import RowRule
from amq.runtime.profiles import Addition, Profile
from amq.runtime.typed import ReadyWhen, Rules

F21 = 57384  # in kitty's numbering
QUEUE_SETTING = "tui.keymap.composer.queue="

PROFILE = Profile(
    name="codex",
    programs=("codex",),
    additions=(
        Addition(("--no-daemon",), unless=("--no-daemon", "--daemon", "shell_environment_policy.set")),
        Addition(("-c", f'{QUEUE_SETTING}["tab","f21"]'), unless=(QUEUE_SETTING, f"-c{QUEUE_SETTING}")),
    ),
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST),
    rules=Rules(
        row=RowRule(prompt="›", framed=False),
        submit=kitty_key(F21),
        inert=True,
        plain=ENTER,  # where a setting of the person's has taken our key away
        needs_paste_mode=True,
        full_screen=True,
        ready_when=ReadyWhen.PUBLISHED,
    ),
)
