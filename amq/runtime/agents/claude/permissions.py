"""Permissions for one run of Claude Code, given by the option --settings, as the hooks are.

Measured on the versions that the profile names: a rule `Bash(amq drain:*)` spares the dialog for `amq drain` with any
words, and for each such command in a pipe or a list, but not with a variable set before it, another program beside it
or a redirection into a file. What the user's settings deny stays denied.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from amq.runtime.agents.claude.hooks import own_settings
from amq.runtime.hooks.script import SETTINGS_NAME, BadSettingsError


def permission_arguments(
    own: Sequence[str], files: str, settings: str, commands: Sequence[str]
) -> tuple[list[str], list[str], str]:
    """Return Claude Code's values for `registry.permission_arguments`."""
    arguments, kept, found = list[str](), list(own), json.loads(settings) if settings else {}
    if not settings:
        arguments = ["--settings", f"{files}/{SETTINGS_NAME}"]
        found, kept = own_settings(own)
    permissions = found.get("permissions", {})
    allowed = permissions.get("allow", []) if isinstance(permissions, dict) else None
    if not isinstance(allowed, list):
        raise BadSettingsError("your --settings cannot be read: its permissions.allow is not a list")
    rules = [rule for rule in map("Bash({}:*)".format, commands) if rule not in allowed]
    return arguments, kept, json.dumps({**found, "permissions": {**permissions, "allow": [*allowed, *rules]}})
