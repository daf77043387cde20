"""Claude Code, measured on 2.1.332, 2.1.330 and 2.1.197.

Its input row is between two lines across the screen. The cursor is in the row, though never visible. The row is gone
while a dialog, a question to the user or the transcript fills the screen.

Its list of agents (`claude agents`, and the left arrow in an empty row) has an input row too. There a line starts a new
session, and Ctrl-X ends the selected one. The list is recognised by its placeholder, by the text below its row, and by
`state=clear`. A no-break space follows the prompt of a session, an ordinary one the prompt of the list.

On a plain terminal (TERM=linux) the prompt is `>` instead of `❯`. For a screen reader the row is the last row of plain
text, after `$`; 2.1.197 has no prompt there, and its row is not found. On a small screen a text of many rows pushes the
lower line out. A longer text scrolls, and the lines say so.

Ctrl-X Enter submits the line (and queues it while Claude works); permission dialogs ignore it. On 2.1.197 it has no
effect. There a plain Enter follows, once, when the row shows our text and the title says that Claude is idle: then no
turn is running that could open a dialog.

From 2.1.330 it publishes its state, including dialogs and questions to the user, to a terminal that answers its query.
"""

from __future__ import annotations

from amq.pty.input_row import RowRule
from amq.pty.keystrokes import BURST_S, ENTER, Line
from amq.record import replace
from amq.runtime.agents.claude import SHELL_VARIABLES
from amq.runtime.agents.profile import HookStyle, NameSource, NativeWay, Profile, StatusSource, ToolOutput
from amq.runtime.policy.injection import InjectionRules, ReadyWhen

ROW = RowRule(
    prompt="❯",
    framed=True,
    placeholders=(
        "Try .+",
        "Press up to (?:edit|select) .+",
        "Describe something to build, change, or fix",
        "Resend your message to try again",
        "Once fixed.+",
        "Run /rewind to go back",
    ),
    suggests_behind="❯\xa0",  # the user's next line, as a model guesses it
    elsewhere=(
        "describe a task for a new session",
        "Message @.+",  # a sub-agent's transcript: the line would be for it
        "Press Enter to edit the selected message.*",
        "Taking your message back…",
        r"enter to (?:return|create|open)\b",
        r"ctrl\+x to (?:remove|stop)\b",
    ),
    scrolled="^─+ [↑↓] \\d+ more ─",
    shows=(3, 2, 5),
)
_BASH = "(?P<Bash>.+)"
_PROCEED = r"Do you want to proceed\?$"
_APPROVAL = r"(?: This command requires approval\n\n?)?"
FLAT = RowRule(
    prompt="$",
    framed=False,
    flat=True,
    indent=3,
    elsewhere=(r"^(?:◯|\( \)) main\s*$",),  # another's transcript: the line would be for that sub-agent
    shows=(1, 1, 1),
)

PROFILE = Profile(
    name="claude",
    programs=("claude",),
    session=(
        *SHELL_VARIABLES,
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_CODE_SESSION_ATTENDED",
        "CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS",
        "CLAUDE_CODE_SSE_PORT",  # an editor sets it, too, and then it is wanted
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_PROJECT_DIR",
        "CLAUDE_ENV_FILE",
        "CLAUDE_PID",
    ),
    tested=("2.1.332", "2.1.330", "2.1.197"),
    hooks=HookStyle.SETTINGS,
    permissions_since="2.1.330",  # 2.1.197 lets a command set variables and read any file as its stdin
    plugin_versions=("2.1.332", "2.1.330"),  # 2.1.197 ignores it without a word
    publishes=StatusSource.SESSIONS,
    names=NameSource.SESSIONS,
    native=NativeWay.CLAUDE_SOCKET,
    keeps_path=True,
    answers_state=True,
    tool_output=ToolOutput(30_000, variable="BASH_MAX_OUTPUT_LENGTH"),  # which raises nothing, measured to 2.1.332
    continues=("--continue",),
    asks=(
        rf"^ Bash command\n(?:.+\n)*?╌+\n {_BASH}\n╌+\n{_APPROVAL} {_PROCEED}",
        rf"^ Bash command\n\n   {_BASH}\n   .+\n\n{_APPROVAL} {_PROCEED}",  # 2.1.197
        rf"^Permission Required: Bash command\n(?:.+\n)*?(?:> .+\n)?> {_BASH}\n(?:[^>\n].*\n)*?{_PROCEED}",
    ),
    no_session=("agents", "mcp", "-p", "--print"),
    # Ctrl-J breaks the line, Ctrl-U clears one line of many, Ctrl-C may end a turn and leave the line
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST_S, escape_waits=False),
    rules=InjectionRules(
        prompt_row=replace(ROW, also=(replace(ROW, prompt=">", suggests_behind=">\xa0"), FLAT)),
        submit=b"\x18\r",
        dialog_safe=True,
        fallback_submit_key=ENTER,
        fallback_versions=("2.1.197",),
        idle_title="✳".encode(),
        busy_sign="esc to interrupt",
        needs_paste_mode=True,
        full_screen=True,
        ready_when=ReadyWhen.TITLED,  # its trust dialog, which the submit key would answer, comes before the title
        startup_quiet_s=1.0,  # keys in the first second are often swallowed
        startup_grace_s=1.0,
    ),
)
