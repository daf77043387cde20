"""The store keeps for agents of other hosts: whose mailbox it is, and acknowledgements on their way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.store import acks, registry
from amq.store.acks import Ack
from amq.store.remote import NAME, Remote, read_remote, write_remote

GIVEN = Ack("m1", "p2p/ann__bob-b", "bob-b", "ann", "2026-01-01T00:00:00Z")


@pytest.fixture
def queue(tmp_path: Path) -> QueueLayout:
    """A queue of ann, with a mailbox for bob of host b."""
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.register(queue, ["ann"], 0)
    registry.make_mailbox(queue, "bob-b")
    return queue


def test_an_ack_of_elsewhere_is_kept_on_both_sides_with_its_time(queue: QueueLayout) -> None:
    assert acks.keep(queue, GIVEN, "t1") == GIVEN
    later = Ack(**{**vars(GIVEN), "received": "2026-02-02T00:00:00Z"})
    assert acks.keep(queue, later, "t2") == GIVEN, "the first one stays"
    for path in (queue.agent("bob-b").acks_sent, queue.agent("ann").acks_received):
        assert acks.parse_ack(Path(path, "m1.json").read_bytes()) == GIVEN
    assert os.listdir(queue.agent("bob-b").inbox_tmp) == []


def test_an_ack_for_an_agent_that_has_gone_is_kept_on_its_giver_s_side(queue: QueueLayout) -> None:
    gone = Ack(**{**vars(GIVEN), "sender": "zoe"})
    assert acks.keep(queue, gone, "t1") == gone
    assert os.listdir(queue.agent("bob-b").acks_sent) == ["m1.json"]


def test_acks_that_wait_are_the_json_files(queue: QueueLayout) -> None:
    agent = queue.agent("bob-b")
    for name in ("m2.json", "m1.json", ".m3.json", "m4.txt"):
        Path(agent.acks_received, name).write_bytes(GIVEN.render())
    os.mkdir(f"{agent.acks_received}/m5.json")
    assert acks.waiting(agent) == ["m1", "m2"]
    assert acks.read_received(agent, "m1") == GIVEN.render()
    assert acks.read_received(agent, "m9") is None
    acks.remove_received(agent, ["m1", "m9"])
    assert acks.waiting(agent) == ["m2"]


def test_a_mailbox_of_another_program_may_have_no_directory_of_acks(queue: QueueLayout) -> None:
    assert acks.waiting(queue.agent("stranger")) == []
    assert acks.read_received(queue.agent("stranger"), "m1") is None


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", GIVEN.render().replace(b'"ann"', b"5")])
def test_what_is_not_an_ack(data: bytes) -> None:
    assert acks.parse_ack(data) is None


def test_a_mailbox_is_noted_as_another_host_s(queue: QueueLayout) -> None:
    agent = queue.agent("bob-b")
    assert read_remote(agent) is None
    write_remote(agent, Remote("bob", "b"), "t1")
    found = read_remote(agent)
    assert found == Remote("bob", "b")
    assert str(found) == "bob@b"
    assert os.listdir(agent.inbox_tmp) == []


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"handle": 1, "host": "b"}', b'{"handle": "../x", "host": "b"}', b'{"handle": "x"}']
)
def test_a_note_that_says_nothing_is_none(queue: QueueLayout, data: bytes) -> None:
    agent = queue.agent("bob-b")
    write_remote(agent, Remote("bob", "b"), "t1")
    Path(agent.state, NAME).write_bytes(data)
    assert read_remote(agent) is None
