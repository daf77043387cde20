"""The first screen of `amq top`: the agents above, what they say below, and the keys for what the user does."""

from __future__ import annotations

import asyncio
import threading

from rich.terminal_theme import TerminalTheme
from rich.text import Text
from textual import on, work
from textual.app import App
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import DataTable, Footer, Static

from amq.dashboard import changes
from amq.dashboard.actions import Refused
from amq.dashboard.overview import Snapshot
from amq.names import USER
from amq.text import visible
from amq.top import cells
from amq.top.help import HELP
from amq.top.screens import Draft, Listing, Page, Reading, Searching, Writing
from amq.top.tables import KeyedTable
from amq.top.terminal import end_at_signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ClassVar, TypeVar

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.driver import Driver

    from amq.dashboard.actions import Actions, Result
    from amq.dashboard.agents import Row
    from amq.dashboard.conversation import LoggedMessage
    from amq.dashboard.overview import Dashboard
    from amq.dashboard.panes import Panes

    T = TypeVar("T")

LOOK_EVERY_S = 5.0
"""Seconds between looks without an event: no file shows that a notifier was killed, and ages grow."""
MOST_FOUND = 200
"""The most messages of a search, a thread or a pair."""
_OF_FIRST = {"write", "reply", "thread", "search", "explain", "wake", "jump", "pair", "help"}
MORE = 100
"""The messages by which the conversation grows backwards when the user goes to its first one."""


_ON_LIGHT = TerminalTheme(
    (255, 255, 255), (0, 0, 0),
    [(0, 0, 0), (170, 0, 30), (20, 105, 20), (130, 85, 0), (0, 60, 160), (130, 0, 130), (0, 95, 125), (110, 110, 110)],
)  # fmt: skip
"""Colours by name on a light background: there the usual yellow, green and cyan cannot be read."""


class Top(App[int]):
    """The screen of DASHBOARD, in which the user does ACTIONS; WHY_NOT says why they may not. PANES show agents.

    WATCH is False for tests, which call `show` themselves.
    """

    TITLE = "amq top"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "top.tcss"
    AUTO_FOCUS = "#log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "write", "write"),
        Binding("r", "reply", "reply"),
        Binding("t", "thread", "thread"),
        Binding("slash", "search", "search", key_display="/"),
        Binding("y", "explain", "why"),
        Binding("W", "wake", "wake", key_display="W"),
        Binding("g", "jump", "go to"),
        Binding("p", "pair", "pair", show=False),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "quit", "quit"),
        Binding("ctrl+c", "quit", "quit", show=False, priority=True),
        Binding("ctrl+q", "quit", "quit", show=False),
    ]

    def __init__(
        self,
        dashboard: Dashboard,
        actions: Actions,
        panes: Panes,
        *,
        root: str,
        why_not: str = "",
        light: bool = False,
        watch: bool = True,
        driver: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver)
        self.dashboard = dashboard
        self.actions = actions
        self.snapshot = Snapshot(0, (), ())
        self.may_act = not why_not
        self._panes = panes
        self._root = root
        self._why_not = why_not
        self._watches = watch
        self._stop = threading.Event()
        self._draft = Draft()
        self._messages: dict[str, LoggedMessage] = {}
        self._rows: dict[str, Row] = {}
        self.theme = "textual-light" if light else "textual-dark"
        self.ansi_theme_light = _ON_LIGHT

    # -- drawing ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Yield the parts of the first screen."""
        yield Static("", id="title", classes="title", markup=False)
        with Vertical(id="above"):
            yield KeyedTable(cells.AGENT_COLUMNS, id="agents")
            yield Static("", id="why", markup=False)
        yield KeyedTable(cells.LOG_COLUMNS, follows=True, id="log")
        yield Static("", id="said", classes="said", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to watch the queue."""
        if self._watches:
            end_at_signals(self.exit)
            threading.Thread(target=self._watch, name="amq-watch", daemon=True).start()

    def on_unmount(self) -> None:
        """Stop watching."""
        self._stop.set()

    def _watch(self) -> None:
        """Show the queue whenever it has changed, until the screen ends. This is the thread that looks at files."""
        for hints in changes.looks(lambda: self.dashboard.places, LOOK_EVERY_S, self._stop):
            snapshot = self.dashboard.look(hints)
            if self._stop.is_set() or not self.is_running:
                return
            self.call_from_thread(self.show, snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Show SNAPSHOT in place of the one before."""
        if not self.screen_stack:  # it ends
            return
        before, self.snapshot = self.snapshot, snapshot
        first = self.screen_stack[0]
        self._rows = {row.handle: row for row in snapshot.rows}
        self._write(cells.title(self._root, snapshot), "#title")
        agents, log = first.query_one("#agents", KeyedTable), first.query_one("#log", KeyedTable)
        agents.show({handle: cells.agent_cells(row, snapshot.at_ns) for handle, row in self._rows.items()})
        self._explain_row()
        if snapshot.messages != before.messages or not before.at_ns:
            self._messages = {each.key: each for each in snapshot.messages}
            log.show({key: cells.message_cells(each, snapshot.at_ns) for key, each in self._messages.items()})
            for screen in self.screen_stack:
                if isinstance(screen, Listing) and not isinstance(screen, Searching):
                    screen.refresh_messages()
        if snapshot.problems != before.problems:
            self.say(cells.problems(snapshot.problems))

    @on(DataTable.RowHighlighted, "#agents")
    def _explain_row(self) -> None:
        if not self.screen_stack:  # it ends, and this was on its way
            return
        row = self._row()
        self._write(cells.explanation(row, self.snapshot.at_ns) if row else Text(), "#why")

    @on(DataTable.RowHighlighted, "#log")
    def _load_older(self) -> None:
        """Show older messages, too, when the user has gone to the first one."""
        if not self.screen_stack:
            return
        log = self.screen_stack[0].query_one("#log", KeyedTable)
        # where the cursor is by now: it is on the first row for a moment while a table is filled
        if log.cursor_row == 0 and log.has_focus and len(self._messages) >= self.dashboard.newest:
            self.dashboard.newest += MORE
            self._look_again()

    @work
    async def _look_again(self) -> None:
        self.show(await self.in_thread(self.dashboard.look))

    def say(self, text: Text) -> None:
        """Show TEXT above the keys of the first screen."""
        self._write(text, "#said")

    def _write(self, text: Text, selector: str) -> None:
        """Write TEXT into a part of the first screen, unless it is there: that would draw it anew."""
        part = self.screen_stack[0].query_one(selector, Static)
        if part.content != text:
            part.update(text)

    def say_done(self, done: Result) -> None:
        """Show what an action has done."""
        self.say(cells.result(done))

    async def in_thread(self, act: Callable[[], T]) -> T:
        """Return what ACT returns, called off the screen's thread: it looks at files."""
        return await asyncio.to_thread(act)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _row(self) -> Row | None:
        return self._rows.get(self.screen_stack[0].query_one("#agents", KeyedTable).key or "")

    def _message(self) -> LoggedMessage | None:
        return self._messages.get(self.screen_stack[0].query_one("#log", KeyedTable).key or "")

    @on(DataTable.RowSelected, "#log")
    def _open(self) -> None:
        if message := self._message():
            self.read(message, list(self._messages.values()))

    @on(DataTable.RowSelected, "#agents")
    def _open_agent(self) -> None:
        self.action_explain()

    def read(self, message: LoggedMessage, others: list[LoggedMessage]) -> None:
        """Show MESSAGE, one of OTHERS."""
        self.push_screen(Reading(message, others, self.snapshot.at_ns))

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Return whether a key does something: those of the first screen do not over another one."""
        return len(self.screen_stack) == 1 or action not in _OF_FIRST

    def action_write(self) -> None:
        """Write a message, to the agent under the cursor if the cursor is there."""
        row = self._row() if self.focused and self.focused.id == "agents" else None
        kept = self._draft
        to = kept.to or (row.handle if row and row.handle != USER else "")
        self._begin(Draft(to, kept.subject, kept.body) if not kept.original else kept)

    def action_reply(self) -> None:
        """Answer the message under the cursor."""
        if message := self._message():
            self.reply_to(message)

    def reply_to(self, message: LoggedMessage) -> None:
        """Answer MESSAGE."""
        header = message.header
        to = ",".join(header.to) if header.sender == USER else header.sender
        kept = self._draft
        same = kept.original is not None and kept.original.id == header.id
        self._begin(kept if same else Draft(to, "", "", header))

    def _begin(self, draft: Draft) -> None:
        if self.may_act:
            self.push_screen(Writing(draft))
        else:
            self.say(Text(f"you cannot write here: {visible(self._why_not)}", "red"))

    def keep(self, draft: Draft) -> None:
        """Keep DRAFT, which was not sent, for the next time."""
        self._draft = draft if draft.body.strip() else Draft()
        if draft.body.strip():
            self.say(Text("the draft is kept: w opens it again", "dim"))

    def action_thread(self) -> None:
        """Show the thread of the message under the cursor."""
        if message := self._message():
            self.show_thread(message)

    def show_thread(self, message: LoggedMessage) -> None:
        """Show the thread of MESSAGE."""
        name = message.header.conversation
        self.push_screen(
            Listing(
                Text().append("Thread ", "bold").append(visible(name)), lambda: self.dashboard.thread(name, MOST_FOUND)
            )
        )

    def action_pair(self) -> None:
        """Show what sender and first recipient of the message under the cursor write to each other."""
        if message := self._message():
            one, other = message.header.sender, message.header.to[0]
            title = Text().append("Between ", "bold").append(f"{visible(one)} and {visible(other)}")
            self.push_screen(Listing(title, lambda: self.dashboard.pair(one, other, MOST_FOUND)))

    def action_search(self) -> None:
        """Search."""
        self.push_screen(Searching(lambda query: self.dashboard.search(query, MOST_FOUND)))

    @work
    async def action_explain(self) -> None:
        """Show all about the agent under the cursor."""
        if row := self._row():
            entries, why_not = await self.in_thread(lambda: self.dashboard.history(row.handle))
            found = cells.details(row, entries, why_not, self.snapshot.at_ns)
            self.push_screen(Page(Text(row.handle, "bold"), found))

    @work
    async def action_wake(self) -> None:
        """Ask for another attempt to notify the agent under the cursor."""
        if not self.may_act:
            self.say(Text(f"you cannot wake agents here: {visible(self._why_not)}", "red"))
        elif row := self._row():
            self.say_done(await self.in_thread(lambda: self.dashboard.wake(row.handle)))

    @work
    async def action_jump(self) -> None:
        """Show the terminal of the agent under the cursor, where tmux can."""
        row = self._row()
        if row is None:
            return
        if row.far:
            self.say(Text(f"{row.handle} has its terminal on the host {visible(row.far.host)}", "red"))
            return
        pane = await self.in_thread(lambda: self._panes.of(row.agent.notifier))
        done = pane if isinstance(pane, Refused) else await self.in_thread(lambda: self._panes.switch_to(pane))
        if not isinstance(pane, Refused) and not isinstance(done, Refused) and not self._panes.is_inside:
            with self.suspend():
                self._panes.attach(pane)
            self.refresh(layout=True)
        self.say_done(done)

    def action_help(self) -> None:
        """Show the keys, and all that cannot be read."""
        problems = Text("\n").join(Text(visible(each), "red") for each in self.snapshot.problems)
        self.push_screen(Page(Text("Help", "bold"), Text(HELP).append_text(problems)))

    async def action_quit(self) -> None:
        """End."""
        self.exit(0)

    def _fatal_error(self) -> None:
        """End after a fault, which `run` raises: Textual would print all local variables, with the mail in them."""
        self._close_messages_no_wait()
