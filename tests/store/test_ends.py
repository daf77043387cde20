"""The first and the last messages of a directory by their names, without keeping the others."""

from __future__ import annotations

import os
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.layout import RootedPath
from amq.names import SUFFIX
from amq.store import durable, maildir
from amq.store.durable import Directory, Syscalls
from amq.store.maildir import Ends


def dated(number: int) -> str:
    """Return the id of a message that is later for a larger NUMBER."""
    return f"2026-03-01T12-{number // 60_000:02}-{number // 1000 % 60:02}.{number % 1000:03}Z_pid1_00000000"


def ends(place: Path, first: int, last: int) -> Ends:
    with Directory(RootedPath(str(place))) as directory:
        return maildir.ends(directory, first, last)


@pytest.mark.parametrize(("first", "last"), [(0, 3), (3, 0), (1, 2), (0, 0), (100, 100)])
@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_the_first_and_the_last(tmp_path: Path, first: int, last: int, count: int) -> None:
    """They do not come in order from the directory."""
    ids = [dated(number) for number in range(count)]
    for each in random.Random(1).sample(ids, count):
        (tmp_path / f"{each}{SUFFIX}").touch()
    found = ends(tmp_path, first, last)
    assert found.count == count
    assert found.ids == (ids if count <= first + last else ids[:first] + ids[count - last :])
    assert found.dated == {each: (tmp_path / f"{each}{SUFFIX}").stat().st_ino for each in found.ids}


def test_ids_without_a_time_are_all_there(tmp_path: Path) -> None:
    for name in ("m1.md", "zz.md", f"{dated(1)}.md", f"{dated(2)}.md", ".hidden.md", f"{dated(3)}.tmp"):
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / f"{dated(4)}.md")
    (tmp_path / "link.md").symlink_to(tmp_path / "m1.md")
    found = ends(tmp_path, 0, 1)
    assert (found.count, list(found.dated), sorted(found.undated)) == (4, [dated(2)], ["m1", "zz"])


def test_what_comes_during_a_scan_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan can miss a file that is renamed while it runs."""

    class Renaming(Syscalls):
        scanned = 0

        def scan(self, directory: Directory) -> Iterator[tuple[str, int]]:
            yield from super().scan(directory)
            self.scanned += 1
            if self.scanned == 1:
                (tmp_path / f"{dated(9)}.md").touch()
                os.utime(tmp_path, (1, 1))

    for number in range(3):
        (tmp_path / f"{dated(number)}.md").touch()
    monkeypatch.setattr(durable, "syscalls", Renaming())
    found = ends(tmp_path, 0, 2)
    assert (found.count, found.ids) == (4, [dated(2), dated(9)])


def test_memory_does_not_grow_with_the_directory(tmp_path: Path) -> None:
    peaks = []
    for part in range(2):
        for number in range(part * 300, 300 + part * 2700):
            (tmp_path / f"{dated(number)}.md").touch()
        tracemalloc.start()
        ends(tmp_path, 50, 50)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
