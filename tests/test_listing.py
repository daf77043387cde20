"""Listing an inbox: the order, and how few files are opened for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amq import Draft, Mailbox
from amq.instants import format_instant
from amq.layout import QueueLayout
from amq.mail import listing
from amq.message import Header, Message, render
from amq.store import durable, registry
from amq.store.durable import Directory, Syscalls

NOON = 1_772_366_400_000_000_000
MILLISECOND = 1_000_000


@pytest.fixture
def codex(tmp_path: Path) -> Mailbox:
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["claude", "codex"], NOON)
    return Mailbox(queue.root, "codex")


def put(mailbox: Mailbox, identifier: str, created: int, box: str = "new") -> str:
    """Put a message into a box of the mailbox, as another program may make it; return its id."""
    header = Header(identifier, "claude", ["codex"], format_instant(created), created)
    Path(mailbox.account.agent.home, "inbox", box, f"{identifier}.md").write_bytes(render(Message(header, b"x")))
    return identifier


def canonical(millisecond: int) -> str:
    return f"2026-03-01T12-00-00.{millisecond:03}Z_pid1_00000000"


def test_both_ways_give_the_oldest_first_whatever_the_names(codex: Mailbox) -> None:
    late = put(codex, canonical(30), NOON + 30 * MILLISECOND)
    middle = put(codex, "by-hand", NOON + 20 * MILLISECOND, "cur")
    early = put(codex, canonical(10), NOON + 10 * MILLISECOND)
    assert [entry.id for entry in codex.list()] == [early, middle, late]
    assert [entry.id for entry in codex.oldest()] == [early, middle, late]


def test_within_a_millisecond_the_header_decides(codex: Mailbox) -> None:
    second = put(codex, f"{canonical(1)[:-8]}aaaaaaaa", NOON + MILLISECOND + 2)
    first = put(codex, f"{canonical(1)[:-8]}bbbbbbbb", NOON + MILLISECOND + 1)
    assert [entry.id for entry in codex.oldest()] == [first, second]


def test_a_message_that_is_moved_between_two_looks_is_listed_once(
    codex: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    Mailbox(codex.account.queue.root, "claude").send(["codex"], b"hello", Draft(subject="moved"))

    class Moving(Syscalls):
        """A rival that drains while the first directory is being listed."""

        def names(self, directory: Directory) -> list[str]:
            found = super().names(directory)
            monkeypatch.undo()
            with codex.drain() as mail:
                assert len(list(mail)) == 1
            return found

    monkeypatch.setattr(durable, "syscalls", Moving())
    assert [(entry.box, entry.header.subject if entry.header else "") for entry in codex.list()] == [("cur", "moved")]


def test_many_come_in_order_too(codex: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MANY", 99)
    ids = [put(codex, canonical(at), NOON + at * MILLISECOND) for at in range(100)]
    assert [entry.id for entry in codex.oldest("new")] == ids


def test_a_reader_of_few_opens_few(codex: Mailbox, opened: list[str]) -> None:
    for millisecond in range(100):
        put(codex, canonical(millisecond), NOON + millisecond * MILLISECOND)
    opened.clear()
    messages = codex.oldest("new")
    assert [next(messages).id for _ in range(3)] == [canonical(0), canonical(1), canonical(2)]
    assert opened == [canonical(at) for at in range(3)]


def test_what_only_has_the_name_of_a_message_is_skipped(codex: Mailbox) -> None:
    new = Path(codex.account.agent.inbox_new)
    good = put(codex, canonical(1), NOON + MILLISECOND)
    os.mkfifo(new / f"{canonical(2)}.md")
    (new / f"{canonical(3)}.md").mkdir()
    (new / f"{canonical(4)}.md").symlink_to(new / f"{good}.md")
    assert [entry.id for entry in codex.oldest()] == [entry.id for entry in codex.list()] == [good]


@pytest.mark.parametrize("name", ["by-hand", f"{canonical(9)}.md\n{canonical(9)}", f"{canonical(9)}-x"])
def test_one_other_name_is_found_among_dated_ones(codex: Mailbox, name: str) -> None:
    for millisecond in (1, 3):
        put(codex, canonical(millisecond), NOON + millisecond * MILLISECOND)
    put(codex, name, NOON + 2 * MILLISECOND)
    assert [entry.id for entry in codex.oldest()] == [canonical(1), name, canonical(3)]
