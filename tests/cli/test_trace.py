"""`amq trace`: a message's state, for each recipient."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Shell
from tests.samples import ID, message_file


def recipients(amq: Shell, identifier: str, me: str = "alice") -> Any:
    return amq("trace", "--id", identifier, "--json", me=me).value["recipients"]


def test_it_is_followed_from_new_to_the_answer(amq: Shell) -> None:
    sent = amq.send("--ack")
    assert recipients(amq, sent) == [{"handle": "bob", "box": "new"}]
    amq.ok("drain", me="bob")
    (bob,) = recipients(amq, sent)
    assert bob == {"handle": "bob", "box": "cur", "acked": bob["acked"]}
    amq.ok("reply", "--id", sent, "--body", "yes", me="bob")
    (bob,) = recipients(amq, sent)
    answer = amq.new("alice")[0].removesuffix(".md")
    assert bob["replied"] == {"id": answer, "created": amq.stored(answer, "alice")["created"]}


def test_json_describes_the_message(amq: Shell) -> None:
    sent = amq.send("--subject", "Plan")
    described = amq("trace", "--id", sent, "--json").value
    assert list(described) == ["id", "from", "to", "thread", "subject", "created", "recipients"]
    assert (described["id"], described["from"], described["to"]) == (sent, "alice", ["bob"])


def test_each_recipient_has_a_line(amq: Shell) -> None:
    sent = amq.send("--thread", "t", "--subject", "Plan", "--ack", to="bob,carol")
    amq.ok("drain", me="bob")
    amq.ok("reply", "--id", sent, "--body", "yes", me="bob")
    message, bob, carol = amq.ok("trace", "--id", f"{sent}.md").splitlines()
    assert message.endswith(f"  alice  {sent}  Plan")
    assert [part.split()[0] for part in bob.split("  ")] == ["bob", "cur", "acked", "replied"]
    assert carol == "carol  new"


@pytest.mark.parametrize("me", ["bob", "carol", "user"])
def test_it_is_found_by_anyone(amq: Shell, me: str) -> None:
    sent = amq.send()
    assert recipients(amq, sent, me=me) == [{"handle": "bob", "box": "new"}]


def test_a_damaged_copy_is_found_as_a_dead_letter(amq: Shell) -> None:
    sent = amq.send(to="bob")
    path = Path(amq.agent("bob").inbox_new, f"{sent}.md")
    path.unlink()
    path.write_bytes(b"torn")
    assert recipients(amq, sent, me="bob") == [{"handle": "bob", "box": "new"}]
    amq.ok("drain", me="bob")
    assert recipients(amq, sent, me="bob") == [{"handle": "bob", "box": "dlq"}]
    (letter,) = os.listdir(amq.agent("bob").dlq_new)
    amq.ok("dlq", "read", "--id", letter, me="bob")
    assert recipients(amq, sent) == [{"handle": "bob", "box": "dlq"}]


def test_what_a_recipient_does_not_have_is_missing(amq: Shell) -> None:
    sent = amq.send(to="bob")
    Path(amq.agent("bob").inbox_new, f"{sent}.md").unlink()
    assert recipients(amq, sent) == [{"handle": "bob", "box": "missing"}]


def test_the_first_answer_counts_and_only_a_recipients(amq: Shell) -> None:
    sent = amq.send()
    amq.ok("reply", "--id", sent, "--body", "one", me="bob")
    first = amq.new("alice")[0].removesuffix(".md")
    amq.ok("reply", "--id", sent, "--body", "two", me="bob")
    amq.ok("send", "--to", "alice", "--refs", sent, "--body", "x", me="carol")
    (bob,) = recipients(amq, sent)
    assert bob["replied"]["id"] == first


@pytest.mark.parametrize("keep", ["sent", "delivered"])
def test_one_copy_of_the_answer_is_enough(amq: Shell, keep: str) -> None:
    sent = amq.send()
    amq.ok("reply", "--id", sent, "--body", "yes", me="bob")
    (name,) = amq.new("alice")
    Path(amq.agent("alice").inbox_new if keep == "sent" else amq.agent("bob").sent, name).unlink()
    assert recipients(amq, sent)[0]["replied"]["id"] == name.removesuffix(".md")


def test_an_acknowledgement_must_be_of_the_message_and_by_the_recipient(amq: Shell) -> None:
    sent = amq.send()
    whole = {"msg_id": sent, "thread": "", "from": "bob", "to": "alice", "received": "2026-01-01T00:00:00Z"}
    path = Path(amq.agent("bob").acks_sent, f"{sent}.json")
    for change in ({"msg_id": "other"}, {"from": "carol"}, {"received": 7}):
        path.write_text(json.dumps(whole | change))
        assert "acked" not in recipients(amq, sent)[0]
    path.write_text(json.dumps(whole | {"received": "\x1b[2J"}))
    assert "acked ^[[2J" in amq.ok("trace", "--id", sent)


def test_what_no_mailbox_has_is_not_found(amq: Shell) -> None:
    result = amq("trace", "--id", ID, "--json")
    assert (result.code, result.out, result.error["code"]) == (3, "", "not_found")


def test_if_all_copies_are_damaged_that_is_said(amq: Shell) -> None:
    amq.put(f"{ID}.md", b"torn")
    result = amq("trace", "--id", ID, "--json")
    assert (result.code, result.error["code"]) == (1, "bad_message")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", ".x", ""])
def test_an_id_cannot_reach_outside(amq: Shell, name: str) -> None:
    assert amq("trace", "--id", name).code == 2


def test_a_recipient_without_a_mailbox_is_missing_it(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(to=["bob", "nobody", "bob"], subject="\x1b"))
    assert amq.ok("trace", "--id", ID).splitlines()[1:] == ["bob  new", "nobody  missing"]
    assert "  ^[\n" in amq.ok("trace", "--id", ID)
