"""Hooks for one run of Codex, given by arguments -c hooks.EVENT=[…]. It asks the user once whether to trust them.

The format is that of its configuration, as measured on the versions that the profile names.
"""

from __future__ import annotations

from collections.abc import Sequence

from amq import quoting
from amq.runtime.agents.codex.setup_facts import CLI
from amq.runtime.hooks.script import SCRIPT_NAME, TIMEOUT_S, command_line

CALLED_AT = (
    *("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse"),
    *("PermissionRequest", "Stop", "Interrupt", "SessionEnd"),
)
"""The events at which it calls amq, in its own words."""
_MATCHERS = {"PreToolUse": f"matcher={quoting.toml(CLI.edit_tools)},"}
_AS_CONTEXT = ("SessionStart", "UserPromptSubmit", "PostToolUse")  # what a hook says then is put before the model
_MOST_TOKENS = 20_000  # of it; by default 2,500, and the middle of a longer text is cut out
_AT_AN_END_S = {"SessionEnd": 3, "Interrupt": 3}  # Codex allows no more, and warns of it


def hook_arguments(own: Sequence[str], files: str) -> tuple[list[str], list[str], str]:
    """Return Codex's values for `registry.hook_arguments`. Codex adds these hooks to those in the user's files."""
    return settings_arguments(f"{files}/{SCRIPT_NAME}"), list(own), ""


def settings_arguments(script: str) -> list[str]:
    """Return the arguments that make each hook event call SCRIPT."""
    return [word for event in CALLED_AT for word in ("-c", f"hooks.{event}=[{_entry(script, event)}]")]


def commands(script: str) -> list[str]:
    """Return the command of each hook in `settings_arguments`."""
    return [command_line(script, event) for event in CALLED_AT]


def _entry(script: str, event: str) -> str:
    return f"{{{_MATCHERS.get(event, '')}hooks=[{_hook(script, event)}]}}"


def _hook(script: str, event: str) -> str:
    limit = f",additionalContextLimit={_MOST_TOKENS}" if event in _AS_CONTEXT else ""
    timeout = _AT_AN_END_S.get(event, TIMEOUT_S)
    return f'{{type="command",command={quoting.toml(command_line(script, event))},timeout={timeout}{limit}}}'
