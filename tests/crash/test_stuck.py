"""A drain that hangs while its process lives: its mail goes to the next one, marked."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from amq.instants import SECOND_NS
from amq.mail import draining
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.store.drain_claim import STUCK_AFTER_NS
from tests.crash.world import World, broken_promises

if TYPE_CHECKING:
    from pathlib import Path


def _world(place: Path) -> World:
    world = World(place)
    world.make("ann", "bob")
    for number in range(3):
        world.mailbox("ann").send(["bob"], world.expect(f"text {number}", ("bob",)), Draft(new_id=f"m{number}"))
    return world


def _later(world: World, nanoseconds: int) -> Mailbox:
    return Mailbox(world.queue.root, "bob", clock=lambda: time.time_ns() + nanoseconds)


def test_mail_of_a_drain_that_gets_on_is_its_own(place: Path) -> None:
    world = _world(place)
    with world.mailbox("bob").drain(0) as slow, _later(world, STUCK_AFTER_NS // 2).drain(0) as other:
        assert (slow.count, other.count, other.remaining) == (3, 0, 0)


def test_a_drain_that_shows_batch_after_batch_is_not_stuck(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "BATCH_MESSAGES", 1)
    world = _world(place)
    with world.mailbox("bob").drain(0) as slow:
        batches = slow.batches()
        next(batches)
        (record,) = world.records()
        os.utime(record, (1, 1))  # the first batch took this long
        next(batches)
        with world.mailbox("bob").drain(0) as other:
            assert other.count == 0


def test_mail_of_a_stuck_drain_is_taken_over_and_marked(place: Path) -> None:
    world = _world(place)
    with world.mailbox("bob").drain(0) as stuck:
        showing = iter(stuck)
        world.show("bob", next(showing))
        with _later(world, STUCK_AFTER_NS + SECOND_NS).drain(0) as other:
            for item in other:
                assert item.redelivered
                world.show("bob", item)
        for item in showing:  # it wakes up, and goes on with its mail: the other has marked it as a possible duplicate
            world.show("bob", item)
    assert list(broken_promises(world)) == []


def test_what_a_stuck_drain_may_have_shown_stays_marked_until_filed(place: Path) -> None:
    world = _world(place)
    with world.mailbox("bob").drain(0):
        for _ in range(2):
            with _later(world, STUCK_AFTER_NS + SECOND_NS).drain(1) as other:
                for item in other:
                    assert item.redelivered
                    world.show("bob", item)
    with world.mailbox("bob").drain(0) as last:
        assert [item.redelivered for item in last] == [False]
