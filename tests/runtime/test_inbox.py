from __future__ import annotations

import threading
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from amq.runtime import changes, inbox
from amq.runtime.inbox import SWEEP, looks

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


async def test_the_first_look_is_at_once_and_a_new_file_brings_another(tmp_path: Path, stop: threading.Event) -> None:
    async with aclosing(looks(str(tmp_path), stop, print)) as stream:
        with anyio.fail_after(SWEEP - 1):
            for number in range(3):
                await anext(stream)
                (tmp_path / f"{number}.md").touch()


async def test_there_is_a_look_without_any_hint(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SWEEP", 0.05)
    async with aclosing(looks(str(tmp_path), stop, print)) as stream:
        with anyio.fail_after(20):
            for _ in range(4):
                await anext(stream)


async def test_what_cannot_be_watched_is_looked_at_and_that_is_logged_once(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "POLL", 0.01)
    log: list[str] = []
    async with aclosing(looks(str(tmp_path / "not there yet"), stop, log.append)) as stream:
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
    watcher = changes._watcher()

    def fails(*arguments: object) -> object:
        nonlocal watches
        watches += 1
        if watches in (2, 4):
            raise OSError("no watches left")
        return watcher(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(changes, "_watcher", lambda: fails)
    monkeypatch.setattr(inbox, "POLL", 0.01)
    monkeypatch.setattr(inbox, "SWEEP", 0.01)
    async with aclosing(looks(str(tmp_path), stop, log.append)) as stream:
        with anyio.fail_after(20):
            for _ in range(6):
                await anext(stream)
    assert len(log) == 2


async def test_after_a_jump_of_the_clock_there_is_a_look_at_once(tmp_path: Path, stop: threading.Event) -> None:
    """The machine has slept."""
    time = 0.0

    def clock() -> float:
        nonlocal time
        time += 1e6
        return time

    async with aclosing(looks(str(tmp_path), stop, print, clock)) as stream:
        with anyio.fail_after(SWEEP / 2):
            for _ in range(3):
                await anext(stream)


async def test_a_stop_ends_it_at_once(tmp_path: Path, stop: threading.Event) -> None:
    async with aclosing(looks(str(tmp_path), stop, print)) as stream:
        await anext(stream)
        with anyio.fail_after(SWEEP / 2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anext, stream, None)
                await anyio.sleep(0)
                stop.set()
