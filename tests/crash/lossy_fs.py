"""States a filesystem may be in after a power failure, if it guarantees no more than POSIX does.

They are computed from a recorded run of changes to names and contents. A change of a name is durable once its directory
was synced after it, and the content of a file once that file was. Any of the other changes may be lost or kept, in any
order, with two exceptions that amq requires of a filesystem: a rename removes the old name only with the new one
there, and the contents of a lost directory are lost with it.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from tests.crash.seam import Step, Watched

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FEW = 6
"""Of up to this many unsure changes every choice is tried.

Of more: each lost alone and kept alone, each end, and random choices.
"""
GONE, DIRECTORY = "(gone)", "(directory)"
_NEW = "(new "


@dataclass(frozen=True)
class Change:
    """One change that may be lost, of the step AT: NAME is now FILE's, or DATA was added to FILE (then NAME is empty).

    A file that existed before is called by its old path. `needs`: the number of the change without which it is not
    kept.
    """

    at: int
    name: str
    file: str
    data: bytes = b""
    needs: int | None = None


@dataclass
class Recording:
    """The changes of a run, the step that made each durable (if any), and the steps at which something was shown."""

    changes: list[Change] = field(default_factory=list)
    sure: dict[int, int] = field(default_factory=dict)
    shown: list[int] = field(default_factory=list)

    def states(self, at: int, chance: random.Random) -> Iterator[list[Change]]:
        """Yield the sets of changes that may have survived a crash after step AT."""
        past = [number for number, change in enumerate(self.changes) if change.at <= at]
        unsure = [number for number in past if self.sure.get(number, at + 1) > at]
        for lost in _choices(unsure, chance):
            gone = set(lost)
            gone.update(number for number in past if self.changes[number].needs in gone)
            yield [self.changes[number] for number in past if number not in gone]


def _choices(unsure: list[int], chance: random.Random) -> Iterator[tuple[int, ...]]:
    """Yield the sets of unsure changes that are lost."""
    if len(unsure) <= FEW:
        for count in range(len(unsure) + 1):
            yield from combinations(unsure, count)
        return
    for number in unsure:
        yield (number,)
        yield tuple(each for each in unsure if each != number)
        yield tuple(each for each in unsure if each >= number)
        yield tuple(each for each in unsure if chance.random() < 0.5)


class Recorder(Watched):
    """A seam that takes every step, and records its changes."""

    def __init__(self) -> None:
        super().__init__()
        self.recording = Recording()
        self._files: dict[str, str] = {}

    def note(self, name: str, *paths: str) -> None:
        """Note that something was shown, outside the filesystem."""
        super().note(name, *paths)
        self.recording.shown.append(len(self.log) - 1)

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, and record its changes if it succeeded."""
        step = self.describe(name, arguments)
        fresh = step.creates and not os.path.lexists(step.paths[0])
        result = super().take(name, arguments)
        if fresh:
            self._name(step.paths[0], f"{_NEW}{len(self.log)})")
        elif step.name == "write":
            self._keep(Change(len(self.log) - 1, "", self._file(step.paths[0]), bytes(arguments[1])[:result]))
        elif step.name == "fsync":
            self._sync(step.paths[0])
        else:
            self._rename(step)
        return result

    def _rename(self, step: Step) -> None:
        if step.name == "mkdir":
            self._name(step.paths[0], DIRECTORY)
        elif step.name == "link":
            self._name(step.paths[1], self._file(step.paths[0]))
        elif step.name in ("move", "replace"):
            self._name(step.paths[1], self._file(step.paths[0]))
            self._name(step.paths[0], GONE, needs=len(self.recording.changes) - 1)
        elif step.name == "unlink":
            self._name(step.paths[0], GONE)

    def _file(self, path: str) -> str:
        return self._files.get(path, path)

    def _name(self, path: str, file: str, needs: int | None = None) -> None:
        self._files[path] = file
        self._keep(Change(len(self.log) - 1, path, file, needs=needs))

    def _keep(self, change: Change) -> None:
        self.recording.changes.append(change)

    def _sync(self, path: str) -> None:
        """Mark the synced changes as durable: the content of a file, or the names in a directory."""
        file = self._file(path)
        for number, change in enumerate(self.recording.changes):
            if os.path.dirname(change.name) == path if change.name else change.file == file:
                self.recording.sure.setdefault(number, len(self.log) - 1)


def leave(changes: Iterable[Change], limbo: Path) -> None:
    """Apply CHANGES to the files as they were before the run. LIMBO is a free place on that filesystem."""
    limbo.mkdir()
    changes = list(changes)
    contents = _contents(changes)
    held: dict[str, Path] = {}
    for change in changes:
        if change.name and change.file not in (GONE, DIRECTORY, *held):
            held[change.file] = limbo / str(len(held))
            if change.file.startswith(_NEW):
                held[change.file].write_bytes(contents.get(change.file, b""))
            else:
                os.link(change.file, held[change.file], follow_symlinks=False)
    for change in changes:
        if change.name:
            _put(change, held)
    shutil.rmtree(limbo)


def _contents(changes: list[Change]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for change in changes:
        if not change.name:
            contents[change.file] = contents.get(change.file, b"") + change.data
    return contents


def _put(change: Change, held: dict[str, Path]) -> None:
    """Give the file its name, unless the directory of that name was lost."""
    if not os.path.isdir(os.path.dirname(change.name)):
        return
    if change.file == DIRECTORY:
        os.mkdir(change.name, 0o700)
        return
    if os.path.lexists(change.name):
        os.unlink(change.name)
    if change.file != GONE:
        os.link(held[change.file], change.name, follow_symlinks=False)
