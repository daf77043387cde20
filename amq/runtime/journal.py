"""Record attempts to notify an agent, in private files of a bounded size.

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
from amq.runtime.private_state import write_private
from amq.store.durable import FILE_MODE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

LONGEST_FILE_BYTES = 64 * 1024  # bytes; the older half of a full file is dropped
MOST_IDS = 20  # ids in one entry
WAKES_NAME = "wakes.jsonl"
LOG_NAME = "run.log"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # which Windows does not have

_reserve: list[int] = []
"""A descriptor kept after the first write, so that a process that has run out of them can still log that."""


class BoundedFile:
    """A text file to append lines to. Never raises OSError: a line that cannot be written is lost."""

    def __init__(self, directory: str, name: str, limit: int = LONGEST_FILE_BYTES) -> None:
        """Use the file NAME in DIRECTORY. With an empty DIRECTORY it stays empty. LIMIT is in bytes."""
        self._path = f"{directory}/{name}" if directory else ""
        self._limit = limit

    def append(self, text: str) -> None:
        """Append TEXT as a line, cut at a quarter of the limit."""
        if not self._path:
            return
        if _reserve:
            os.close(_reserve.pop())
        with suppress(OSError):
            self._make_room()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK, FILE_MODE)
            with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{text[: self._limit // 4]}\n")
        with suppress(OSError):
            _reserve.append(os.open(os.devnull, os.O_RDONLY))

    def lines(self) -> list[str]:
        """Return the lines, oldest first; none if the file cannot be read."""
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
        with open(self._path, "rb") as file:
            lines = file.readlines()
        write_private(self._path, b"".join(lines[len(lines) // 2 :]).decode("utf-8", "surrogateescape"))


class WakeJournal:
    """The attempts to wake an agent, and the reasons why its mail waited in between: one JSON object a line, no bodies.

    Each entry has `at` (RFC 3339), the `count` and the `ids` of the messages (at most MOST_IDS), and either `waits_for`
    (perhaps with `reason`) or `way`, `outcome` and `reason`.
    """

    def __init__(self, directory: str) -> None:
        """Keep the journal in the private DIRECTORY of an agent. With an empty path nothing is recorded."""
        self._file = BoundedFile(directory, WAKES_NAME)
        self._waits: tuple[WaitReason, str, frozenset[str]] | None = None

    def attempt(self, ids: Iterable[str], way: str, outcome: Outcome, reason: str) -> None:
        """Record how an attempt to announce the messages IDS ended."""
        self._waits = None
        self._add(ids, way=way, outcome=outcome.value, reason=reason)

    def waits(self, ids: Iterable[str], reason: WaitReason, detail: str = "") -> None:
        """Record that the messages IDS wait for REASON, unless the last entry says so already."""
        waits = (reason, detail, frozenset(ids))
        if waits != self._waits:
            self._waits = waits
            self._add(waits[2], waits_for=reason.value, **({"reason": detail} if detail else {}))

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries, oldest first, without lines that were cut off."""
        return [entry for line in self._file.lines() if (entry := _parse(line))]

    def _add(self, ids: Iterable[str], **what: str) -> None:
        named, at = list(ids), format_milliseconds(time.time_ns())
        self._file.append(json.dumps({"at": at, "count": len(named), "ids": nsmallest(MOST_IDS, named), **what}))


def _parse(line: str) -> dict[str, Any] | None:
    """Return the entry in LINE; None if it is not a valid one, or has an unknown reason or outcome."""
    try:
        entry = jsontext.parse(line)
        if not (isinstance(entry["at"], str) and isinstance(entry["ids"], list) and isinstance(entry["count"], int)):
            return None
        _ = WaitReason(entry["waits_for"]) if "waits_for" in entry else Outcome(entry["outcome"])
    except (ValueError, TypeError, KeyError):
        return None
    return dict(entry)
