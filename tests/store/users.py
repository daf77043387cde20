"""Another user's queue, for tests that are root."""

from __future__ import annotations

import os
from pathlib import Path

USER, GROUP, OTHER = 1234, 4321, 1235


def give(top: Path, user: int = USER, group: int = GROUP) -> None:
    """Give TOP and all below it to a user."""
    for path in (top, *top.rglob("*")):
        os.chown(path, user, group, follow_symlinks=False)


def not_theirs(top: Path) -> list[str]:
    """Return the paths at or below TOP that are not USER's."""
    found = ((path, path.lstat()) for path in (top, *top.rglob("*")))
    return [str(path) for path, each in found if (each.st_uid, each.st_gid) != (USER, GROUP)]
