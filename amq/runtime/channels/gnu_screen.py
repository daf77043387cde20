"""Typing into a window of GNU screen(1) through its `exec` command; a blind channel.

An input row cannot be found in a hardcopy (of 4.9), which has no colours and only one-byte characters. The answer to a
query is also shown to the window's user. Nothing reports whether the user is in copy mode or enters a screen command:
then text sent by `stuff` is taken for keys of screen, and an Enter in the middle of it reaches the program. The output
of a program in `exec` bypasses all of that and reaches the window's program, whole or not at all. Nor does screen
report that the user has renumbered the window (`number`).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping

from amq import quoting
from amq.runtime.agents import processes
from amq.runtime.programs import find_program

NAME = "screen"
TAKEN_WITHIN_S = 5.0  # seconds for it to take some keys
_LONGEST = 640  # bytes of a command, which may have 768
_SESSION = re.compile(r"[0-9]+\..*")
_INTO_THE_PROGRAM = ("exec", ".!.")  # connects the standard output of `exec`'s program to the input of the window's


class ScreenWindow:
    """The window that STY and WINDOW name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._at = [
            find_program(NAME, environment) or "/usr/bin/screen",
            "-S",
            environment["STY"],
            "-p",
            environment["WINDOW"],
            "-X",
            *_INTO_THE_PROGRAM,
        ]
        self._environment = dict(environment)

    def push(self, data: bytes) -> None:
        """Type DATA. Raises OSError if the window does not take it."""
        word, printer = quoting.screen(data), _printer()
        if printer is None:  # screen would type an error into the window
            raise OSError(None, "printf(1) is not installed")
        if len(word) > _LONGEST:
            raise OSError(None, "the text is too long for a screen command")
        command = [*self._at, printer, "%s", word]
        try:
            asked = subprocess.run(
                command, env=self._environment, capture_output=True, timeout=TAKEN_WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(None, "screen does not answer") from error
        if asked.returncode:
            raise OSError(None, f"screen exited with {asked.returncode}")


def why_not(environment: Mapping[str, str]) -> str:
    """Return why our window cannot be reached; "" if it can. In STY's window, our session leader's parent is screen."""
    if not _SESSION.fullmatch(environment.get("STY", "")) or not environment.get("WINDOW", "").isdecimal():
        return "not inside screen"
    if not find_program(NAME, environment):
        return "screen is not on the PATH"
    inside = str(processes.parent(os.getsid(0))) == environment["STY"].partition(".")[0]
    return "" if inside else "this terminal is not the one that STY names"


def _printer() -> str | None:
    return find_program("printf", {"PATH": os.defpath})
