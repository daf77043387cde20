"""Hooks for one process of an agent's CLI: write the script that they call, and name it without changing a file.

The script is a few lines of shell that note the event and look into `new/`. It starts `amq hook` only where mail waits
or a session begins, and before an edit where another agent has leases. It reports no error to the agent.

`amq hook` imports this, so it is kept as light as a short command. The CLI's folder below `agents/` has the arguments
or settings that name the script.
"""

from __future__ import annotations

import os

from amq import quoting
from amq.layout import QueueLayout
from amq.runtime.policy.hook_decision import EVENTS
from amq.runtime.private_state import PROGRAM_MODE, write_private

HOOKED = "AMQ_HOOKED"
"""Set for a program that has amq's hooks for this one process: those that its settings have are then silent."""

EVENT_NAME = "hook.event"
SCRIPT_NAME = "hook"
PIPE_NAME = "hook.pipe"
WAITER_NAME = "hook.waiter"
WAKE_LINE_NAME = "hook.line"
SETTINGS_NAME = "settings.json"
TIMEOUT_S = 20  # after which the agent goes on without the hook
WAIT = "wait"
"""The word that lets the script wait in the background, until the host lets it begin a turn."""
WAIT_TIMEOUT_S = 7 * 24 * 3600
_LAST_EVENTS = 32  # bytes that hold the last event's word

_SCRIPT = """\
#!/bin/sh
# The hooks of {me}'s program call this with the name of an event. Mostly there is nothing to say: that costs no fork.
umask 077
if [ "$1" = wait ]; then
    # One waits at a time. It ends with the host, whose end of the pipe is then closed.
    IFS= read -r other <{waiter} && kill -0 "$other" && exit 0
    echo $$ >{waiter}
    read -r _ <{pipe} || exit 0
    IFS= read -r line <{line} || exit 0
    printf '%s\\n' "$line" >&3
    exit 2
fi 3>&2 2>/dev/null
{{ printf '%s\\n' "$1" >>{event}; }} 2>/dev/null
case $1 in
    start) ;;
    prompt | tool | failure | batch | stop | failed | interrupt)
        for mail in {new}/*.md; do
            [ -e "$mail" ] && break # a name may lead nowhere
        done || exit 0
        ;;
    edit)
        for lease in {leases}/*.json; do
            [ "$lease" != {own} ] && [ -e "$lease" ] && break
        done || exit 0
        ;;
    *) exit 0 ;;
esac
AM_ROOT={root} AM_ME={me} {command} hook {kind} "$1" --normal-after {normal_after_s:g}{options} 2>/dev/null
exit 0
"""


class BadSettingsError(Exception):
    """The user's own --settings cannot be read, so amq's hooks cannot be added to them."""


def write_script(
    files: str,
    inbox_new: str,
    *,
    root: str,
    me: str,
    kind: str,
    command: str,
    normal_after_s: float,
    budget: str = "",
    denies: bool = False,
) -> str:
    """Write the script that the hooks of KIND (claude, codex) call, and return its path.

    FILES is the directory of one `amq run`, COMMAND the path of amq, NORMAL_AFTER_S as in `hook_decision.decide`. The
    CLI passes BUDGET, such as `9500b`, of one hook's text to its model; "" for the usual. DENIES: an edit of what
    another agent has a lease on is refused.
    """
    leases = QueueLayout(root).leases
    words = {
        "kind": kind,
        "event": f"{files}/{EVENT_NAME}",
        "pipe": f"{files}/{PIPE_NAME}",
        "waiter": f"{files}/{WAITER_NAME}",
        "line": f"{files}/{WAKE_LINE_NAME}",
        "new": inbox_new,
        "leases": leases,
        "own": f"{leases}/{me}.json",
        "root": root,
        "me": me,
        "command": command,
    }
    quoted = {name: quoting.shell(word) for name, word in words.items()}
    path = f"{files}/{SCRIPT_NAME}"
    chosen = (f" --max-chars {quoting.shell(budget)}" if budget else "") + (" --deny-leased" if denies else "")
    write_private(path, _SCRIPT.format(**quoted, normal_after_s=normal_after_s, options=chosen), PROGRAM_MODE)
    return path


def command_line(script: str, event: str) -> str:
    """Return the shell words that call SCRIPT, as `write_script` wrote it, for a CLI's EVENT."""
    return f"{quoting.shell(script)} {EVENTS[event]}"


def wait_line(script: str) -> str:
    """Return the shell words that call SCRIPT to wait in the background."""
    return f"{quoting.shell(script)} {WAIT}"


def last_event(files: str) -> tuple[str, float]:
    """Return the last event that the hooks of one run noted, and its time in seconds since the epoch; "" if none.

    FILES is the directory of the run; "" for one without hooks.
    """
    try:
        with open(f"{files}/{EVENT_NAME}" if files else "", "rb") as file:
            found = os.fstat(file.fileno())
            file.seek(max(0, found.st_size - _LAST_EVENTS))
            words = file.read().decode("ascii", "replace").split()
    except OSError:
        return "", 0.0
    return words[-1] if words else "", found.st_mtime
