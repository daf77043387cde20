"""Waiting below some directories: looks, hints, and what happens where there are none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from amq.runtime import changes
from amq.runtime.changes import Watch, until

LONG = 20.0  # seconds: a test that takes as long has failed


def no_events(*_: object) -> None:
    raise OSError("no watches left")


@pytest.fixture
def only_hints(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing but a hint brings another look in time."""
    monkeypatch.setattr(changes, "SWEEP", LONG)
    monkeypatch.setattr(changes, "POLL", LONG)
    started = time.monotonic()
    yield
    assert time.monotonic() - started < LONG / 2, "no hint came"


@pytest.fixture(params=["events", "times"])
def one_hint(request: pytest.FixtureRequest, only_hints: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the two kinds of hints only one is there."""
    if request.param == "events":
        monkeypatch.setattr(changes, "_times", lambda _: ())
    else:
        monkeypatch.setattr(changes, "_watcher", lambda: no_events)


def after(looks: int, *acts: Callable[[], object]) -> Callable[[], bool]:
    """A look that does one of ACTS each time, and finds something after LOOKS times."""
    steps, counter = iter(acts), count(1)

    def look() -> bool:
        next(steps, int)()
        return next(counter) > looks

    return look


def test_what_is_there_is_found_at_once(tmp_path: Path, only_hints: None) -> None:
    assert until(lambda: "mail", [str(tmp_path)], 0) == "mail"


def test_a_change_right_after_a_look_is_seen(tmp_path: Path, one_hint: None) -> None:
    assert until(after(1, (tmp_path / "a.md").touch), [str(tmp_path)], LONG)


def test_each_of_several_directories_is_watched(tmp_path: Path, one_hint: None) -> None:
    places = [tmp_path / name for name in "abc"]
    for place in places:
        place.mkdir()
    acts = [(place / "a.md").touch for place in places]
    assert until(after(3, *acts), [str(place) for place in places], LONG)


def test_a_directory_in_the_place_of_another_is_seen_at_once(tmp_path: Path, only_hints: None) -> None:
    """Neither it nor the one above it is told by the system: only what was watched is."""
    inbox = tmp_path / "above" / "new"
    inbox.mkdir(parents=True)

    def replace() -> None:
        inbox.parent.rename(tmp_path / "away")
        inbox.mkdir(parents=True)

    assert until(after(2, replace, (inbox / "a.md").touch), [str(inbox)], LONG)


def test_a_directory_that_cannot_be_told_from_the_one_before_is_watched(
    tmp_path: Path, one_hint: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may even have the same number, so the watch is a new one for each wait."""
    inbox = tmp_path / "new"
    inbox.mkdir()

    def replace() -> None:
        inbox.rmdir()
        inbox.mkdir()

    assert until(after(2, replace, (inbox / "a.md").touch), [str(inbox)], LONG)


@pytest.mark.parametrize("events", [True, False])
def test_a_wait_ends_by_the_clock_that_it_is_given(tmp_path: Path, events: bool) -> None:
    """Also when that has jumped, as when the machine has slept."""
    ticks, steps = iter([0.0, 1.0, 2.0, 100_000.0]), count()
    with Watch([str(tmp_path)], 1, events=events, clock=lambda: next(ticks)) as watch:
        watch.wait(60.0, lambda: next(steps) > 100)
    assert next(ticks, None) is None


@pytest.mark.parametrize("events", [True, False])
def test_a_stop_ends_a_wait(tmp_path: Path, events: bool) -> None:
    ticks, stops = count(), iter([False, False, True])
    with Watch([str(tmp_path)], 1, events=events, clock=lambda: next(ticks)) as watch:
        watch.wait(100.0, lambda: next(stops))
    assert next(ticks) < 100


@pytest.mark.parametrize("events", [True, False])
def test_there_are_looks_without_any_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: bool) -> None:
    monkeypatch.setattr(changes, "SWEEP", 0.01 if events else LONG)
    monkeypatch.setattr(changes, "POLL", LONG if events else 0.01)
    started = time.monotonic()
    assert until(after(3), [str(tmp_path)], LONG, poll=not events)
    assert time.monotonic() - started < LONG / 2


def test_polling_needs_no_watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "POLL", 0.001)
    monkeypatch.setattr(changes, "_watcher", lambda: pytest.fail("a watcher"))
    assert until(after(3), [str(tmp_path)], LONG, poll=True)


@pytest.mark.parametrize("error", [OSError("no watches left"), RuntimeError("no inotify"), FileNotFoundError("gone")])
def test_why_there_are_no_events_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(changes, "_watcher", lambda: fail)
    with Watch([str(tmp_path)], 1) as watch:
        assert (watch.has_events, watch.failure) == (False, str(error))
        watch.wait(0.001)


def test_a_directory_that_is_not_there_yet_is_seen_when_it_comes(tmp_path: Path, only_hints: None) -> None:
    inbox = tmp_path / "new"
    assert until(after(2, inbox.mkdir, (inbox / "a.md").touch), [str(inbox)], LONG)


def test_there_is_a_last_look_when_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = 100.0, []

    def wait(_: object, left: float) -> None:
        nonlocal now
        waits.append(left)
        now += 30.0

    monkeypatch.setattr(Watch, "wait", wait)
    looks = iter(["", "", "", "never asked"])
    assert until(lambda: next(looks), [str(tmp_path)], 60.0, clock=lambda: now) == ""
    assert waits == [min(60.0, changes.SWEEP), min(30.0, changes.SWEEP)]


def test_no_limit_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(Watch, "wait", lambda _, left: waits.append(left))
    ages = count(0, 1_000_000)
    assert until(after(3), [str(tmp_path)], 0, clock=lambda: next(ages))
    assert waits == [changes.SWEEP] * 3


def test_an_interruption_of_the_watcher_is_one_of_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def __init__(self, *_: object) -> None: ...

        def watch(self, *_: object) -> str:
            return "signal"

        def close(self) -> None: ...

    monkeypatch.setattr(changes, "_watcher", lambda: Interrupted)
    with pytest.raises(KeyboardInterrupt):
        until(lambda: False, [str(tmp_path)], LONG)
