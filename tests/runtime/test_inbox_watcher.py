from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import aclosing
from itertools import count
from pathlib import Path

import anyio
import pytest
from watchfiles._rust_notify import RustNotify

from amq.layout import RootedPath
from amq.runtime import inbox_watcher, stat_polling
from amq.runtime.inbox_watcher import SWEEP_S, EventWatch, looks

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def no_events(*_: object) -> None:
    raise OSError("no watches left")


def silent(beside: Path) -> Callable[..., RustNotify]:
    """Return a maker of watchers that work, and hear nothing of the directory BESIDE."""
    elsewhere = beside / "elsewhere"
    elsewhere.mkdir()
    return lambda _, *rest: RustNotify([str(elsewhere)], *rest)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


async def test_the_first_look_is_at_once_and_a_new_file_brings_another(tmp_path: Path, stop: threading.Event) -> None:
    async with aclosing(looks(RootedPath(str(tmp_path)), stop, print)) as stream:
        with anyio.fail_after(SWEEP_S - 1):
            for number in range(3):
                await anext(stream)
                (tmp_path / f"{number}.md").touch()


@pytest.mark.parametrize("hint", ["events", "times", "times beside silent events"])
async def test_of_the_two_kinds_of_hints_one_is_enough(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch, hint: str
) -> None:
    monkeypatch.setattr(inbox_watcher, "POLL_S", 20.0)
    if hint == "events":
        monkeypatch.setattr(stat_polling, "_times", lambda _: ())
    elif hint == "times":
        monkeypatch.setattr(inbox_watcher, "RustNotify", no_events)
    else:
        monkeypatch.setattr(inbox_watcher, "RustNotify", silent(tmp_path))
    async with aclosing(looks(RootedPath(str(tmp_path)), stop, lambda _: None)) as stream:
        with anyio.fail_after(SWEEP_S - 1):
            for number in range(3):
                await anext(stream)
                (tmp_path / f"{number}.md").touch()


async def test_a_directory_in_the_place_of_another_is_watched(tmp_path: Path, stop: threading.Event) -> None:
    """The system reports neither it nor the one above it: only what was watched."""
    new = tmp_path / "above" / "new"
    new.mkdir(parents=True)
    async with aclosing(looks(RootedPath(str(new)), stop, print)) as stream:
        with anyio.fail_after(SWEEP_S - 1):
            await anext(stream)
            new.parent.rename(tmp_path / "away")
            new.mkdir(parents=True)
            await anext(stream)
            (new / "a.md").touch()
            await anext(stream)


async def test_there_is_a_look_without_any_hint(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_watcher, "SWEEP_S", 0.05)
    async with aclosing(looks(RootedPath(str(tmp_path)), stop, print)) as stream:
        with anyio.fail_after(20):
            for _ in range(4):
                await anext(stream)


async def test_what_cannot_be_watched_is_looked_at_and_that_is_logged_once(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_watcher, "POLL_S", 0.01)
    log: list[str] = []
    async with aclosing(looks(RootedPath(str(tmp_path / "not there yet")), stop, log.append)) as stream:
        with anyio.fail_after(20):
            for _ in range(4):
                await anext(stream)
    (line,) = log
    assert "cannot be watched" in line


async def test_what_can_be_watched_again_is_and_another_failure_is_logged_again(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    watches = 0
    log: list[str] = []
    watcher = RustNotify

    def fails(*arguments: object) -> object:
        nonlocal watches
        watches += 1
        if watches in (2, 4):
            raise OSError("no watches left")
        return watcher(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(inbox_watcher, "RustNotify", fails)
    monkeypatch.setattr(inbox_watcher, "POLL_S", 0.01)
    monkeypatch.setattr(inbox_watcher, "SWEEP_S", 0.01)
    async with aclosing(looks(RootedPath(str(tmp_path)), stop, log.append)) as stream:
        with anyio.fail_after(20):
            for _ in range(6):
                await anext(stream)
    assert len(log) == 2


async def test_after_a_jump_of_the_clock_there_is_a_look_at_once(tmp_path: Path, stop: threading.Event) -> None:
    """The clock jumps when the machine has slept."""
    time = 0.0

    def clock() -> float:
        nonlocal time
        time += 1e6
        return time

    async with aclosing(looks(RootedPath(str(tmp_path)), stop, print, clock)) as stream:
        with anyio.fail_after(SWEEP_S / 2):
            for _ in range(3):
                await anext(stream)


async def test_a_stop_ends_it_at_once(tmp_path: Path, stop: threading.Event) -> None:
    async with aclosing(looks(RootedPath(str(tmp_path)), stop, print)) as stream:
        await anext(stream)
        with anyio.fail_after(SWEEP_S / 2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anext, stream, None)
                await anyio.sleep(0)
                stop.set()


@pytest.mark.parametrize("error", [OSError("no watches left"), RuntimeError("no inotify"), FileNotFoundError("gone")])
def test_why_there_are_no_events_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(inbox_watcher, "RustNotify", fail)
    with EventWatch(RootedPath(str(tmp_path))) as watch:
        assert watch.failure == str(error)
        watch.wait(0.001)


@pytest.mark.parametrize("events", [True, False])
def test_a_wait_ends_by_the_clock_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: bool
) -> None:
    if not events:
        monkeypatch.setattr(inbox_watcher, "RustNotify", no_events)
    ticks, steps = count(0.0, 30.0), count()
    with EventWatch(RootedPath(str(tmp_path)), lambda: next(ticks)) as watch:
        watch.wait(60.0, lambda: next(steps) > 100)
    assert next(steps) < 100


@pytest.mark.parametrize("events", [True, False])
def test_a_stop_ends_a_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: bool) -> None:
    if not events:
        monkeypatch.setattr(inbox_watcher, "RustNotify", no_events)
    ticks, stops = count(), iter([False, False, True])
    with EventWatch(RootedPath(str(tmp_path)), lambda: next(ticks)) as watch:
        watch.wait(100.0, lambda: next(stops))
    assert next(ticks) < 100


def test_an_entry_is_noticed_before_the_next_safe_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this wait does not move after its first check."""
    monkeypatch.setattr(inbox_watcher, "RustNotify", silent(tmp_path))
    steps = count(1)

    def stopped() -> bool:
        step = next(steps)
        if step == 3:
            (tmp_path / "a.md").touch()
        return step > 20

    with EventWatch(RootedPath(str(tmp_path)), lambda: 0.0) as watch:
        watch.wait(60.0, stopped)
    assert next(steps) < 10


def test_a_directory_whose_path_is_not_utf_8_is_looked_at_without_events(tmp_path: Path) -> None:
    place = tmp_path / "\udcff"
    place.mkdir()
    with EventWatch(RootedPath(str(place))) as watch:
        assert "surrogates" in watch.failure
        (place / "m").touch()
        watch.wait(5)
        assert watch.is_set()


def test_an_interrupt_ends_a_wait_in_the_main_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        """Events that end as those of the system do when Python's own handler has raised."""

        def __init__(self, *_: object) -> None:
            pass

        def watch(self, *_: object) -> str:
            return "signal"

        def close(self) -> None:
            pass

    monkeypatch.setattr(inbox_watcher, "RustNotify", Interrupted)
    with EventWatch(RootedPath(str(tmp_path))) as watch, pytest.raises(KeyboardInterrupt):
        watch.wait(1)
