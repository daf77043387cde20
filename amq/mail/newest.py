"""The newest messages of a queue, each once, for looks that are repeated many times.

A look opens only messages that it has not seen, and lists only directories that have changed. Nothing is kept of older
messages: memory does not grow with the queue. To list a large directory takes longer than all the rest of a look, so
one whose events name what has changed is not listed for each change: those names are looked up.
"""

from __future__ import annotations

from heapq import nlargest

from amq.errors import why
from amq.mail import all_mailboxes
from amq.mail.summary import Summary, of_header
from amq.names import SUFFIX, is_message_name, undated
from amq.record import record, replace
from amq.store import directories, maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account

    Changed = Mapping[str, Collection[str] | None] | None
    """The directories that have changed, each with the names of files that did; None where that is not known."""
    Summaries = dict[tuple[str, int], Summary]
    """Messages by id and inode."""

LARGE = 1000
"""The messages in a directory from which on names are looked up."""
COST = 50
"""It is listed, to see whether all its events have come, after so many times as long as that takes."""


@record
class _Box:
    """The newest LIMIT messages of a directory as it was at these TIMES, by id and inode.

    `is_whole` is True if the directory has been listed at a time after which changes leave other times. COUNT are its
    messages by the last list. Until `relist_ns` names that have changed are looked up.
    """

    times: tuple[int, ...]
    is_whole: bool
    limit: int
    found: Mapping[tuple[str, int], Summary]
    problems: Sequence[str]
    count: int = 0
    relist_ns: int = 0


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

    def look(self, limit: int, changed: Changed = None, *, sweep: bool = False) -> list[Summary]:
        """Return the newest LIMIT messages, oldest first, ties by id.

        What cannot be read, or is not a message, is warned of at each look, and left out. CHANGED is all that has
        changed since the last look that got such; None if that is not known. With `sweep` directories are also listed
        whose times say that nothing has changed.
        """
        boxes: dict[RootedPath, _Box] = {}
        found: dict[tuple[int, str, str], Summary] = {}
        for handle, path in all_mailboxes.boxes(all_mailboxes.agents(self._account)):
            names = None if changed is None or sweep else changed.get(path, ())
            box = boxes[path] = self._box(handle, path, limit, names, sweep=sweep)
            for problem in box.problems:
                self._account.warn(problem)
            for each in box.found.values():
                found.setdefault((each.created_ns, each.id, each.sender), each)
        self._boxes = boxes
        return [found[key] for key in sorted(nlargest(limit, found))]

    def _box(self, holder: str, path: RootedPath, limit: int, names: Collection[str] | None, *, sweep: bool) -> _Box:
        before, now = self._boxes.get(path), self._account.clock()
        try:
            times = directories.times(path)
            if before and not sweep and limit == before.limit:
                if before.is_whole and times == before.times:
                    return before
                if names is not None and now < before.relist_ns and times[:2] == before.times[:2]:
                    box = self._with(holder, path, before, names) if names else before
                    if box:
                        return box
            (found, count), problems = self._account.gather(lambda: self._newest(holder, path, limit, before))
        except FileNotFoundError:  # another program's mailbox may lack some directories
            return _Box((), False, limit, {}, ())
        except OSError as error:
            return _Box((), False, limit, {}, (f"{path} is skipped: {why(error)}",))
        cost = self._account.clock() - now
        relist_ns = now + COST * cost if count >= LARGE and not problems else 0
        return _Box(times, directories.is_settled(times, now), limit, found, problems, count, relist_ns)

    def _newest(self, holder: str, path: RootedPath, limit: int, before: _Box | None) -> tuple[Summaries, int]:
        """Return the newest LIMIT messages in the directory PATH, and how many it has; BEFORE has those not to open."""
        known = before.found if before else {}
        with Directory(path) as directory:
            ends = maildir.ends(directory, 0, limit)
            if len(ends.undated) > limit:
                whole = all_mailboxes.messages(self._account, holder, path)
                last = whole.chosen(range(max(len(whole) - limit, 0), len(whole)))
                return {(each.id, ends.undated.get(each.id, 0)): each for each in last}, 0
            found = {}
            for key in (*ends.dated.items(), *ends.undated.items()):
                summary = known.get(key) or self._opened(holder, directory, key[0])
                if summary:
                    found[key] = summary
        return found, ends.count

    def _with(self, holder: str, path: RootedPath, before: _Box, names: Iterable[str]) -> _Box | None:
        """Return the directory PATH, which was as BEFORE, after a change of the files NAMES; None if it must be listed.

        That is so where a file has no time in its name or cannot be read, and where older messages move up.
        """
        ids = [name.removesuffix(SUFFIX) for name in names if is_message_name(name)]
        if undated([*ids, *(each for each, _ in before.found)]):
            return None
        has_all = before.count <= len(before.found) < before.limit
        oldest = "" if has_all else min((each for each, _ in before.found), default="")
        ids = nlargest(before.limit, [each for each in ids if each >= oldest])
        again = set(ids)
        found = {key: each for key, each in before.found.items() if key[0] not in again}
        with Directory(path) as directory:
            opened, problems = self._account.gather(lambda: [self._opened(holder, directory, each) for each in ids])
        found |= {(each.id, 0): each for each in opened if each}
        if problems or len(found) < len(before.found):
            return None
        kept = nlargest(before.limit, found)
        return replace(before, is_whole=False, found={key: found[key] for key in kept})

    def _opened(self, holder: str, directory: Directory, identifier: str) -> Summary | None:
        look = maildir.look(directory, identifier)
        if look and look.header:
            return of_header(look.header, holder, directory.path)
        if look:
            all_mailboxes.warn_of(self._account, directory.path, look)
        return None
