"""The files that a tool of Claude Code is about to change, by what its hook PreToolUse is given."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("file_path", "notebook_path")


def files(given: Mapping[str, object]) -> list[str]:
    """Return the paths in GIVEN, the input of the tool; Claude Code requires that they are absolute."""
    return [path for name in _NAMES if isinstance(path := given.get(name), str)]
