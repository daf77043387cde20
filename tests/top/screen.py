"""`amq top` driven by a pilot: keys in, and the text of its widgets out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from amq.dashboard.actions import Actions
from amq.dashboard.panes import Panes
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.top.app import Top
from tests.conftest import Shell
from tests.dashboard.watched import dashboard_of

WITHIN_S = 30.0


class Screen:
    """The screen of a queue, and what its user sees and does."""

    def __init__(self, app: Top, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press KEYS, each after what the one before has led to."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        """Type TEXT."""
        await self.press(*({" ": "space", "\n": "enter"}.get(each, each) for each in text))

    async def settle(self) -> None:
        """Wait until nothing more happens by itself."""
        for _ in range(2):
            await self.app.workers.wait_for_complete()
            await self.pilot._wait_for_screen()

    async def look(self) -> None:
        """Show the queue as it is now."""
        self.app.show(self.app.dashboard.look())
        await self.settle()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that comes from another thread."""
        async with asyncio.timeout(WITHIN_S):
            while not condition():
                await asyncio.sleep(0.005)

    def text(self, selector: str) -> str:
        """Return the text of a widget of the screen that is on top."""
        return "\n".join(str(each.content) for each in self.app.screen.query(selector).results(Static))

    def rows(self, selector: str = "#log") -> list[str]:
        """Return the rows of a table, their cells without the blanks at their ends."""
        table = self.app.screen.query_one(selector, DataTable)
        return [" | ".join(str(cell).strip() for cell in table.get_row_at(at)) for at in range(table.row_count)]

    def cursor(self, selector: str = "#log") -> str:
        """Return the row under the cursor of a table."""
        return self.rows(selector)[self.app.screen.query_one(selector, DataTable).cursor_row]


@asynccontextmanager
async def shown(
    amq: Shell, *, size: tuple[int, int] = (80, 24), watch: bool = False, why_not: str = "", panes: Panes | None = None
) -> AsyncIterator[Screen]:
    """Show the queue of AMQ on a screen of SIZE, once, or with WATCH whenever it changes."""
    actions = Actions(Mailbox(str(amq.root), USER))
    app = Top(
        dashboard_of(amq), actions, panes or Panes({"PATH": os.environ["PATH"]}),
        root=str(amq.root), why_not=why_not, watch=watch,
    )  # fmt: skip
    async with app.run_test(size=size) as pilot:
        screen = Screen(app, pilot)
        if not watch:
            await screen.look()
        yield screen
