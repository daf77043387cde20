"""What was tried, in private files that never grow beyond a bound.

`amq hook`, `who` and `why` import this, so it is kept as light as a short command.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from heapq import nsmallest

from amq import jsontext
from amq.instants import format_milliseconds
from amq.runtime.policy.reasons import Outcome, WaitReason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

LONGEST_FILE = 64 * 1024  # bytes; when it is full the older half goes
MOST_IDS = 20  # named in one entry
WAKES_NAME = "wakes.jsonl"
LOG_NAME = "run.log"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # which Windows does not have

_reserve: list[int] = []
"""A descriptor that who has written once keeps, so that a process which has run out of them can still say so."""


class BoundedFile:
    """A text file that lines are appended to. A line is lost rather than an error raised: nothing depends on it."""

    def __init__(self, directory: str, name: str, limit: int = LONGEST_FILE) -> None:
        """The file NAME in DIRECTORY; of no directory, an empty path, it takes nothing and has nothing."""
        self._path = f"{directory}/{name}" if directory else ""
        self._limit = limit

    def append(self, text: str) -> None:
        if not self._path:
            return
        if _reserve:
            os.close(_reserve.pop())
        with suppress(OSError):
            self._make_room()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK, 0o600)
            with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{text[: self._limit // 4]}\n")
        with suppress(OSError):
            _reserve.append(os.open(os.devnull, os.O_RDONLY))

    def lines(self) -> list[str]:
        """What is there, oldest first; nothing, if it cannot be read."""
        if not self._path:
            return []
        try:
            descriptor = os.open(self._path, os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0))
            with open(descriptor, "rb") as file:
                return file.read(2 * self._limit).decode("utf-8", "replace").splitlines()
        except OSError:
            return []

    def _make_room(self) -> None:
        if not os.path.exists(self._path) or os.stat(self._path).st_size < self._limit:
            return
        with open(self._path, "rb+") as file:
            lines = file.readlines()
            file.seek(0)
            file.writelines(lines[len(lines) // 2 :])
            file.truncate()


class WakeJournal:
    """The attempts to wake an agent, and what its mail waited for in between: one JSON object a line, no bodies.

    Each has `at` (RFC 3339), `count` and `ids` of the messages (MOST_IDS at most), and either `waits_for`, or `way`,
    `outcome` and `reason`.
    """

    def __init__(self, directory: str) -> None:
        """In the private DIRECTORY of an agent; of none, an empty path, nothing is recorded."""
        self._file = BoundedFile(directory, WAKES_NAME)
        self._waits: tuple[WaitReason, frozenset[str]] | None = None

    def attempt(self, ids: Iterable[str], way: str, outcome: Outcome, reason: str) -> None:
        """An attempt came to its end."""
        self._waits = None
        self._add(ids, way=way, outcome=outcome.value, reason=reason)

    def waits(self, ids: Iterable[str], reason: WaitReason, detail: str = "") -> None:
        """The mail waits for REASON; written once, not at every look."""
        waits = (reason, frozenset(ids))
        if waits != self._waits:
            self._waits = waits
            self._add(waits[1], waits_for=reason.value, **({"reason": detail} if detail else {}))

    def entries(self) -> list[dict[str, Any]]:
        """What was recorded, oldest first. A line that was cut off is left out."""
        return [entry for line in self._file.lines() if (entry := _parse(line))]

    def _add(self, ids: Iterable[str], **what: str) -> None:
        named, at = list(ids), format_milliseconds(time.time_ns())
        self._file.append(json.dumps({"at": at, "count": len(named), "ids": nsmallest(MOST_IDS, named), **what}))


def _parse(line: str) -> dict[str, Any] | None:
    """The entry that LINE is; None if it is none, or has words that we do not know."""
    try:
        entry = jsontext.parse(line)
        if not (isinstance(entry["at"], str) and isinstance(entry["ids"], list) and isinstance(entry["count"], int)):
            return None
        _ = WaitReason(entry["waits_for"]) if "waits_for" in entry else Outcome(entry["outcome"])
    except (ValueError, TypeError, KeyError):
        return None
    return dict(entry)
