"""Gather one conversation from all mailboxes."""

from __future__ import annotations

from amq.errors import BadMessage, NotFound, UsageError, why
from amq.mail import all_mailboxes
from amq.mail.thread_order import in_thread_order
from amq.message import parse
from amq.names import is_safe_name
from amq.record import record, replace
from amq.store import maildir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amq.layout import AgentLayout
    from amq.mail.account import Account
    from amq.message import Header


@record
class Entry:
    """A message of a conversation, from a `box` of `holder`; `text` is None unless bodies were asked for."""

    header: Header
    holder: str
    box: str
    text: str | None = None


@record
class Conversation:
    """A thread: its number of messages, how many are new to the account, who takes part, and its last message."""

    thread: str
    count: int
    unread: int
    handles: Sequence[str]
    last: Header


def conversation(account: Account, thread: str, only: Sequence[str], limit: int, *, bodies: bool) -> list[Entry]:
    """Return the messages of a thread, in the order of a conversation (`Mailbox.thread`)."""
    if not thread:
        raise UsageError("no thread given", hint="list the threads of your mail: amq list --json")
    agents = all_mailboxes.agents(account, only)
    found: dict[str, Entry] = {}
    for handle, agent in agents.items():
        for header, box in _headers(account, agent, found):
            if header.conversation == thread:
                found.setdefault(header.id, Entry(header, handle, box))
    ordered = [found[header.id] for header in in_thread_order(entry.header for entry in found.values())]
    kept = ordered[-limit:] if limit else ordered
    return [_with_text(account, agents[entry.holder], entry) for entry in kept] if bodies else kept


def conversations(account: Account, only: Sequence[str], limit: int) -> list[Conversation]:
    """Return the last LIMIT threads (0: all), the one with the newest message last (`Mailbox.threads`)."""
    found: dict[str, dict[str, Entry]] = {}
    for handle, agent in all_mailboxes.agents(account, only).items():
        for header, box in _headers(account, agent, {}):
            found.setdefault(header.conversation, {}).setdefault(header.id, Entry(header, handle, box))
    ordered = sorted(
        (_summary(account, thread, list(entries.values())) for thread, entries in found.items()),
        key=lambda each: (each.last.created_ns, each.last.id),
    )
    return ordered[-limit:] if limit else ordered


def _summary(account: Account, thread: str, entries: Sequence[Entry]) -> Conversation:
    headers = [entry.header for entry in entries]
    unread = sum(is_unread(account, entry) for entry in entries)
    handles = sorted({handle for header in headers for handle in (header.sender, *header.to)})
    last = max(headers, key=lambda each: (each.created_ns, each.id))
    return Conversation(thread, len(entries), unread, handles, last)


def is_unread(account: Account, entry: Entry) -> bool:
    """Return whether a message is new to the account itself."""
    return entry.holder == account.me and entry.box == "new"


def thread_of(account: Account, text: str) -> str:
    """Return the thread of the message whose id TEXT is, or ends an id; "" if there is none (`Mailbox.thread_of`)."""
    from amq.mail.short_ids import LAST, anyones
    from amq.mail.trace import find

    if text != LAST and not is_safe_name(text):
        return ""
    try:
        return find(account, anyones(account, text)).conversation
    except (NotFound, BadMessage):
        return ""


def _headers(account: Account, agent: AgentLayout, known: dict[str, Entry]) -> Iterator[tuple[Header, str]]:
    """Yield the headers in a mailbox, each with its box, except for messages KNOWN to be in the conversation already.

    A message of another conversation is looked at again under the same id: a file that one agent puts into its own
    mailbox must not hide a message in another's.
    """
    for path in (agent.inbox_new, agent.inbox_cur, agent.sent):
        fresh = [identifier for identifier in all_mailboxes.ids(account, path) if identifier not in known]
        for look in all_mailboxes.look(path, fresh):
            if look.header is None:
                all_mailboxes.warn_of(account, path, look)
            else:
                yield look.header, look.box


def _with_text(account: Account, agent: AgentLayout, entry: Entry) -> Entry:
    """Return ENTRY with its body; with an empty one and a warning if the file has become unreadable since."""
    identifier = entry.header.id
    try:
        data = maildir.read_raw((agent.inbox_new, agent.inbox_cur, agent.sent), identifier)
        if data is None:
            raise BadMessage("it was removed just now")
        return replace(entry, text=parse(data, identifier).text)
    except (BadMessage, OSError) as error:
        account.warn(f"{identifier} is shown without its body: {why(error)}")
        return replace(entry, text="")
