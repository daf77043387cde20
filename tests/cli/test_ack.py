"""`amq ack`: acknowledge a message by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Shell


def sent(amq: Shell, handle: str) -> Path:
    return Path(amq.agent(handle).acks_sent)


def received(amq: Shell, handle: str = "alice") -> Path:
    return Path(amq.agent(handle).acks_received)


def test_both_sides_get_the_same_bytes(amq: Shell) -> None:
    identifier = amq.send()
    assert amq.ok("ack", "--id", identifier, me="bob") == f"Acked {identifier}\n"
    data = (sent(amq, "bob") / f"{identifier}.json").read_bytes()
    assert (received(amq) / f"{identifier}.json").read_bytes() == data
    fields = json.loads(data)
    assert data.decode() == json.dumps(fields, indent=2) + "\n"
    assert list(fields.items()) == [
        ("schema", 1),
        ("msg_id", identifier),
        ("thread", "p2p/alice__bob"),
        ("from", "bob"),
        ("to", "alice"),
        ("received", fields["received"]),
    ]


def test_json_is_the_acknowledgement(amq: Shell) -> None:
    identifier = amq.send()
    shown = json.loads(amq.ok("ack", "--id", f"{identifier}.md", "--json", me="bob"))
    assert shown == json.loads((sent(amq, "bob") / f"{identifier}.json").read_bytes())


def test_the_first_one_stays(amq: Shell) -> None:
    identifier = amq.send()
    first = amq.ok("ack", "--id", identifier, "--json", me="bob")
    assert amq.ok("ack", "--id", identifier, "--json", me="bob") == first
    assert os.listdir(received(amq)) == [f"{identifier}.json"]


def test_a_lost_side_is_made_good_with_the_first_time(amq: Shell) -> None:
    identifier = amq.send()
    amq.ok("ack", "--id", identifier, me="bob")
    there = received(amq) / f"{identifier}.json"
    data = there.read_bytes()
    there.unlink()
    amq.ok("ack", "--id", identifier, me="bob")
    assert there.read_bytes() == data


def test_every_receiver_of_a_message_is_kept(amq: Shell) -> None:
    identifier = amq.send("--thread", "plan", to="bob,carol")
    for handle in ("carol", "bob", "carol", "bob"):
        amq.ok("ack", "--id", identifier, me=handle)
    acks = {path.name: json.loads(path.read_bytes())["from"] for path in received(amq).iterdir()}
    assert acks == {f"{identifier}.json": "carol", f"{identifier}__bob.json": "bob"}


def test_the_acknowledgement_of_another_message_is_none_of_this_one(amq: Shell) -> None:
    """The second receiver's file name is made of the id and the handle, and an id may look like that too."""
    amq.ok("send", "--to", "bob,carol", "--thread", "t", "--body", "x", "--ack", "--new-id", "plan")
    amq.ok("send", "--to", "carol", "--body", "x", "--ack", "--new-id", "plan__carol")
    amq.ok("ack", "--id", "plan", me="bob")
    amq.ok("ack", "--id", "plan__carol", me="carol")
    again = ("send", "--to", "bob,carol", "--thread", "t", "--body", "x", "--ack", "--new-id", "plan")
    waited = amq(*again, "--wait-for", "acked", "--wait-timeout", "1ms")
    assert (waited.code, "but not acked by carol" in waited.err) == (4, True)


def test_moves_nothing(amq: Shell) -> None:
    identifier = amq.send()
    amq.ok("ack", "--id", identifier, me="bob")
    assert (amq.new(), amq.cur()) == ([f"{identifier}.md"], [])


def test_after_a_drain(amq: Shell) -> None:
    identifier = amq.send()
    amq.ok("drain", me="bob")
    amq.ok("ack", "--id", identifier, me="bob")
    assert os.listdir(received(amq)) == [f"{identifier}.json"]


def test_ones_own_message_is_for_its_receivers_to_acknowledge(amq: Shell) -> None:
    assert amq("ack", "--id", amq.send()).code == 2
    assert os.listdir(received(amq)) == []


def test_a_message_to_oneself(amq: Shell) -> None:
    identifier = amq.send(to="alice")
    amq.ok("ack", "--id", identifier)
    assert os.listdir(received(amq)) == os.listdir(sent(amq, "alice")) == [f"{identifier}.json"]


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--id", "nothing"), 3), ((), 2), (("--id", "a/b"), 2), (("x",), 2), (("--id", "x", "--all"), 2)],
)
def test_wrong_words(amq: Shell, words: tuple[str, ...], code: int) -> None:
    assert amq("ack", *words, me="bob").code == code
