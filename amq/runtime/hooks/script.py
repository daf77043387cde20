"""Hooks for one process of an agent's CLI: write the script that they call, and name it without changing a file.

The script is a few lines of shell that note the event and look into `new/`. It starts `amq hook` only where mail waits
or a session begins. It reports no error to the agent.

`amq hook` imports this, so it is kept as light as a short command. The formats are those of Claude Code's settings and
of Codex's configuration, as measured on the versions that the profiles name.
"""

from __future__ import annotations

import json

from amq import quoting
from amq.runtime.private import write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

EVENTS = {
    "SessionStart": "start",
    "UserPromptSubmit": "prompt",
    "PostToolUse": "tool",
    "PermissionRequest": "ask",
    "Stop": "stop",
    "SessionEnd": "end",
}
"""The CLIs' names of the events that amq needs, each with the name that amq gives it."""

HOOKED = "AMQ_HOOKED"
"""Set for a program that has amq's hooks for this one process: those that its settings have are then silent."""

EVENT_NAME = "hook.event"
SCRIPT_NAME = "hook"
SETTINGS_NAME = "settings.json"
TIMEOUT = 20  # seconds after which the agent goes on without the hook

_SCRIPT = """\
#!/bin/sh
# The hooks of {me}'s program call this with the name of an event. Mostly there is nothing to say: that costs no fork.
umask 077
{{ printf '%s\\n' "$1" >>{event}; }} 2>/dev/null
case $1 in
    start) ;;
    prompt | tool | stop)
        set -- "$1" {new}/*.md
        [ -e "$2" ] || exit 0
        ;;
    *) exit 0 ;;
esac
AM_ROOT={root} AM_ME={me} {command} hook {kind} "$1" --normal-after {normal_after:g} 2>/dev/null
exit 0
"""


class BadSettingsError(Exception):
    """The user's own --settings cannot be read, so amq's hooks cannot be added to them."""


def write_script(
    files: str, inbox_new: str, *, root: str, me: str, kind: str, command: str, normal_after: float
) -> str:
    """Write the script that the hooks of KIND (claude, codex) call, and return its path.

    FILES is the directory of one `amq run`, COMMAND the path of amq, NORMAL_AFTER as in `hook_delivery.decide`.
    """
    words = {
        "kind": kind,
        "event": f"{files}/{EVENT_NAME}",
        "new": inbox_new,
        "root": root,
        "me": me,
        "command": command,
    }
    quoted = {name: quoting.shell(word) for name, word in words.items()}
    path = f"{files}/{SCRIPT_NAME}"
    write_private(path, _SCRIPT.format(**quoted, normal_after=normal_after), 0o700)
    return path


def claude_settings(words: Sequence[str], script: str) -> tuple[dict[str, Any], list[str]]:
    """Return settings with amq's hooks and the user's own --settings, and the user's WORDS without that option.

    Claude Code uses only the last --settings. Raises BadSettingsError.
    """
    kept, own = _without_settings(words)
    settings = _parse(own) if own is not None else {}
    hooks = dict(settings.get("hooks", {}))
    for event, ours in _hooks(script).items():
        hooks[event] = [*hooks.get(event, []), *ours]
    return {**settings, "hooks": hooks}, kept


def codex_arguments(script: str) -> list[str]:
    """Return arguments that give Codex amq's hooks beside those in the user's files."""
    arguments = []
    for event in EVENTS:
        command = quoting.toml(_command(script, event))
        arguments += ["-c", f'hooks.{event}=[{{hooks=[{{type="command",command={command},timeout={TIMEOUT}}}]}}]']
    return arguments


def _hooks(script: str) -> dict[str, list[Any]]:
    return {
        event: [{"hooks": [{"type": "command", "command": _command(script, event), "timeout": TIMEOUT}]}]
        for event in EVENTS
    }


def _command(script: str, event: str) -> str:
    return f"{quoting.shell(script)} {EVENTS[event]}"


def _without_settings(words: Sequence[str]) -> tuple[list[str], str | None]:
    """Return WORDS without the options --settings, and the value of the last of these."""
    kept, own, rest = list[str](), None, list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*kept, word, *rest], own
        if word == "--settings" and rest:
            own = rest.pop(0)
        elif word.startswith("--settings="):
            own = word.partition("=")[2]
        else:
            kept.append(word)
    return kept, own


def _parse(value: str) -> dict[str, Any]:
    """Return the settings in VALUE, which is JSON or the name of a JSON file."""
    try:
        if not value.lstrip().startswith("{"):
            with open(value, encoding="utf-8") as file:
                value = file.read()
        settings = json.loads(value)
        own = settings.get("hooks", {})
        if not all(isinstance(entries, list) for entries in own.values()):
            raise ValueError("its hooks are not lists")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise BadSettingsError(str(error)) from error
    return dict(settings)
