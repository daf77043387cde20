"""The file in which a host notes whether the plugin of its agent answers.

`amq who` and `amq why` import this, so it is kept as light as a short command.
"""

from __future__ import annotations

import os
from contextlib import suppress

from amq.runtime.private_state import write_private

_NAME = "plugin"
_LONGEST_BYTES = 100
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # which Windows does not have


def note_presence(files: str, presence: str) -> None:
    """Note PRESENCE, one word, in FILES, the directory of a run; a note that cannot be written is left out."""
    with suppress(OSError):
        write_private(f"{files}/{_NAME}", presence)


def presence(files: str) -> str:
    """Return what was noted last in FILES, the directory of a run; "" if nothing was."""
    try:
        with open(os.open(f"{files}/{_NAME}", _READ), encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST_BYTES)
    except OSError:
        return ""
