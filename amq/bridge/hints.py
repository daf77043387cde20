"""Hints on the disk of what was published, so that a bridge that starts again need not publish it again.

The first line names the hub's epoch, each other one an item and the number that the hub gave it. Lines are appended and
not synced: a hint that is lost or wrong costs a duplicate, which the other side drops, or a question.
"""

from __future__ import annotations

import json
from contextlib import suppress

from amq.bridge.ledger import STATES, Epoch, Item
from amq.runtime.private_state import write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import TextIOWrapper

FILE = "hints"
MOST_LINES = 1_000_000
"""The most lines that are read: those of a longer file are of messages that have long ended."""


class Hints:
    """The hints in the file PATH, which may be missing."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: TextIOWrapper | None = None

    def load(self) -> tuple[Epoch, Mapping[Item, int]]:
        """Return the epoch and the hints; empty ones if the file is missing or not understood."""
        try:
            with open(self._path, encoding="utf-8") as file:
                head, *lines = file.read().splitlines()[:MOST_LINES]
            created, last_seq = json.loads(head)
            epoch = Epoch(str(created), int(last_seq))
        except (OSError, ValueError, TypeError):
            return Epoch(), {}
        return epoch, dict(filter(None, map(_hint, lines)))

    def begin(self, epoch: Epoch) -> None:
        """Start anew, for the hub of EPOCH, without hints. Errors are ignored, as in `add`."""
        self.close()
        with suppress(OSError):
            write_private(self._path, f"{json.dumps([epoch.created, epoch.last_seq])}\n")

    def add(self, item: Item, seq: int) -> None:
        """Add a hint. Errors are ignored: it may be lost."""
        with suppress(OSError):
            if self._file is None:
                self._file = open(self._path, "a", encoding="utf-8")
            self._file.write(f"{_line(item, seq)}\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None


def _line(item: Item, seq: int) -> str:
    return json.dumps([*item, seq])


def _hint(line: str) -> tuple[Item, int] | None:
    """Return the hint in LINE; None for a line that was torn."""
    try:
        kind, host, handle, name, seq = json.loads(line)
    except (ValueError, TypeError):
        return None
    is_hint = kind in STATES and all(type(each) is str for each in (host, handle, name)) and type(seq) is int
    return (Item(kind, host, handle, name), seq) if is_hint else None
