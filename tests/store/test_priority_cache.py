"""The order that a drain keeps for the next one: it is worth its cost, and nothing depends on it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amq import Mailbox
from amq.layout import QueueLayout
from amq.store import durable, maildir, priority_cache, registry
from amq.store.locks import open_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from amq.layout import AgentLayout
    from amq.store.durable import Directory


@pytest.fixture
def bob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    monkeypatch.setattr(priority_cache, "MIN_CHANGES", 3)
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["alice", "bob"], 0)
    mailbox = Mailbox(queue.root, "bob")
    open_state(mailbox.account.agent, mailbox.account.agent.state).close()
    return mailbox


def fill(bob: Mailbox, count: int) -> list[str]:
    alice = Mailbox(bob.account.queue.root, "alice")
    return [alice.send(["bob"], b"text").id for _ in range(count)]


def drain(bob: Mailbox, limit: int) -> list[str]:
    with bob.drain(limit) as mail:
        return [item.id for item in mail]


def test_a_drain_of_a_full_inbox_looks_once_into_what_it_leaves(bob: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = fill(bob, 5)
    assert drain(bob, 2) == ids[:2]
    monkeypatch.setattr(maildir, "calm_since", None)
    assert drain(bob, 2) == ids[2:4]
    assert [item.id for item in bob.glance()[0]] == ids[4:]


def test_what_is_known_and_cannot_be_read_any_more_takes_no_other_messages_place(
    bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They take a place in one drain at most."""
    ids = fill(bob, 6)
    assert drain(bob, 1) == ids[:1]
    opened = durable.read_regular

    def refuse(directory: Directory, name: str, most: int, largest: int = sys.maxsize) -> bytes | None:
        if name.removesuffix(".md") in ids[1:4]:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(directory, name, most, largest)

    monkeypatch.setattr(durable, "read_regular", refuse)
    assert [drain(bob, 2), drain(bob, 2)] == [[], ids[4:]]


def test_it_is_written_only_where_that_is_worth_it(bob: Mailbox) -> None:
    agent = bob.account.agent
    fill(bob, 2)
    drain(bob, 1)
    assert "calm" not in os.listdir(agent.state)
    fill(bob, 5)
    drain(bob, 0)
    assert "calm" not in os.listdir(agent.state)


def test_it_does_not_outlive_the_mail(bob: Mailbox) -> None:
    fill(bob, 5)
    drain(bob, 1)
    assert len(priority_cache.load(bob.account.agent)) == 5
    drain(bob, 0)
    drain(bob, 1)
    assert Path(bob.account.agent.state, "calm").read_bytes() == b""
    assert priority_cache.load(bob.account.agent) == {}


def test_no_name_says_anything_of_another(bob: Mailbox) -> None:
    agent = bob.account.agent
    ids = dict.fromkeys(("a", "b c", "d\n2020-01-01T10:00:00 e"), "2026-03-01T10:00:00")
    priority_cache.save(agent, {}, ids, "temporary")
    assert priority_cache.load(agent) == {name: ids[name] for name in ("a", "b c")}


def garbage(path: str) -> None:
    Path(path).write_bytes(b"\xff\0\n../../x\n\n" * 10)


def too_large(path: str) -> None:
    with open(path, "wb") as file:
        file.truncate(10**12)


def link(path: str) -> None:
    os.symlink("/etc/passwd", path)


@pytest.mark.parametrize("damage", [garbage, too_large, link, os.mkfifo, os.mkdir])
def test_no_file_in_its_place_stops_anything(bob: Mailbox, damage: Callable[[str], None]) -> None:
    damage(os.path.join(bob.account.agent.state, "calm"))
    ids = fill(bob, 5)
    assert drain(bob, 2) == ids[:2]
    assert drain(bob, 0) == ids[2:]


def test_nothing_is_left_where_it_cannot_be_kept(bob: Mailbox) -> None:
    agent: AgentLayout = bob.account.agent
    os.mkdir(os.path.join(agent.state, "calm"))
    ids = fill(bob, 5)
    assert drain(bob, 1) == ids[:1]
    assert os.listdir(agent.inbox_tmp) == []


def test_a_million_messages_have_room() -> None:
    """Else each drain would open what was cut off, and write it all again."""
    line = "2026-03-01T12:00:00.123456789 2026-03-01T12-00-00.123Z_pid4194304_0a1b2c3d\n"
    assert len(line) * 1_000_000 <= priority_cache.MOST_BYTES
