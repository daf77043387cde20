"""Take an agent out of a queue, and bring it back: its mailbox moves whole, so no mail is lost.

Removed mailboxes are in `removed/` beside `agents/`, where no reader of the queue looks, each named after the agent and
the instant. The registry forgets the agent first: cut off in between, its mailbox is only not registered, and another
removal completes it.
"""

from __future__ import annotations

from amq.errors import Conflict, NotFound
from amq.instants import format_compact
from amq.names import INSTANT_LENGTH
from amq.store import directories, durable, registry
from amq.store.durable import Directory
from amq.store.locks import lock_beside, mailbox_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import QueueLayout, RootedPath


def remove(queue: QueueLayout, handle: str, now: int) -> RootedPath | None:
    """Take HANDLE off the registry and move its mailbox to `removed/`; return its new path, None if it had none.

    The caller holds the notifier's lock, so that the agent is not hosted. NOW is in nanoseconds since the epoch. Raises
    OSError.
    """
    agent = queue.agent(handle)
    with lock_beside(queue.meta, ".lock"):
        registry.unregister(queue, handle)
        if not directories.exists(agent.home):
            return None
        directories.make([queue.removed])
        name = f"{handle}_{format_compact(now)}"
        with mailbox_lock(agent), Directory(queue.agents) as agents, Directory(queue.removed) as removed:
            durable.move(agents, handle, removed, name)
            durable.sync(removed)
            durable.sync(agents)
        return queue.removed.below(name)


def restore(queue: QueueLayout, handle: str, now: int) -> RootedPath:
    """Bring back the mailbox of HANDLE that was removed last, and register it; return the path where it was.

    Raises NotFound if there is none, Conflict if HANDLE has a mailbox again, and OSError.
    """
    name = _last(queue, handle)
    archived = queue.removed.below(name)
    with lock_beside(queue.meta, ".lock"), Directory(queue.agents) as agents, Directory(queue.removed) as removed:
        try:
            durable.move(removed, name, agents, handle)
        except FileExistsError:
            raise Conflict(f"{handle} has a mailbox again; the removed one stays in {archived}") from None
        durable.sync(agents)
        durable.sync(removed)
    registry.register(queue, [handle], now)
    return archived


def _last(queue: QueueLayout, handle: str) -> str:
    """Return the name of the last removed mailbox of HANDLE; raises NotFound."""
    try:
        with Directory(queue.removed) as removed:
            names = [name for name in durable.entries(removed) if name[: -INSTANT_LENGTH - 1] == handle]
    except FileNotFoundError:
        names = []
    if not names:
        raise NotFound(f"no mailbox of {handle} was removed from {queue.root}", hint="list the agents: amq who")
    return max(names)
