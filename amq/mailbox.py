"""The verbs an agent has: send, list, read, drain, acknowledge, reply.

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

from amq.account import Account
from amq.errors import BadMessage, UsageError
from amq.message import Header, Message
from amq.names import message_id
from amq.record import record
from amq.store import maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from amq.draining import Drain, Drained
    from amq.sending import Draft, Replied, Sent
    from amq.store.acks import Ack


@record
class Listed:
    """A message in the inbox: where it is, and its header or what is wrong with it."""

    id: str
    box: str
    path: str
    header: Header | None
    error: BadMessage | None = None


@record
class Unread:
    """A message that waits in `new`, as far as a waker has to know. A bad one has no sender and normal priority."""

    id: str
    sender: str
    priority: str


class Mailbox:
    """One agent's mail. The arguments are those of `Account`."""

    def __init__(
        self,
        root: str,
        me: str,
        *,
        strict: bool = False,
        warn: Callable[[str], None] = lambda _: None,
        clock: Callable[[], int] = time.time_ns,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.account = Account(root, me, strict=strict, warn=warn, clock=clock, random=random)

    def send(self, to: Sequence[str], body: bytes, draft: Draft | None = None, *, create: bool = False) -> Sent:
        """Deliver BODY to the handles TO (`@all`: every registered agent but me), durably, before it returns.

        A recipient that is not there is refused unless `create`. A repeat with the same `new_id` and content changes
        nothing but what is missing. Raises UsageError, NotFound, Conflict, Uncertain, AmqError.
        """
        from amq import sending

        return sending.send(self.account, to, body, draft or sending.Draft(), create=create)

    def reply(self, identifier: str, body: bytes, draft: Draft | None = None, *, create: bool = False) -> Replied:
        """Answer the message IDENTIFIER of new, cur or sent: to its sender, or if I sent it to its recipients.

        Thread, subject, kind and references follow from it unless the draft says otherwise; the priority does not.
        Raises what `send` raises.
        """
        from amq import sending

        return sending.reply(self.account, identifier, body, draft or sending.Draft(), create=create)

    def unread(self) -> list[Unread]:
        """What waits in `new`, oldest first. Never fails for a bad message file."""
        return [
            Unread(listed.id, *((listed.header.sender, listed.header.priority) if listed.header else ("", "")))
            for listed in self.list("new")
        ]

    def has_new(self) -> bool:
        """Whether anything waits in `new`, good or bad; nothing does where the mailbox is away at the moment."""
        try:
            with Directory(self.account.agent.inbox_new) as new:
                return bool(maildir.entry_ids(new))
        except FileNotFoundError:
            return False

    def list(self, *boxes: str) -> list[Listed]:
        """The messages in the given boxes (`new`, `cur`; none: both), oldest first, ties by id; moves nothing."""
        listed: list[Listed] = []
        for box in boxes or ("new", "cur"):
            path = self.account.agent.inbox_new if box == "new" else self.account.agent.inbox_cur
            with Directory(path) as directory:
                found = (maildir.look(directory, identifier) for identifier in maildir.message_ids(directory))
                listed.extend(
                    Listed(look.id, box, os.path.join(path, f"{look.id}.md"), look.header, look.error)
                    for look in found
                    if look is not None
                )
        return sorted(listed, key=lambda entry: (entry.header.created_ns if entry.header else 0, entry.id))

    def peek(self, identifier: str) -> tuple[Message, str]:
        """A message of new, cur or sent, and the box it is in; moves nothing. Raises NotFound or BadMessage."""
        return maildir.find(self.account.agent, message_id(identifier))

    def drain(self, limit: int = 20, *, ack: bool = True, only: Sequence[str] = ()) -> Drain:
        """Take new mail: a context manager that holds up to LIMIT messages (0: all) until they have been shown.

        `only` names the messages meant, instead of the urgent and oldest. See `Drain`.
        """
        from amq.draining import Drain

        return Drain(self.account, limit, ack=ack, only=only)

    def glance(self, limit: int = 20, *, skip: Container[str] = ()) -> tuple[Sequence[Drained], int]:
        """What a drain would show, LIMIT messages at most (0: all), and how many more there are; moves nothing.

        The ids in SKIP are left out. Nothing is held, so a drain may be showing the same.
        """
        from amq.draining import glance

        return glance(self.account, limit, skip)

    def acknowledge(self, identifier: str) -> Ack:
        """Acknowledge a message by hand, once; the acknowledgement that stands. Raises NotFound or BadMessage."""
        from amq.store.acks import acknowledge

        account = self.account
        message, box = self.peek(identifier)
        if box == "sent" and account.me not in message.header.to:
            raise UsageError(f"{message.header.id} is your own: its receivers acknowledge it")
        return acknowledge(account.queue, account.me, [message.header], account.clock(), account.temporary())[0]

    @property
    def state_dir(self) -> str:
        """The directory of our private state in this mailbox; made when it is first asked for."""
        from amq.store.locks import open_state

        agent = self.account.agent
        open_state(agent, agent.state).close()
        return agent.state
