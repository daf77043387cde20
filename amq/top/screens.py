"""The screens over the first one: a message, a list of messages, an agent in full, a form to write, and help."""

from __future__ import annotations

from rich.text import Text
from textual import on, work
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Label, Static, TextArea

from amq.dashboard.actions import Done
from amq.names import USER
from amq.record import record
from amq.text import subject_line, visible
from amq.top import cells
from amq.top.tables import KeyedTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import ClassVar

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from amq.dashboard.conversation import Log, LoggedMessage
    from amq.mail.summary import Summary
    from amq.top.app import Top

BACK = Binding("escape,q", "dismiss", "back")


@record
class Draft:
    """A message that the user writes: to whom, about what, and the text. It answers the message `original`, if any."""

    to: str = ""
    subject: str = ""
    body: str = ""
    original: Summary | None = None


class Over(Screen[None]):
    """A screen over the first one, with what it is about in its first line."""

    AUTO_FOCUS = "*"
    app: Top

    def __init__(self, title: Text) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """Yield the first line, the content, and the keys."""
        yield Static(self._title, classes="title", markup=False)
        yield from self.content()
        yield Static("", classes="said", markup=False)
        yield Footer(show_command_palette=False)

    def content(self) -> ComposeResult:
        """Yield what the screen shows."""
        raise NotImplementedError

    def say(self, text: Text) -> None:
        """Show TEXT above the keys."""
        self.query_one(".said", Static).update(text)


class Page(Over):
    """A text to scroll in."""

    BINDINGS: ClassVar[list[BindingType]] = [BACK]

    def __init__(self, title: Text, text: Text) -> None:
        super().__init__(title)
        self._text = text

    def content(self) -> ComposeResult:
        """Yield the text."""
        with VerticalScroll(can_focus=True):
            yield Static(self._text, id="text", markup=False)


class Reading(Page):
    """A message. The user's own unread mail is filed once its text is on the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("r", "reply", "reply"),
        Binding("t", "thread", "thread"),
        Binding("n,right", "other(1)", "next"),
        Binding("p,left", "other(-1)", "previous"),
    ]

    def __init__(self, message: LoggedMessage, others: Sequence[LoggedMessage], now_ns: int) -> None:
        super().__init__(Text("Message", "bold"), Text("…", "dim"))
        self.message = message
        self._others = others
        self._now_ns = now_ns

    def content(self) -> ComposeResult:
        """Yield header and text."""
        yield Static(cells.heading(self.message, self._now_ns), id="heading", markup=False)
        yield from super().content()

    def on_mount(self) -> None:
        """Load the text."""
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        message = self.message
        self._show_heading()
        body = await self.app.in_thread(lambda: self.app.dashboard.body(message.header))
        self.query_one("#text", Static).update(cells.body_text(body))
        self.query_one(VerticalScroll).scroll_home(animate=False)
        is_mine = USER in message.header.to and not body.problem
        if is_mine and self.app.may_act:
            self.call_after_refresh(self._seen, message)

    @work
    async def _seen(self, message: LoggedMessage) -> None:
        """File MESSAGE, which is on the screen by now, unless the user has left it at once."""
        if not (self.is_current and self.message is message):
            return
        done = await self.app.in_thread(lambda: self.app.actions.mark_read(message.id))
        # where the user goes on meanwhile, `_load`, which is exclusive, ends this
        self.message = await self.app.in_thread(lambda: self.app.dashboard.located(message))
        self._show_heading()
        if isinstance(done, Done) and done.text != "read elsewhere":
            self.say(Text(done.text, "dim"))

    def _show_heading(self) -> None:
        self.query_one("#heading", Static).update(cells.heading(self.message, self._now_ns))

    def action_reply(self) -> None:
        """Answer the message."""
        self.app.reply_to(self.message)

    def action_thread(self) -> None:
        """Show its thread."""
        self.app.show_thread(self.message)

    def action_other(self, step: int) -> None:
        """Go STEP messages on."""
        keys = [each.key for each in self._others]
        at = keys.index(self.message.key) + step if self.message.key in keys else -1
        if 0 <= at < len(keys):
            self.message = self._others[at]
            self.say(Text())
            self._load()
        else:
            self.say(Text("there are no more messages here", "dim"))


class Listing(Over):
    """Messages to choose from, as LOOK finds them each time it is called, off the screen's thread."""

    NEWEST_LAST = True
    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("r", "reply", "reply"),
        Binding("t", "thread", "thread"),
    ]

    def __init__(self, title: Text, look: Callable[[], Log]) -> None:
        super().__init__(title)
        self._look = look
        self._messages: dict[str, LoggedMessage] = {}

    def content(self) -> ComposeResult:
        """Yield the table."""
        yield KeyedTable(cells.LOG_COLUMNS, follows=self.NEWEST_LAST, id="found")

    def on_mount(self) -> None:
        """Look for the first time."""
        self.refresh_messages()

    @work(exclusive=True)
    async def refresh_messages(self) -> None:
        """Look again, as after a change of the queue."""
        found = await self.app.in_thread(self._look)
        self._messages = {each.key: each for each in found.messages}
        now_ns = self.app.snapshot.at_ns
        table = self.query_one(KeyedTable)
        table.show({key: cells.message_cells(each, now_ns) for key, each in self._messages.items()})
        self.say(cells.problems(found.problems) if found.problems else self._count())

    def _count(self) -> Text:
        return Text(cells.number(len(self._messages), "message"), "dim")

    @on(DataTable.RowSelected)
    def _read(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.app.read(self._messages[str(event.row_key.value)], list(self._messages.values()))

    def _chosen(self) -> LoggedMessage | None:
        return self._messages.get(self.query_one(KeyedTable).key or "")

    def action_reply(self) -> None:
        """Answer the message under the cursor."""
        if message := self._chosen():
            self.app.reply_to(message)

    def action_thread(self) -> None:
        """Show the thread of the message under the cursor."""
        if message := self._chosen():
            self.app.show_thread(message)


class Searching(Listing):
    """A line to type words into, and the newest messages that have them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "back")]
    AUTO_FOCUS = "Input"
    NEWEST_LAST = False

    def __init__(self, look: Callable[[str], Log]) -> None:
        self._query = ""
        super().__init__(Text("Search: the newest messages with all of the words", "bold"), lambda: look(self._query))

    def content(self) -> ComposeResult:
        """Yield the line and the table."""
        yield from _field("Words", Input(placeholder='also "a phrase", or the begin* of a word', id="query"))
        yield from super().content()

    def on_mount(self) -> None:
        """Wait for words."""

    @on(Input.Submitted)
    def _search(self, event: Input.Submitted) -> None:
        event.stop()
        self._query = event.value
        self.refresh_messages()
        self.query_one(KeyedTable).focus()


def _field(label: str, field: Input) -> ComposeResult:
    """Yield FIELD with its LABEL before it."""
    with Horizontal(classes="field"):
        yield Label(label)
        yield field


class Writing(Over):
    """A form for a message. It is sent only by its key; what was not sent is kept for the next time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "send", "send", priority=True),
        Binding("escape", "leave", "leave, and keep the draft"),
    ]
    AUTO_FOCUS = ""

    def __init__(self, draft: Draft) -> None:
        about = draft.original
        what = f"Answer to {visible(about.sender)}: {subject_line(about.subject)}" if about else "Write as user"
        super().__init__(Text(what, "bold"))
        self._draft = draft
        self._is_sending = False

    def content(self) -> ComposeResult:
        """Yield the fields."""
        yield from _field("To", Input(self._draft.to, placeholder="handles, @all, or a @group", id="to"))
        subject = "that of the message" if self._draft.original else ""
        yield from _field("Subject", Input(self._draft.subject, placeholder=subject, id="subject"))
        yield TextArea(self._draft.body, id="body", show_line_numbers=False, soft_wrap=True)

    def on_mount(self) -> None:
        """Begin with what is to be filled in."""
        self.query_one("#body" if self._draft.to else "#to").focus()

    @property
    def draft(self) -> Draft:
        """The message as it is now."""
        to, subject = self.query_one("#to", Input).value, self.query_one("#subject", Input).value
        return Draft(to, subject, self.query_one(TextArea).text, self._draft.original)

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    def action_leave(self) -> None:
        """Go back, and keep what was written."""
        self.app.keep(self.draft)
        self.dismiss()

    def action_send(self) -> None:
        """Send the message, once."""
        if not self._is_sending:
            self._is_sending = True
            self.say(Text("sending …", "dim"))
            self._send(self.draft)

    @work
    async def _send(self, draft: Draft) -> None:
        to = [each for each in draft.to.replace(",", " ").split() if each]
        actions, original = self.app.actions, draft.original
        if not draft.body.strip():
            self._refuse(Text("there is no text yet", "red"))
            return
        if original:
            done = await self.app.in_thread(lambda: actions.answer(original, to, draft.subject, draft.body))
        else:
            done = await self.app.in_thread(lambda: actions.send(to, draft.subject, draft.body))
        if isinstance(done, Done):
            self.app.keep(Draft())
            self.dismiss()
            self.app.say_done(done)
        else:
            self._refuse(cells.refusal(done))

    def _refuse(self, text: Text) -> None:
        self._is_sending = False
        self.say(text)
