"""Claude Code. The submit key was measured on 2.1.330.

Ctrl-X Enter submits the line (and queues it while Claude works), and its permission dialogs ignore it. On 2.1.197 it
does nothing: the text stays in the line for the person to send. A plain Enter would do there what it does in a dialog,
so it is not tried as long as we cannot see whether one is open.

2.1.330 publishes its state, its dialogs and questions to the person included, to a terminal that answers it.
"""

from __future__ import annotations

from amq.pty.keystrokes import BURST, ENTER, Line
from amq.runtime.profiles import HookStyle, NativeWay, Profile, Published
from amq.runtime.typed import ReadyWhen, Rules

PROFILE = Profile(
    name="claude",
    programs=("claude",),
    tested=("2.1.330", "2.1.197"),
    hooks=HookStyle.SETTINGS,
    publishes=Published.SESSIONS,
    native=NativeWay.CLAUDE_SOCKET,
    keeps_path=True,
    answers_state=True,
    # Ctrl-J breaks the line, Ctrl-U clears one line of many, Ctrl-C may end a turn and leave the line
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST),
    rules=Rules(
        submit=b"\x18\r",
        inert=True,
        needs_paste_mode=True,
        full_screen=True,
        ready_when=ReadyWhen.TITLED,  # its trust dialog, which the submit key would answer, comes before the title
        quiet=1.0,  # keys in the first second are often swallowed
    ),
)
