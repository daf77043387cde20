"""Hooks for one run of Codex, given by arguments -c hooks.EVENT=[…]. It asks the user once whether to trust them.

The format is that of its configuration, as measured on the versions that the profile names.
"""

from __future__ import annotations

from collections.abc import Sequence

from amq import quoting
from amq.runtime.hooks.script import SCRIPT_NAME, TIMEOUT_S, command_line
from amq.runtime.policy.hook_decision import EVENTS

_UNKNOWN = ("PostToolUseFailure", "PostToolBatch", "StopFailure")  # events that only others have


def hook_arguments(own: Sequence[str], files: str) -> tuple[list[str], list[str], str]:
    """Return Codex's values for `registry.hook_arguments`. Codex adds these hooks to those in the user's files."""
    return settings_arguments(f"{files}/{SCRIPT_NAME}"), list(own), ""


def settings_arguments(script: str) -> list[str]:
    """Return the arguments that make each hook event call SCRIPT."""
    arguments = []
    for event in (each for each in EVENTS if each not in _UNKNOWN):
        call = quoting.toml(command_line(script, event))
        arguments += ["-c", f'hooks.{event}=[{{hooks=[{{type="command",command={call},timeout={TIMEOUT_S}}}]}}]']
    return arguments
