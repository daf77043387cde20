"""The operations that are searched step by step: their start, the act, and its repetition.

This module has those on mail, `upkeep` has the others.
"""

from __future__ import annotations

import os
from pathlib import Path

from amq.errors import BadMessage, NotFound
from amq.mail import draining, offering
from amq.mail.sending import Draft
from amq.record import replace
from amq.store import dlq_write, maildir, priority_cache, registry
from tests.crash import between_hosts, upkeep
from tests.crash.scenario import Scenario
from tests.crash.world import World

OLD = "2026-01-01T00-00-00.000Z_pid1_0000000"
"""Prefix of the ids of messages that exist already."""


def _init(world: World, _: str) -> None:
    registry.make_queue(world.queue, tracked=False)
    registry.register(world.queue, ["ann", "bob"], 0)


def _send(world: World, new_id: str) -> None:
    world.mailbox("ann").send(["bob"], b"one", Draft(new_id=new_id, subject="One"))


def _send_to_many(world: World, new_id: str) -> None:
    world.mailbox("ann").send(["bob", "cat", "dan"], b"many", Draft(new_id=new_id, thread="plan"))


def _send_same(world: World, _: str) -> None:
    _send_to_many(world, "same")


def _create(world: World, new_id: str) -> None:
    world.mailbox("ann").send(["eve"], b"for eve", Draft(new_id=new_id), create=True)


def _drain(world: World, _: str) -> None:
    world.drain("bob")


def _drain_in_batches(world: World, _: str) -> None:
    whole, draining.BATCH_MESSAGES = draining.BATCH_MESSAGES, 2
    try:
        world.drain("bob")
    finally:
        draining.BATCH_MESSAGES = whole


def _drain_a_part(world: World, _: str) -> None:
    """Drain the urgent mail and keep the rest for the next drain, as in a full inbox."""
    whole, priority_cache.MIN_CHANGES = priority_cache.MIN_CHANGES, 1
    try:
        world.drain("bob", limit=1)
    finally:
        priority_cache.MIN_CHANGES = whole


def _drain_what_fits(world: World, _: str) -> None:
    """Drain the messages that fit, and leave the others as they were."""
    with world.mailbox("bob").drain(0) as mail:
        for batch in mail.batches(lambda item: item.id < f"{OLD}2x"):
            for item in batch:
                world.show("bob", item)


def _read(world: World, _: str) -> None:
    world.read("bob", f"{OLD}1")


def _read_again(world: World, _: str) -> None:
    world.read("bob", f"{OLD}3")  # the one that does not ask for an acknowledgement: reading sends none


def _read_while_held(world: World, _: str) -> None:
    """Read what a drain holds, which then gives it back without having shown it."""
    with world.mailbox("bob").drain(0):
        _read(world, "")


def _acknowledge(world: World, _: str) -> None:
    world.mailbox("bob").acknowledge(f"{OLD}1")


def _reply(world: World, new_id: str) -> None:
    world.mailbox("bob").reply(f"{OLD}1", b"answer", Draft(new_id=new_id))


def _answer(world: World, new_id: str) -> None:
    """Answer a message that was found before, as a user does who looks at all mail."""
    original = maildir.find(world.mailbox("bob").account.agent, f"{OLD}1")[0].header
    world.mailbox("bob").answer(original, ["ann"], b"answer", Draft(new_id=new_id))


def _offer(world: World, _: str) -> None:
    """Give a program what is not on offer, as a hook does."""
    with offering.hold(world.mailbox("bob").account, ()) as mail:
        for batch in mail.batches(lambda item: item.id < f"{OLD}3"):
            for item in batch:
                if item.header:
                    world.show("bob", item)
            mail.leave_offered("prompt", "s", "t", "/history", 0)


def _settle(world: World, _: str) -> None:
    """File what was on offer, as a hook does with a receipt."""
    account = world.mailbox("bob").account
    for offer in offering.open_offers(account.agent):
        offering.settle(account, offer)


def _take_and_lapse(world: World, _: str) -> None:
    """Note that what was on offer is in the history, then give it back."""
    account = world.mailbox("bob").account
    for offer in offering.open_offers(account.agent):
        taken = replace(offer, state=offering.TAKEN)
        offering.change(account, offer, taken)
        offering.lapse(account, taken)


# -- what is there before ---------------------------------------------------------------------------------------------


def _nothing(world: World) -> None:
    pass


def _a_queue(world: World) -> None:
    world.make("ann", "bob")


def _prepare_one(world: World) -> None:
    world.make("ann", "bob")
    world.expect("one", ("bob",))


def _prepare_many(world: World) -> None:
    world.make("ann", "bob", "cat", "dan")
    world.expect("many", ("bob", "cat", "dan"))


def _prepare_partly(world: World) -> None:
    """Prepare a message of which an earlier attempt reached bob and cat, but not dan. Bob has read it."""
    _prepare_many(world)
    _send_same(world, "")
    world.drain("bob")
    os.unlink(os.path.join(world.queue.agent("dan").inbox_new, "same.md"))


def _prepare_all(world: World) -> None:
    _prepare_many(world)
    _send_same(world, "")


def _prepare_stranger(world: World) -> None:
    world.make("ann", "bob")
    world.expect("for eve", ("eve",))


def _mail_for_bob(world: World) -> None:
    world.make("ann", "bob", "cat")
    for number, (sender, ack) in enumerate((("ann", True), ("cat", True), ("ann", False)), start=1):
        text = f"message {number}"
        body = world.expect(text, ("bob",), sender=sender, ack=ack)
        world.mailbox(sender).send(["bob"], body, Draft(new_id=f"{OLD}{number}", ack=ack))


def _beside_go(world: World) -> None:
    """Make the directory by which the Go program asks for receipts."""
    _with_bad(world)
    Path(world.mailbox("bob").account.agent.receipts).mkdir()


def _with_bad(world: World) -> None:
    _mail_for_bob(world)
    world.bad.add(f"{OLD}2x")
    with open(os.path.join(world.queue.agent("bob").inbox_new, f"{OLD}2x.md"), "wb") as bad:
        bad.write(b"---json\n{broken\n---\n")


def _with_letter(world: World) -> None:
    """Prepare a bad message of which a drain that died has written the dead letter."""
    _with_bad(world)
    bob = world.queue.agent("bob")
    path = os.path.join(bob.inbox_new, f"{OLD}2x.md")
    os.link(path, f"{path}.kept")
    dlq_write.to_dead_letter(bob, f"{OLD}2x", BadMessage("bad"), "temporary", 0)
    os.rename(f"{path}.kept", path)


def _with_fifo(world: World) -> None:
    _mail_for_bob(world)
    world.bad.add(f"{OLD}2f")
    os.mkfifo(os.path.join(world.queue.agent("bob").inbox_new, f"{OLD}2f.md"))


def _cut_off(world: World) -> None:
    """Prepare a drain that showed all of bob's mail and died before filing it."""
    _with_bad(world)
    try:
        with world.mailbox("bob").drain(0) as mail:
            for batch in mail.batches():
                for item in batch:
                    world.show("bob", item)
            raise NotFound("the reader")
    except NotFound:
        return


def _on_offer(world: World) -> None:
    """Prepare two messages that a hook has given to a program, and one that it has not."""
    _mail_for_bob(world)
    _offer(world, "")


def _mail_with_ack(world: World) -> None:
    world.make("ann", "bob")
    body = world.expect("please ack", ("bob",), ack=True)
    world.mailbox("ann").send(["bob"], body, Draft(new_id=f"{OLD}1", ack=True))


def _mail_to_read(world: World) -> None:
    world.make("ann", "bob")
    world.mailbox("ann").send(["bob"], world.expect("please read", ("bob",)), Draft(new_id=f"{OLD}1"))


def _mail_to_answer(world: World) -> None:
    _mail_with_ack(world)
    world.expect("answer", ("ann",), sender="bob")


SCENARIOS = (
    Scenario("init", _nothing, _init),
    Scenario("init again", _a_queue, _init),
    Scenario("send to one", _prepare_one, _send, knows_id=False, has_links=True),
    Scenario("send to many", _prepare_many, _send_to_many, knows_id=False, has_links=True),
    Scenario("send with an id", _prepare_many, _send_same),
    Scenario("repeat what reached some", _prepare_partly, _send_same, has_links=True),
    Scenario("repeat what reached all", _prepare_all, _send_same),
    Scenario("send and create", _prepare_stranger, _create, knows_id=False),
    Scenario("drain", _mail_for_bob, _drain),
    Scenario("drain with a bad message", _with_bad, _drain, has_links=True),
    Scenario("drain with a bad message that has its letter", _with_letter, _drain),
    Scenario("drain where the Go program waits for receipts", _beside_go, _drain, has_links=True),
    Scenario("drain with a FIFO", _with_fifo, _drain, has_links=True),
    Scenario("drain after one that was cut off", _cut_off, _drain),
    Scenario("drain in batches", _mail_for_bob, _drain_in_batches),
    Scenario("drain of a part", _mail_for_bob, _drain_a_part),
    Scenario("drain of what fits", _mail_for_bob, _drain_what_fits),
    Scenario("drain of what fits after one that was cut off", _cut_off, _drain_what_fits),
    Scenario("offer", _mail_for_bob, _offer),
    Scenario("settle an offer", _on_offer, _settle),
    Scenario("take an offer and let it lapse", _on_offer, _take_and_lapse),
    Scenario("read", _mail_to_read, _read),
    Scenario("read of what a drain holds", _mail_to_read, _read_while_held),
    Scenario("acknowledge", _mail_with_ack, _acknowledge, has_links=True),
    Scenario("reply", _mail_to_answer, _reply, knows_id=False),
    Scenario("answer to a message that is known", _mail_to_answer, _answer, knows_id=False),
    *between_hosts.SCENARIOS,
    *upkeep.SCENARIOS,
)
READ_AGAIN = Scenario("read after a drain that was cut off", _cut_off, _read_again)
"""The steps are those of `read`; what it says is the command's."""
LASTING = tuple(each for each in SCENARIOS if each.name != "doctor --fix")
"""Scenarios whose effect outlives a loss of power. The modes set by `doctor --fix` may be lost, and be set again."""
