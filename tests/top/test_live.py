"""A screen that follows its queue: what changes is drawn, and the cursor stays where it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amq.dashboard.overview import Dashboard, Snapshot
from tests.conftest import Shell
from tests.top.screen import Screen, shown
from tests.top.test_keys import anyio_backend

if TYPE_CHECKING:
    from amq.runtime.file_events import Hints

__all__ = ["anyio_backend"]
pytestmark = pytest.mark.anyio


def subjects(screen: Screen) -> list[str]:
    """Return the subjects of the messages."""
    return [row.split(" | ")[3] for row in screen.rows()]


async def test_mail_and_agents_that_come_and_go(amq: Shell) -> None:
    """By the system's events, without a look by hand."""
    async with shown(amq, watch=True) as screen:
        await screen.until(lambda: len(screen.rows("#agents")) == 4)
        amq.send("--subject", "one")
        await screen.until(lambda: subjects(screen) == ["one"])
        amq.ok("drain", me="bob")
        await screen.until(lambda: "| drained |" in screen.rows()[0])
        amq("init", "--agents", "dave")
        await screen.until(lambda: len(screen.rows("#agents")) == 5)
        assert amq("agent", "remove", "dave").code == 0
        await screen.until(lambda: len(screen.rows("#agents")) == 4)


async def test_a_look_gets_what_has_changed(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Hints] = []
    look = Dashboard.look

    def noted(self: Dashboard, hints: Hints) -> Snapshot:
        found.append(hints)
        return look(self, hints)

    monkeypatch.setattr(Dashboard, "look", noted)
    async with shown(amq, watch=True) as screen:
        await screen.until(lambda: len(found) > 1)
        amq.send()
        await screen.until(lambda: any(str(amq.agent("bob").inbox_new) in (hints or ()) for hints in found[2:]))
        await screen.until(lambda: len(screen.rows()) == 1)


async def test_what_comes_as_it_ends_is_not_shown(amq: Shell) -> None:
    async with shown(amq) as screen:
        app = screen.app
    assert app.screen_stack == []
    app.show(app.snapshot)
    app._explain_row()
    app._load_older()


async def test_the_cursor_follows_the_newest_message(amq: Shell) -> None:
    amq.send("--subject", "one")
    async with shown(amq) as screen:
        for subject in ("two", "three"):
            amq.send("--subject", subject)
            await screen.look()
            assert screen.cursor().endswith(subject)


async def test_a_cursor_that_was_moved_stays_on_its_message(amq: Shell) -> None:
    for subject in ("zero", "one", "two", "three"):
        amq.send("--subject", subject)
    async with shown(amq) as screen:
        await screen.press("up")
        for subject in ("four", "five"):
            amq.send("--subject", subject)
            await screen.look()
        assert (screen.cursor()[-3:], len(screen.rows())) == ("two", 6)
        screen.app.dashboard.newest = 5  # the first message leaves the screen
        await screen.look()
        assert (screen.cursor()[-3:], len(screen.rows())) == ("two", 5)


async def test_a_cursor_stays_on_its_agent(amq: Shell) -> None:
    async with shown(amq) as screen:
        await screen.press("shift+tab", "down", "down")
        assert screen.cursor("#agents").startswith("carol")
        amq("init", "--agents", "aaron")
        await screen.look()
        assert screen.cursor("#agents").startswith("carol")
        assert screen.rows("#agents")[0].startswith("aaron")


async def test_older_messages_come_when_the_first_is_reached(amq: Shell) -> None:
    for number in range(5):
        amq.send("--subject", str(number))
    async with shown(amq) as screen:
        screen.app.dashboard.newest = 3
        await screen.look()
        assert subjects(screen) == ["2", "3", "4"]
        await screen.press("home")
        assert subjects(screen) == ["0", "1", "2", "3", "4"]
        assert screen.cursor().endswith("2")


async def test_older_messages_do_not_come_by_themselves(amq: Shell) -> None:
    for number in range(5):
        amq.send("--subject", str(number))
    async with shown(amq) as screen:
        screen.app.dashboard.newest = 3
        for _ in range(3):
            await screen.look()
        assert subjects(screen) == ["2", "3", "4"]


async def test_a_queue_that_vanishes_and_comes_back(amq: Shell) -> None:
    amq.send("--subject", "one")
    async with shown(amq) as screen:
        amq.root.rename(amq.project / "away")
        await screen.look()
        assert "is not a queue any more" in screen.text("#title")
        assert (screen.rows(), screen.rows("#agents")) == ([], [])
        for key in ("enter", "r", "t", "y", "W", "g", "p"):
            await screen.press(key)
        (amq.project / "away").rename(amq.root)
        await screen.look()
        assert (subjects(screen), len(screen.rows("#agents"))) == (["one"], 4)


async def test_a_mailbox_that_cannot_be_read(amq: Shell) -> None:
    home = Path(amq.agent("bob").home)
    home.rename(amq.root / "kept")
    home.symlink_to(amq.root / "kept")
    async with shown(amq, size=(120, 36)) as screen:
        assert screen.rows("#agents")[1].startswith("bob | cannot be read |  |  |  | ")
        await screen.press("shift+tab", "down")
        assert "link" in screen.text("#why")


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_each_size_is_filled(amq: Shell, size: tuple[int, int]) -> None:
    amq.send("--subject", "a long subject " * 20)
    async with shown(amq, size=size) as screen:
        for new in (size, (80, 24), size):
            await screen.pilot.resize_terminal(*new)
            await screen.settle()
            for table in screen.app.query("#agents, #log").results():
                assert table.virtual_size.width <= new[0]
                assert table.region.height > 1
        await screen.press("w", "escape", "enter")


async def test_nothing_is_drawn_for_a_change_that_is_none(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    amq.send()
    async with shown(amq) as screen:
        before = screen.app.snapshot
        drawn: list[object] = []
        for table in screen.app.query("#agents, #log").results():
            for name in ("add_row", "update_cell", "clear"):
                monkeypatch.setattr(table, name, lambda *_, **__: drawn.append(1))
        screen.app.show(Snapshot(before.at_ns, before.rows, before.messages))
        assert drawn == []
