"""Waiting below some directories: looks, events, and what happens where there are none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Self

import pytest

from amq.runtime import changes
from amq.runtime.changes import until

LONG = 20.0  # seconds: a test that takes as long has failed


@pytest.fixture
def only_events(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing but an event brings another look in time."""
    monkeypatch.setattr(changes, "SWEEP", LONG)
    monkeypatch.setattr(changes, "POLL", LONG)
    started = time.monotonic()
    yield
    assert time.monotonic() - started < LONG / 2, "no event came"


def after(looks: int, *acts: Callable[[], object]) -> Callable[[], bool]:
    """A look that does one of ACTS each time, and finds something after LOOKS times."""
    steps, counter = iter(acts), count(1)

    def look() -> bool:
        next(steps, int)()
        return next(counter) > looks

    return look


def test_what_is_there_is_found_at_once(tmp_path: Path, only_events: None) -> None:
    assert until(lambda: "mail", [str(tmp_path)], 0) == "mail"


def test_a_change_right_after_a_look_is_an_event(tmp_path: Path, only_events: None) -> None:
    assert until(after(1, (tmp_path / "a.md").touch), [str(tmp_path)], LONG)


def test_each_of_several_directories_is_watched(tmp_path: Path, only_events: None) -> None:
    places = [tmp_path / name for name in "abc"]
    for place in places:
        place.mkdir()
    acts = [(place / "a.md").touch for place in places]
    assert until(after(3, *acts), [str(place) for place in places], LONG)


def test_a_directory_in_the_place_of_another_is_watched(
    tmp_path: Path, only_events: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "above" / "new"
    inbox.mkdir(parents=True)

    def replace() -> None:
        inbox.parent.rename(tmp_path / "away")
        inbox.mkdir(parents=True)
        monkeypatch.setattr(changes, "SWEEP", 0.01)

    def deliver() -> None:
        monkeypatch.setattr(changes, "SWEEP", LONG)
        (inbox / "a.md").touch()

    assert until(after(2, replace, deliver), [str(inbox)], LONG)


def test_there_are_looks_without_any_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "SWEEP", 0.01)
    assert until(after(3), [str(tmp_path)], LONG)


def test_polling_needs_no_watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "POLL", 0.001)
    monkeypatch.setattr(changes, "_watcher", lambda: pytest.fail("a watcher"))
    assert until(after(3), [str(tmp_path)], LONG, poll=True)


@pytest.mark.parametrize("error", [OSError("no watches left"), RuntimeError("no inotify"), FileNotFoundError()])
def test_what_cannot_be_watched_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(changes, "POLL", 0.001)
    monkeypatch.setattr(changes, "SWEEP", LONG)
    monkeypatch.setattr(changes, "_watcher", lambda: fail)
    assert until(after(3), [str(tmp_path)], LONG)


def test_a_directory_that_is_not_there_yet_is_polled_and_then_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "new"
    monkeypatch.setattr(changes, "POLL", 0.001)
    monkeypatch.setattr(changes, "SWEEP", LONG)
    started = time.monotonic()
    assert until(after(2, inbox.mkdir, (inbox / "a.md").touch), [str(inbox)], LONG)
    assert time.monotonic() - started < LONG / 2


def test_there_is_a_last_look_when_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = 100.0, []

    def wait(_: object, left: float) -> None:
        nonlocal now
        waits.append(left)
        now += 30.0

    monkeypatch.setattr(changes, "_wait", wait)
    looks = iter(["", "", "", "never asked"])
    assert until(lambda: next(looks), [str(tmp_path)], 60.0, clock=lambda: now) == ""
    assert waits == [60.0, 30.0]


def test_no_limit_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(changes, "_wait", lambda _, left: waits.append(left))
    ages = count(0, 1_000_000)
    assert until(after(3), [str(tmp_path)], 0, clock=lambda: next(ages))
    assert waits == [float("inf")] * 3


def test_an_interruption_of_the_watcher_is_one_of_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def watch(self, *_: object) -> str:
            return "signal"

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(changes, "_watch", lambda _: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        until(lambda: False, [str(tmp_path)], LONG)
