"""Every path in a queue. Pure: nothing here looks at a disk."""

from __future__ import annotations

from os import sep

from amq.record import record

ROOT_NAME = ".agent-mail"
STATE_NAME = ".amq"
NOTIFIER_NAME = "notifier.lock"


@record
class AgentLayout:
    """The paths of one agent's mailbox."""

    home: str

    @property
    def inbox_tmp(self) -> str:
        """Where incoming copies are staged; readers never look into it."""
        return f"{self.home}{sep}inbox{sep}tmp"

    @property
    def inbox_new(self) -> str:
        """Mail that has not been shown."""
        return f"{self.home}{sep}inbox{sep}new"

    @property
    def inbox_cur(self) -> str:
        """Mail that has been shown."""
        return f"{self.home}{sep}inbox{sep}cur"

    @property
    def sent(self) -> str:
        """Copies of what the agent sent."""
        return f"{self.home}{sep}outbox{sep}sent"

    @property
    def acks_received(self) -> str:
        """Acknowledgements of what the agent sent."""
        return f"{self.home}{sep}acks{sep}received"

    @property
    def acks_sent(self) -> str:
        """Acknowledgements by the agent."""
        return f"{self.home}{sep}acks{sep}sent"

    @property
    def dlq_tmp(self) -> str:
        """Where dead letters are staged."""
        return f"{self.home}{sep}dlq{sep}tmp"

    @property
    def dlq_new(self) -> str:
        """Dead letters nobody has looked at."""
        return f"{self.home}{sep}dlq{sep}new"

    @property
    def dlq_cur(self) -> str:
        """Dead letters that have been looked at."""
        return f"{self.home}{sep}dlq{sep}cur"

    @property
    def presence(self) -> str:
        """The agent's status file."""
        return f"{self.home}{sep}presence.json"

    @property
    def state(self) -> str:
        """Our own private state: locks, drain records, the notifier."""
        return f"{self.home}{sep}{STATE_NAME}"

    @property
    def drains(self) -> str:
        """The records of drains under way or cut off."""
        return f"{self.home}{sep}{STATE_NAME}{sep}drains"

    @property
    def refused(self) -> str:
        """What was found among the mail and can not even be a dead letter."""
        return f"{self.home}{sep}{STATE_NAME}{sep}refused"

    @property
    def directories(self) -> list[str]:
        """Every directory of a mailbox, parents first, and last of all the one that mail is delivered into.

        Where `inbox/new` is, the others are: a mailbox that was cut off while it was made is none.
        """
        return [
            self.home,
            f"{self.home}{sep}outbox", self.sent,
            f"{self.home}{sep}acks", self.acks_received, self.acks_sent,
            f"{self.home}{sep}dlq", self.dlq_tmp, self.dlq_new, self.dlq_cur,
            f"{self.home}{sep}inbox", self.inbox_tmp, self.inbox_cur, self.inbox_new,
        ]  # fmt: skip


@record
class QueueLayout:
    """The paths of a queue."""

    root: str

    @property
    def meta(self) -> str:
        """The directory of the registry."""
        return f"{self.root}{sep}meta"

    @property
    def registry(self) -> str:
        """The list of agents."""
        return f"{self.root}{sep}meta{sep}config.json"

    @property
    def agents(self) -> str:
        """The directory of mailboxes."""
        return f"{self.root}{sep}agents"

    @property
    def directories(self) -> list[str]:
        """Every directory of a queue without agents, parents first."""
        return [self.root, self.meta, self.agents]

    def agent(self, handle: str) -> AgentLayout:
        """The mailbox of HANDLE, which the caller has checked."""
        return AgentLayout(f"{self.root}{sep}agents{sep}{handle}")
