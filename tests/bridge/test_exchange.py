"""The bridge in a world without time, and each trap on its own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from amq.bridge.exchange import BUSY, MOST_AT_ONCE, Exchange, Failed, Publish, Published
from amq.bridge.ledger import (
    ACK,
    CONFIRMED,
    DRAINED,
    IN_FLIGHT,
    MAIL,
    SENT,
    THERE,
    UNKNOWN,
    WAITING,
    Epoch,
    Item,
    Outgoing,
    Receipt,
)
from tests.bridge.world import World
from tests.seeds import SEED, SOAK, TOLD

if TYPE_CHECKING:
    from amq.bridge.exchange import Steps

SCHEDULES = 100_000 if SOAK else 100
STEPS = 300
ITEM, OTHER = Item(MAIL, "b", "codex", "m1"), Item(MAIL, "b", "codex", "m2")
HUB = Epoch("made", 0)


def outgoing(*items: Item, hints: dict[Item, int] | None = None, epoch: Epoch = HUB) -> Outgoing:
    """Return a ledger that has found ITEMS and the hub."""
    ledger = Outgoing(epoch, hints or {})
    ledger.look(MAIL, "b", "codex", [item.name for item in items])
    ledger.hub(Epoch("made", 10))
    return ledger


def stage(ledger: Outgoing, item: Item = ITEM) -> str:
    """Return how far ITEM has come; "" if it is not there."""
    progress = ledger.progress(item)
    return progress.stage if progress else ""


def sent(ledger: Outgoing, item: Item = ITEM, seq: int = 1) -> None:
    """Publish all that waits; the hub takes ITEM."""
    ledger.take(0, 10)
    ledger.published(item, seq, is_repeat=False)
    ledger.asked("b", [item])


def test_a_long_quiet_hub_is_never_sent_anything_twice() -> None:
    """A late answer is not evidence: no clock makes the bridge publish again."""
    ledger = outgoing(ITEM)
    sent(ledger)
    assert ledger.take(10**9, 10) == []
    assert ledger.questions(10) == {}
    assert ledger.pause_s(10**9) is None


@pytest.mark.parametrize("epoch", [Epoch("made again", 99), Epoch("made", 0)])
def test_all_is_published_again_when_the_hub_has_forgotten(epoch: Epoch) -> None:
    ledger = outgoing(ITEM, OTHER)
    sent(ledger, ITEM, 1)
    ledger.receipt(Receipt(OTHER, THERE), "boot", "salt")
    assert ledger.hub(epoch)
    assert {item for item, _ in ledger.take(0, 10)} == {ITEM, OTHER}


def test_the_same_hub_is_asked_about_and_not_sent_again() -> None:
    ledger = outgoing(ITEM)
    sent(ledger)
    ledger.cut_off()
    assert not ledger.hub(Epoch("made", 10))
    assert (ledger.take(0, 10), ledger.questions(10)) == ([], {"b": [ITEM]})


def test_hints_save_publishing_again_and_a_wrong_one_costs_a_question() -> None:
    ledger = outgoing(ITEM, OTHER, hints={ITEM: 3})
    assert [item for item, _ in ledger.take(0, 10)] == [OTHER]
    assert ledger.questions(10) == {"b": [ITEM]}
    assert not ledger.receipt(Receipt(ITEM, UNKNOWN), "boot", "salt")
    assert ledger.take(0, 10) == [(ITEM, "salt")]


def test_hints_of_another_hub_do_not_count() -> None:
    ledger = outgoing(ITEM, hints={ITEM: 3}, epoch=Epoch("made before", 3))
    assert [item for item, _ in ledger.take(0, 10)] == [ITEM]


def test_a_hub_with_fewer_messages_than_a_hint_says_has_forgotten() -> None:
    ledger = outgoing(ITEM, hints={ITEM: 11})
    assert [item for item, _ in ledger.take(0, 10)] == [ITEM]


def test_what_was_in_flight_when_the_hub_went_is_published_again_under_the_same_name() -> None:
    ledger = outgoing(ITEM)
    assert ledger.take(0, 10) == [(ITEM, "")]
    ledger.cut_off()
    assert ledger.take(0, 10) == [(ITEM, "")]


def test_what_the_hub_had_before_is_asked_about() -> None:
    ledger = outgoing(ITEM)
    ledger.take(0, 10)
    ledger.published(ITEM, 1, is_repeat=True)
    assert ledger.questions(10) == {"b": [ITEM]}


def test_a_host_that_started_again_is_asked_once_about_what_it_has() -> None:
    ledger = outgoing(ITEM)
    ledger.heard("b", "first")
    sent(ledger)
    ledger.heard("b", "first")
    assert ledger.questions(10) == {}
    ledger.heard("b", "second")
    assert ledger.questions(10) == {"b": [ITEM]}
    ledger.asked("b", [ITEM])
    ledger.heard("b", "second")
    assert ledger.questions(10) == {}


def test_a_host_that_started_again_while_mail_was_on_its_way_is_asked() -> None:
    """The one that ran before may have taken it, and does not watch it any more."""
    ledger = outgoing(ITEM)
    ledger.heard("b", "first")
    ledger.take(0, 10)
    ledger.heard("b", "second")
    ledger.published(ITEM, 1, is_repeat=False)
    assert ledger.questions(10) == {"b": [ITEM]}


def test_a_receipt_of_a_start_that_is_over_is_asked_about() -> None:
    ledger = outgoing(ITEM)
    ledger.heard("b", "second")
    sent(ledger)
    ledger.receipt(Receipt(ITEM, THERE), "first", "")
    assert (stage(ledger), ledger.questions(10)) == (THERE, {"b": [ITEM]})


def test_a_receipt_from_the_backup_of_a_hub_is_asked_about() -> None:
    """Later receipts, such as that the mail was drained, were lost with the hub."""
    ledger = outgoing(ITEM)
    ledger.heard("b", "first")
    sent(ledger, seq=20)
    assert ledger.hub(Epoch("made", 10))
    ledger.receipt(Receipt(ITEM, THERE), "first", "")
    assert (stage(ledger), ledger.questions(10)) == (THERE, {"b": [ITEM]})


def test_drained_counts_whatever_was_known_before() -> None:
    for before in (WAITING, IN_FLIGHT, SENT, THERE):
        ledger = outgoing(ITEM)
        if before != WAITING:
            ledger.take(0, 1)
        if before in (SENT, THERE):
            ledger.published(ITEM, 1, is_repeat=False)
        if before == THERE:
            ledger.receipt(Receipt(ITEM, THERE), "", "")
        assert stage(ledger) == before
        assert ledger.receipt(Receipt(ITEM, DRAINED), "", "")
        ledger.gone(ITEM)
        assert ledger.take(0, 10) == []


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(OTHER, DRAINED),  # not here: an id of another's making goes nowhere near a rename
        Receipt(Item(MAIL, "c", "codex", "m1"), DRAINED),
        Receipt(Item(ACK, "b", "codex", "m1"), CONFIRMED),
        Receipt(ITEM, CONFIRMED),
        Receipt(ITEM, "sideways"),
    ],
)
def test_a_receipt_that_fits_nothing_is_ignored(receipt: Receipt) -> None:
    ledger = outgoing(ITEM)
    sent(ledger)
    assert not ledger.receipt(receipt, "", "salt")
    assert stage(ledger) == SENT


def test_an_acknowledgement_waits_until_the_other_side_confirms_it() -> None:
    """The hub's own answer is not enough: it is lost with the hub."""
    ledger, ack = Outgoing(HUB, {}), Item(ACK, "b", "codex", "m1")
    ledger.look(ACK, "b", "codex", ["m1"])
    ledger.hub(Epoch("made", 1))
    sent(ledger, ack)
    assert stage(ledger, ack) == SENT
    assert not ledger.receipt(Receipt(ack, THERE), "", "")
    assert ledger.receipt(Receipt(ack, CONFIRMED), "", "")


def test_a_full_hub_is_left_alone_for_a_while() -> None:
    ledger, pauses, now = outgoing(ITEM, OTHER), [], 0.0
    for _ in range(8):
        (item, _), *_ = ledger.take(now, 1)
        ledger.failed(item, "full", now, is_full=True)
        pause = ledger.pause_s(now)
        assert pause is not None
        assert ledger.take(now + pause / 2, 10) == []
        pauses.append(pause)
        now += pause
    assert pauses == [0.5, 1, 2, 4, 8, 15, 15, 15]


def test_one_message_that_the_hub_does_not_take_holds_up_no_other() -> None:
    ledger = outgoing(ITEM, OTHER)
    ledger.take(0, 1)
    ledger.failed(ITEM, "too large", 0)
    assert [item for item, _ in ledger.take(0.1, 10)] == [OTHER]
    assert ledger.pause_s(0.1) == pytest.approx(0.4)
    assert [item for item, _ in ledger.take(0.6, 10)] == [ITEM]


def test_a_message_that_left_its_mailbox_is_forgotten() -> None:
    ledger = outgoing(ITEM, OTHER, hints={ITEM: 1})
    ledger.look(MAIL, "b", "codex", ["m2"])
    assert (stage(ledger), ledger.questions(10)) == ("", {})
    assert [item for item, _ in ledger.items()] == [OTHER]


def test_the_hub_has_it_before_the_hint_is_written() -> None:
    exchange = Exchange("a", outgoing(ITEM), lambda: "word")
    (item, salt), *_ = exchange.outgoing.take(0, 1)
    steps = exchange.publish(item, salt, lambda: 0.0)
    assert next(steps).item == ITEM  # type: ignore[union-attr]
    assert steps.send(b"data") == Publish(ITEM, "", b"data")
    assert stage(exchange.outgoing) == IN_FLIGHT
    assert type(steps.send(Published(5))).__name__ == "Note"


def test_a_file_that_cannot_leave_waits_with_its_reason() -> None:
    exchange = Exchange("a", outgoing(ITEM), lambda: "word")
    (item, salt), *_ = exchange.outgoing.take(0, 1)
    steps = exchange.publish(item, salt, lambda: 0.0)
    next(steps)
    with pytest.raises(StopIteration):
        steps.send(Failed("claude is not exported"))
    progress = exchange.outgoing.progress(ITEM)
    assert progress
    assert (progress.stage, progress.reason) == (WAITING, "claude is not exported")


def test_a_name_that_could_reach_outside_is_never_looked_for() -> None:
    exchange = Exchange("b", Outgoing(HUB, {}), lambda: "word")
    hostile = [Item(MAIL, "a", "codex", "../../x"), Item(MAIL, "a", "../codex", "m"), Item(MAIL, "c", "codex", "m")]
    assert [type(step).__name__ for step in exchange.talk("a", "boot", [], hostile)] == ["Taken"]


def names_of(steps: Steps, *came: object) -> list[str]:
    """Return the names of all STEPS, the first of which come out as CAME, the others as None."""
    found, outcomes = [], iter((None, *came))
    with suppress(StopIteration):
        while True:
            found.append(type(steps.send(next(outcomes, None))).__name__)
    return found


def exchange_with(*items: Item) -> Exchange:
    """Return the exchange of host a, which has sent ITEMS."""
    words = (f"word {number}" for number in range(100))
    exchange = Exchange("a", outgoing(*items), lambda: next(words))
    sent(exchange.outgoing)
    return exchange


def test_a_host_says_nothing_of_what_is_for_another_host() -> None:
    exchange = exchange_with(ITEM)
    assert names_of(exchange.talk("c", "boot", [Receipt(ITEM, DRAINED)], [])) == ["Taken"]
    assert stage(exchange.outgoing) == SENT


def test_a_receipt_stays_at_the_hub_until_the_mail_is_filed() -> None:
    exchange = exchange_with(ITEM)
    assert names_of(exchange.talk("b", "boot", [Receipt(ITEM, DRAINED)], []), False) == ["Settle", "Later"]
    assert stage(exchange.outgoing) == SENT
    assert names_of(exchange.talk("b", "boot", [Receipt(ITEM, DRAINED)], []), True) == ["Settle", "Taken"]
    assert stage(exchange.outgoing) == ""


def test_a_question_stays_at_the_hub_until_that_has_the_answer() -> None:
    exchange, asked = exchange_with(), [Item(MAIL, "b", "claude", "m1")]
    assert names_of(exchange.talk("b", "boot", [], asked), [(DRAINED, "")], False) == ["Find", "Send", "Later"]
    assert names_of(exchange.talk("b", "boot", [], asked), [(DRAINED, "")], True) == ["Find", "Send", "Taken"]


def test_unread_mail_that_is_asked_about_is_watched_from_then_on() -> None:
    exchange, asked = exchange_with(), [Item(MAIL, "b", "claude", "m1")]
    names_of(exchange.talk("b", "boot", [], asked), [(THERE, "")], True)
    assert exchange.incoming.watching() == ["claude"]
    assert names_of(exchange.inbox("claude", []), [(DRAINED, "")]) == ["Find"]
    assert exchange.incoming.untold(10) == {"b": [Receipt(asked[0], DRAINED)]}


def test_mail_that_was_removed_counts_as_read() -> None:
    exchange, asked = exchange_with(), [Item(MAIL, "b", "claude", "m1")]
    names_of(exchange.talk("b", "boot", [], asked), [(THERE, "")], True)
    names_of(exchange.inbox("claude", []), [(UNKNOWN, "")])
    assert exchange.incoming.untold(10) == {"b": [Receipt(asked[0], DRAINED)]}


def test_all_that_is_asked_about_is_found_in_one_step() -> None:
    exchange = exchange_with()
    asked = [Item(MAIL, "b", "claude", f"m{number}") for number in range(MOST_AT_ONCE + 1)]
    answers = [(THERE, "")] * len(asked)
    assert names_of(exchange.talk("b", "boot", [], asked), answers, True) == ["Find", "Send", "Taken"]
    left = names_of(exchange.inbox("claude", []), [(DRAINED, "")] * MOST_AT_ONCE, [(DRAINED, "")])
    assert left == ["Find", "Find"]
    assert len(exchange.incoming.untold(len(asked))["b"]) == len(asked)


def test_a_hub_that_has_forgotten_has_lost_receipts_so_the_others_are_to_ask() -> None:
    exchange = exchange_with()
    before = exchange.boot
    exchange.connected(is_other_hub=False)
    assert exchange.boot == before
    exchange.connected(is_other_hub=True)
    assert exchange.boot != before


def test_what_cannot_be_stored_now_comes_again() -> None:
    exchange = exchange_with()
    item = Item(MAIL, "b", "claude", "m1")
    assert names_of(exchange.mail(item, b""), (BUSY, "full")) == ["Deliver", "Later"]
    assert exchange.incoming.untold(10) == {}
    assert names_of(exchange.mail(item, b""), (THERE, "")) == ["Deliver", "Taken"]


@pytest.mark.parametrize("part", range(10))
def test_nothing_is_lost_or_shown_twice_whatever_happens(part: int) -> None:
    for number in range(part, SCHEDULES, 10):
        seed = SEED * SCHEDULES + number
        world = World(seed, "abc" if number % 3 == 0 else "ab")
        world.run(STEPS)
        assert world.faults() == [], f"World({seed}, …).run({STEPS}), {TOLD}"
