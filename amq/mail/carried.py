"""Mail that a bridge carries between hosts: take what another host sent, and file what was read there.

An agent on another host has an ordinary mailbox here, which the bridge alone reads. What is in its `new` has not been
read there; what is in its `cur` has. Each function may be repeated at any time, and then does nothing.
"""

from __future__ import annotations

from contextlib import suppress

from amq.errors import BadMessage, Conflict
from amq.names import SUFFIX
from amq.store import acks, directories, dlq_read, dlq_write, durable, maildir
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amq.layout import AgentLayout, QueueLayout, RootedPath
    from amq.store.acks import Ack

NEW, CUR, DEAD = "new", "cur", "dlq"
"""Where a message is."""


def where(agent: AgentLayout, identifier: str) -> str:
    """Return the box in which AGENT has a message: NEW, CUR or DEAD; "" if it has not. Raises OSError."""
    return places(agent, [identifier])[identifier]


def places(agent: AgentLayout, identifiers: Iterable[str]) -> dict[str, str]:
    """Return for each of IDENTIFIERS what `where` returns. Raises OSError.

    Each directory is opened once, and those of the inbox twice if a message is in none of them.

    Mail moves from new to cur or to the dead letters, and a dead letter that is retried moves to new: looking in this
    order, and at the inbox again, cannot miss it.
    """
    found = dict.fromkeys(identifiers, "")
    inbox = (NEW, agent.inbox_new), (CUR, agent.inbox_cur)
    _look(found, *inbox, (DEAD, agent.refused))
    if "" in found.values():
        dead = _dead(agent)
        found.update((identifier, DEAD) for identifier in found if not found[identifier] and identifier in dead)
        _look(found, *inbox)
    return found


def _look(found: dict[str, str], *boxes: tuple[str, RootedPath]) -> None:
    """Enter the box into FOUND for each id that has none yet and whose file is in one of BOXES."""
    for box, path in boxes:
        left = [identifier for identifier in found if not found[identifier]]
        if left:
            with suppress(FileNotFoundError), Directory(path) as directory:
                found.update((each, box) for each in left if durable.exists(directory, each + SUFFIX))


def _dead(agent: AgentLayout) -> set[str]:
    """Return the ids of the originals of the dead letters of AGENT."""
    dead: set[str] = set()
    for box, path in ((NEW, agent.dlq_new), (CUR, agent.dlq_cur)):
        with suppress(FileNotFoundError), Directory(path) as directory:
            dead.update(dlq_read.originals(directory, maildir.entry_ids(directory), box))
    return dead


def receive(queue: QueueLayout, data: bytes, identifier: str, *, sender: str, handle: str, temporary: str) -> str:
    """Put a message of the remote agent SENDER into the inbox of HANDLE, once by its id; return where it is then.

    DATA is a valid file `<identifier>.md`, on the disk when this returns. The sender's mailbox keeps a copy in `sent`.
    TEMPORARY is a unique name. Raises Conflict if the agent has another message of this id; AmqError or OSError if it
    cannot be stored now.
    """
    agent = queue.agent(handle)
    box = where(agent, identifier)
    if not box:
        with suppress(Conflict):  # another process was faster
            maildir.deliver(data, identifier, {handle: agent}, queue.agent(sender).sent, temporary)
            return NEW
        box = where(agent, identifier)
    if box in (NEW, CUR):
        _check_same(agent, identifier, data)
        maildir.confirm(identifier, [agent])
    return box


def _check_same(agent: AgentLayout, identifier: str, data: bytes) -> None:
    earlier = maildir.read_raw((agent.inbox_new, agent.inbox_cur), identifier)
    if earlier is not None and earlier != data:
        raise Conflict(f"another message with the id {identifier} is in this mailbox")


def settle(agent: AgentLayout, identifiers: Sequence[str]) -> None:
    """File messages that were read on the host of the remote agent AGENT: from new to cur, to the disk.

    One that is not in new is left where it is. Raises OSError.
    """
    with mailbox_lock(agent), Directory(agent.inbox_new) as new, Directory(agent.inbox_cur) as cur:
        for identifier in identifiers:
            try:
                durable.move_exclusive(new, identifier + SUFFIX, cur)
            except FileExistsError:  # another message of this id was filed before: this one stays to be looked at
                continue
        durable.sync(cur)
        durable.sync(new)


def refuse(agent: AgentLayout, identifier: str, reason: str, temporary: str, now: int) -> None:
    """Make a dead letter of a message that the host of the remote agent AGENT refused, for a REASON. Raises OSError."""
    dlq_write.to_dead_letter(agent, identifier, BadMessage(reason), temporary, now)


def receive_ack(queue: QueueLayout, ack: Ack, temporary: str) -> bool:
    """Keep the acknowledgement of a remote agent for a message of an agent here; return False if none was sent to it.

    It is on the disk when this returns. Raises OSError.
    """
    remote = queue.agent(ack.receiver)
    if not any(maildir.has(path, ack.id) for path in (remote.inbox_new, remote.inbox_cur)):
        return False
    acks.keep(queue, ack, temporary)
    return True


def is_taken(agent: AgentLayout) -> bool:
    """Return whether there is a mailbox, complete or not, under this agent's name."""
    return directories.exists(agent.home)
