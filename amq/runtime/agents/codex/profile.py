"""Codex, measured on 0.171.0 and 0.169.0.

It is started without its shared daemon, which would run shell commands with the environment of the first Codex that
used it, and so with another agent's AM_ME. It is given an extra queue key, F21. Its dialogs ignore that key, and unlike
Enter it does not interrupt a turn. Without F21 there is Tab, which also queues a line, or submits it at once if Codex
is idle. Neither key approves anything.

The fields of /review, /rename, /export and /goal look like its input row. They are recognised by their placeholder and
by the line below them. F21 has no effect there; Enter would submit them.
"""

from __future__ import annotations

from amq.pty.encode import kitty_key
from amq.pty.input_row import RowRule
from amq.pty.keystrokes import BURST_S, ENTER, Line
from amq.runtime.agents.codex import HOME, HOME_VARIABLE, SETTINGS, SHELL_VARIABLES
from amq.runtime.agents.profile import Adaptation, Addition, HookStyle, NameSource, NativeWay, Profile, ToolOutput
from amq.runtime.policy.injection import InjectionRules, ReadyWhen

F21 = 57384  # in kitty's numbering
QUEUE_SETTING = "tui.keymap.composer.queue="

PROFILE = Profile(
    name="codex",
    programs=("codex",),
    tested=("0.171.0", "0.169.0"),
    session=(*SHELL_VARIABLES, "CODEX_SESSION_ID", "CODEX_TOOL_CALL_ID"),
    settings=(HOME_VARIABLE, f"{HOME}/{SETTINGS}"),
    additions=(
        Addition(
            ("--no-daemon",),
            unless=("--no-daemon", "--daemon", "shell_environment_policy.set.AM_ME"),
            why="its daemon would run commands with the environment of the process that started it first",
        ),
        Addition(
            ("-c", f'{QUEUE_SETTING}["tab","f21"]'),
            unless=(QUEUE_SETTING, f"-c{QUEUE_SETTING}"),
            why="a key that submits a line and that its dialogs ignore",
        ),
        Addition(
            ("-c", "shell_environment_policy.set.PATH={path}"),
            unless=("shell_environment_policy", "-cshell_environment_policy", "allow_login_shell"),
            unless_configured=("shell_environment_policy", "allow_login_shell"),
            why="its login shells would not find amq",
        ),
    ),
    chooses_environment=("shell_environment_policy",),
    hooks=HookStyle.CONFIG,
    hook_text="45000b",  # measured, with the limit that amq's hooks set
    hooks_need_trust=True,
    names=NameSource.INDEX,
    adaptation=Adaptation.CONFIG,
    native=NativeWay.CODEX_QUEUE,
    tool_output=ToolOutput(10_000),  # for a model that it does not know, measured to 0.171.0; for others it is more
    continues=("resume", "--last"),
    asks=(r"^  Would you like to run the following command\?\n(?:.*\n)*?  \$ (.+)\n\s*\n› 1\. ",),
    no_session=("exec", "e", "review", "app-server", "mcp-server", "exec-server", "queue", "sandbox"),
    submit_needs="f21",
    usual_submit=b"\t",
    line=Line(submit=frozenset({ENTER}), clear=frozenset(), burst=BURST_S, escape_waits=False),
    rules=InjectionRules(
        prompt_row=RowRule(
            prompt="›",
            framed=False,
            placeholders=("Ask Codex.*",),  # a narrow screen cuts it
            elsewhere=(r"^\s*enter submit\b",),
            shows=(2, 1, 4),
        ),
        submit=kitty_key(F21),
        dialog_safe=True,
        busy_sign="esc to interrupt",
        needs_paste_mode=True,
        full_screen=True,
        ready_when=ReadyWhen.PUBLISHED,
    ),
)
