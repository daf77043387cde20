"""The wire between hosts: all that is written is read, and anything else is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amq.bridge import wire
from amq.bridge.ledger import ACK, CONFIRMED, DRAINED, MAIL, REFUSED, Item, Receipt
from amq.bridge.wire import AgentThere, OtherForm, Presence, Talk
from amq.errors import BadMessage
from amq.names import is_safe_name
from tests.samples import ID

TALK = Talk("boot", [Item(MAIL, "b", "codex", ID)], [Receipt(Item(ACK, "b", "claude", ID), CONFIRMED, "")])
PRESENCE = Presence("boot", 5, "1.0", {"codex": AgentThere("busy", "tests", "dialog", 7)})


@given(st.text(max_size=100).filter(is_safe_name))
@example(ID)
@example("a b*>~=.é")
@example("x" * 200)
def test_any_file_name_fits_into_a_subject(name: str) -> None:
    subject = wire.subject_of(Item(MAIL, "b", "codex", name), "a")
    assert not set(subject) & set(" \t\r\n*>")
    assert wire.address(subject) == wire.Address("b", "a", Item(MAIL, "a", "codex", name))


@given(st.text(max_size=60))
@example("..~")
@example("=2f=2e=2e")
@example("=41")
@example("~")
@example("=C3")
def test_each_token_means_one_safe_name_or_none(word: str) -> None:
    try:
        name = wire.name_of(word)
    except BadMessage:
        return
    assert is_safe_name(name)
    assert wire.token(name) == word


@pytest.mark.parametrize(
    "subject",
    [
        "", "amq", "amq.b.a", "amq.b.a.mail", "amq.b.a.mail.codex", "amq.b.a.mail.codex.x.y", "amq.b.a.rcpt.x",
        "amq.B.a.rcpt", "amq.b.a-b.rcpt", "amq.b..rcpt", "amq.b.a.mail.Codex.x", "amq.b.a.mail.codex.", "here.b.a",
        "amq.b.a.other.codex.x", "amq.b.a.mail.codex.~x", "amq.b.a.mail.codex.=2e=2e=2f",
    ],
)  # fmt: skip
def test_another_subject_is_refused(subject: str) -> None:
    with pytest.raises(BadMessage):
        wire.address(subject)


def test_presence_comes_from_the_host_in_its_subject() -> None:
    assert wire.presence_sender(wire.presence_subject("b", "a")) == "a"
    for subject in ("here.a", "here.a.b.c", "amq.a.b", "here.A.b"):
        with pytest.raises(BadMessage):
            wire.presence_sender(subject)


def test_what_is_said_is_read() -> None:
    assert wire.parse_talk(wire.render_talk(TALK), "b") == TALK
    assert wire.parse_presence(wire.render_presence(PRESENCE)) == PRESENCE


def test_the_host_of_an_item_is_the_one_that_speaks() -> None:
    assert wire.parse_talk(wire.render_talk(TALK), "c").questions[0].host == "c"


TALKS = {"form": 1, "boot": "x", "asks": [], "says": []}
HERE = {"form": 1, "boot": "x", "clock_ns": 1, "version": "1", "agents": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"boot": 1}, {"boot": "x" * 301}, {"asks": {}}, {"says": None}, {"asks": [["mail", "codex"]]},
        {"asks": [["mail", "codex", "../x"]]}, {"asks": [["mail", "../codex", "x"]]},
        {"asks": [["post", "codex", "x"]]},
        {"asks": [["mail", "codex", 1]]}, {"asks": [["mail", "codex", "x"]] * 1001},
        {"says": [["mail", "codex", "../x", DRAINED, ""]]}, {"says": [["mail", "codex", "x", "sideways", ""]]},
        {"says": [["mail", "codex", "x", CONFIRMED, ""]]}, {"says": [["ack", "codex", "x", DRAINED, ""]]},
        {"says": [["mail", "codex", "x", REFUSED]]},
    ],
)  # fmt: skip
def test_hostile_receipts_and_questions_are_refused(change: dict[str, object]) -> None:
    assert wire.parse_talk(json.dumps(TALKS).encode(), "b")
    with pytest.raises(BadMessage):
        wire.parse_talk(json.dumps(TALKS | change).encode(), "b")


@pytest.mark.parametrize(
    "change",
    [
        {"clock_ns": -1}, {"clock_ns": 1 << 63}, {"clock_ns": 1.5}, {"clock_ns": True}, {"agents": []},
        {"agents": {"../x": ["", "", "", 0]}}, {"agents": {"x": ["", "", ""]}}, {"agents": {"x": ["", 1, "", 0]}},
        {"agents": {"x": ["", "", "", -1]}}, {"agents": {f"x{n}": ["", "", "", 0] for n in range(1001)}},
    ],
)  # fmt: skip
def test_hostile_presence_is_refused(change: dict[str, object]) -> None:
    assert wire.parse_presence(json.dumps(HERE).encode())
    with pytest.raises(BadMessage):
        wire.parse_presence(json.dumps(HERE | change).encode())


def test_texts_of_others_are_cut() -> None:
    said = wire.parse_talk(json.dumps(TALKS | {"says": [["mail", "codex", "x", REFUSED, "y" * 9999]]}).encode(), "b")
    assert len(said.receipts[0].reason) == 300
    there = wire.parse_presence(json.dumps(HERE | {"agents": {"x": ["s" * 999, "n" * 999, "w" * 999, 0]}}).encode())
    assert {len(text) for text in vars(there.agents["x"]).values() if isinstance(text, str)} == {300}


@pytest.mark.parametrize("form", [0, 2, None, "1"])
def test_another_version_is_not_a_bad_message(form: object) -> None:
    for parse, wanted in ((lambda data: wire.parse_talk(data, "b"), TALKS), (wire.parse_presence, HERE)):
        with pytest.raises(OtherForm):
            parse(json.dumps(wanted | {"form": form}).encode())


@given(st.binary(max_size=100))
@example(b"[" * 100_000)
@example(b"[]")
def test_anything_else_is_a_bad_message(data: bytes) -> None:
    with pytest.raises(BadMessage):
        wire.parse_talk(data, "b")
    with pytest.raises(BadMessage):
        wire.parse_presence(data)
