"""Searches: the same messages with an index and without one, whatever state the index is in."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amq import Mailbox
from amq.errors import NotFound
from amq.instants import format_instant
from amq.layout import QueueLayout, RootedPath
from amq.mail import search_index, searched_files
from amq.mail.message_filter import Filter
from amq.store import registry
from amq.store.locks import lock_beside
from tests.samples import message_file
from tests.test_listing import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from amq.mail.searching import Hit
    from amq.store.durable import Directory

NOON = 1_772_366_400_000_000_000
SECOND = 10**9


def send(queue: QueueLayout, second: int, body: str, sender: str, *to: str, **header: str) -> None:
    """Deliver a message that was made so many seconds after noon."""
    created = format_instant(NOON + second * SECOND)
    data = message_file(body.encode(), id=f"m{second}", sender=sender, to=to, created=created, **header)
    first = Path(queue.agent(sender).sent, f"m{second}.md")
    first.write_bytes(data)
    for handle in to:
        Path(queue.agent(handle).inbox_new, first.name).hardlink_to(first)


@pytest.fixture
def bob(tmp_path: Path) -> Mailbox:
    """A mailbox in a queue with some mail, and with a place for an index."""
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["alice", "bob", "claude"], NOON)
    (tmp_path / "caches").mkdir()
    send(queue, 0, "The parser has a bug.", "alice", "bob", subject="Parser", kind="question", thread="parser")
    send(queue, 1, "The lexer has none.", "alice", "bob", "claude", subject="Lexer")
    send(queue, 2, "Die Straße ist naïv.", "bob", "alice")
    return Mailbox(queue.root, "bob", caches=lambda: RootedPath(str(tmp_path / "caches")))


def file_of(bob: Mailbox) -> Path:
    """Return the file of the index."""
    return Path(bob.account.cache_directory() or "", search_index.NAME)


def rows(bob: Mailbox, what: str = "id FROM message") -> list[tuple[object, ...]]:
    """Return the rows that the index has."""
    with closing(sqlite3.connect(file_of(bob))) as database:
        return database.execute(f"SELECT {what}").fetchall()


def key(hit: Hit) -> tuple[str, str, str]:
    return hit.message.header.id, hit.holder, hit.box


def found(bob: Mailbox, query: str, wanted: Filter | None = None, limit: int = 0, **where: list[str]) -> list[str]:
    """Return the subjects, or else the senders, of what a search finds; with and without an index it is the same."""
    warned: list[list[str]] = [[], []]
    scanning = Mailbox(bob.account.queue.root, "bob", warn=warned[0].append)
    bob.account.warn = warned[1].append
    hits = bob.search(query, wanted, limit, **where)
    assert list(map(key, hits)) == list(map(key, scanning.search(query, wanted, limit, **where)))
    assert sorted(warned[0]) == sorted(warned[1])
    return [hit.message.header.subject or hit.message.header.sender for hit in hits]


def test_the_newest_come_first_and_each_once(bob: Mailbox) -> None:
    assert found(bob, "has") == ["Lexer", "Parser"]
    assert found(bob, "has", limit=1) == ["Lexer"]
    assert found(bob, "strasse naiv") == ["bob"]
    assert found(bob, "parser lexer") == []
    assert len(rows(bob)) == 3


@pytest.mark.parametrize(
    ("wanted", "subjects"),
    [
        (Filter(sender="alice"), ["Lexer", "Parser"]),
        (Filter(sender="bob"), []),
        (Filter(recipient="claude"), ["Lexer"]),
        (Filter(recipient="laude"), []),
        (Filter(thread="parser"), ["Parser"]),
        (Filter(kind="question"), ["Parser"]),
        (Filter(since_ns=NOON + SECOND), ["Lexer"]),
        (Filter(until_ns=NOON + SECOND), ["Parser"]),
        (Filter(since_ns=NOON, until_ns=NOON + 1), ["Parser"]),
        (Filter(since_ns=NOON + 1, until_ns=NOON + SECOND), []),
        (Filter(since_ns=-(10**30), until_ns=10**30), ["Lexer", "Parser"]),
    ],
)
def test_filters(bob: Mailbox, wanted: Filter, subjects: list[str]) -> None:
    assert found(bob, "has", wanted) == subjects
    assert found(bob, "has", wanted) == subjects


def test_boxes_and_agents(bob: Mailbox) -> None:
    assert found(bob, "has", boxes=["new"], agents=["claude"]) == ["Lexer"]
    assert found(bob, "has", boxes=["cur"]) == []
    assert found(bob, "has", boxes=["sent"], agents=["bob"]) == []
    with pytest.raises(NotFound):
        bob.search("has", agents=["dan"])


def test_a_second_search_reads_only_its_hits(bob: Mailbox, opened: list[str]) -> None:
    found(bob, "parser")
    opened.clear()
    assert len(bob.search("parser")) == 1
    assert len(opened) == 1
    opened.clear()
    assert bob.search("nothing") == []
    assert opened == []


def test_moved_mail_is_not_read_again(bob: Mailbox, opened: list[str]) -> None:
    found(bob, "has")
    for name in os.listdir(bob.account.agent.inbox_new):
        os.rename(f"{bob.account.agent.inbox_new}/{name}", f"{bob.account.agent.inbox_cur}/{name}")
    opened.clear()
    assert {hit.box for hit in bob.search("lexer", agents=["bob"])} == {"cur"}
    assert len(opened) == 1


def test_a_replaced_message_is_read_again(bob: Mailbox) -> None:
    found(bob, "has")
    hit = bob.search("parser", boxes=["new"])[0]
    path = Path(hit.path)
    path.with_name("other").write_bytes(message_file(b"other words\n", id=hit.message.header.id))
    path.with_name("other").rename(path)
    assert found(bob, "parser", boxes=["new"]) == []
    assert found(bob, "other words", boxes=["new"]) == ["alice"]


def test_a_message_that_has_gone_is_not_found(bob: Mailbox) -> None:
    hit = bob.search("parser")[0]
    for path in Path(bob.account.queue.root).rglob(f"{hit.message.header.id}.md"):
        path.unlink()
    assert found(bob, "parser") == []


def test_a_bad_file_is_named_each_time(bob: Mailbox) -> None:
    Path(bob.account.agent.inbox_new, "bad.md").write_text("the parser")
    Path(bob.account.agent.inbox_new, "link.md").symlink_to("bad.md")
    for _ in range(2):
        warned: list[str] = []
        bob.account.warn = warned.append
        assert len(bob.search("parser")) == 1
        assert len(warned) == 1
        assert "bad is not a message" in warned[0]
        found(bob, "parser")


@pytest.mark.parametrize("was_read", [False, True])
def test_an_unreadable_message_is_named_and_found_later(
    bob: Mailbox, monkeypatch: pytest.MonkeyPatch, *, was_read: bool
) -> None:
    identifier = put(bob, "secret", NOON)
    if was_read:
        assert found(bob, "x") == ["claude"]

    def denied(directory: Directory, name: str) -> object:
        if name == identifier and directory.path.name == "new":
            raise PermissionError(13, "Permission denied")
        return searched_files.read(directory, name)

    with monkeypatch.context() as patch:
        for module in ("search_index", "searching"):
            patch.setattr(f"amq.mail.{module}.read", denied)
        warned: list[str] = []
        bob.account.warn = warned.append
        assert bob.search("x") == []
        assert len(warned) == 1
        assert "secret" in warned[0]
    assert found(bob, "x") == ["claude"]


def test_more_messages_of_one_millisecond_than_have_numbers(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "_SLOTS", 2)
    for number in range(5):
        put(bob, f"same{number}", NOON + number)
    assert len(found(bob, "x")) == 5
    assert found(bob, "x", limit=2) == ["claude"] * 2
    assert len(found(bob, "x")) == 5
    assert len(rows(bob)) == 3 + 1  # one of that millisecond was there before


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59Z"])
def test_any_time_has_a_number(bob: Mailbox, created: str) -> None:
    Path(bob.account.agent.inbox_new, "odd.md").write_bytes(message_file(b"odd\n", id="odd", created=created))
    assert found(bob, "odd") == ["alice"]
    assert (len(rows(bob)), len(found(bob, "odd"))) == (4, 1)


def _fill(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _in_sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    return change


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _zeros(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)


def _replaced(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


ODD: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: _fill(path, b""),
    "text": lambda path: _fill(path, b"not a database\n" * 1000),
    "cut off": _cut,
    "zeros": _zeros,
    "of another version": _in_sql("UPDATE about SET version = '0'"),
    "of another queue": _in_sql("UPDATE about SET queue = '0 0'"),
    "without a table": _in_sql("DROP TABLE words"),
    "with a column less": _in_sql("ALTER TABLE message DROP COLUMN kind"),
    "with wrong inodes": _in_sql("UPDATE directory SET inodes = x'00'"),
    "with wrong names": _in_sql("UPDATE directory SET names = x'ff'"),
    "another program's": _replaced(_in_sql("CREATE TABLE notes(text)")),
    "a FIFO": _replaced(os.mkfifo),
    "a link": _replaced(lambda path: path.symlink_to("elsewhere")),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_index_is_made_anew(bob: Mailbox, odd: str) -> None:
    found(bob, "has")
    ODD[odd](file_of(bob))
    assert found(bob, "has") == ["Lexer", "Parser"]
    assert len(rows(bob)) == 3
    assert rows(bob, "version FROM about WHERE queue != '0 0'") == [(search_index._VERSION,)]
    assert not file_of(bob).with_name("elsewhere").exists()


def _is_directory(bob: Mailbox) -> None:
    file_of(bob).unlink()
    file_of(bob).mkdir()


def _is_locked(bob: Mailbox) -> sqlite3.Connection:
    database = sqlite3.connect(file_of(bob), isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    return database


def _is_elsewhere(bob: Mailbox) -> None:
    place = file_of(bob).parent
    place.rename(place.with_name("elsewhere"))
    place.symlink_to("elsewhere")


@pytest.mark.parametrize("how", [_is_directory, _is_locked, _is_elsewhere])
def test_an_index_that_cannot_be_opened_leaves_a_scan(
    bob: Mailbox, how: Callable[[Mailbox], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "LOCK_WITHIN_S", 0.01)
    found(bob, "has")
    held = how(bob)
    assert found(bob, "has") == ["Lexer", "Parser"]
    if isinstance(held, sqlite3.Connection):
        held.close()


def test_a_search_of_another_process_leaves_a_scan(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "LOCK_WITHIN_S", 0.01)
    place = bob.account.cache_directory()
    assert place
    with lock_beside(place, f"{search_index.NAME}.lock"):
        assert found(bob, "has") == ["Lexer", "Parser"]
    assert not file_of(bob).exists()


def test_without_fts5_every_file_is_read(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "MODULE", "fts9")
    assert found(bob, "has") == ["Lexer", "Parser"]
    assert file_of(bob).stat().st_size == 0


def test_without_sqlite_every_file_is_read(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("amq.mail.search_index")
    monkeypatch.setitem(sys.modules, "amq.mail.search_index", None)
    assert found(bob, "has") == ["Lexer", "Parser"]


def test_a_full_disk_leaves_a_scan(bob: Mailbox) -> None:
    """A limit on pages gives the error of a full disk."""
    connect = sqlite3.connect

    def small(path: str, **options: object) -> sqlite3.Connection:
        database = connect(path, **options)  # type: ignore[call-overload]
        database.execute("PRAGMA max_page_count = 3")  # or as many as it has
        return database  # type: ignore[no-any-return]

    found(bob, "has")
    before = rows(bob)
    send(bob.account.queue, 3, " ".join(f"has{number}" for number in range(20_000)), "bob", "alice")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        assert found(bob, "has1999*") == ["bob"]
    assert rows(bob) == before
    assert found(bob, "has1999*") == ["bob"]
    assert len(rows(bob)) == len(before) + 1


def test_an_index_of_what_has_gone_is_made_anew(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "MOST_GONE", 0)
    found(bob, "has")
    for path in Path(bob.account.queue.root).rglob("*.md"):
        path.unlink()
    put(bob, "late", NOON)
    assert found(bob, "x") == ["claude"]
    assert len(rows(bob)) == 1


def test_the_index_is_the_user_s_alone(bob: Mailbox) -> None:
    mask = os.umask(0)
    try:
        found(bob, "has")
    finally:
        os.umask(mask)
    assert [path.stat().st_mode & 0o077 for path in file_of(bob).parent.iterdir()] == [0, 0]


SEARCHES = """
import sys
from amq import Mailbox
from amq.layout import RootedPath
for number in range(10):
    mailbox = Mailbox(sys.argv[1], "bob", caches=lambda: RootedPath(sys.argv[2]))
    mailbox.send(["alice"], b"one more word")
    found = len(mailbox.search("word"))
    assert found > number
"""


def test_two_processes_that_send_and_search(bob: Mailbox) -> None:
    words = [sys.executable, "-c", SEARCHES, bob.account.queue.root, str(file_of(bob).parent)]
    started = [subprocess.Popen(words) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
    assert len(found(bob, "word")) == 20
    assert len(rows(bob)) == 23


def test_a_killed_search_leaves_an_index_that_works(bob: Mailbox) -> None:
    code = (
        "import os, sys\nfrom amq import Mailbox\nfrom amq.layout import RootedPath\n"
        "from amq.mail import search_index\n"
        "search_index.Index._record = lambda *_: os.kill(os.getpid(), 9)\n"
        "Mailbox(sys.argv[1], 'bob', caches=lambda: RootedPath(sys.argv[2])).search('has')"
    )
    words = [sys.executable, "-c", code, bob.account.queue.root, str(file_of(bob).parent)]
    assert subprocess.run(words, check=False).returncode == -9
    assert len(rows(bob)) == 3
    assert found(bob, "has") == ["Lexer", "Parser"]
    assert len(rows(bob)) == 3
