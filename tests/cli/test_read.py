"""`amq read`: print one message, which then counts as read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Shell
from tests.samples import ID, header, message_file


@pytest.mark.parametrize("name", [ID, f"{ID}.md"])
def test_prints_the_body_and_moves_it(amq: Shell, name: str) -> None:
    amq.put(f"{ID}.md", message_file(b"one\n---\ntwo"))
    assert amq.ok("read", "--id", name, me="bob") == "one\n---\ntwo\n"
    assert (amq.new(), amq.cur()) == ([], [f"{ID}.md"])
    assert amq.ok("read", "--id", name, me="bob") == "one\n---\ntwo\n"


def test_json_has_the_header_as_it_is_in_the_file(amq: Shell) -> None:
    amq.put(f"{ID}.md", message_file(b"caf\xe9", later={"n": 1}))
    shown = json.loads(amq.ok("read", "--id", ID, "--json", me="bob"))
    assert shown == {"header": header(later={"n": 1}), "body": "caf\ufffd"}


def test_reading_acknowledges_nothing(amq: Shell) -> None:
    identifier = amq.send("--ack")
    amq.ok("read", "--id", identifier, me="bob")
    assert list(Path(amq.agent("bob").acks_sent).iterdir()) == []


def test_what_was_sent_can_be_read_again(amq: Shell) -> None:
    assert amq.ok("read", "--id", amq.send(body="mine")) == "mine\n"


def test_a_bad_message_stays_where_it_is(amq: Shell) -> None:
    amq.put("bad.md", b"x")
    refused = amq("read", "--id", "bad", "--json", me="bob")
    assert (refused.code, refused.out, refused.error["code"]) == (1, "", "bad_message")
    assert amq.new() == ["bad.md"]


def test_no_such_message(amq: Shell) -> None:
    refused = amq("read", "--id", "nothing", me="bob")
    assert (refused.code, refused.out) == (3, "")
    assert "no message nothing" in refused.err


@pytest.mark.parametrize("words", [(), ("--id",), ("--id", "../x"), ("--id", ""), ("x",), ("--id", "x", "y")])
def test_wrong_words(amq: Shell, words: tuple[str, ...]) -> None:
    assert amq("read", *words, me="bob").code == 2
