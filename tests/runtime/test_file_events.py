"""The system's events of directories: that something has changed, and the names that have."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.runtime import directory_events, file_events
from amq.runtime.directory_events import DirectoryEvents
from amq.runtime.file_events import FileEvents, of_agent
from amq.runtime.journal import WakeJournal
from amq.runtime.policy.reasons import WaitReason
from amq.runtime.private_state import PrivateState

LONG_S = 60.0
_inotify_only = pytest.mark.skipif(not Path("/proc/sys/fs/inotify").exists(), reason="kqueue names no files")


@pytest.fixture
def events() -> Iterator[FileEvents]:
    """Events of a directory that is not chosen yet."""
    with FileEvents() as made:
        yield made


def followed(events: FileEvents, *paths: Path) -> None:
    """Let EVENTS follow PATHS, of which nothing has changed yet."""
    events.follow(map(str, paths))
    events.changed()


@_inotify_only
def test_the_names_that_have_changed(tmp_path: Path, events: FileEvents) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        place.mkdir()
    for name in ("moved", "gone", "written", "same"):
        (here / name).touch()
    followed(events, here, there)
    (here / "come").touch()
    (here / "moved").rename(there / "moved")
    (here / "gone").unlink()
    (here / "written").write_text("x")
    events.wait(LONG_S)
    assert events.changed() == {str(here): {"come", "moved", "gone", "written"}, str(there): {"moved"}}
    assert events.changed() == {}


def test_what_is_watched_from_now_on_may_have_changed(tmp_path: Path, events: FileEvents) -> None:
    """Also a directory in the place of another one."""
    place = tmp_path / "place"
    place.mkdir()
    events.follow([str(place), str(tmp_path / "missing")])
    assert events.changed() == {str(place): None}
    place.rename(tmp_path / "old")
    place.mkdir()
    events.follow([str(place)])
    assert events.changed() == {str(place): None}


@_inotify_only
def test_where_events_are_lost_all_may_have_changed(tmp_path: Path, events: FileEvents) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        place.mkdir()
    followed(events, here, there)
    file = os.open(here / "x", os.O_CREAT | os.O_WRONLY)
    for _ in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())):
        os.rename(here / "x", here / "y")  # two events
        os.rename(here / "y", here / "x")
    os.close(file)
    assert events.changed() == {str(here): None, str(there): None}


def test_a_directory_that_cannot_be_watched_is_looked_at(
    tmp_path: Path, events: FileEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the user has no watches left; it is tried again before the next look."""
    for name in ("_Inotify", "_Kqueue"):
        monkeypatch.setattr(getattr(directory_events, name), "add", lambda *_: None)
    monkeypatch.setattr(file_events, "POLL_S", 0.01)
    events.follow([str(tmp_path)])
    assert events.changed() is None
    events.wait(LONG_S)
    assert events.changed() is None
    monkeypatch.undo()
    events.follow([str(tmp_path)])
    assert events.changed() == {str(tmp_path): None}


def test_a_line_in_a_journal_is_a_change(tmp_path: Path, events: FileEvents) -> None:
    private = PrivateState(str(tmp_path))
    queue = QueueLayout(str(tmp_path / "queue"))
    directory = private.of_agent(queue.root, "bob").directory
    journal = WakeJournal(directory)
    journal.waits([], WaitReason.BUSY)
    events.follow(of_agent(queue, "bob", private))
    assert f"{directory}/wakes.jsonl" in (events.changed() or ())
    journal.waits([], WaitReason.LOW)
    events.wait(LONG_S)
    assert f"{directory}/wakes.jsonl" in (events.changed() or ())


def test_waits_that_events_end_are_apart(tmp_path: Path, events: FileEvents) -> None:
    """So that steady traffic does not take all of a processor."""
    followed(events, tmp_path)
    ends = []
    for name in ("a", "b"):
        (tmp_path / name).touch()
        events.wait(LONG_S)
        ends.append(time.monotonic())
    assert ends[1] - ends[0] >= file_events.APART_S - 0.01


def test_where_there_are_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "other")
    monkeypatch.delattr("select.kqueue", raising=False)
    with pytest.raises(OSError, match="not implemented"):
        DirectoryEvents()
