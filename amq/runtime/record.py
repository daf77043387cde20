"""What was tried, in private files that never grow beyond a bound."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from amq.runtime.words import Outcome, Reason

LONGEST_FILE = 64 * 1024  # bytes; when it is full the older half goes
MOST_IDS = 20  # named in one entry


class BoundedFile:
    """A text file that lines are appended to. A line is lost rather than an error raised: nothing depends on it."""

    def __init__(self, path: str, limit: int = LONGEST_FILE) -> None:
        self._path = Path(path)
        self._limit = limit

    def append(self, text: str) -> None:
        try:
            self._make_room()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            with open(descriptor, "a", encoding="utf-8") as file:
                file.write(f"{text[: self._limit // 4]}\n")
        except OSError:
            return

    def _make_room(self) -> None:
        if not self._path.exists() or self._path.stat().st_size < self._limit:
            return
        lines = self._path.read_bytes().splitlines(keepends=True)
        self._path.write_bytes(b"".join(lines[len(lines) // 2 :]))


class Record:
    """The attempts to wake an agent, and what its mail waited for in between: one JSON object a line, no bodies."""

    def __init__(self, path: str) -> None:
        self._file = BoundedFile(path)
        self._waits_for: Reason | None = None

    def attempt(self, ids: Iterable[str], way: str, outcome: Outcome, reason: str) -> None:
        """An attempt came to its end."""
        self._waits_for = None
        self._add(ids, way=way, outcome=outcome.value, reason=reason)

    def waits(self, ids: Iterable[str], reason: Reason) -> None:
        """The mail waits for REASON; written once, not at every look."""
        if reason is not self._waits_for:
            self._waits_for = reason
            self._add(ids, waits_for=reason.value)

    def _add(self, ids: Iterable[str], **what: str) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        named = sorted(ids)
        self._file.append(json.dumps({"at": at, "count": len(named), "ids": named[:MOST_IDS], **what}))
