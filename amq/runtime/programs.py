"""Lookup of programs that amq runs by itself: never in the working directory, which may be a clone's."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def find_program(name: str, environment: Mapping[str, str]) -> str | None:
    """Return the absolute path of the program NAME; None if no absolute directory on the PATH has it.

    An empty entry of a PATH is the working directory, and Windows looks there first in any case.
    """
    directories = filter(os.path.isabs, environment.get("PATH", os.defpath).split(os.pathsep))
    found = (os.path.join(directory, name) for directory in directories)
    return next((path for path in found if os.path.isfile(path) and os.access(path, os.X_OK)), None)
