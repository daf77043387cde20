"""The verbs as a library: rules without a command line."""

from __future__ import annotations

import os

import pytest

from amq.errors import BadMessage, NotFound, UsageError
from amq.mail.inbox_view import Unread
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.names import INSTANT_LENGTH
from tests.conftest import Shell
from tests.samples import ID, message_file


@pytest.fixture
def bob(amq: Shell) -> Mailbox:
    return Mailbox(str(amq.root), "bob")


@pytest.fixture
def alice(amq: Shell) -> Mailbox:
    return Mailbox(str(amq.root), "alice")


def test_send_and_drain(alice: Mailbox, bob: Mailbox) -> None:
    sent = alice.send(["bob"], b"hello", Draft(subject="Hi"))
    with bob.drain() as mail:
        assert [(item.id, item.text, item.header and item.header.subject) for item in mail] == [
            (sent.id, "hello\n", "Hi")
        ]
    assert [listed.box for listed in bob.list()] == ["cur"]


def test_ids_of_one_process_sort_in_the_order_in_which_they_were_made(alice: Mailbox, bob: Mailbox) -> None:
    """This holds whichever mailbox makes them; a shared millisecond would leave the order to chance."""
    made = [mailbox.account.ids.make() for _ in range(20) for mailbox in (alice, bob)]
    assert made == sorted(made)
    assert len({identifier[:INSTANT_LENGTH] for identifier, _ in made}) == len(made)


def test_mail_stays_in_new_until_the_next_is_asked_for(amq: Shell, alice: Mailbox, bob: Mailbox) -> None:
    alice.send(["bob"], b"1")
    with bob.drain() as mail:
        for _ in mail:
            assert len(amq.new()) == 1
    assert amq.new() == []


def test_what_was_not_shown_to_the_end_is_shown_again_and_marked(alice: Mailbox, bob: Mailbox) -> None:
    alice.send(["bob"], b"1")
    with pytest.raises(ZeroDivisionError), bob.drain() as mail:
        for _ in mail:
            raise ZeroDivisionError
    with bob.drain() as mail:
        assert [item.redelivered for item in mail] == [True]


def test_what_was_never_handed_out_is_not_taken(amq: Shell, alice: Mailbox, bob: Mailbox) -> None:
    alice.send(["bob"], b"1")
    with bob.drain() as mail:
        assert mail.count == 1
    assert len(amq.new()) == 1
    with bob.drain() as mail:
        assert [item.redelivered for item in mail] == [False]


def test_two_drains_at_a_time_show_nothing_twice(alice: Mailbox, bob: Mailbox) -> None:
    first, second = alice.send(["bob"], b"1").id, alice.send(["bob"], b"2").id
    with bob.drain(limit=1) as one, bob.drain() as other:
        assert ([item.id for item in one], [item.id for item in other]) == ([first], [second])


def test_only_the_messages_that_are_meant(alice: Mailbox, bob: Mailbox) -> None:
    first, second = alice.send(["bob"], b"1").id, alice.send(["bob"], b"2").id
    with bob.drain(only=[second, "gone"]) as mail:
        assert ([item.id for item in mail], mail.remaining) == ([second], 1)
    assert [unread.id for unread in bob.unread()] == [first]


def test_unread_never_fails(amq: Shell, alice: Mailbox, bob: Mailbox) -> None:
    amq.put("bad.md", b"x")
    sent = alice.send(["bob"], b"1", Draft(priority="urgent"))
    bad, good = bob.unread()
    assert bad == Unread("bad", "", "", "", 0)
    assert good == Unread(sent.id, "alice", "urgent", "", good.created_ns)


def test_who_looks_again_opens_only_what_is_new_or_bad(
    amq: Shell, alice: Mailbox, bob: Mailbox, opened: list[str]
) -> None:
    amq.put("fixed.md", b"x")
    amq.put("bad.md", b"x")
    gone, kept = (alice.send(["bob"], b"1").id for _ in range(2))
    before = bob.unread()
    with bob.drain(only=[gone]) as mail:
        assert len(list(mail)) == 1
    amq.put("fixed.md", message_file(id="fixed"))
    new = alice.send(["bob"], b"1").id
    opened.clear()
    again = bob.unread(before)
    assert sorted(opened) == sorted(["bad", "fixed", new])
    assert [unread.id for unread in again] == ["bad", "fixed", kept, new]
    assert again == bob.unread()


def test_peek_moves_nothing(amq: Shell, bob: Mailbox) -> None:
    amq.put(f"{ID}.md", message_file(b"x"))
    message, box = bob.peek(f"{ID}.md")
    assert (message.body, box, amq.new()) == (b"x", "new", [f"{ID}.md"])


def test_errors(amq: Shell, bob: Mailbox) -> None:
    amq.put("bad.md", b"x")
    with pytest.raises(NotFound):
        bob.peek("nothing")
    with pytest.raises(BadMessage):
        bob.peek("bad")
    with pytest.raises(UsageError):
        bob.send([], b"x")
    with pytest.raises(UsageError):
        Mailbox(str(amq.root), "Bob")
    with pytest.raises(NotFound):
        Mailbox(str(amq.root), "nobody")


def test_clock_and_chance_are_the_callers(amq: Shell) -> None:
    mailbox = Mailbox(
        str(amq.root), "alice", clock=lambda: 1_772_366_400_000_000_001, random=lambda count: b"\1" * count
    )
    sent = mailbox.send(["bob"], b"x")
    assert sent.id.startswith("2026-03-01T12-00-00.000Z_pid")
    assert sent.id.endswith("_01010101")
    assert amq.stored(sent.id)["created"] == "2026-03-01T12:00:00.000000001Z"


def test_warnings_go_to_the_caller_that_asked_for_them(amq: Shell) -> None:
    (amq.root / "meta" / "config.json").write_text("{")
    said: list[str] = []
    Mailbox(str(amq.root), "alice", warn=said.append).send(["bob"], b"x")
    assert len(said) == 1
    assert "registry" in said[0]


def test_each_send_knows_the_registry_as_it_is(amq: Shell) -> None:
    registry = amq.root / "meta" / "config.json"
    before, good = registry.stat(), registry.read_bytes()
    said: list[str] = []
    alice = Mailbox(str(amq.root), "alice", warn=said.append)
    alice.send(["bob"], b"x")
    assert said == []
    for other in (good.replace(b'"bob"', b'"eve"'), good.replace(b'"bob"', b'"Bob"')):
        registry.write_bytes(other)  # in place, of equal length and age
        os.utime(registry, ns=(before.st_atime_ns, before.st_mtime_ns))
        alice.send(["bob"], b"x")
        alice.send(["bob"], b"x")
    assert [text.partition(";")[0].partition(": ")[0] for text in said] == [
        *["bob is not in the registry"] * 2,
        *[f"the registry {registry} cannot be read"] * 2,
    ]
    registry.write_bytes(good)
    alice.send(["bob"], b"x")
    assert len(said) == 4


def test_state_is_private_and_made_when_it_is_asked_for(bob: Mailbox) -> None:
    assert bob.state_dir == bob.account.agent.state
