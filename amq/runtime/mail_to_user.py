"""Watch the user's inbox for mail of one agent, on behalf of that agent's notifier.

Several agents run, and each has a notifier. Each looks for its own agent's mail, so one message is one notice.
"""

from __future__ import annotations

from amq.errors import AmqError
from amq.names import USER
from amq.runtime.stat_polling import hint
from amq.store import maildir
from amq.store.durable import Directory
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import QueueLayout


class MailToUser:
    """The unread mail of SENDER in the user's inbox, since the first look."""

    def __init__(self, queue: QueueLayout, sender: str) -> None:
        self._user = queue.agent(USER)
        self._sender = sender
        self._seen: tuple[int, ...] | None = None
        self._known: set[str] | None = None
        self._unread: set[str] = set()
        self._is_settled = False

    def is_look_due(self) -> bool:
        """Return whether the inbox may have changed since the last look."""
        return not self._is_settled or self._seen != hint(self._user.inbox_new)

    def has_begun(self) -> bool:
        """Look; return whether there is unread mail of the sender, and was none of it at the look before.

        What is there at the first look is not counted, and never opened. Mail is not counted either while the user has
        a notifier of their own (`amq wake --me user`). An inbox that cannot be read is as before. Raises no error.
        """
        # a change within one tick of the clock may leave the times as they were: one more look follows each change
        before, self._seen = self._seen, hint(self._user.inbox_new)
        self._is_settled = before == self._seen
        try:
            there, came = self._look()
        except FileNotFoundError:
            there, came = set(), set()
        except (AmqError, OSError):
            return False
        kept = self._unread & there
        self._known, self._unread = there, kept | came
        return bool(came) and not kept and not self._has_notifier()

    def _look(self) -> tuple[set[str], set[str]]:
        """Return the ids of all messages, and of the new ones of the sender."""
        with Directory(self._user.inbox_new) as new:
            there = set(maildir.message_ids(new))
            fresh = set() if self._known is None else there - self._known
            found = (maildir.look(new, each) for each in fresh)
            mine = {each.id for each in found if each and each.header and each.header.sender == self._sender}
        return there, mine

    def _has_notifier(self) -> bool:
        try:
            return read_notifier(self._user) is not None
        except OSError:
            return False
