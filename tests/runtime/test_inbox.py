from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest
import watchfiles

from amq.runtime import inbox
from amq.runtime.inbox import SWEEP, looks

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def stop() -> anyio.Event:
    return anyio.Event()


async def test_the_first_look_is_at_once_and_a_new_file_brings_another(tmp_path: Path, stop: anyio.Event) -> None:
    looked = 0

    async def count() -> None:
        nonlocal looked
        async for _ in looks(str(tmp_path), stop, print):
            looked += 1

    with anyio.fail_after(SWEEP - 1):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            while looked < 2:
                if looked:
                    (tmp_path / f"{anyio.current_time()}.md").touch()
                await anyio.sleep(0.01)
            stop.set()


async def test_there_is_a_look_without_any_event(
    tmp_path: Path, stop: anyio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SWEEP", 0.05)
    async with aclosing(looks(str(tmp_path), stop, print)) as stream:
        with anyio.fail_after(20):
            for _ in range(4):
                await anext(stream)


async def test_what_cannot_be_watched_is_polled(
    tmp_path: Path, stop: anyio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "POLL", 0.01)
    log: list[str] = []
    async with aclosing(looks(str(tmp_path / "not there yet"), stop, log.append)) as stream:
        with anyio.fail_after(20):
            for _ in range(4):
                await anext(stream)
    (line,) = log
    assert "cannot be watched" in line


async def test_a_directory_in_the_place_of_another_is_watched(
    tmp_path: Path, stop: anyio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[int] = []
    awatch = watchfiles.awatch

    def noting(path: str, **options: Any) -> Any:
        watched.append(Path(path).stat().st_ino)
        return awatch(path, **options)

    monkeypatch.setattr(inbox, "SWEEP", 0.05)
    monkeypatch.setattr(watchfiles, "awatch", noting)
    new = tmp_path / "new"
    new.mkdir()
    async with aclosing(looks(str(new), stop, print)) as stream:
        with anyio.fail_after(20):
            await anext(stream)
            await anext(stream)
            new.rename(tmp_path / "away")
            new.mkdir()
            while len(watched) < 2:
                await anext(stream)
    assert watched == [(tmp_path / "away").stat().st_ino, new.stat().st_ino]


async def test_a_directory_that_was_away_is_watched_again(
    tmp_path: Path, stop: anyio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SWEEP", 0.05)
    monkeypatch.setattr(inbox, "POLL", 0.001)
    new, log = tmp_path / "new", list[str]()
    async with aclosing(looks(str(new), stop, log.append)) as stream:
        with anyio.fail_after(20):
            for _ in range(10):
                await anext(stream)
            new.mkdir()
            for _ in range(inbox.POLLS):
                await anext(stream)
            monkeypatch.setattr(inbox, "POLL", 1000.0)
            for _ in range(3):
                await anext(stream)
    assert len(log) == 1


async def test_a_stop_ends_it_at_once(tmp_path: Path, stop: anyio.Event) -> None:
    async with aclosing(looks(str(tmp_path), stop, print)) as stream:
        await anext(stream)
        with anyio.fail_after(SWEEP / 2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anext, stream, None)
                await anyio.sleep(0)
                stop.set()
