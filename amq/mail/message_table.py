"""Messages by column, read from caches where directories are large, and from files where they are small.

A list of twenty thousand needs five texts of each message. To take these from a column each costs a tenth of making a
value of every message, which is done only where one is asked for.
"""

from __future__ import annotations

from operator import itemgetter

from amq.mail import summary
from amq.mail.summary import CREATED_NS, DIRECTORY, HOLDER, ID, Summary, of_header
from amq.names import SUFFIX, is_message_name
from amq.store import durable, maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from amq.layout import RootedPath
    from amq.mail.account import Account
    from amq.store.header_cache import Cached
    from amq.store.maildir import Found

FEWEST = 1000
"""The files in a directory from which on a cache pays."""
_CUT = -len(SUFFIX)
STORED = (CREATED_NS, *range(summary.SENDER, summary.EXTRA + 1))
"""The places of a summary that are columns of a cache; its names are the ids."""


class Table:
    """Messages in some order. `column` returns one item of each summary, the iterator makes whole summaries."""

    def __init__(self, column: Callable[[int], list[Any]], count: int) -> None:
        self.column = column
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Summary]:
        return map(Summary, zip(*map(self.column, range(summary.EXTRA + 1)), strict=True))

    def names(self) -> list[str]:
        """Return the names of the files."""
        return [f"{each}{SUFFIX}" for each in self.column(ID)]

    def is_all(self, at: int, value: str) -> bool:
        """Return whether the item AT of every summary is VALUE."""
        return self.column(at).count(value) == len(self)

    def chosen(self, places: Sequence[int]) -> Table:
        """Return the messages at PLACES, in that order."""
        return Table(lambda at: _picked(self.column(at), places), len(places))


class _CachedTable(Table):
    """All messages of a cache of the directory PATH of the mailbox of HOLDER."""

    def __init__(self, cached: Cached, holder: str, path: RootedPath) -> None:
        super().__init__(self._column, len(cached.names))
        self._cached = cached
        self._same = {HOLDER: holder, DIRECTORY: path}

    def _column(self, at: int) -> list[Any]:
        if at == ID:
            return [each[:_CUT] for each in self._cached.names]
        if at in self._same:
            return [self._same[at]] * len(self)
        column = self._cached.column(STORED.index(at))
        return list(map(int, column)) if at == CREATED_NS else column

    def names(self) -> list[str]:
        return self._cached.names

    def is_all(self, at: int, value: str) -> bool:
        """Return the same as for any table, without a list of the items."""
        return self._cached.is_all(STORED.index(at), value)


def _picked(items: list[Any], places: Sequence[int]) -> list[Any]:
    return [items[places[0]]] if len(places) == 1 else list(itemgetter(*places)(items)) if places else []


def joined(tables: Iterable[Table]) -> Table:
    """Return the messages of TABLES, one after the other."""
    tables = [each for each in tables if len(each)]
    if len(tables) == 1:
        return tables[0]
    return Table(lambda at: [item for each in tables for item in each.column(at)], sum(map(len, tables)))


def in_order(table: Table) -> Table:
    """Return the messages of TABLE by time, then id."""
    keys = list(zip(table.column(CREATED_NS), table.column(ID), strict=True))
    places = sorted(range(len(table)), key=keys.__getitem__)
    return table if places == list(range(len(table))) else table.chosen(places)


def of_summaries(found: Sequence[Summary]) -> Table:
    """Return FOUND as a table."""
    return Table(lambda at: [each[at] for each in found], len(found))


def in_directory(
    account: Account, holder: str, path: RootedPath, known: Collection[str] = ()
) -> tuple[Table, list[Found]]:
    """Return the messages in the directory PATH of the mailbox of HOLDER, and looks at those without a header.

    They come by time, then id. Files whose names are KNOWN are left out and not opened. Raises OSError.
    """
    with Directory(path) as directory:
        files = durable.entries(directory, known)
        names = files.keys()
        place = account.cache_directory() if len(names) >= FEWEST and directory.fd is not None else None
        if place is None:
            summaries, without = _opened(directory, holder, names, files)
            return of_summaries(sorted(summaries)), without
        from amq.store import header_cache  # only here: most boxes are small

        cache = f"{holder}.{path.name}"
        cached = header_cache.load(place, cache, directory, len(STORED))
        table, have = _still_there(cached, files, holder, path)
        if len(have) == len(names):
            return table, []
        fresh, without = _opened(directory, holder, names - have, files)
        table = in_order(joined([table, of_summaries(fresh)]))
        is_old = len(fresh) >= header_cache.MIN_CHANGES or (
            not known and len(cached.names) > 2 * len(files) + header_cache.MIN_CHANGES
        )
        if is_old and len(table):
            kept = [(each, files[each]) for each in table.names()]
            texts = [map(str, table.column(at)) for at in STORED]
            header_cache.save(place, cache, directory, kept, texts, account.temporary())
    return table, without


def _still_there(
    cached: Cached, files: Mapping[str, int], holder: str, path: RootedPath
) -> tuple[Table, Collection[str]]:
    """Return those messages of CACHED that are files of the same inode among FILES, and their names."""
    whole = _CachedTable(cached, holder, path)
    inodes = list(map(files.get, cached.names))
    if inodes == cached.inodes:
        return whole, cached.names
    at_same = [at for at, (now, then) in enumerate(zip(inodes, cached.inodes, strict=True)) if now == then]
    return whole.chosen(at_same), {cached.names[at] for at in at_same}


def _opened(
    directory: Directory, holder: str, names: Iterable[str], files: Mapping[str, int]
) -> tuple[list[Summary], list[Found]]:
    """Return the messages NAMES among FILES, which have inodes where they are regular files, in no order."""
    looks = (maildir.look(directory, each[:_CUT]) for each in sorted(names) if files[each] and is_message_name(each))
    found = [each for each in looks if each]
    summaries = [of_header(each.header, holder, directory.path) for each in found if each.header]
    return summaries, [each for each in found if not each.header]


def inbox(account: Account, boxes: Collection[str]) -> tuple[Table, list[Found]]:
    """Return the messages in BOXES (`new`, `cur`) of the account by time, then id, and looks at those without a header.

    Mail moves from `new` to `cur`: looking in this order finds each message, and one that is found twice is in `cur`.
    """
    agent = account.agent
    looks = [
        in_directory(account, account.me, path)
        for box, path in (("new", agent.inbox_new), ("cur", agent.inbox_cur))
        if box in boxes
    ]
    tables = [table for table, _ in looks if len(table)]
    if len(tables) == 2:
        moved = set(tables[1].column(ID))
        ids = tables[0].column(ID)
        tables[0] = tables[0].chosen([at for at, each in enumerate(ids) if each not in moved])
        tables = [in_order(joined(tables))]
    return joined(tables), [each for _, without in looks for each in without]
