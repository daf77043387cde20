"""The verbs of an agent: send, list, read, drain, acknowledge, reply.

    mailbox = Mailbox("/project/.agent-mail", "codex")
    mailbox.send(["claude"], b"Please look at the parser.", Draft(subject="Review", kind="review_request"))
    with mailbox.drain() as mail:
        for item in mail:
            print(item.header.sender, item.text)

Every verb is synchronous and leaves the queue in a good state whatever happens. Errors are those of `amq.errors`, each
with a hint for the reader. Nothing here prints, waits for mail, or reads the environment.
"""

from __future__ import annotations

import os
import time

from amq.errors import UsageError
from amq.mail.account import Account
from amq.message import Header, Message
from amq.names import check_line, message_id
from amq.store import maildir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence

    from amq.layout import RootedPath
    from amq.mail.agents_overview import Agent
    from amq.mail.dead_letters import Opened, Retried
    from amq.mail.draining import Drain, Drained, Fits
    from amq.mail.inbox_view import InboxView, Unread
    from amq.mail.message_filter import Filter
    from amq.mail.message_table import Table
    from amq.mail.searching import Hit
    from amq.mail.sending import Draft, Replied, Sent
    from amq.mail.summary import Summary
    from amq.mail.threads import Conversation, Entry
    from amq.mail.trace import Trace
    from amq.store.acks import Ack
    from amq.store.dlq_read import Letter
    from amq.store.maildir import Found
    from amq.store.presence import Presence


class Mailbox:
    """One agent's mail. Takes the arguments of `Account`."""

    def __init__(
        self,
        root: str,
        me: str,
        *,
        strict: bool = False,
        warn: Callable[[str], None] = lambda _: None,
        clock: Callable[[], int] = time.time_ns,
        random: Callable[[int], bytes] = os.urandom,
        caches: Callable[[], RootedPath | None] = lambda: None,
    ) -> None:
        self.account = Account(root, me, strict=strict, warn=warn, clock=clock, random=random, caches=caches)

    def send(self, to: Sequence[str], body: bytes, draft: Draft | None = None, *, create: bool = False) -> Sent:
        """Deliver BODY to the handles TO (`@all`: every registered agent but the sender), durably, before it returns.

        A recipient without a mailbox is refused unless `create`. A repeat with the same `new_id` and content only adds
        what is missing. Raises UsageError, NotFound, Conflict, Uncertain, AmqError.
        """
        from amq.mail import sending

        return sending.send(self.account, to, body, draft or sending.Draft(), create=create)

    def reply(self, identifier: str, body: bytes, draft: Draft | None = None, *, create: bool = False) -> Replied:
        """Answer the message IDENTIFIER of new, cur or sent: to its sender, or if this agent sent it to its recipients.

        Thread, subject, kind and references follow from it unless the draft sets them; the priority does not. Raises
        what `send` raises.
        """
        from amq.mail import sending

        return sending.reply(self.account, identifier, body, draft or sending.Draft(), create=create)

    def answer(self, original: Header | Summary, to: Sequence[str], body: bytes, draft: Draft | None = None) -> Sent:
        """Answer the message ORIGINAL of any mailbox, to the handles TO, as `reply` does. Raises what `send` raises."""
        from amq.mail import sending

        return sending.answer(self.account, original, to, body, draft or sending.Draft())

    def unread(self, before: Iterable[Unread] = ()) -> list[Unread]:
        """Return the unread messages in `new`, oldest first. Never fails for a bad message file.

        Pass the result of the last look as BEFORE: of those messages only bad ones are opened again, since a good one
        never changes and an unreadable one may become readable.
        """
        return self.inbox_view(before).look()

    def inbox_view(self, before: Iterable[Unread] = ()) -> InboxView:
        """Return a view of the mail in `new`, for callers that look many times; BEFORE is the mail they have seen."""
        from amq.mail.inbox_view import InboxView

        return InboxView(self.account, before)

    def has_new(self) -> bool:
        """Return whether `new` has any message, good or bad; False where the mailbox is missing at the moment."""
        return maildir.has_entries(self.account.agent.inbox_new)

    def list(self, *boxes: str) -> list[Found]:
        """Return the messages in BOXES (`new`, `cur`; none: both), oldest first, ties by id; moves nothing."""
        from amq.mail import listing

        return listing.listed(self.account.agent, boxes or listing.BOXES)

    def table(self, *boxes: str) -> tuple[Table, Sequence[Found]]:
        """Return the messages in BOXES, in the order of `list`, by column, and looks at those without a header.

        Where there are many, a cache saves opening them, if the mailbox was made with a directory for it.
        """
        from amq.mail import listing, message_table

        return message_table.inbox(self.account, boxes or listing.BOXES)

    def oldest(self, *boxes: str) -> Iterator[Found]:
        """Yield the messages in BOXES (`new`, `cur`; none: both), oldest first, opening each only when asked for.

        The order follows the times in their names, where these have the usual form.
        """
        from amq.mail import listing

        return listing.oldest(self.account.agent, boxes or listing.BOXES)

    def peek(self, identifier: str) -> tuple[Message, str]:
        """Return a message of new, cur or sent and its box; moves nothing. Raises NotFound, BadMessage, Unreadable."""
        return maildir.find(self.account.agent, message_id(identifier))

    def find_id(self, text: str, *, everywhere: bool = False) -> str:
        """Return the message id that a user means by TEXT: an exact id, the end of one, or `@last` in the inbox.

        It looks in new, cur and sent, or `everywhere`: in those of all agents. An id that is not there is returned as
        it is. Raises UsageError, with the candidates, for the end of several ids, and NotFound for no last message.
        """
        from amq.mail import short_ids

        return (short_ids.anyones if everywhere else short_ids.own)(self.account, text)

    def find_letter_id(self, text: str) -> str:
        """Return the id of the dead letter that a user means by TEXT, as `find_id` does for messages."""
        from amq.mail import short_ids

        return short_ids.letter(self.account, text)

    def drain(self, limit: int = 20, *, ack: bool = True, only: Sequence[str] = ()) -> Drain:
        """Return a context manager that holds up to LIMIT new messages (0: all) until they have been shown.

        `only` names the messages to take, instead of the urgent and oldest ones. `Drain` describes the rest.
        """
        from amq.mail.draining import Drain

        return Drain(self.account, limit, ack=ack, only=only)

    def thread(
        self, thread: str, *, agents: Sequence[str] = (), limit: int = 0, bodies: bool = False
    ) -> Sequence[Entry]:
        """Return the messages of THREAD in the mailboxes of all agents (or of `agents`), each once, oldest first.

        An answer always comes after the messages that its `refs` name. Returns the last `limit` messages (0: all), with
        their text if `bodies`. Bad messages are warned of and left out. Raises UsageError for an empty thread, NotFound
        for an agent without a mailbox.
        """
        from amq.mail import threads

        return threads.conversation(self.account, thread, agents, limit, bodies=bodies)

    def thread_table(self, thread: str, *, agents: Sequence[str] = (), limit: int = 0) -> Table:
        """Return what `thread` does, by column and without bodies."""
        from amq.mail import threads

        return threads.table(self.account, thread, agents, limit)

    def threads(self, *, agents: Sequence[str] = (), limit: int = 0) -> Sequence[Conversation]:
        """Return the conversations in the mailboxes of all agents (or of `agents`), the newest last (`limit`: so many).

        Bad messages are warned of and left out. Raises NotFound for an agent without a mailbox.
        """
        from amq.mail import threads

        return threads.conversations(self.account, agents, limit)

    def thread_of(self, text: str) -> str:
        """Return the thread of the message that TEXT names, as `find_id` finds it everywhere; "" if there is none."""
        from amq.mail import threads

        return threads.thread_of(self.account, text)

    def search(
        self,
        query: str,
        wanted: Filter | None = None,
        limit: int = 0,
        *,
        boxes: Collection[str] = (),
        agents: Sequence[str] = (),
    ) -> Sequence[Hit]:
        """Return the newest LIMIT messages (0: all) that have all words of QUERY in their subject or body.

        QUERY may have phrases in double quotes, and `wor*` for words that begin so. Looks into BOXES (`new`, `cur`,
        `sent`; none: all) of all agents, or of `agents`. Bad messages are warned of and left out. Raises UsageError for
        a query without words, NotFound for an agent without a mailbox.
        """
        from amq.mail import searching
        from amq.mail.message_filter import Filter
        from amq.mail.search_terms import parse_query

        terms = parse_query(query)
        return searching.search(self.account, terms, wanted or Filter(), limit, boxes=boxes, agents=agents)

    def who(self) -> Sequence[Agent]:
        """Return the state of every agent that is registered or has a mailbox, by handle; damage is warned of."""
        from amq.mail import agents_overview

        return agents_overview.roster(self.account)

    def presences(self) -> Sequence[Presence]:
        """Return every agent's status, by handle; a file that cannot be understood is warned of and left out."""
        from amq.mail import agents_overview

        return agents_overview.presences(self.account)

    def set_presence(self, status: str, note: str = "") -> Presence:
        """Set the agent's status and note, durably; an earlier note goes.

        Raises UsageError for an empty status, or unless both are one line of plain text.
        """
        from amq.store.presence import write_presence

        if not status:
            raise UsageError("the status is empty", hint="name a status, such as busy or idle")
        for what, text in (("status", status), ("note", note)):
            check_line(text, what)
        account = self.account
        return write_presence(account.agent, account.me, status, note, account.clock(), account.temporary())

    def glance(
        self, limit: int = 20, *, skip: Container[str] = (), fits: Fits | None = None
    ) -> tuple[Sequence[Drained], int]:
        """Return up to LIMIT messages (0: all) that a drain would show, and the number of others; moves nothing.

        The ids in SKIP are left out, and with `fits` everything from the first message that does not fit. Nothing is
        held, so a drain may be showing the same messages. A message that cannot be read is warned of, and is in
        neither.
        """
        from amq.mail.draining import glance

        return glance(self.account, limit, skip, fits)

    def acknowledge(self, identifier: str) -> Ack:
        """Acknowledge a message by hand; return that acknowledgement, or an earlier one, which stays as it is.

        Raises NotFound, BadMessage, Unreadable, or UsageError for a message that this agent sent to others.
        """
        from amq.store.acks import acknowledge

        account = self.account
        message, box = self.peek(identifier)
        if box == "sent" and account.me not in message.header.to:
            raise UsageError(f"{message.header.id} is your own: only its recipients can acknowledge it")
        return acknowledge(account.queue, account.me, [message.header], account.clock(), account.temporary())[0]

    def letters(self) -> Sequence[Letter]:
        """Return the agent's dead letters, oldest first, and the files moved aside instead (in the box `refused`).

        No envelope is trusted, and no damage stops the listing.
        """
        from amq.mail import dead_letters

        return dead_letters.listed(self.account)

    def letter(self, identifier: str) -> Opened:
        """Return a dead letter with the message it keeps. Raises NotFound, or BadMessage if it is not a file."""
        from amq.mail import dead_letters

        return dead_letters.opened(self.account, identifier)

    def letter_seen(self, letter: Letter) -> None:
        """File a dead letter as looked at, durably. Raises Conflict rather than replace another."""
        from amq.mail import dead_letters

        dead_letters.mark_seen(self.account, letter)

    def retry(self, identifier: str, *, force: bool = False) -> Retried:
        """Deliver the message that a dead letter keeps, if it is valid by now; else count the try in the letter.

        Raises NotFound, Conflict if another message has its id, BadMessage for an envelope that does not name a
        message, and AmqError after three tries unless `force`. The letter is removed only once its message is in `new`
        for good. Raises Uncertain if the letter may still be there; another retry settles that.
        """
        from amq.mail import dead_letters

        return dead_letters.retry(self.account, identifier, force=force)

    def purge(self, letters: Iterable[Letter]) -> Sequence[Letter]:
        """Remove dead letters for good and return those removed. Those that cannot be removed are warned of."""
        from amq.mail import dead_letters

        return dead_letters.purge(self.account, letters)

    def sweep(self, age_s: float, *, remove: bool) -> Sequence[str]:
        """Return the paths of all agents' temporary files that dead writers left AGE_S seconds ago or earlier.

        With `remove` these have been removed. Directories that cannot be read are warned of.
        """
        from amq.mail import cleanup

        return cleanup.stale(self.account, age_s, remove=remove)

    def trace(self, identifier: str) -> Trace:
        """Return where a message is for each recipient, found by its id in the agent's own boxes, else in any.

        Raises NotFound, or BadMessage or Unreadable if every copy of it is damaged.
        """
        from amq.mail import trace

        return trace.trace(self.account, identifier)

    @property
    def state_dir(self) -> RootedPath:
        """The directory of amq's private state in this mailbox; it is made on first use."""
        from amq.store.locks import open_state

        agent = self.account.agent
        open_state(agent, agent.state).close()
        return agent.state
