"""`amq read`: print one message, which then counts as read."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from amq.errors import Unreadable
from amq.mail import draining, offering
from amq.mail.mailbox import Mailbox
from amq.store.durable import Directory
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


def test_what_cannot_be_read_any_more_is_not_shown(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure comes between the first look at the message and the claim of it."""
    amq.send("--new-id=m1", body="precious")

    def fail(_: Directory, identifier: str, **__: bool) -> None:
        raise Unreadable(identifier, "Input/output error", "read it again")

    with monkeypatch.context() as patched:
        patched.setattr(draining, "_read", fail)
        result = amq("read", "--id", "m1", me="bob")
    assert (result.code, result.out, amq.new()) == (1, "", ["m1.md"])
    assert "amq: m1 cannot be read: Input/output error\n     read it again\n" in result.err
    shown = amq.ok("drain", "--include-body", me="bob")
    assert ("precious" in shown, "Redelivered" in shown) == (True, False)


def test_what_a_drain_holds_is_marked_if_that_drain_gives_it_back(amq: Shell) -> None:
    amq.send("--new-id=m1", body="precious")
    with Mailbox(str(amq.root), "bob").drain():
        result = amq("read", "--id", "m1", me="bob")
        assert (result.code, result.out) == (0, "precious\n")
        assert result.err == "amq: a drain that is running shows this message too\n"
    assert "Redelivered" in amq.ok("drain", me="bob")
    assert os.listdir(amq.agent("bob").drains) == []


def test_it_says_that_a_message_was_shown_before(amq: Shell) -> None:
    amq.send("--new-id=m1", body="precious")
    with suppress(InterruptedError), Mailbox(str(amq.root), "bob").drain() as mail:
        for _ in mail:
            raise InterruptedError
    result = amq("read", "--id", "m1", me="bob")
    assert (result.code, result.out) == (0, "precious\n")
    assert result.err == "amq: redelivered: this message may have been shown before\n"


def test_it_says_that_a_hook_has_given_a_message_to_the_cli(amq: Shell) -> None:
    amq.send("--new-id=m1", body="precious")
    with offering.hold(Mailbox(str(amq.root), "bob").account, ()) as mail:
        for _ in mail.batches():
            mail.leave_offered("prompt", "s", "t", "/history", 0)
    result = amq("read", "--id", "m1", me="bob")
    assert (result.code, result.out) == (0, "precious\n")
    assert result.err == "amq: on its way: a hook has given this message to your CLI too\n"
