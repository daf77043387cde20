"""Hooks for one run of Claude Code, given by the option --settings. If there are several, only the last counts.

The format is that of its settings files, as measured on the versions that the profile names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from amq.runtime.agents.claude.setup_facts import CLI
from amq.runtime.hooks.script import (
    SCRIPT_NAME,
    SETTINGS_NAME,
    TIMEOUT_S,
    WAIT_TIMEOUT_S,
    BadSettingsError,
    command_line,
    wait_line,
)
from amq.runtime.policy.hook_decision import EDIT, EVENTS

_UNKNOWN = ("Interrupt",)  # events that only others have
_BEFORE_IDLE = ("SessionStart", "UserPromptSubmit", "Stop")
"""The events from which a hook waits in the background. A turn that the user interrupts has a prompt, and no end."""


def hook_arguments(own: Sequence[str], files: str) -> tuple[list[str], list[str], str]:
    """Return Claude Code's values for `registry.hook_arguments`, with the user's own --settings merged in."""
    settings, kept = merged_settings(own, f"{files}/{SCRIPT_NAME}")
    return ["--settings", f"{files}/{SETTINGS_NAME}"], kept, json.dumps(settings)


def merged_settings(words: Sequence[str], script: str) -> tuple[dict[str, Any], list[str]]:
    """Return settings with amq's hooks and the user's own --settings, and the user's WORDS without that option.

    Claude Code uses only the last --settings. Raises BadSettingsError.
    """
    settings, kept = own_settings(words)
    hooks = dict(settings.get("hooks", {}))
    for event, ours in _hooks(script).items():
        hooks[event] = [*hooks.get(event, []), *ours]
    return {**settings, "hooks": hooks}, kept


def own_settings(words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings in the user's own --settings, and their WORDS without it. Raises BadSettingsError."""
    kept, own = _without_settings(words)
    return _parse(own) if own is not None else {}, kept


def _hooks(script: str) -> dict[str, list[Any]]:
    waits = {"type": "command", "command": wait_line(script), "timeout": WAIT_TIMEOUT_S, "asyncRewake": True}
    return {
        event: [
            {
                **({"matcher": CLI.edit_tools} if ours == EDIT else {}),
                "hooks": [_command(script, event), *([waits] if event in _BEFORE_IDLE else [])],
            }
        ]
        for event, ours in EVENTS.items()
        if event not in _UNKNOWN
    }


def _command(script: str, event: str) -> dict[str, Any]:
    return {"type": "command", "command": command_line(script, event), "timeout": TIMEOUT_S}


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
        raise BadSettingsError(f"your --settings cannot be read: {error}") from error
    return dict(settings)
