"""pi, measured on 0.73.1.

Its row is between two lines, without a prompt or a placeholder. The cursor is in the row, though never visible. A part
of a long text scrolls, and the lines say so. It asks for no permission. Menus and settings have no row, or text in it.
It publishes no state: it works while a braille spinner is right above the row. It sets its title when it is ready.

Alt-Enter submits the line when it idles, and queues it while it works, for the end of the work; menus ignore it. It is
taken in the encodings of modifyOtherKeys and of kitty, whichever mode is on.

docs/agents.md says how often it was notified, and when.

Extensions can send it a message (`-e FILE`); amq has none for it.
"""

from __future__ import annotations

from amq.pty.input_row import RowRule
from amq.pty.keystrokes import ENTER, Line
from amq.runtime.agents.profile import Addition, Profile
from amq.runtime.policy.injection import InjectionRules, ReadyWhen

ALT_ENTER = b"\x1b[27;3;13~"  # by modifyOtherKeys

PROFILE = Profile(
    name="pi",
    programs=("pi",),
    tested=("0.73.1",),
    additions=(
        Addition(
            ("--append-system-prompt", "{introduction}"),
            unless=("install", "remove", "uninstall", "update", "list", "config"),
            why="introduces it to its model, behind its own words and yours",
        ),
    ),
    keeps_path=True,
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), escape_waits=False),
    continues=("--continue",),
    rules=InjectionRules(
        prompt_row=RowRule(
            prompt="",
            framed=True,
            indent=0,
            faint=False,
            working=(r"^ [⠀-⣿] ",),
            scrolled="^─+ [↑↓] \\d+ more ─",
        ),
        submit=ALT_ENTER,
        dialog_safe=True,
        needs_paste_mode=True,
        full_screen=True,
        ready_when=ReadyWhen.TITLED,
        startup_quiet_s=1.0,
        startup_timeout_s=30.0,
    ),
)
