"""Find out from the file in which a CLI records its session whether what a hook gave is in the session's history.

The file has one JSON object a line. Its format was measured on the versions that the profiles name.
"""

from __future__ import annotations

import os
import stat
from json import dumps

from amq.mail.rendering import id_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.mail.offering import Offer

MARKS = (b'"hook_additional_context"', b'"hooks.additional_context"', b"<hook_prompt ")
"""Marks of the lines that hold the output of a hook; in a tool's output the quotes would be escaped."""
MOST_BYTES = 64 << 20  # read at once, after the offer
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # which Windows does not have


def size(path: str) -> int:
    """Return the size of the file PATH in bytes; 0 if it does not exist yet, or is not a regular file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: it is no path
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def holds(offer: Offer) -> bool:
    """Return whether each message of OFFER is in what a hook gave, according to the history since the offer."""
    if not size(offer.history):  # open would fail for a directory, and keep its descriptor
        return False
    try:
        with open(os.open(offer.history, _READ), "rb") as file:
            file.seek(offer.position)
            lines = [line for line in file.read(MOST_BYTES).split(b"\n") if any(mark in line for mark in MARKS)]
    except OSError:
        return False
    return all(any(entry in line for line in lines for entry in _entries(each)) for each in offer.ids)


def _entries(identifier: str) -> list[bytes]:
    """Return what the history has of the entry of a message, if it has that: the line with its id, as JSON."""
    lines = (dumps(f"\n{line}", ensure_ascii=False) for line in id_lines(identifier))
    return [line[1:-1].encode("utf-8", "surrogateescape") for line in lines]
