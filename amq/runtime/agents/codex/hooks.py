"""Hooks for one process of Codex: arguments -c hooks.EVENT=[…]; it asks the user once whether to trust them.

The format is that of its configuration, as measured on the versions that the profile names.
"""

from __future__ import annotations

from collections.abc import Sequence

from amq import quoting
from amq.runtime.hooks.script import SCRIPT_NAME, TIMEOUT_S, command_line
from amq.runtime.policy.hook_delivery import EVENTS


def hook_arguments(own: Sequence[str], files: str) -> tuple[list[str], list[str], str]:
    """Return what `registry.hook_arguments` promises. Codex adds them to the hooks in the user's files."""
    return settings_arguments(f"{files}/{SCRIPT_NAME}"), list(own), ""


def settings_arguments(script: str) -> list[str]:
    """Return arguments that let each event call SCRIPT."""
    arguments = []
    for event in EVENTS:
        call = quoting.toml(command_line(script, event))
        arguments += ["-c", f'hooks.{event}=[{{hooks=[{{type="command",command={call},timeout={TIMEOUT_S}}}]}}]']
    return arguments
