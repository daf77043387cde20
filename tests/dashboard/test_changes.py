"""Waiting for changes of a queue that is watched."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from amq.dashboard import changes
from amq.dashboard.overview import Dashboard
from amq.mail import newest
from amq.runtime.file_events import FileEvents
from amq.store import maildir
from amq.store.durable import Directory
from amq.store.maildir import Ends
from tests.conftest import Shell
from tests.dashboard.watched import dashboard

__all__ = ["dashboard"]
FOR_EVER_S = 600.0


def test_each_change_leads_to_a_look(amq: Shell, dashboard: Dashboard) -> None:
    """In another thread, as a view waits; the second look is the one that knows all directories."""
    stop, seen = threading.Event(), threading.Semaphore(0)
    numbers: list[int] = []

    def watch() -> None:
        for _ in changes.looks(lambda: dashboard.places, FOR_EVER_S, stop):
            numbers.append(len(dashboard.look().messages))
            seen.release()

    thread = threading.Thread(target=watch)
    thread.start()
    for expected in (1, 2):
        while not numbers or numbers[-1] < expected - 1:
            assert seen.acquire(timeout=30)
        amq.send()
        while numbers[-1] < expected:
            assert seen.acquire(timeout=30)
    amq("init", "--agents", "dave")
    while "dave" not in [row.handle for row in dashboard.look().rows]:
        assert seen.acquire(timeout=30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="kqueue names no files")
def test_a_large_directory_is_not_listed_for_a_message(
    amq: Shell, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender's: the events of the system name the file."""
    monkeypatch.setattr(newest, "LARGE", 1)
    monkeypatch.setattr(newest, "COST", 10**6)
    listed, real = list[str](), maildir.ends

    def ends(directory: Directory, first: int, last: int) -> Ends:
        listed.append(directory.path)
        return real(directory, first, last)

    monkeypatch.setattr(maildir, "ends", ends)
    amq.send()
    looks = changes.looks(lambda: dashboard.places, FOR_EVER_S)
    for _ in range(2):  # the second look is the one that knows all directories
        assert len(dashboard.look(next(looks)).messages) == 1
    assert amq.agent("alice").sent in listed
    for number in (2, 3):
        listed.clear()
        amq.send()
        found = dashboard.look(next(looks))
        assert (len(found.messages), found.problems) == (number, ())
        assert amq.agent("alice").sent not in listed


def test_time_alone_leads_to_a_look() -> None:
    class Waiting(FileEvents):
        waited: tuple[float, ...] = ()

        def wait(self, seconds: float, stop: threading.Event | None = None) -> None:
            self.waited = (*self.waited, seconds)
            assert stop is not None
            if len(self.waited) == 2:
                stop.set()

    events = Waiting()
    assert len(list(changes.looks(lambda: (), 2.0, events=lambda: events))) == 2
    assert events.waited == (2.0, 2.0)


def test_directories_that_a_look_finds_are_looked_at_again() -> None:
    found = iter([["a"], ["a", "b"], ["a", "b"]])
    followed: list[list[str]] = []

    class Following(FileEvents):
        def follow(self, directories: object) -> None:
            followed.append(list(directories))  # type: ignore[call-overload]

        def wait(self, _: float, stop: threading.Event | None = None) -> None:
            assert stop is not None
            stop.set()

    assert len(list(changes.looks(lambda: next(found), 2.0, events=Following))) == 2
    assert followed == [["a"], ["a", "b"]]


def test_a_wait_ends_when_it_is_to_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with FileEvents() as events:
        events.follow([str(tmp_path)])
        waiting = threading.Thread(target=events.wait, args=(FOR_EVER_S, stop), daemon=True)
        waiting.start()
        waiting.join(30)
        assert not waiting.is_alive()
