"""Waits for changes below directories: looks, and the hints that cause them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from amq.layout import RootedPath
from amq.runtime import stat_polling
from amq.runtime.stat_polling import Watch, step, until

LONG = 20.0  # seconds: a test that takes as long has failed
STEP = 0.001


@pytest.fixture
def only_hints(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let only a hint bring another look in time."""
    for name in ("TICK_S", "SWEEP_S", "POLL_S"):
        monkeypatch.setattr(stat_polling, name, LONG)
    started = time.monotonic()
    yield
    assert time.monotonic() - started < LONG / 2, "no hint came"


def after(looks: int, *acts: Callable[[], object]) -> Callable[[], bool]:
    """Return a look that does one of ACTS each time, and finds something after LOOKS times."""
    steps, counter = iter(acts), count(1)

    def look() -> bool:
        next(steps, int)()
        return next(counter) > looks

    return look


def test_what_is_there_is_found_at_once(tmp_path: Path, only_hints: None) -> None:
    assert until(lambda: "mail", [RootedPath(str(tmp_path))], 0) == "mail"


def test_a_change_right_after_a_look_is_seen(tmp_path: Path, only_hints: None) -> None:
    assert until(after(1, (tmp_path / "a.md").touch), [RootedPath(str(tmp_path))], LONG)


def test_each_of_several_directories_is_watched(tmp_path: Path, only_hints: None) -> None:
    places = [tmp_path / name for name in "abc"]
    for place in places:
        place.mkdir()
    acts = [(place / "a.md").touch for place in places]
    assert until(after(3, *acts), [RootedPath(str(place)) for place in places], LONG)


def test_a_directory_in_the_place_of_another_is_seen_at_once(tmp_path: Path, only_hints: None) -> None:
    """The system reports neither it nor the one above it: only what was watched."""
    inbox = tmp_path / "above" / "new"
    inbox.mkdir(parents=True)

    def replace() -> None:
        inbox.parent.rename(tmp_path / "away")
        inbox.mkdir(parents=True)

    assert until(after(2, replace, (inbox / "a.md").touch), [RootedPath(str(inbox))], LONG)


def test_a_directory_that_has_the_number_of_the_one_before_is_watched(tmp_path: Path, only_hints: None) -> None:
    inbox = tmp_path / "new"
    inbox.mkdir()

    def replace() -> None:
        inbox.rmdir()
        inbox.mkdir()

    assert until(after(2, replace, (inbox / "a.md").touch), [RootedPath(str(inbox))], LONG)


def test_a_directory_that_is_not_there_yet_is_seen_when_it_comes(tmp_path: Path, only_hints: None) -> None:
    inbox = tmp_path / "new"
    assert until(after(2, inbox.mkdir, (inbox / "a.md").touch), [RootedPath(str(inbox))], LONG)


def test_a_wait_ends_by_the_clock_that_it_is_given(tmp_path: Path) -> None:
    """It does so even if that clock has jumped, as when the machine has slept."""
    ticks = iter([0.0, 1.0, 2.0, 100_000.0])
    assert not Watch([RootedPath(str(tmp_path))], lambda: next(ticks)).wait(60.0, STEP)
    assert next(ticks, None) is None


def test_a_stop_ends_a_wait(tmp_path: Path) -> None:
    ticks, stops = count(), iter([False, False, True])
    assert not Watch([RootedPath(str(tmp_path))], lambda: next(ticks)).wait(100.0, STEP, lambda: next(stops))
    assert next(ticks) < 100


@pytest.mark.parametrize("poll", [False, True])
def test_there_are_looks_without_any_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, poll: bool) -> None:
    monkeypatch.setattr(stat_polling, "SWEEP_S", LONG if poll else 0.01)
    monkeypatch.setattr(stat_polling, "POLL_S", 0.01 if poll else LONG)
    started = time.monotonic()
    assert until(after(3), [RootedPath(str(tmp_path))], LONG, poll=poll)
    assert time.monotonic() - started < LONG / 2


def test_what_comes_with_a_change_is_looked_for_within_a_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes may leave the same times; a coarse clock is imitated, for the kernel's may be a fine one."""
    monkeypatch.setattr(stat_polling, "SWEEP_S", LONG)
    monkeypatch.setattr(stat_polling, "_times", lambda directory: len(list(Path(directory).iterdir())) > 0)
    started = time.monotonic()
    assert until(after(2, (tmp_path / "a.md").touch, (tmp_path / "b.md").touch), [RootedPath(str(tmp_path))], LONG)
    assert time.monotonic() - started < LONG / 2


def test_there_is_a_last_look_when_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = 100.0, []

    def wait(_: object, left: float, __: object) -> bool:
        nonlocal now
        waits.append(left)
        now += 30.0
        return len(waits) == 2

    monkeypatch.setattr(Watch, "wait", wait)
    looks = iter(["", "", "", "", "never asked"])
    assert until(lambda: next(looks), [RootedPath(str(tmp_path))], 90.0, clock=lambda: now) == ""
    assert waits == [stat_polling.TICK_S, stat_polling.SWEEP_S, stat_polling.TICK_S]


def test_none_waits_without_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(Watch, "wait", lambda _, left, __: waits.append(left))
    ages = count(0, 1_000_000)
    assert until(after(3), [RootedPath(str(tmp_path))], 0, clock=lambda: next(ages))
    assert waits == [stat_polling.TICK_S, stat_polling.SWEEP_S, stat_polling.SWEEP_S]


def test_the_longer_a_wait_has_lasted_the_less_it_costs() -> None:
    assert [step(waited) for waited in (0.0, 4.0, 10.0, 60.0, 3600.0)] == [0.004, 0.004, 0.01, 0.06, 0.06]
