"""Look at a whole queue: its agents, and the newest of what they say."""

from __future__ import annotations

import threading

from amq.dashboard import actions, agents
from amq.dashboard.agents import Agents
from amq.dashboard.conversation import Conversation
from amq.errors import AmqError, why
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.dashboard.actions import Result
    from amq.dashboard.agents import Row
    from amq.dashboard.conversation import Body, Log, LoggedMessage
    from amq.mail.mailbox import Mailbox
    from amq.mail.summary import Summary
    from amq.runtime.file_events import Hints
    from amq.runtime.private_state import PrivateState

SWEEP_S = 300.0
"""Seconds after which directories are listed though their times say that nothing came: filesystems lie.

To list 100,000 messages twice, as their senders keep copies, takes 0.2 s.
"""


@record
class Snapshot:
    """A queue at the instant `at_ns`: a row for each agent, by handle, and the newest messages, oldest first.

    `problems` are sentences about what cannot be read, safe to show. `gone` says why nothing could be looked at, as
    where the queue was removed; "" usually.
    """

    at_ns: int
    rows: tuple[Row, ...]
    messages: tuple[LoggedMessage, ...]
    problems: tuple[str, ...] = ()
    gone: str = ""


class Dashboard:
    """Repeated looks at the queue of MAILBOX. Its methods may be called from any thread: they take turns.

    PRIVATE is the user's private directory. `newest` is how many messages a snapshot has; it may be changed.
    """

    def __init__(self, mailbox: Mailbox, private: PrivateState, newest: int = 100) -> None:
        self.newest = newest
        self._account = mailbox.account
        self._private = private
        self._agents = Agents(mailbox.account, private)
        self._conversation = Conversation(mailbox.account)
        self._swept_ns = 0
        self._turn = threading.RLock()

    @property
    def places(self) -> list[str]:
        """The directories in which a change may be one of the next snapshot, for `changes.looks`."""
        with self._turn:
            return list(dict.fromkeys((*self._agents.places, *self._conversation.places)))

    def look(self, hints: Hints = None) -> Snapshot:
        """Return the queue as it is now. What cannot be read is a problem in the snapshot; nothing is raised.

        HINTS are those of `changes.looks`, all of them since the last look with such: they save listing large
        directories.
        """
        with self._turn:
            now = self._account.clock()
            sweep = not 0 <= now - self._swept_ns < SWEEP_S * 1e9
            self._swept_ns = now if sweep else self._swept_ns
            try:
                rows, problems = self._agents.look()
            except (AmqError, OSError) as error:
                return Snapshot(now, (), (), gone=why(error))
            log = self._conversation.newest(self.newest, hints, sweep=sweep)
            told = (*problems, *log.problems, *(each for row in rows for each in row.problems))
            return Snapshot(now, tuple(rows), log.messages, tuple(dict.fromkeys(told)))

    def thread(self, name: str, limit: int = 0) -> Log:
        """Return what `Conversation.thread` does."""
        with self._turn:
            return self._conversation.thread(name, limit)

    def pair(self, one: str, other: str, limit: int = 0) -> Log:
        """Return what `Conversation.pair` does."""
        with self._turn:
            return self._conversation.pair(one, other, limit)

    def search(self, query: str, limit: int) -> Log:
        """Return what `Conversation.search` does."""
        with self._turn:
            return self._conversation.search(query, limit)

    def located(self, message: LoggedMessage) -> LoggedMessage:
        """Return what `Conversation.located` does."""
        with self._turn:
            return self._conversation.located(message)

    def body(self, message: Summary) -> Body:
        """Return what `Conversation.body` does."""
        with self._turn:
            return self._conversation.body(message)

    def history(self, handle: str) -> tuple[list[dict[str, Any]], str]:
        """Return what `agents.history` does."""
        with self._turn:
            return agents.history(self._account, self._private, handle)

    def wake(self, handle: str) -> Result:
        """Do what `actions.wake` does."""
        with self._turn:
            return actions.wake(self._account, self._private, handle)
