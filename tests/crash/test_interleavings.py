"""Every pair of operations on one mailbox at once.

One interrupts after every step of the other, and one of them may die.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress
from copy import deepcopy
from functools import partial
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import pytest

from amq.errors import AmqError, NotFound
from amq.mail import offering
from amq.mail.sending import Draft
from amq.store import registry
from tests.crash import processes
from tests.crash.interleaver import ALL, Order, Stage
from tests.crash.scenario import Scenario
from tests.crash.seam import Watched
from tests.crash.snapshot import Snapshot
from tests.crash.upkeep import LETTERS, _put_letter
from tests.crash.verdict import KNOWN, MET, judge, tried
from tests.crash.world import World, append_line, broken_files, broken_promises
from tests.seeds import SEED, SOAK, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from amq.mail.account import Account
    from tests.proof_table import Proof

SAMPLE = 500
"""Number of orders of all pairs, unless it is a soak."""
BY_CHANCE = 40
"""Number of random orders of a pair with more turns, besides those with one interruption."""
HEALED = "healed"


def _make(world: World) -> None:
    """Prepare bob's mail: three messages, of which two ask for an acknowledgement, a bad one, and two dead letters."""
    world.make("ann", "bob", "cat")
    for number, ack in enumerate((True, True, False), start=1):
        body = world.expect(f"text {number}", ("bob",), ack=ack)
        world.mailbox("ann").send(["bob"], body, Draft(new_id=f"m{number}", ack=ack))
    world.mailbox("ann").send(["bob"], b"healed", Draft(new_id=HEALED))
    new = world.queue.agent("bob").inbox_new
    with open(os.path.join(new, f"{HEALED}.md"), "rb") as file:
        _put_letter(world, LETTERS[0], HEALED, file.read(), "new")
    os.unlink(os.path.join(new, f"{HEALED}.md"))
    _put_letter(world, LETTERS[1], "bad1", b"bad", "new")
    for path in (os.path.join(new, "bad0.md"), os.path.join(world.queue.agent("bob").inbox_tmp, "dead")):
        append_line(world.place / path, "bad")
    world.bad = {"bad0", "bad1", HEALED}


def _sends(text: str, to: tuple[str, ...], sender: str, world: World) -> None:
    if all(text != each.text for each in world.expected):
        world.expect(text, to, sender=sender)


def _heals(world: World) -> None:
    if HEALED in world.bad:
        world.bad.discard(HEALED)
        world.expect("healed", ("bob",))


def _none(_: World) -> None:
    pass


def _send(world: World, new_id: str) -> None:
    world.mailbox("ann").send(["bob"], b"one", Draft(new_id=new_id or f"one-{os.urandom(4).hex()}"))


def _send_same(world: World, _: str) -> None:
    world.mailbox("ann").send(["bob", "cat"], b"same", Draft(new_id="same", thread="plan"))


def _reply(world: World, _: str) -> None:
    world.mailbox("bob").reply("m1", b"answer", Draft(new_id="answer"))


def _drain(world: World, _: str, limit: int = 0) -> None:
    world.drain("bob", limit)


def _drain_what_fits(world: World, _: str) -> None:
    """Drain what fits, and give the last message back."""
    with world.mailbox("bob").drain(0) as mail:
        for batch in mail.batches(lambda item: item.id < "m3"):
            for item in batch:
                world.show("bob", item)


def _read(world: World, _: str) -> None:
    world.read("bob", "m3")  # it acknowledges nothing, so it is the message that does not ask for that


def _acknowledge(world: World, _: str) -> None:
    world.mailbox("bob").acknowledge("m1")


def _retry(world: World, _: str) -> None:
    with suppress(NotFound):
        world.mailbox("bob").retry(LETTERS[0])


def _look_at_letters(world: World, _: str) -> None:
    bob = world.mailbox("bob")
    for letter in bob.letters():
        bob.letter_seen(letter)


def _sweep(world: World, _: str) -> None:
    world.mailbox("bob").sweep(0, remove=True)


def _set_presence(world: World, _: str) -> None:
    world.mailbox("bob").set_presence("busy")


def _register(world: World, _: str) -> None:
    registry.make_queue(world.queue, tracked=False)
    registry.register(world.queue, ["dan"], 0)


def _offer(world: World, _: str = "") -> None:
    """Give a program the mail that is not on offer, except for the last message."""
    with offering.hold(world.mailbox("bob").account, ()) as mail:
        for batch in mail.batches(lambda item: item.id < "m3"):
            for item in batch:
                if item.header:
                    world.show("bob", item)
            mail.leave_offered("prompt", "s", "t", "/history", 0)


def _end_offers(world: World, _: str, end: Callable[[Account, offering.Offer], None]) -> None:
    account = world.mailbox("bob").account
    for offer in offering.open_offers(account.agent):
        end(account, offer)


OPERATIONS = (
    Scenario("send", partial(_sends, "one", ("bob",), "ann"), _send, knows_id=False),
    Scenario("send with an id", partial(_sends, "same", ("bob", "cat"), "ann"), _send_same),
    Scenario("reply", partial(_sends, "answer", ("ann",), "bob"), _reply),
    Scenario("drain", _none, _drain),
    Scenario("drain of one", _none, partial(_drain, limit=1)),
    Scenario("drain of what fits", _none, _drain_what_fits),
    Scenario("read", _none, _read),
    Scenario("acknowledge", _none, _acknowledge),
    Scenario("retry", _heals, _retry),
    Scenario("look at letters", _none, _look_at_letters),
    Scenario("sweep", _none, _sweep),
    Scenario("presence", _none, _set_presence),
    Scenario("register", _none, _register),
    Scenario("offer", _none, _offer),
    Scenario("settle", _offer, partial(_end_offers, end=offering.settle)),
    Scenario("lapse", _offer, partial(_end_offers, end=offering.lapse)),
)
PAIRS = [
    pair
    for pair in combinations_with_replacement(OPERATIONS, 2)
    if pair[0] is not pair[1] or pair[0].knows_id  # otherwise the texts of two of them would be equal
]


class Meetings:
    """A run of the operations PAIR in one order after the other, each in its own world in PLACE."""

    def __init__(self, pair: tuple[Scenario, Scenario], place: Path) -> None:
        self._pair = pair
        place.mkdir()
        self._prepared = World(place)
        _make(self._prepared)
        for scenario in pair:
            scenario.prepare(self._prepared)
        self._fresh = Snapshot(place)
        self._steps = [self._count(scenario) for scenario in pair]

    def _count(self, scenario: Scenario) -> int:
        with Watched() as watched:
            scenario.act(self._world(), "")
        return sum(step.name != "show" for step in watched.log)

    def _world(self) -> World:
        self._fresh.restore()
        return deepcopy(self._prepared)

    def orders(self) -> Iterator[Order]:
        """Yield orders: one interrupts after each step of the other, which may die there; and some with more turns."""
        chance = random.Random(f"{SEED} {self._pair[0]} {self._pair[1]}")
        for first, second in ((0, 1), (1, 0)):
            for count in range(self._steps[first] + 1):
                for dies in (None, first) if count < self._steps[first] else (None,):
                    yield Order(((first, count), (second, ALL)), dies)
        for _ in range(BY_CHANCE):
            turns = tuple((each % 2, chance.randint(1, self._steps[each % 2])) for each in range(chance.randint(2, 6)))
            yield Order(turns, chance.choice((None, 0, 1)))

    def verdict(self, order: Order) -> Iterator[str]:
        """Yield MET if they met in ORDER, and the problems: at once, and after all was repeated and drained."""
        world = self._world()
        stage = Stage(order)
        errors = stage.run([partial(scenario.act, world, "") for scenario in self._pair])
        yield MET if order.is_met(died=stage.died) else "no operation died"
        yield from broken_files(world)
        for number, (scenario, error) in enumerate(zip(self._pair, errors, strict=True)):
            if not isinstance(error, AmqError | OSError | None):
                yield f"{scenario} raises {error!r}"
            if error is not None or (stage.died and order.dies == number):
                scenario.repeat(world, error)
        world.finish()
        yield from broken_promises(world, doubled=stage.died and not all(each.knows_id for each in self._pair))


@pytest.mark.timeout(3600 if SOAK else 120)
def test_two_operations_at_once_break_no_promise(place: Path, proof: Proof) -> None:
    judge(processes.shared(sample(PAIRS, 30, of="pairs"), partial(_try, place), place), proof)


def _try(place: Path, pairs: Sequence[tuple[Scenario, Scenario]]) -> Iterator[str]:
    for number, pair in enumerate(pairs):
        meetings = Meetings(pair, place / f"{os.getpid()} {number}")
        orders = list(meetings.orders())
        yield from [KNOWN] * len(orders)
        for order in sample(orders, SAMPLE // 30, of=f"{pair[0]} {pair[1]}"):
            yield from tried(f"A {pair[0]}, B {pair[1]}; {order}", meetings.verdict(order))
