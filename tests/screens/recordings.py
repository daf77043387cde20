"""A recording of a program's output, and of the visible text at some points."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

PLACE = Path(__file__).parent
ELSEWHERE = "\0elsewhere"  # no input row but something like it; used in place of a row's text

PART = "\0part"  # suffix of a text: the row shows no more of it


@dataclass(frozen=True)
class Mark:
    """A position in the output, and the input row's text then; None: there was no row, nor anything like it."""

    name: str
    end: int  # bytes of output up to here
    row: str | None
    resized_to: tuple[int, int] | None = None  # rows, columns, from here on


@dataclass
class Recording:
    """The output of a program that began with a screen of SIZE, rows and columns."""

    size: tuple[int, int]
    output: bytearray = field(default_factory=bytearray)
    marks: list[Mark] = field(default_factory=list)

    def save(self, name: str) -> None:
        """Write it to NAME.json.gz; equal recordings give equal files."""
        whole = {
            "size": self.size,
            "marks": [asdict(mark) for mark in self.marks],
            "output": bytes(self.output).decode("latin-1"),
        }
        (PLACE / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(whole).encode(), mtime=0))

    def parts(self) -> Iterator[tuple[Mark, bytes]]:
        """Yield each mark with the output since the one before."""
        begin = 0
        for mark in self.marks:
            yield mark, bytes(self.output[begin : mark.end])
            begin = mark.end


def names() -> list[str]:
    """Return the names of all recordings."""
    return sorted(path.name.partition(".")[0] for path in PLACE.glob("*.json.gz"))


def load(name: str) -> Recording:
    """Return the recording called NAME."""
    whole = json.loads(gzip.decompress((PLACE / f"{name}.json.gz").read_bytes()))
    marks = [
        Mark(mark["name"], mark["end"], mark["row"], tuple(mark["resized_to"]) if mark["resized_to"] else None)
        for mark in whole["marks"]
    ]
    rows, columns = whole["size"]
    return Recording((rows, columns), bytearray(whole["output"].encode("latin-1")), marks)
