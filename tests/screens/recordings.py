"""A recording of what a program drew, and what could be seen at some points."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

PLACE = Path(__file__).parent
ELSEWHERE = "\0elsewhere"  # no input row but something like it: as what a row holds

PART = "\0part"  # of a text: the row shows no more of it


@dataclass(frozen=True)
class Mark:
    """Where the output stood, and what the input row held then; None: there was no row, nor anything like it."""

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
        """Write it to NAME.json.gz; the same recording gives the same file."""
        whole = {
            "size": self.size,
            "marks": [asdict(mark) for mark in self.marks],
            "output": bytes(self.output).decode("latin-1"),
        }
        (PLACE / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(whole).encode(), mtime=0))

    def parts(self) -> Iterator[tuple[Mark, bytes]]:
        """Each mark with the output since the one before."""
        begin = 0
        for mark in self.marks:
            yield mark, bytes(self.output[begin : mark.end])
            begin = mark.end


def names() -> list[str]:
    """What has been recorded."""
    return sorted(path.name.partition(".")[0] for path in PLACE.glob("*.json.gz"))


def load(name: str) -> Recording:
    """The recording called NAME."""
    whole = json.loads(gzip.decompress((PLACE / f"{name}.json.gz").read_bytes()))
    marks = [
        Mark(mark["name"], mark["end"], mark["row"], tuple(mark["resized_to"]) if mark["resized_to"] else None)
        for mark in whole["marks"]
    ]
    rows, columns = whole["size"]
    return Recording((rows, columns), bytearray(whole["output"].encode("latin-1")), marks)
