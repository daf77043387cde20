"""Gather one conversation from all mailboxes."""

from __future__ import annotations

from amq.errors import BadMessage, UsageError, why
from amq.mail import all_mailboxes
from amq.mail.thread_order import in_thread_order
from amq.message import parse
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
    """A message of a conversation, from the mailbox of `holder`; `text` is None unless bodies were asked for."""

    header: Header
    holder: str
    text: str | None = None


def conversation(account: Account, thread: str, only: Sequence[str], limit: int, *, bodies: bool) -> list[Entry]:
    """Return the messages of a thread, in the order of a conversation (`Mailbox.thread`)."""
    if not thread:
        raise UsageError("no thread given", hint="list the threads of your mail: amq list --json")
    agents = all_mailboxes.agents(account, only)
    found: dict[str, Entry] = {}
    for handle, agent in agents.items():
        for header in _headers(account, agent, found):
            if header.conversation == thread:
                found.setdefault(header.id, Entry(header, handle))
    ordered = [found[header.id] for header in in_thread_order(entry.header for entry in found.values())]
    kept = ordered[-limit:] if limit else ordered
    return [_with_text(account, agents[entry.holder], entry) for entry in kept] if bodies else kept


def _headers(account: Account, agent: AgentLayout, known: dict[str, Entry]) -> Iterator[Header]:
    """Yield the headers in a mailbox, except for messages KNOWN to be in the conversation already.

    A message of another conversation is looked at again under the same id: a file that one agent puts into its own
    mailbox must not hide a message in another's.
    """
    for path in (agent.inbox_new, agent.inbox_cur, agent.sent):
        fresh = [identifier for identifier in all_mailboxes.ids(account, path) if identifier not in known]
        for look in all_mailboxes.look(path, fresh):
            if look.header is None:
                all_mailboxes.warn_of(account, path, look)
            else:
                yield look.header


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
