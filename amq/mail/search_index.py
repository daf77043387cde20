"""An index of the words of all messages in a queue, in SQLite's FTS5. It can be lost at any time.

A message is known by its id and the inode of its file; a link to it in another mailbox is the same one. For each
directory the index has the names and inodes of the files that are in it. All others are for the caller to read: new
files, until `update` has read them, and those that are not messages. The row numbers of the messages follow their
times, so that FTS5 yields the newest first at once. It cannot take a message out, so the caller drops hits on one that
is gone.

One process uses the index at a time, under a lock. What is damaged, or of another version or queue, is removed.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from contextlib import contextmanager, suppress
from unicodedata import unidata_version

from amq.errors import AmqError, BadMessage
from amq.instants import MILLISECOND_NS
from amq.mail.search_terms import LONGEST_WORD
from amq.mail.searched_files import SEARCHED_BYTES, read, texts
from amq.names import SUFFIX
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory
from amq.store.locks import lock_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from amq.layout import RootedPath
    from amq.mail.message_filter import Filter
    from amq.mail.search_terms import Query
    from amq.mail.searched_files import Place
    from amq.message import Header, Message

    _New = tuple[Header, tuple[str, int], str, str]

NAME = "search.sqlite3"
MODULE = "fts5"
LOCK_WITHIN_S = 2.0
_PORTION = 2000
"""The messages that are written in one transaction."""
_PORTION_CHARS = 32 * 1024 * 1024
MOST_GONE = 1000
"""The messages that may be gone until an index of mostly these is made anew."""
_VERSION = f"1 {unidata_version} {LONGEST_WORD} {SEARCHED_BYTES}"
_SLOTS = 1 << 10
"""The messages of one millisecond that have row numbers."""
_YEAR_1 = 1 << 46
"""Milliseconds that make every instant of a message positive."""
_LAST_NUMBER = (1 << 63) - 1
_PASSING = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM,
}  # fmt: skip
"""The errors that do not mean that the file is damaged."""
_TABLES = """
CREATE VIRTUAL TABLE words USING fts5(subject, body, content='', columnsize=0, tokenize='ascii');
CREATE TABLE message(number INTEGER PRIMARY KEY, id, inode, sender, recipients, thread, kind);
CREATE UNIQUE INDEX file ON message(id, inode);
CREATE TABLE directory(path PRIMARY KEY, identity, names, inodes);
CREATE TABLE about(version, queue);
"""


class Unusable(AmqError):
    """An index that cannot be used now; every file has to be read."""


class Damaged(AmqError):
    """An index that was removed, because something in it was wrong."""


@record
class Row:
    """A message in the index: the millisecond it was made in, its id, and the inode of its file."""

    millisecond: int
    id: str
    inode: int


@contextmanager
def opened(place: RootedPath, queue: str) -> Iterator[Index]:
    """Open the index in the directory PLACE for the queue of that identity, made if it is missing, under its lock.

    Raises Unusable. Raises Damaged where another try may help: the file was removed.
    """
    try:
        with lock_beside(place, f"{NAME}.lock", LOCK_WITHIN_S):
            try:
                _make(place)
                with _connected(f"{place}/{NAME}") as database:
                    yield Index(database, queue)
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING:
                    raise Unusable(str(error)) from error
                _remove(place)
                raise Damaged(str(error)) from error
    except (OSError, UnicodeEncodeError) as error:
        raise Unusable(str(error)) from error
    except AmqError as error:
        if isinstance(error, Damaged):
            raise
        raise Unusable(error.message) from error


def _make(place: RootedPath) -> None:
    """Make the file, empty and for the user alone, if it is missing: SQLite would leave its mode to the umask."""
    with suppress(FileExistsError), Directory(place) as directory:
        durable.close(durable.syscalls.open(directory, NAME, durable.CREATE))


@contextmanager
def _connected(path: str) -> Iterator[sqlite3.Connection]:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise sqlite3.DatabaseError("not a regular file")  # SQLite would wait for a FIFO, and follow a link
    database = sqlite3.connect(path, timeout=LOCK_WITHIN_S, isolation_level=None)
    try:
        yield database
    finally:
        database.close()


def _remove(place: RootedPath) -> None:
    with Directory(place) as directory:
        for name in (NAME, f"{NAME}-journal"):
            durable.discard(directory, name)


class Index:
    """An open index."""

    def __init__(self, database: sqlite3.Connection, queue: str) -> None:
        self._database = database
        run = database.execute
        run("PRAGMA synchronous = NORMAL")
        if not run("SELECT 1 FROM pragma_module_list WHERE name = ?", (MODULE,)).fetchone():
            raise Unusable(f"this SQLite has no {MODULE}")
        if not run("SELECT 1 FROM sqlite_master").fetchone():
            with self._transaction():
                for statement in filter(str.strip, _TABLES.split(";")):
                    run(statement)
                run("INSERT INTO about VALUES (?, ?)", (_VERSION, queue))
        if run("SELECT version, queue FROM about").fetchall() != [(_VERSION, queue)]:
            raise sqlite3.DatabaseError("of another version or queue")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    def update(
        self, places: Sequence[Place], *, whole: bool, progress: Callable[[int, int], None] = lambda *_: None
    ) -> list[Collection[str]]:
        """Read the messages in PLACES that are not known; return for each place the names that stay unknown.

        PLACES are all directories of the queue if `whole`. An index of mostly what is gone then counts as damaged.
        PROGRESS is given the number of files that were dealt with, and of all.
        """
        unknown: list[Collection[str]] = [()] * len(places)
        known = [self._known(place) for place in places]
        changed = {at: place.messages() for at, place in enumerate(places) if known[at] != place.files}
        if whole and changed:
            self._check_size(places)
        new = [(places[at], files.items() - known[at].items()) for at, files in changed.items()]
        have = self._add(new, progress)
        for at, files in changed.items():
            before = known[at]
            now = {name: inode for name, inode in files.items() if before.get(name) == inode or (name, inode) in have}
            if now != before:
                self._record(places[at], now)
            unknown[at] = files.keys() - now.keys()
        return unknown

    def rows(self, query: Query, wanted: Filter) -> Iterator[Row]:
        """Yield the messages that have the terms of QUERY and may be WANTED, the newest millisecond first."""
        conditions = ["words MATCH ?"]
        values: list[str | bytes | int] = [query.expression]
        for column, value in (("sender", wanted.sender), ("thread", _stored(wanted.thread)), ("kind", wanted.kind)):
            if value:
                conditions.append(f"m.{column} = ?")
                values.append(value)
        if wanted.recipient:
            conditions.append("instr(m.recipients, ?)")
            values.append(f",{wanted.recipient},")
        for sign, instant in ((">=", wanted.since_ns), ("<=", wanted.until_ns)):
            if instant is not None:
                conditions.append(f"words.rowid {sign} ?")
                values.append(min(max(_number(instant) + (0 if sign == ">=" else _SLOTS - 1), 0), _LAST_NUMBER))
        found = self._database.execute(
            "SELECT m.number, m.id, m.inode FROM words CROSS JOIN message AS m ON m.number = words.rowid "  # noqa: S608
            f"WHERE {' AND '.join(conditions)} ORDER BY words.rowid DESC",
            values,
        )
        for number, identifier, inode in found:
            with _damage_is_an_error():
                row = Row(number // _SLOTS - _YEAR_1, _meant(identifier), int(inode))
            yield row

    def _known(self, place: Place) -> dict[str, int]:
        row = self._database.execute(
            "SELECT names, inodes FROM directory WHERE path = ? AND identity = ?", (_stored(place.path), place.identity)
        ).fetchone()
        if row is None or not row[0]:
            return {}
        with _damage_is_an_error():
            return dict(zip(_meant(row[0]).split("\0"), memoryview(row[1]).cast("Q").tolist(), strict=True))

    def _record(self, place: Place, files: Mapping[str, int]) -> None:
        inodes = b"".join(each.to_bytes(8, sys.byteorder) for each in files.values())
        row = (_stored(place.path), place.identity, _stored("\0".join(files)), inodes)
        self._database.execute("INSERT OR REPLACE INTO directory VALUES (?, ?, ?, ?)", row)

    def _check_size(self, places: Sequence[Place]) -> None:
        there = {file for place in places for file in place.files.items()}
        if self._database.execute("SELECT count(*) FROM message").fetchone()[0] > 2 * len(there) + MOST_GONE:
            raise sqlite3.DatabaseError("most of it is gone")

    def _add(
        self, places: Sequence[tuple[Place, set[tuple[str, int]]]], progress: Callable[[int, int], None]
    ) -> set[tuple[str, int]]:
        """Read these files of PLACES, names and inodes, that the index lacks; return those that it has now."""
        have: set[tuple[str, int]] = set()
        portion: list[_New] = []
        done, total = 0, sum(len(files) for _, files in places)
        for place, files in places:
            with suppress(FileNotFoundError), Directory(place.path) as directory:
                for file in sorted(files):
                    progress(done, total)
                    done += 1
                    if file in have or self._has(*file):
                        have.add(file)
                    elif message := _read(directory, file[0][: -len(SUFFIX)]):
                        have.add(file)
                        portion.append((message.header, file, *texts(message)))
                        if len(portion) >= _PORTION or sum(len(each[3]) for each in portion[-64:]) > _PORTION_CHARS:
                            have -= self._write(portion)
                            portion.clear()
        return have - self._write(portion)

    def _has(self, name: str, inode: int) -> bool:
        file = (_stored(name[: -len(SUFFIX)]), str(inode))
        return self._database.execute("SELECT 1 FROM message WHERE id = ? AND inode = ?", file).fetchone() is not None

    def _write(self, portion: list[_New]) -> set[tuple[str, int]]:
        """Write PORTION; return the files of it that there was no row number for."""
        left, run = set(), self._database.execute
        with self._transaction():
            for header, file, subject, body in sorted(portion, key=lambda each: each[0].created_ns):
                base = _number(header.created_ns)
                last = run("SELECT max(number) FROM message WHERE number BETWEEN ? AND ?", (base, base + _SLOTS - 1))
                number = max(base, (last.fetchone()[0] or 0) + 1)
                if number >= base + _SLOTS:
                    left.add(file)
                    continue
                recipients, thread = f",{','.join(header.to)},", _stored(header.conversation)
                row = (number, _stored(header.id), str(file[1]), header.sender, recipients, thread, header.kind)
                run("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                run("INSERT INTO words(rowid, subject, body) VALUES (?, ?, ?)", (number, subject, body))
        return left


@contextmanager
def _damage_is_an_error() -> Iterator[None]:
    """Raise DatabaseError where a value in the index is not what amq writes there."""
    try:
        yield
    except (AttributeError, TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(str(error)) from error


def _read(directory: Directory, identifier: str) -> Message | None:
    """Return a message; None for one that only the caller can deal with."""
    try:
        return read(directory, identifier)
    except (OSError, BadMessage):
        return None


def _number(instant_ns: int) -> int:
    """Return the first row number for messages made in the millisecond of an instant."""
    return (instant_ns // MILLISECOND_NS + _YEAR_1) * _SLOTS


def _stored(text: str) -> bytes:
    """Return TEXT as bytes: SQLite takes no half of a surrogate pair, and ends a text at NUL."""
    return text.encode("utf-8", "surrogatepass")


def _meant(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogatepass")
