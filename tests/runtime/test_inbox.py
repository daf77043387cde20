from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

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


async def test_a_stop_ends_it_at_once(tmp_path: Path, stop: anyio.Event) -> None:
    async with aclosing(looks(str(tmp_path), stop, print)) as stream:
        await anext(stream)
        with anyio.fail_after(SWEEP / 2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anext, stream, None)
                await anyio.sleep(0)
                stop.set()
