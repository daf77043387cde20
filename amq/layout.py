"""Every path in a queue. Pure: nothing here looks at a disk."""

from __future__ import annotations

from os import sep

from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

ROOT_NAME = ".agent-mail"
STATE_NAME = ".amq"
NOTIFIER_NAME = "notifier.lock"


class RootedPath(str):
    """A path that knows its root: everything below the root is reached without following a link.

    The root itself may be reached through links: the user chose it. Names below it may come from another program.
    """

    __slots__ = ("names", "root")
    root: str
    names: tuple[str, ...]
    """The names below the root, from the top down."""

    def __new__(cls, root: str, *names: str) -> Self:
        """Return the path of NAMES below ROOT."""
        path = str.__new__(cls, sep.join((root, *names)))
        path.root, path.names = root, names
        return path

    @property
    def name(self) -> str:
        """The last name."""
        return self.rpartition(sep)[2]

    @property
    def parent(self) -> RootedPath:
        """The directory that contains this path."""
        return RootedPath(self.root, *self.names[:-1]) if self.names else RootedPath(self.rpartition(sep)[0] or sep)

    def below(self, *names: str) -> RootedPath:
        """Return the path of NAMES below this one."""
        return RootedPath(self.root, *self.names, *names)


@record
class AgentLayout:
    """The paths of one agent's mailbox."""

    home: RootedPath

    @property
    def inbox(self) -> RootedPath:
        """The directory that holds the directories of incoming mail."""
        return self.home.below("inbox")

    @property
    def inbox_tmp(self) -> RootedPath:
        """The directory where incoming copies are staged; readers never look into it."""
        return self.home.below("inbox", "tmp")

    @property
    def inbox_new(self) -> RootedPath:
        """The directory of mail that has not been shown."""
        return self.home.below("inbox", "new")

    @property
    def inbox_cur(self) -> RootedPath:
        """The directory of mail that has been shown."""
        return self.home.below("inbox", "cur")

    @property
    def sent(self) -> RootedPath:
        """The directory of copies of the mail that the agent sent."""
        return self.home.below("outbox", "sent")

    @property
    def acks_received(self) -> RootedPath:
        """The directory of acknowledgements for mail that the agent sent."""
        return self.home.below("acks", "received")

    @property
    def acks_sent(self) -> RootedPath:
        """The directory of acknowledgements that the agent gave."""
        return self.home.below("acks", "sent")

    @property
    def receipts(self) -> RootedPath:
        """The directory of the Go program's receipts for mail that the agent got. amq's own mailboxes need none."""
        return self.home.below("receipts")

    @property
    def dlq_tmp(self) -> RootedPath:
        """The directory where dead letters are staged."""
        return self.home.below("dlq", "tmp")

    @property
    def dlq_new(self) -> RootedPath:
        """The directory of dead letters that no one has looked at."""
        return self.home.below("dlq", "new")

    @property
    def dlq_cur(self) -> RootedPath:
        """The directory of dead letters that have been looked at."""
        return self.home.below("dlq", "cur")

    @property
    def presence(self) -> RootedPath:
        """The agent's status file."""
        return self.home.below("presence.json")

    @property
    def state(self) -> RootedPath:
        """The directory of amq's own private state: locks, drain records, the notifier."""
        return self.home.below(STATE_NAME)

    @property
    def drains(self) -> RootedPath:
        """The directory of records of drains that are running or were cut off."""
        return self.home.below(STATE_NAME, "drains")

    @property
    def refused(self) -> RootedPath:
        """The directory of files that were found among the mail and cannot become dead letters."""
        return self.home.below(STATE_NAME, "refused")

    @property
    def directories(self) -> list[RootedPath]:
        """Every directory of a mailbox, parents first, and `inbox/new`, which mail is delivered into, last.

        So where `inbox/new` exists the others do: a mailbox whose creation was cut off does not count as one.
        """
        return [
            self.home,
            self.home.below("outbox"), self.sent,
            self.home.below("acks"), self.acks_received, self.acks_sent,
            self.home.below("dlq"), self.dlq_tmp, self.dlq_new, self.dlq_cur,
            self.inbox, self.inbox_tmp, self.inbox_cur, self.inbox_new,
        ]  # fmt: skip


@record
class QueueLayout:
    """The paths of a queue."""

    root: str

    @property
    def meta(self) -> RootedPath:
        """The directory of the registry."""
        return RootedPath(self.root, "meta")

    @property
    def registry(self) -> RootedPath:
        """The file that lists the agents."""
        return RootedPath(self.root, "meta", "config.json")

    @property
    def agents(self) -> RootedPath:
        """The directory of mailboxes."""
        return RootedPath(self.root, "agents")

    @property
    def leases(self) -> RootedPath:
        """The directory of the agents' leases, one file for each holder; it is made when the first is taken."""
        return RootedPath(self.root, "meta", "leases")

    @property
    def removed(self) -> RootedPath:
        """The directory of mailboxes of agents that were removed; it is made when the first one is."""
        return RootedPath(self.root, "removed")

    @property
    def directories(self) -> list[RootedPath]:
        """Every directory of a queue without agents, except its root, parents first."""
        return [self.meta, self.agents]

    def agent(self, handle: str) -> AgentLayout:
        """Return the layout of HANDLE's mailbox; the caller has checked the handle."""
        return AgentLayout(RootedPath(self.root, "agents", handle))
