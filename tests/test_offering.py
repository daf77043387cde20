"""Offers in a real mailbox: beside drains, with records that are none, and with other programs."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from amq.mail import offering
from amq.mail.draining import Drain
from amq.mail.offering import OFFERED, TAKEN, Offer
from amq.record import replace
from amq.runtime.policy.hook_decision import HookState
from amq.store import drain_claim, durable, offer_record
from tests.crash import processes
from tests.crash.seam import Watched
from tests.offers import Room, event, take_receipts
from tests.samples import claude_history

Damage = Callable[[dict[str, Any]], object]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def offered(room: Room, most: int = 99) -> Offer:
    found = room.offer(most=most)
    assert found
    return found[0]


def marks(room: Room, limit: int = 0) -> list[tuple[str, bool, bool]]:
    """Drain; return each id, and whether it is marked as shown before, and as on its way."""
    return [(item.id, item.redelivered, item.on_its_way) for item in room.drain(limit)]


def test_an_offer_leaves_its_mail_in_new_and_no_other_offer_gets_it(room: Room) -> None:
    room.send("a", "b")
    first = offered(room, most=1)
    assert (first.ids, first.state, room.files("new")) == (("a",), OFFERED, ["a", "b"])
    assert offered(room).ids == ("b",)
    assert room.offer() is None
    assert offer_record.states(room.agent) == {"a": OFFERED, "b": OFFERED}
    with offering.hold(room.account, ()) as mail:
        assert (mail.count, mail.remaining) == (0, 0)


def test_mail_to_skip_is_not_offered(room: Room) -> None:
    room.send("a", "b")
    with offering.hold(room.account, {"a"}) as mail:
        assert [item.id for batch in mail.batches() for item in batch] == ["b"]
        mail.leave()
    assert room.files("new") == ["a", "b"]


def test_without_mail_or_mailbox_there_is_no_offer(room: Room) -> None:
    assert room.offers() == []
    room.send("a")
    offered(room)
    Path(room.agent.inbox_new, "a.md").unlink()
    assert room.offers() == []
    assert offer_record.open_offers(room.queue.agent("nobody")) == []


def test_what_has_arrived_is_marked_if_a_drain_gives_it_back(room: Room) -> None:
    room.send("a")
    offer = offered(room)
    with Drain(room.account, 0, ack=True):
        offering.settle(room.account, offer)
    assert (room.offers(), marks(room)) == ([], [("a", True, False)])


def test_a_drain_shows_what_is_on_its_way_and_files_it(room: Room) -> None:
    room.send("a", "b")
    found = room.offer(most=1)
    assert found
    assert marks(room) == [("a", False, True), ("b", False, False)]
    room.write(claude_history(found[1]))
    state = HookState(lapses=1)
    assert take_receipts(room.account, event("stop"), state) == (state, set(), [])
    assert (room.files("new"), room.files("cur")) == ([], ["a", "b"])
    assert room.drain() == []
    assert room.records() == []


def test_a_drain_of_a_part_leaves_the_rest_on_offer(room: Room) -> None:
    room.send("a", "b", ack=True)
    offer = offered(room)
    assert marks(room, limit=1) == [("a", False, True)]
    assert room.offers() == [offer]
    offering.settle(room.account, offer)
    assert (room.files("cur"), room.records()) == (["a", "b"], [])
    assert len(os.listdir(room.queue.agent("alice").acks_received)) == 2


def test_what_has_lapsed_is_shown_again_marked(room: Room) -> None:
    room.send("a")
    offering.lapse(room.account, offered(room))
    assert (room.offers(), room.files("new")) == ([], ["a"])
    again = offered(room)
    offering.lapse(room.account, again)
    assert marks(room) == [("a", True, False)]
    assert room.drain() == []
    assert room.records() == []


def test_a_mark_survives_where_there_was_no_room(room: Room) -> None:
    room.send("a", "b")
    offering.lapse(room.account, offered(room))
    assert offered(room, most=1).ids == ("a",)
    assert marks(room) == [("a", False, True), ("b", True, False)]


def test_what_was_shown_in_part_stays_new_and_unmarked(room: Room) -> None:
    room.send("a")
    with offering.hold(room.account, ()) as mail:
        for _ in mail.batches(lambda _: True):
            mail.leave()
    assert room.records() == []
    assert marks(room) == [("a", False, False)]


def test_an_offer_is_settled_once(room: Room) -> None:
    room.send("a", ack=True)
    offer = offered(room)
    for _ in range(2):
        offering.settle(room.account, offer)
        assert (room.files("cur"), room.offers(), room.records()) == (["a"], [], [])


def test_a_bad_message_is_in_no_offer_and_waits_for_a_drain(room: Room) -> None:
    """Its name, which others choose, may not be in the history as it is: good ones would lapse with it."""
    Path(room.agent.inbox_new, "bad 'one'.md").write_bytes(b"nonsense")
    room.send("a")
    offer = offered(room)
    assert offer.ids == ("a",)
    offering.settle(room.account, offer)
    assert (len(room.files("new")), len(os.listdir(room.agent.dlq_new))) == (1, 0)
    with room.bob.drain() as mail:
        assert [item.header for item in mail] == [None]
    assert len(os.listdir(room.agent.dlq_new)) == 1


class Refusing(Watched):
    """A disk on which a file with this name cannot be opened, or is not synced."""

    def __init__(self, step: str, end: str) -> None:
        super().__init__()
        self._refused = (step, end)

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, unless it is the one."""
        paths = (argument for argument in arguments if isinstance(argument, str))
        if name == self._refused[0] and any(path.endswith(self._refused[1]) for path in paths):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().take(name, arguments)


def test_what_cannot_be_read_any_more_is_given_back(room: Room) -> None:
    room.send("a", "b")
    offer = offered(room)
    with Refusing("open", "a.md"):
        offering.settle(room.account, offer)
    assert (room.files("new"), room.files("cur"), room.offers()) == (["a"], ["b"], [])
    assert marks(room) == [("a", True, False)]


def test_an_offer_that_cannot_be_recorded_is_shown_again_marked(room: Room) -> None:
    room.send("a")
    with pytest.raises(OSError), Refusing("open", drain_claim.OFFER_SUFFIX):
        room.offer()
    assert room.offers() == []
    assert marks(room) == [("a", True, False)]


def test_only_what_is_as_it_was_is_changed(room: Room) -> None:
    room.send("a")
    offer = offered(room)
    taken = replace(offer, state=TAKEN)
    offering.change(room.account, offer, taken)
    offering.change(room.account, offer, replace(offer, failed=True))
    offering.lapse(room.account, offer)
    assert room.offers() == [taken]
    assert offer_record.states(room.agent) == {"a": TAKEN}
    offer_record.forget(room.agent, taken)
    assert not offer_record.change(room.agent, taken, offer, "x")
    assert room.offers() == []


# -- beside others ----------------------------------------------------------------------------------------------------


def test_of_two_programs_that_offer_at_once_one_gets_a_message(room: Room) -> None:
    ids = [f"m{number}" for number in range(40)]
    room.send(*ids)

    def offer_all() -> int:
        while room.offer(most=1):
            pass
        return 0

    assert [processes.wait(pid) for pid in [processes.start(offer_all) for _ in range(3)]] == [0] * 3
    assert sorted(identifier for offer in room.offers() for identifier in offer.ids) == sorted(ids)


def test_a_drain_and_a_receipt_at_once(room: Room) -> None:
    """Each message is filed once, and is acknowledged."""
    ids = [f"m{number}" for number in range(40)]
    room.send(*ids, ack=True)
    while room.offer(most=4):
        pass

    def settle_all() -> int:
        for offer in room.offers():
            offering.settle(room.account, offer)
        return 0

    pids = [processes.start(work) for work in (settle_all, partial(_drain_in_turn, room), settle_all)]
    assert [processes.wait(pid) for pid in pids] == [0] * 3
    assert (room.files("new"), room.files("cur"), room.offers()) == ([], sorted(ids), [])
    assert len(os.listdir(room.queue.agent("alice").acks_received)) == len(ids)


def _drain_in_turn(room: Room) -> int:
    while room.drain(limit=3):
        pass
    return 0


def test_a_receipt_leaves_to_a_drain_what_that_shows(room: Room) -> None:
    room.send("a")
    offer = offered(room)
    with room.bob.drain() as mail:
        for item in mail:
            assert item.on_its_way
            offering.settle(room.account, offer)
            assert room.files("new") == ["a"]
    assert room.files("cur") == ["a"]


def test_a_drain_that_dies_marks_what_is_on_its_way_too(room: Room) -> None:
    room.send("a")
    offered(room)
    with pytest.raises(ZeroDivisionError), room.bob.drain() as mail:
        for _ in mail:
            raise ZeroDivisionError
    assert len(room.offers()) == 1
    assert marks(room) == [("a", True, True)]


def test_another_program_may_take_what_is_on_offer(room: Room) -> None:
    room.send("a", "b")
    offer = offered(room)
    os.rename(f"{room.agent.inbox_new}/a.md", f"{room.agent.inbox_cur}/a.md")
    assert room.offers() == [offer]
    offering.settle(room.account, offer)
    assert (room.files("new"), room.files("cur"), room.records()) == ([], ["a", "b"], [])


def test_the_record_of_an_offer_whose_mail_has_left_is_removed(room: Room) -> None:
    room.send("a")
    offered(room)
    os.unlink(f"{room.agent.inbox_new}/a.md")
    assert len(room.records()) == 1
    assert room.drain() == []
    assert room.records() == []


def test_a_version_that_does_not_know_offers_marks_the_mail(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.send("a")
    offered(room)
    monkeypatch.setattr(drain_claim, "OFFER_SUFFIX", "of no file")
    assert marks(room) == [("a", True, False)]
    assert room.drain() == []
    assert room.records() == []


def test_a_record_that_another_program_locks_is_not_a_drain(room: Room) -> None:
    room.send("a", "b")
    offer = offered(room, most=1)
    (record,) = room.records()
    with open(record, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert offered(room).ids == ("b",)
        offering.settle(room.account, offer)
        assert room.files("cur") == ["a"]


# -- records that are none --------------------------------------------------------------------------------------------


def within(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return RECORD with changes in its offer; ... removes a field."""
    changed = {**record["offer"], **changes}
    return {**record, "offer": {key: value for key, value in changed.items() if value is not ...}}


BROKEN: dict[str, Damage] = {
    "no state": lambda record: within(record, state=...),
    "another state": lambda record: within(record, state="drained"),
    "a state that is no text": lambda record: within(record, state=["offered"]),
    "a turn that is no text": lambda record: within(record, turn=7),
    "a reason that is no text": lambda record: within(record, reason=7),
    "a number for a truth": lambda record: within(record, failed=1),
    "a truth for a number": lambda record: within(record, at_ns=True),
    "a fraction": lambda record: within(record, position=1.5),
    "a place before the start": lambda record: within(record, position=-1),
    "a number without end": lambda record: within(record, at_ns=10**900),
    "NUL in a path": lambda record: within(record, history="/x\0"),
    "half a letter in a path": lambda record: within(record, history="/\ud800"),
    "an offer that is none": lambda record: {**record, "offer": "a"},
    "ids that are none": lambda record: {**record, "ids": "a"},
    "an id that is no text": lambda record: {**record, "ids": ["a", 7]},
    "an id in another directory": lambda record: {**record, "ids": ["a", "../cur/a"]},
    "NUL in an id": lambda record: {**record, "ids": ["a", "a\0"]},
    "half a letter in an id": lambda record: {**record, "ids": ["a", "\ud800"]},
    "an id that is too long": lambda record: {**record, "ids": ["a", "x" * 253]},
    "too many bytes": lambda record: {**record, "more": "x" * (1 << 20)},
    "no object": lambda _: ["a"],
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_record_that_amq_did_not_write_is_not_an_offer(room: Room, damage: Damage) -> None:
    """It counts as that of a drain that died, so the mail is marked at most."""
    room.send("a")
    offered(room)
    (record,) = room.records()
    record.write_text(json.dumps(damage(json.loads(record.read_text()))))
    assert room.offers() == []
    assert take_receipts(room.account, event("start"), HookState()) == (HookState(), set(), [])
    assert offered(room).ids == ("a",)
    assert [(name, on_its_way) for name, _, on_its_way in marks(room)] == [("a", True)]
    assert room.drain() == []
    assert room.records() == []


def test_an_offer_of_an_earlier_version_has_no_reason(room: Room) -> None:
    room.send("a")
    offer = offered(room)
    (record,) = room.records()
    record.write_text(json.dumps(within(json.loads(record.read_text()), reason=...)))
    assert room.offers() == [offer]


def test_fields_of_a_later_version_are_left_out(room: Room) -> None:
    room.send("a")
    offer = offered(room)
    (record,) = room.records()
    record.write_text(json.dumps(within({**json.loads(record.read_text()), "more": 1}, seen_by="x")))
    assert room.offers() == [offer]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"ids": ["a"], "offer": {'])
def test_a_record_that_is_cut_off_is_not_an_offer(room: Room, data: bytes) -> None:
    room.send("a")
    offered(room)
    (record,) = room.records()
    record.write_bytes(data)
    assert room.offers() == []
    assert marks(room) == [("a", False, False)]


@pytest.mark.parametrize("kind", ["FIFO", "directory", "gone"])
def test_what_is_not_a_file_is_not_an_offer(room: Room, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room.send("a")
    offered(room)
    (record,) = room.records()
    record.unlink()
    if kind == "FIFO":
        os.mkfifo(record)
    if kind == "directory":
        record.mkdir()
    if kind == "gone":
        monkeypatch.setattr(durable, "entries", lambda *_: {record.name: 1})
    assert room.offers() == []
    assert kind == "gone" or [item.id for item in room.drain()] == ["a"]
