"""A window of GNU screen(1), typed into by its `stuff`. It is a blind way.

Its hardcopy (of 4.9) has neither colours nor any character beyond one byte, so an input row is not found in it, and
what it answers to a question it also shows to whoever looks at the window. In its copy mode keys mean something else;
nothing tells whether somebody copies.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping

from amq import quoting
from amq.runtime import processes

_SESSION = re.compile(r"[0-9]+\.")
PATIENCE = 5.0  # seconds for it to take some keys
_LONGEST = 100  # bytes stuffed at a time; each may take four in a command, which may have 768


class ScreenWindow:
    """The window that STY and WINDOW name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._at = ["screen", "-S", environment["STY"], "-p", environment["WINDOW"], "-X", "stuff"]
        self._environment = dict(environment)

    def push(self, data: bytes) -> None:
        """Type DATA. Raises OSError if it is not taken."""
        for at in range(0, len(data), _LONGEST):
            command = [*self._at, quoting.screen_stuff(data[at : at + _LONGEST])]
            try:
                asked = subprocess.run(
                    command, env=self._environment, capture_output=True, timeout=PATIENCE, check=False
                )
            except subprocess.TimeoutExpired as error:
                raise OSError(None, "screen does not answer") from error
            if asked.returncode:
                raise OSError(None, f"screen ended with {asked.returncode}")


def why_not(environment: Mapping[str, str]) -> str:
    """Why the window we are in cannot be reached; "" if it can. Its shell is a child of its session's process."""
    if not _SESSION.match(environment.get("STY", "")) or not environment.get("WINDOW", "").isdecimal():
        return "not inside screen"
    if not shutil.which("screen", path=environment.get("PATH")):
        return "screen is not on the PATH"
    inside = str(processes.parent(os.getsid(0))) == environment["STY"].partition(".")[0]
    return "" if inside else "the terminal is another one than STY names"
