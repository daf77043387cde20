"""Find a message: for each recipient its box, the acknowledgement, and the answer."""

from __future__ import annotations

from amq.errors import BadMessage, NotFound, Unreadable
from amq.mail import all_mailboxes
from amq.names import message_id
from amq.record import record
from amq.store import dlq_read, maildir
from amq.store.acks import read_ack
from amq.store.durable import Directory
from amq.store.offer_record import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import AgentLayout, RootedPath
    from amq.mail.account import Account
    from amq.message import Header
    from amq.store.acks import Ack


@record
class Whereabouts:
    """The progress of a message at the agent `handle`.

    `box` is new, cur, dlq or missing; `acked` is when it was acknowledged (RFC 3339; empty: not yet); `reply` is the
    header of the first answer; `state` is offered or taken while a hook has given it to the agent's program, else "".
    """

    handle: str
    box: str
    acked: str
    reply: Header | None
    state: str = ""


@record
class Trace:
    """A message, and its progress at each of its recipients."""

    header: Header
    recipients: list[Whereabouts]


def trace(account: Account, identifier: str) -> Trace:
    """Return where a message is for each of its recipients (`Mailbox.trace`)."""
    header = find(account, message_id(identifier))
    replies = _replies(account, header)
    whereabouts = []
    for handle in dict.fromkeys(header.to):
        agent = account.queue.agent(handle)
        acked = _ack(account, agent, header.id, handle)
        box = _box(account, agent, header.id)
        state = _state(account, agent, header.id) if box == "new" else ""
        whereabouts.append(Whereabouts(handle, box, acked.received if acked else "", replies.get(handle), state))
    return Trace(header, whereabouts)


def _ack(account: Account, agent: AgentLayout, identifier: str, handle: str) -> Ack | None:
    try:
        return read_ack(agent, identifier, handle)
    except OSError as error:
        all_mailboxes.left_out(account, agent.acks_sent, error)
        return None


def find(account: Account, identifier: str) -> Header:
    """Return a message's header, from the agent's own boxes first.

    A damaged copy counts only if there is no good one. Raises NotFound, or the damaged copy's error.
    """
    damaged: BadMessage | Unreadable | None = None
    for agent in all_mailboxes.agents(account).values():
        try:
            return maildir.find(agent, identifier)[0].header
        except (BadMessage, Unreadable) as error:
            damaged = damaged or error
        except NotFound:
            continue
        except OSError as error:
            all_mailboxes.left_out(account, agent.home, error)
    raise damaged or NotFound(f"no mailbox has a message {identifier}", hint="list the ids of your mail: amq list")


def _box(account: Account, agent: AgentLayout, identifier: str) -> str:
    """Return the box of the message. It moves from new to cur or dlq, so looking in this order does not miss it."""
    for box, path in (("new", agent.inbox_new), ("cur", agent.inbox_cur)):
        if _has(account, path, identifier):
            return box
    is_dead = _has(account, agent.refused, identifier) or _is_dead(account, agent, identifier)
    return "dlq" if is_dead else "missing"


def _state(account: Account, agent: AgentLayout, identifier: str) -> str:
    try:
        return states(agent).get(identifier, "")
    except OSError as error:
        all_mailboxes.left_out(account, agent.drains, error)
        return ""


def _has(account: Account, path: RootedPath, identifier: str) -> bool:
    try:
        return maildir.has(path, identifier)
    except OSError as error:
        all_mailboxes.left_out(account, path, error)
        return False


def _is_dead(account: Account, agent: AgentLayout, identifier: str) -> bool:
    for box, path in (("new", agent.dlq_new), ("cur", agent.dlq_cur)):
        names = all_mailboxes.ids(account, path)
        if names:
            with Directory(path) as directory:
                if identifier in dlq_read.originals(directory, names, box):
                    return True
    return False


def _replies(account: Account, original: Header) -> dict[str, Header]:
    """Return each agent's first answer, from its `sent` and from the sender's inbox: either copy may be missing."""
    sender = account.queue.agent(original.sender)
    paths = [account.queue.agent(handle).sent for handle in original.to]
    found: dict[str, Header] = {}
    for path in dict.fromkeys((*paths, sender.inbox_new, sender.inbox_cur)):
        for look in all_mailboxes.look(path, all_mailboxes.ids(account, path)):
            header = look.header
            if header and original.id in header.refs:
                earlier = found.get(header.sender, header)
                found[header.sender] = min(earlier, header, key=lambda each: (each.created_ns, each.id))
    return found
