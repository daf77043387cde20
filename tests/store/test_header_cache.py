"""The cache of a directory's headers: what it has kept is what the files say, or it has kept nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amq import Draft, Mailbox
from amq.layout import QueueLayout, RootedPath
from amq.mail import message_table
from amq.store import durable, header_cache, registry
from tests.samples import message_file

if TYPE_CHECKING:
    from collections.abc import Callable

SUBJECTS = ("", "a", "back\\slash", "\\n", "tab\there", "naïve", "日本", "-- \\\\n", " ")


@pytest.fixture
def bob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """A mailbox with mail, for which a cache pays from the first message on."""
    monkeypatch.setattr(message_table, "FEWEST", 1)
    monkeypatch.setattr(header_cache, "MIN_CHANGES", 1)
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["alice", "bob"], 0)
    (tmp_path / "caches").mkdir()
    alice = Mailbox(queue.root, "alice")
    for subject in SUBJECTS:
        alice.send(["bob"], b"text", Draft(subject=subject.replace("\t", " "), labels=["x", "y,z"]))
    return Mailbox(queue.root, "bob", caches=lambda: RootedPath(str(tmp_path / "caches")))


def cache_of(bob: Mailbox) -> Path:
    return Path(bob.account.cache_directory() or "", "bob.new")


def shown(bob: Mailbox) -> list[tuple[object, ...]]:
    """Return what a list shows; with and without a cache it is the same."""
    found = [tuple(each) for each in bob.table()[0]]
    assert found == [tuple(each) for each in Mailbox(bob.account.queue.root, "bob").table()[0]]
    return found


def test_the_second_look_opens_nothing(bob: Mailbox, opened: list[str]) -> None:
    first = shown(bob)
    assert len(first) == len(SUBJECTS)
    opened.clear()
    assert [tuple(each) for each in bob.table()[0]] == first
    assert opened == []


def test_a_new_message_is_the_only_one_opened(bob: Mailbox, opened: list[str]) -> None:
    shown(bob)
    late = Mailbox(bob.account.queue.root, "alice").send(["bob"], b"text").id
    opened.clear()
    assert len(bob.table()[0]) == len(SUBJECTS) + 1
    assert opened == [late]


def test_a_cache_of_several_threads_and_of_one_shows_each(bob: Mailbox) -> None:
    """That all items of a column are alike is found without a list of them; a text may hold what is escaped."""
    assert len(bob.thread_table("p2p/alice__bob")) == len(SUBJECTS)
    assert len(bob.thread_table("p2p/alice__bob")) == len(SUBJECTS)
    alice = Mailbox(bob.account.queue.root, "alice")
    other = alice.send(["bob"], b"text", Draft(thread="back\\slash", refs=[str(shown(bob)[0][1])])).id
    shown(bob)
    for _ in range(2):
        assert [each.id for each in bob.thread_table("back\\slash")] == [other]
        assert len(bob.thread_table("p2p/alice__bob")) == len(SUBJECTS)
        assert not len(bob.thread_table("p2p"))


def test_a_message_that_was_replaced_is_opened(bob: Mailbox) -> None:
    identifier = shown(bob)[0][1]
    path = Path(bob.account.agent.inbox_new, f"{identifier}.md")
    other = path.with_name("other")
    other.write_bytes(message_file(b"", id=identifier, subject="another"))
    other.rename(path)
    assert "another" in {each[7] for each in shown(bob)}


def test_a_message_that_has_gone_is_not_shown(bob: Mailbox) -> None:
    identifier = shown(bob)[0][1]
    Path(bob.account.agent.inbox_new, f"{identifier}.md").unlink()
    assert len(shown(bob)) == len(SUBJECTS) - 1


def test_a_cache_of_what_has_all_gone_is_left_alone(bob: Mailbox) -> None:
    shown(bob)
    for path in Path(bob.account.agent.inbox_new).iterdir():
        path.unlink()
    Path(bob.account.agent.inbox_new, "bad.md").write_text("no message")
    assert shown(bob) == shown(bob) == []


def test_a_bad_file_is_looked_at_every_time(bob: Mailbox) -> None:
    Path(bob.account.agent.inbox_new, "bad.md").write_text("bad")
    Path(bob.account.agent.inbox_new, "link.md").symlink_to("bad.md")
    shown(bob)
    assert [each.id for each in bob.table()[1]] == ["bad"]
    assert [each.id for each in bob.table()[1]] == ["bad"]


def test_surrogates_and_line_ends_come_back(bob: Mailbox) -> None:
    for number, subject in enumerate(("one\\ntwo", "nul\\u0000", "half \\ud83d", "\\\\n")):
        data = message_file(b"", id=f"odd{number}").replace(b'"subject"', b'"unknown"')
        head = f'---json\n{{"subject": "{subject}",'.encode()
        Path(bob.account.agent.inbox_new, f"odd{number}.md").write_bytes(data.replace(b"---json\n{", head, 1))
    shown(bob)
    assert {"one\ntwo", "nul\0", "half \ud83d", "\\n"} <= {each[7] for each in shown(bob)}


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _retell(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"amq headers 1 ", b"amq headers 0 "))


def _of_another(path: Path) -> None:
    head, _, body = path.read_bytes().partition(b"\n")
    words = head.split(b" ")
    words[4] = b"1"
    path.write_bytes(b" ".join(words) + b"\n" + body)


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


ODD: dict[str, Callable[[Path], object]] = {
    "a byte is another": _flip,
    "it is of another version": _retell,
    "it is of another directory": _of_another,
    "it is cut off": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "it has more": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "it is empty": lambda path: path.write_bytes(b""),
    "it is something else": lambda path: path.write_bytes(b"\xff" * 100),
    "its head is something else": lambda path: path.write_bytes(b"amq headers one\n"),
    "it is a FIFO": _fifo,
    "it is a link": _link,
    "it is a directory": _directory,
    "it cannot be read": lambda path: path.chmod(0),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_cache_counts_for_nothing(bob: Mailbox, odd: str, opened: list[str]) -> None:
    shown(bob)
    ODD[odd](cache_of(bob))
    opened.clear()
    assert len(bob.table()[0]) == len(SUBJECTS)
    assert len(opened) == (len(SUBJECTS) if odd != "it cannot be read" or os.geteuid() else 0)
    shown(bob)


def test_a_place_that_cannot_be_written_costs_only_the_cache(bob: Mailbox) -> None:
    place = cache_of(bob).parent
    place.rmdir()
    shown(bob)
    place.write_text("a file")
    shown(bob)


def test_a_full_disk_leaves_the_cache_before(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(bob)
    before = cache_of(bob).read_bytes()
    Mailbox(bob.account.queue.root, "alice").send(["bob"], b"text")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.syscalls, "write", full)
    shown(bob)
    assert cache_of(bob).read_bytes() == before
    assert os.listdir(cache_of(bob).parent) == ["bob.new"]


def test_a_small_directory_has_none(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_table, "FEWEST", len(SUBJECTS) + 1)
    shown(bob)
    assert not cache_of(bob).exists()


def test_a_cache_of_what_has_gone_is_made_anew(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(bob)
    size = cache_of(bob).stat().st_size
    monkeypatch.setattr(header_cache, "MIN_CHANGES", 2)
    for each in shown(bob)[:-2]:
        Path(bob.account.agent.inbox_new, f"{each[1]}.md").unlink()
    Mailbox(bob.account.queue.root, "alice").send(["bob"], b"text")
    shown(bob)
    assert cache_of(bob).stat().st_size < size
