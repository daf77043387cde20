"""The newest messages of a queue, each once, for looks that are repeated many times.

A look opens only messages that it has not seen, and lists only directories that have changed. Nothing is kept of older
messages: memory does not grow with the queue.
"""

from __future__ import annotations

from heapq import nlargest

from amq.errors import why
from amq.mail import all_mailboxes
from amq.mail.summary import Summary, of_header
from amq.names import undated
from amq.record import record
from amq.store import directories, maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account


@record
class _Box:
    """The newest messages of a directory as it was at these TIMES (None: it may have changed since), by inode."""

    times: tuple[int, ...] | None
    limit: int
    found: Mapping[tuple[str, int], Summary]
    problems: Sequence[str]


class NewestMessages:
    """The newest messages in the mailboxes of all agents of ACCOUNT's queue.

    A message's place is by the time in its id, where that has the usual form. Two files are one message if they have
    the same id, sender and time, as in `Timeline`.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._boxes: dict[RootedPath, _Box] = {}

    @property
    def places(self) -> list[RootedPath]:
        """The directories of the last look in which messages come and go."""
        return list(self._boxes)

    def look(self, limit: int, *, sweep: bool = False) -> list[Summary]:
        """Return the newest LIMIT messages, oldest first, ties by id.

        What cannot be read, or is not a message, is warned of at each look, and left out. With `sweep` directories are
        also listed whose times say that nothing has changed.
        """
        boxes: dict[RootedPath, _Box] = {}
        found: dict[tuple[int, str, str], Summary] = {}
        for handle, path in all_mailboxes.boxes(all_mailboxes.agents(self._account)):
            box = boxes[path] = self._box(handle, path, limit, sweep)
            for problem in box.problems:
                self._account.warn(problem)
            for each in box.found.values():
                found.setdefault((each.created_ns, each.id, each.sender), each)
        self._boxes = boxes
        return [found[key] for key in sorted(nlargest(limit, found))]

    def _box(self, holder: str, path: RootedPath, limit: int, sweep: bool) -> _Box:
        before = self._boxes.get(path)
        try:
            times = directories.settled_times(path, self._account.clock())
            if before and not sweep and times is not None and (times, limit) == (before.times, before.limit):
                return before
            found, problems = self._account.gather(lambda: self._newest(holder, path, limit, before))
        except FileNotFoundError:  # another program's mailbox may lack some directories
            return _Box((), limit, {}, ())
        except OSError as error:
            return _Box(None, limit, {}, (f"{path} is skipped: {why(error)}",))
        return _Box(times, limit, found, problems)

    def _newest(self, holder: str, path: RootedPath, limit: int, before: _Box | None) -> dict[tuple[str, int], Summary]:
        known = before.found if before else {}
        with Directory(path) as directory:
            inodes = maildir.message_inodes(directory)
            others = undated(inodes)
            if len(others) > limit:
                whole = all_mailboxes.messages(self._account, holder, path)
                last = whole.chosen(range(max(len(whole) - limit, 0), len(whole)))
                return {(each.id, inodes.get(each.id, 0)): each for each in last}
            dated = inodes.keys() - set(others) if others else inodes
            found = {}
            for identifier in (*nlargest(limit, dated), *others):
                key = identifier, inodes[identifier]
                summary = known.get(key) or self._opened(holder, directory, identifier)
                if summary:
                    found[key] = summary
        return found

    def _opened(self, holder: str, directory: Directory, identifier: str) -> Summary | None:
        look = maildir.look(directory, identifier)
        if look and look.header:
            return of_header(look.header, holder, directory.path)
        if look:
            all_mailboxes.warn_of(self._account, directory.path, look)
        return None
