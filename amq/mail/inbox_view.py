"""The unread mail of an inbox, for repeated looks: each file is read once, even one that is not a message.

There may be a hundred thousand of them, and the looks share a process with a user's keystrokes at a terminal. So no
single interpreter step grows with their number, except a few that take some milliseconds.
"""

from __future__ import annotations

from heapq import merge

from amq.errors import Unreadable
from amq.instants import SECOND_NS
from amq.record import record
from amq.store import maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from amq.mail.account import Account

MOST_STAMPS = 1000
"""The most bad files that one look checks for changes in place; fewer are all checked."""
SETTLED_S = 2
"""Seconds after which a changed file has a different time, on any filesystem."""
_PORTION = 1000
"""The number of messages sorted in one step."""
_ANY = 0
"""The value for an inode that is not known; no file has it."""


@record
class Unread:
    """A message in `new`, with the fields that a notifier needs.

    A bad message has no sender and normal priority, and is older than all others.
    """

    id: str
    sender: str
    priority: str
    subject: str
    created_ns: int = 0


def _order(unread: Unread) -> tuple[int, str]:
    return unread.created_ns, unread.id


class InboxView:
    """The unread mail of an account, as of the last look."""

    def __init__(self, account: Account, before: Iterable[Unread] = ()) -> None:
        """Start from BEFORE, the result of an earlier look: its good messages are not opened, for they never change."""
        self._account = account
        self._unread = list(before)
        self._by_id = {each.id: each for each in self._unread}
        self._inodes = {each.id: _ANY for each in self._unread if each.sender}
        self._stamps: dict[str, tuple[int, ...]] = {}  # of bad files that need not be looked at again
        self._turn = 0  # among these

    def look(self) -> list[Unread]:
        """Return the unread mail in `new`, oldest first; never fails for a bad file.

        Of the files it knows, it opens only bad ones that may have become readable or a message: those with another
        inode, and those changed since, of which each look checks the next MOST_STAMPS.
        """
        with Directory(self._account.agent.inbox_new) as new:
            files = maildir.message_inodes(new)
            self._forget_changed(new)
            gone = [each for each in self._by_id if each not in files]
            for each in gone:
                self._forget(each)
                del self._by_id[each]
            fresh = [each for each, inode in files.items() if self._inodes.get(each) not in (inode, _ANY)]
            came = [unread for each in fresh if (unread := self._opened(new, each))]
        if gone or came:
            kept = [each for each in self._unread if self._by_id.get(each.id) is each]
            self._unread = _in_order(kept, came)
            self._by_id.update((each.id, each) for each in came)
        return self._unread

    def _forget_changed(self, new: Directory) -> None:
        """Forget the bad files that have changed, among those whose turn it is."""
        turn = list(self._stamps)[self._turn : self._turn + MOST_STAMPS]
        self._turn = self._turn + MOST_STAMPS if len(turn) == MOST_STAMPS else 0
        for each in turn:
            if maildir.stamp(new, each) != self._stamps[each]:
                self._forget(each)

    def _forget(self, identifier: str) -> None:
        self._inodes.pop(identifier, None)
        self._stamps.pop(identifier, None)

    def _opened(self, new: Directory, identifier: str) -> Unread | None:
        """Return the message in a file; None if it has gone, or is as it was known. Remember it if it cannot change."""
        stamp = maildir.stamp(new, identifier)  # before the look: a change between the two shows as another stamp later
        self._forget(identifier)
        found = maildir.look(new, identifier)
        if found is None or not stamp:
            return None
        if header := found.header:
            self._inodes[identifier] = stamp[0]
            unread = Unread(identifier, header.sender, header.priority, header.subject, header.created_ns)
        else:
            unread = Unread(identifier, "", "", "")
            is_lasting = not isinstance(found.error, Unreadable) or found.error.is_forbidden
            if is_lasting and stamp[-1] < self._account.clock() - SETTLED_S * SECOND_NS:
                self._inodes[identifier], self._stamps[identifier] = stamp[0], stamp
        before = self._by_id.pop(identifier, None)
        if before == unread:
            self._by_id[identifier] = before
            return None
        return unread


def _in_order(kept: list[Unread], came: list[Unread]) -> list[Unread]:
    """Return KEPT, which is in order, and CAME in one list in order."""
    portions = (came[at : at + _PORTION] for at in range(0, len(came), _PORTION))
    return list(merge(kept, *(sorted(portion, key=_order) for portion in portions), key=_order))
