"""Find where messages are at each of their recipients, for looks that are repeated many times."""

from __future__ import annotations

from enum import Enum

from amq.names import SUFFIX, is_handle
from amq.record import record
from amq.store import directories, dlq_read, durable, maildir, registry
from amq.store.acks import read_ack
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from amq.layout import AgentLayout, RootedPath
    from amq.mail.account import Account
    from amq.mail.summary import Summary


class Place(Enum):
    """Name where a message is at a recipient."""

    UNREAD = "unread"
    DRAINED = "drained"
    ACKNOWLEDGED = "acknowledged"
    DEAD = "dead"  # a dead letter, or a file moved aside
    MISSING = "missing"  # nowhere in the mailbox, or there is no mailbox
    UNKNOWN = "unknown"  # the mailbox cannot be looked into


@record
class Recipient:
    """A recipient of a message, and where the message is there."""

    handle: str
    place: Place


class Recipients:
    """Repeated looks at messages in the mailboxes of ACCOUNT's queue.

    Of a directory that has not changed only those names are looked up that were not before.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._names: dict[RootedPath, tuple[tuple[int, ...], dict[str, bool]]] = {}
        self._letters: dict[RootedPath, tuple[tuple[int, ...], frozenset[str]]] = {}

    @property
    def places(self) -> list[RootedPath]:
        """The directories of the last looks in which acknowledgements and dead letters come."""
        return [*self._names, *self._letters]

    def of(self, messages: Sequence[Summary]) -> list[tuple[Recipient, ...]]:
        """Return the recipients of each of MESSAGES, in the order of its header, each once."""
        wanted: dict[str, list[str]] = {}
        for message in messages:
            for handle in dict.fromkeys(message.to):
                wanted.setdefault(handle, []).append(message.id)
        found = {handle: self._in_mailbox(handle, ids) for handle, ids in wanted.items()}
        return [
            tuple(Recipient(handle, found[handle][message.id]) for handle in dict.fromkeys(message.to))
            for message in messages
        ]

    def _in_mailbox(self, handle: str, ids: Collection[str]) -> dict[str, Place]:
        if not is_handle(handle):
            return dict.fromkeys(ids, Place.MISSING)
        agent = self._account.queue.agent(handle)
        try:
            # mail moves from `new` to `cur` or to the dead letters: looking in this order does not miss it
            new = self._there(agent.inbox_new, ids)
            cur = self._there(agent.inbox_cur, [each for each in ids if each not in new])
            acked = self._acknowledged(agent, handle, cur)
            dead = self._dead(agent) if len(new) + len(cur) < len(set(ids)) else frozenset()
            registry.has_mailbox(agent)
        except OSError:
            return dict.fromkeys(ids, Place.UNKNOWN)
        found = dict.fromkeys(ids, Place.MISSING) | dict.fromkeys(dead.intersection(ids), Place.DEAD)
        return (
            found
            | dict.fromkeys(cur, Place.DRAINED)
            | dict.fromkeys(acked, Place.ACKNOWLEDGED)
            | dict.fromkeys(new, Place.UNREAD)
        )

    def _acknowledged(self, agent: AgentLayout, handle: str, ids: Collection[str]) -> set[str]:
        def has_ack(_: Directory, name: str) -> bool:
            return read_ack(agent, name.removesuffix(".json"), handle) is not None

        return self._there(agent.acks_sent, ids, ".json", has_ack)

    def _there(
        self,
        path: RootedPath,
        ids: Collection[str],
        suffix: str = SUFFIX,
        has: Callable[[Directory, str], bool] = durable.exists,
    ) -> set[str]:
        """Return those of IDS that the directory PATH HAS as a name with SUFFIX; none if it is missing."""
        try:
            times = directories.settled_times(path, self._account.clock())
            before, known = self._names.get(path, ((), {}))
            known = known if times == before else {}
            if missing := [each for each in ids if each not in known]:
                with Directory(path) as directory:
                    known |= {each: has(directory, each + suffix) for each in missing}
        except FileNotFoundError:
            times, known = (), dict.fromkeys(ids, False)
        self._names[path] = times or (), {each: known[each] for each in ids}
        return {each for each in ids if known[each]}

    def _dead(self, agent: AgentLayout) -> frozenset[str]:
        """Return the ids of all messages that are dead letters of AGENT, or were moved aside."""
        found = frozenset[str]()
        for box, path in (("new", agent.dlq_new), ("cur", agent.dlq_cur), ("", agent.refused)):
            try:
                times = directories.settled_times(path, self._account.clock())
                before, ids = self._letters.get(path, ((), frozenset[str]()))
                if times is None or times != before:
                    ids = _originals(path, box)
            except FileNotFoundError:
                times, ids = (), frozenset()
            self._letters[path] = times or (), ids
            found |= ids
        return found


def _originals(path: RootedPath, box: str) -> frozenset[str]:
    """Return the ids of the messages in the directory PATH: dead letters in BOX, or whole files."""
    with Directory(path) as directory:
        names = maildir.entry_ids(directory)
        if not box:
            return frozenset(names)
        return frozenset(each for each in dlq_read.originals(directory, names, box) if isinstance(each, str))
