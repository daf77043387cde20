"""The files that Codex is about to change, by what its hook PreToolUse is given before `apply_patch`."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = r"(?m)^[ \t]*\*\*\* (?:Add|Update|Delete) File: (.+?)[ \t\r]*$|^[ \t]*\*\*\* Move to: (.+?)[ \t\r]*$"


def files(given: Mapping[str, object]) -> list[str]:
    """Return the paths in the patch that GIVEN, the input of the tool, has; from the session's directory."""
    patch = given.get("command")
    return [one or other for one, other in re.findall(_FILE, patch)] if isinstance(patch, str) else []
