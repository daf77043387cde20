"""The names of Codex's sessions: session_index.jsonl in its home, as measured on 0.171.0 and 0.169.0.

Codex appends a line at each /rename. 0.171.0 also does so at a session's first prompt, which is its name then. The last
line of a session counts.
"""

from __future__ import annotations

import os

from amq import jsontext

_NAME = "session_index.jsonl"
_LAST_BYTES = 1 << 20  # about 5,000 names


def name_of(home: str, session: str) -> str:
    """Return the name of the SESSION with that id, kept in HOME; "" if it is not known."""
    try:
        with open(f"{home}/{_NAME}", "rb", opener=_open) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_BYTES))
            lines = file.read(_LAST_BYTES).split(b"\n")
    except OSError:
        return ""
    sought = session.encode("utf-8", "replace")
    return next(filter(None, (_name(line, session) for line in reversed(lines) if sought in line)), "")


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # it never waits for a FIFO


def _name(line: bytes, session: str) -> str:
    try:
        wire = jsontext.parse(line)
        name = wire["thread_name"] if wire["id"] == session else ""
    except (ValueError, TypeError, KeyError):
        return ""
    return name if type(name) is str else ""
