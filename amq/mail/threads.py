"""Gather one conversation from all mailboxes."""

from __future__ import annotations

from amq.errors import BadMessage, NotFound, UsageError, why
from amq.mail import all_mailboxes
from amq.mail.message_table import in_order, joined, of_summaries
from amq.mail.summary import CONVERSATION, REFS
from amq.mail.thread_order import in_thread_order
from amq.message import parse
from amq.names import is_safe_name
from amq.record import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amq.layout import AgentLayout
    from amq.mail.account import Account
    from amq.mail.message_table import Table
    from amq.mail.summary import Summary


@record
class Entry:
    """A message of a conversation, from a `box` of `holder`; `text` is None unless bodies were asked for."""

    header: Summary
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
    last: Summary


def conversation(account: Account, thread: str, only: Sequence[str], limit: int, *, bodies: bool) -> list[Entry]:
    """Return the messages of a thread, in the order of a conversation (`Mailbox.thread`)."""
    agents = all_mailboxes.agents(account, only)
    found = list(_last(_conversation(account, thread, agents), limit))
    entries = [Entry(each, each.holder, each.box) for each in found]
    return [_with_text(account, entry) for entry in entries] if bodies else entries


def table(account: Account, thread: str, only: Sequence[str], limit: int) -> Table:
    """Return the messages of a thread by column, in the order of a conversation (`Mailbox.thread_table`)."""
    return _last(_conversation(account, thread, all_mailboxes.agents(account, only)), limit)


def _last(found: Table, limit: int) -> Table:
    return found.chosen(range(max(len(found) - limit, 0), len(found))) if limit else found


def _conversation(account: Account, thread: str, agents: Mapping[str, AgentLayout]) -> Table:
    """Return the messages of a thread in the mailboxes of AGENTS, each once, in the order of a conversation.

    A message of another conversation is looked at again under the same id: a file that one agent puts into its own
    mailbox must not hide a message in another's.
    """
    if not thread:
        raise UsageError("no thread given", hint="list the threads of your mail: amq list --json")
    parts: list[Table] = []
    known: set[str] = set()
    for handle, path in all_mailboxes.boxes(agents):
        messages = all_mailboxes.messages(account, handle, path, known)
        if not messages.is_all(CONVERSATION, thread):
            threads = messages.column(CONVERSATION)
            messages = messages.chosen([at for at, each in enumerate(threads) if each == thread])
        if len(messages):
            known.update(messages.names())
            parts.append(messages)
    whole = joined(parts)
    if len(parts) > 1:
        whole = in_order(whole)
    return whole if whole.is_all(REFS, "") else of_summaries(in_thread_order(whole))


def conversations(account: Account, only: Sequence[str], limit: int) -> list[Conversation]:
    """Return the last LIMIT threads (0: all), the one with the newest message last (`Mailbox.threads`)."""
    found: dict[str, dict[str, Summary]] = {}
    for handle, path in all_mailboxes.boxes(all_mailboxes.agents(account, only)):
        for each in all_mailboxes.messages(account, handle, path):
            found.setdefault(each.conversation, {}).setdefault(each.id, each)
    ordered = sorted(
        (_summary(account, thread, list(entries.values())) for thread, entries in found.items()),
        key=lambda each: (each.last.created_ns, each.last.id),
    )
    return ordered[-limit:] if limit else ordered


def _summary(account: Account, thread: str, headers: Sequence[Summary]) -> Conversation:
    unread = sum(is_unread(account, each) for each in headers)
    handles = sorted({handle for header in headers for handle in (header.sender, *header.to)})
    last = max(headers, key=lambda each: (each.created_ns, each.id))
    return Conversation(thread, len(headers), unread, handles, last)


def is_unread(account: Account, entry: Entry | Summary) -> bool:
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


def _with_text(account: Account, entry: Entry) -> Entry:
    """Return ENTRY with its body; with an empty one and a warning if the file has become unreadable since."""
    identifier = entry.header.id
    try:
        data = all_mailboxes.data_of(account, entry.header, entry.holder)
        return replace(entry, text=parse(data, identifier).text)
    except (BadMessage, OSError) as error:
        account.warn(f"{identifier} is shown without its body: {why(error)}")
        return replace(entry, text="")
