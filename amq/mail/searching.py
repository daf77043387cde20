"""Search the mail of all agents for words, the newest messages first.

Where there is an index it says which files may match; each of these is read and compared before it counts, and so is
each file that the index does not know. Without an index all files are read. Both ways find the same messages.
"""

from __future__ import annotations

from contextlib import suppress
from heapq import merge
from itertools import groupby, islice

from amq.errors import BadMessage, Unreadable
from amq.instants import MILLISECOND_NS
from amq.mail import all_mailboxes
from amq.mail.searched_files import body_text, listed, read, texts
from amq.names import SUFFIX
from amq.record import record
from amq.store import directories, maildir
from amq.store.durable import Directory
from amq.store.maildir import Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account
    from amq.mail.message_filter import Filter
    from amq.mail.search_index import Index, Row
    from amq.mail.search_terms import Query
    from amq.mail.searched_files import Place
    from amq.message import Message

    _Found = tuple[int, "Hit"]
    """A message that matches, and which of the places it is in."""

BOXES = ("new", "cur", "sent")
_ATTEMPTS = 2
"""The times that an index is opened: a damaged one is removed, and made anew."""


@record
class Hit:
    """A message that was found, whole, in a directory of the mailbox of `holder`."""

    message: Message
    holder: str
    directory: RootedPath

    @property
    def box(self) -> str:
        """The name of the directory: `new`, `cur`, `sent`."""
        return self.directory.name

    @property
    def searched_text(self) -> str:
        """The text of the body that is searched."""
        return body_text(self.message)

    @property
    def path(self) -> str:
        """The path of the file."""
        return f"{self.directory}/{self.message.header.id}{SUFFIX}"


def search(
    account: Account,
    query: Query,
    wanted: Filter,
    limit: int = 0,
    *,
    boxes: Collection[str] = (),
    agents: Sequence[str] = (),
) -> list[Hit]:
    """Return the newest LIMIT messages (0: all) that have all of QUERY (`Mailbox.search`)."""
    found = Search(account, query, wanted, limit, boxes or BOXES, agents)
    hits = found.by_index()
    if hits is None:
        hits = found.hits(None)
    found.warn()
    return hits


class Search:
    """One search, in the directories as they were listed at its beginning."""

    def __init__(
        self,
        account: Account,
        query: Query,
        wanted: Filter,
        limit: int,
        boxes: Collection[str],
        agents: Sequence[str],
    ) -> None:
        self._account = account
        self._query = query
        self._wanted = wanted
        self._limit = limit
        self._whole = not agents and set(BOXES) <= set(boxes)
        held = all_mailboxes.boxes(all_mailboxes.agents(account, agents))
        self.places = list(filter(None, (self._listed(handle, path) for handle, path in held if path.name in boxes)))
        self._bad: dict[str, Found] = {}

    def _listed(self, handle: str, path: RootedPath) -> Place | None:
        try:
            return listed(handle, path)
        except FileNotFoundError:  # another program's mailbox may lack some directories
            return None
        except OSError as error:
            all_mailboxes.left_out(self._account, path, error)
            return None

    def by_index(self) -> list[Hit] | None:
        """Return what `hits` does with the help of an index; None if there can be none."""
        place = self._account.cache_directory()
        if place is None:
            return None
        try:
            from amq.mail import search_index

            queue = directories.look(self._account.queue.agents)
        except (ImportError, OSError):  # a Python without SQLite, or a queue that has gone
            return None
        for _ in range(_ATTEMPTS):
            try:
                with search_index.opened(place, f"{queue.st_dev} {queue.st_ino}") as index:
                    return self.hits(index)
            except search_index.Damaged:
                continue
            except search_index.Unusable:
                return None
        return None

    def hits(self, index: Index | None) -> list[Hit]:
        """Return the messages that match, the newest first, ties by id."""
        if index is None:
            return self.known(None, [place.messages() for place in self.places])
        unknown = index.update(self.places, whole=self._whole, progress=self._account.progress)
        return self.known(index, unknown)

    def known(self, index: Index | None, unknown: Sequence[Collection[str]]) -> list[Hit]:
        """Return what `hits` does, from INDEX and from those names in each place that it does not know."""
        rows = index.rows(self._query, self._wanted) if index else iter(())
        found = [each for at, names in enumerate(unknown) for each in self._read(at, names)]
        found.sort(key=_when, reverse=True)
        located = (each for row in rows for each in self._located(row))
        ordered = merge(found, located, key=_when, reverse=True)
        hits = (hit for _, together in groupby(ordered, key=_when) for hit in _newest_first(together))
        return list(islice(hits, self._limit or None))

    def _read(self, at: int, names: Collection[str]) -> Iterator[_Found]:
        """Yield the messages that match among the files NAMES of a place."""
        place = self.places[at]
        if not names:
            return
        with suppress(FileNotFoundError), Directory(place.path) as directory:
            for name in sorted(names):
                message = self._message(directory, name[: -len(SUFFIX)])
                if message and self._matches(message):
                    yield at, Hit(message, place.holder, place.path)

    def _located(self, row: Row) -> Iterator[_Found]:
        """Yield the message of ROW from the first place that has it, if it still matches.

        One that was in `new` may have been moved to `cur` meanwhile.
        """
        for at, place in enumerate(self.places):
            if place.files.get(f"{row.id}{SUFFIX}") == row.inode:
                moved = [place.path.parent.below("cur")] if place.path.name == "new" else []
                for path in (place.path, *moved):
                    with suppress(OSError), Directory(path) as directory:
                        message = self._message(directory, row.id)
                        if message and _millisecond(message) == row.millisecond and self._matches(message):
                            yield at, Hit(message, place.holder, path)
                            return

    def _message(self, directory: Directory, identifier: str) -> Message | None:
        """Return a message; None for one that has gone, and for one that `warn` is to name."""
        error: BadMessage | Unreadable
        try:
            return read(directory, identifier)
        except FileNotFoundError:
            return None
        except BadMessage as found:
            error = found
        except OSError as found:
            error = maildir.unreadable(directory, identifier, found)
        self._bad[f"{directory.path}/{identifier}{SUFFIX}"] = Found(identifier, directory.path, None, error)
        return None

    def _matches(self, message: Message) -> bool:
        return self._wanted.takes(message.header) and self._query.matches(*texts(message))

    def warn(self) -> None:
        """Warn of the files that could not be searched, and why."""
        for found in self._bad.values():
            all_mailboxes.warn_of(self._account, found.directory, found)


def _millisecond(message: Message) -> int:
    return message.header.created_ns // MILLISECOND_NS


def _when(found: _Found) -> int:
    return _millisecond(found[1].message)


def _newest_first(together: Iterable[_Found]) -> list[Hit]:
    """Return the messages of one millisecond, each once: the copy in the first place counts."""
    hits: dict[tuple[int, str, str], _Found] = {}
    for at, hit in together:
        header = hit.message.header
        key = header.created_ns, header.id, header.sender
        if key not in hits or at < hits[key][0]:
            hits[key] = at, hit
    return [hits[key][1] for key in sorted(hits, reverse=True)]
