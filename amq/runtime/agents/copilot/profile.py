"""GitHub Copilot CLI, measured on 1.0.102.

Its row is between two lines on the alternate screen, with the cursor visible, and has no placeholder. The row is gone
in a dialog, a question, its shell mode (prompt `!`) or another tab; a list of keys (`?`) leaves it. Beside its sidebar
the row is not found, and mail waits. It publishes no state: it works while the line below the row begins with `○`, `◎`,
`◉` or `●`, and that is also what it shows while it starts. Its title is that of the session.

Ctrl-Q submits the line when it idles, and queues it while it works; the turn goes on to its end. Dialogs and questions
ignore it. Enter would go into the running turn. Backspace takes a tenth of a second for each character, so a line that
is taken back may still be there when amq looks.

A line of 150 characters is seen whole at 80 columns. docs/agents.md says how often it was notified, and when.

Its shells keep the PATH, but what the user's login files put on it comes first: an `amq` there is the one that runs. By
its path it would be asked about each time: it asks before it touches any path outside of the project.

It takes hooks from the user's settings, the project and plugins (`--plugin-dir`); amq has none for it.
"""

from __future__ import annotations

from amq.pty.input_row import RowRule
from amq.pty.keystrokes import ENTER, Line
from amq.runtime.agents.profile import Profile
from amq.runtime.policy.injection import InjectionRules

CTRL_Q = b"\x11"

PROFILE = Profile(
    name="copilot",
    programs=("copilot",),
    tested=("1.0.102",),
    keeps_path=True,
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), escape_waits=False),
    continues=("--continue",),
    rules=InjectionRules(
        prompt_row=RowRule(
            prompt="❯",
            framed=True,
            faint=False,
            working=(r"^ [○◎◉●] \S",),
            elsewhere=(r"^ any key close help\b",),
        ),
        submit=CTRL_Q,
        dialog_safe=True,
        needs_paste_mode=True,
        full_screen=True,
        startup_quiet_s=1.0,
        startup_timeout_s=30.0,
    ),
)
