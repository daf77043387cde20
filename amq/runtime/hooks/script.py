"""Hooks for one process of an agent's CLI: what it calls, and how it is told of them without changing a file of its.

Each hook calls a few lines of shell that note the event and look into `new/`. Only where mail waits, or a session
begins, do they start `amq hook`. Whatever happens there, the agent hears of no error.

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
"""The CLIs' names of the events that we want to hear of, each with ours."""

HOOKED = "AMQ_HOOKED"
"""Set for a program that has hooks of ours for this one process: those of its own settings are then silent."""

EVENT_NAME = "hook.event"
SCRIPT_NAME = "hook"
SETTINGS_NAME = "settings.json"
TIMEOUT = 20  # seconds after which the agent goes on without us

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
    """The person's own --settings cannot be read, so ours cannot be added to them."""


def write_script(
    files: str, inbox_new: str, *, root: str, me: str, kind: str, command: str, normal_after: float
) -> str:
    """Write into FILES, the directory of one `amq run`, what the hooks of KIND (claude, codex) call; its path.

    COMMAND is the path of amq, NORMAL_AFTER as in `hook_delivery.decide`.
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
    """Settings that have our hooks besides the person's own --settings, and the person's WORDS without these.

    Claude Code heeds only the last --settings. Raises BadSettingsError.
    """
    kept, own = _without_settings(words)
    settings = _parse(own) if own is not None else {}
    hooks = dict(settings.get("hooks", {}))
    for event, ours in _hooks(script).items():
        hooks[event] = [*hooks.get(event, []), *ours]
    return {**settings, "hooks": hooks}, kept


def codex_arguments(script: str) -> list[str]:
    """Arguments that give Codex our hooks besides those of the person's files."""
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
    """WORDS without the options --settings, and the value of the last of them."""
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
    """The settings in VALUE, which is JSON or the name of a file of it."""
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
