"""The operations of a bridge on files: mail and acknowledgements of other hosts, and what was read there."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from amq.mail import carried
from amq.mail.sending import Draft
from amq.store import acks
from amq.store.acks import Ack
from amq.store.remote import Remote, read_remote, write_remote
from tests.crash.scenario import Scenario
from tests.crash.world import World, append_line
from tests.samples import message_file

if TYPE_CHECKING:
    from collections.abc import Iterator

IDS = ("m1", "m2")
HERE = Remote("bob", "b")


def _temporary() -> str:
    return f"1_{os.getpid()}_{os.urandom(4).hex()}"


# -- what comes from another host -------------------------------------------------------------------------------------


def _remote_ann(world: World) -> None:
    world.make("bob")
    world.mailbox("user").send(["ann-a"], world.expect("to ann", (), sender="user"), Draft(new_id="m0"), create=True)
    carried.settle(world.queue.agent("ann-a"), ["m0"])
    world.expect("from far", ("bob",), sender="ann-a")


def _message(identifier: str) -> bytes:
    return message_file(b"from far\n", id=identifier, sender="ann-a", to=["bob"], thread="p2p/ann-a__bob")


def _receive(world: World, _: str) -> None:
    carried.receive(world.queue, _message("m1"), "m1", sender="ann-a", handle="bob", temporary=_temporary())


def _received_before(world: World) -> None:
    _remote_ann(world)
    _receive(world, "")


# -- what was read on another host ------------------------------------------------------------------------------------


def _mail_for_far_bob(world: World, *, ack: bool = False) -> None:
    world.make("ann", "bob-b")
    for identifier in IDS:
        body = world.expect(f"text {identifier}", ("bob-b",), ack=ack)
        world.mailbox("ann").send(["bob-b"], body, Draft(new_id=identifier, ack=ack))
        shown = {"me": "bob-b", "id": identifier, "text": body.decode(), "good": True, "again": False}
        append_line(world.journal, json.dumps(shown))


def _settle(world: World, _: str) -> None:
    carried.settle(world.queue.agent("bob-b"), IDS)


def _refused(world: World) -> None:
    world.make("ann", "bob-b")
    world.bad.add("m1")
    world.mailbox("ann").send(["bob-b"], world.expect("refused", ()), Draft(new_id="m1"))


def _refuse(world: World, _: str) -> None:
    if carried.where(world.queue.agent("bob-b"), "m1") == carried.NEW:
        carried.refuse(world.queue.agent("bob-b"), "m1", "b does not export bob", _temporary(), 0)


def _read_far(world: World) -> None:
    _mail_for_far_bob(world, ack=True)
    _settle(world, "")


def _acks_come(world: World, _: str) -> None:
    for identifier in IDS:
        ack = Ack(identifier, "p2p/ann__bob-b", "bob-b", "ann", "2026-01-01T00:00:00Z")
        assert carried.receive_ack(world.queue, ack, _temporary())
    assert not carried.receive_ack(world.queue, Ack("m9", "t", "bob-b", "ann", "2026-01-01T00:00:00Z"), _temporary()), (
        "nothing of this id was sent to it"
    )


# -- acknowledgements that another host has confirmed -----------------------------------------------------------------


def _acked_ann(world: World) -> None:
    _received_before(world)
    world.drain("bob")
    world.mailbox("bob").acknowledge("m1")


def _confirm(world: World, _: str) -> None:
    ann = world.queue.agent("ann-a")
    for name in acks.waiting(ann):
        assert acks.read_received(ann, name)
    acks.remove_received(ann, ["m1", "m7"])


def _check_confirmed(world: World, *, done: bool) -> Iterator[str]:
    left = acks.waiting(world.queue.agent("ann-a"))
    if left not in ([], ["m1"]) or (done and left):
        yield f"acknowledgements are left: {left}"


# -- whose mailbox it is ----------------------------------------------------------------------------------------------


def _far_bob(world: World) -> None:
    world.make("ann", "bob-b")


def _note(world: World, _: str) -> None:
    write_remote(world.queue.agent("bob-b"), HERE, _temporary())


def _check_noted(world: World, *, done: bool) -> Iterator[str]:
    found = read_remote(world.queue.agent("bob-b"))
    if found not in (None, HERE) or (done and found is None):
        yield f"the note says {found}"


SCENARIOS = (
    Scenario("receive from another host", _remote_ann, _receive, has_links=True),
    Scenario("receive again what is here", _received_before, _receive),
    Scenario("file what was read on another host", _mail_for_far_bob, _settle),
    Scenario("put away what another host refused", _refused, _refuse, has_links=True),
    Scenario("keep acknowledgements of another host", _read_far, _acks_come, has_links=True),
    Scenario("remove acknowledgements that are confirmed", _acked_ann, _confirm, check=_check_confirmed),
    Scenario("note that a mailbox is another host's", _far_bob, _note, check=_check_noted),
)
