"""`amq list`: list the inbox without moving anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Shell
from tests.samples import message_file


def leave(amq: Shell, identifier: str, minute: int, **changes: Any) -> str:
    created = f"2026-03-01T10:{minute:02}:00Z"
    amq.put(f"{identifier}.md", message_file(id=identifier, created=created, **changes))
    return created


def listed(amq: Shell, *words: str) -> list[str]:
    return [item["id"] for item in json.loads(amq.ok("list", "--json", *words, me="bob"))]


@pytest.fixture
def mail(amq: Shell) -> Shell:
    """Deliver four messages to bob, named against their order, the oldest one read."""
    leave(amq, "d", 1)
    amq.ok("read", "--id", "d", me="bob")
    leave(amq, "c", 2, subject="Review", priority="urgent", kind="review_request", labels=["x", "y"])
    leave(amq, "b", 3, sender="carol", priority="urgent", labels=["x"])
    leave(amq, "a", 4, kind="todo")
    return amq


def test_text_output(mail: Shell) -> None:
    assert mail.ok("list", me="bob") == (
        "2026-03-01T10:01:00Z  -  alice  d  (no subject)\n"
        "2026-03-01T10:02:00Z  urgent  alice  c  Review\n"
        "2026-03-01T10:03:00Z  urgent  carol  b  (no subject)\n"
        "2026-03-01T10:04:00Z  -  alice  a  (no subject)\n"
    )


def test_nothing_to_list(amq: Shell) -> None:
    listed = amq("list", me="bob")
    assert (listed.code, listed.out, listed.err) == (0, "", "amq: No messages.\n")
    assert amq.ok("list", "--json", me="bob") == "[]\n"


def test_json_output(mail: Shell) -> None:
    assert json.loads(mail.ok("list", "--json", "--limit", "2", me="bob")) == [
        {
            "id": "d",
            "from": "alice",
            "subject": "",
            "thread": "p2p/alice__bob",
            "created": "2026-03-01T10:01:00Z",
            "box": "cur",
            "path": f"{mail.agent('bob').inbox_cur}/d.md",
        },
        {
            "id": "c",
            "from": "alice",
            "subject": "Review",
            "thread": "p2p/alice__bob",
            "created": "2026-03-01T10:02:00Z",
            "box": "new",
            "path": f"{mail.agent('bob').inbox_new}/c.md",
            "priority": "urgent",
            "kind": "review_request",
            "labels": ["x", "y"],
        },
    ]


def test_nothing_is_moved(mail: Shell) -> None:
    mail.ok("list", me="bob")
    assert (mail.new(), mail.cur()) == (["a.md", "b.md", "c.md"], ["d.md"])


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--new",), ["c", "b", "a"]),
        (("--cur",), ["d"]),
        (("--from", "carol"), ["b"]),
        (("--from", "nobody"), []),
        (("--kind", "todo"), ["a"]),
        (("--priority", "urgent"), ["c", "b"]),
        (("--label", "x"), ["c", "b"]),
        (("--label", "x", "--label", "y"), ["c"]),
        (("--priority=urgent", "--from=alice"), ["c"]),
        (("--limit", "2"), ["d", "c"]),
        (("--limit", "0"), ["d", "c", "b", "a"]),
        (("--offset", "3"), ["a"]),
        (("--offset", "9"), []),
        (("--limit", "1", "--offset", "1", "--new"), ["b"]),
    ],
)
def test_filters(mail: Shell, words: tuple[str, ...], ids: list[str]) -> None:
    assert listed(mail, *words) == ids


def test_ties_are_ordered_by_id(amq: Shell) -> None:
    for identifier in ("b", "c", "a"):
        leave(amq, identifier, 1)
    assert listed(amq) == ["a", "b", "c"]


def test_order_is_by_instant_and_not_by_its_text(amq: Shell) -> None:
    for identifier, created in (
        ("a", "2026-03-01T10:00:00.5Z"),
        ("b", "2026-03-01T10:00:00Z"),
        ("c", "2026-03-01T11:30:00+02:00"),
    ):
        amq.put(f"{identifier}.md", message_file(id=identifier, created=created))
    assert listed(amq) == ["c", "b", "a"]


def test_a_bad_message_is_reported_and_stops_nothing(amq: Shell) -> None:
    leave(amq, "a", 1)
    amq.put("bad.md", b"x")
    result = amq("list", me="bob")
    assert (result.code, result.out.count("\n")) == (0, 1)
    assert result.err == "amq: warning: bad is not a message, skipped: the opening line ---json is missing\n"
    assert amq.new() == ["a.md", "bad.md"]


def test_a_header_longer_than_the_first_look(amq: Shell) -> None:
    leave(amq, "a", 1, subject="x" * 100_000)
    assert listed(amq) == ["a"]


@pytest.mark.parametrize(
    "words",
    [
        ("x",), ("--new", "--cur"), ("--from", ""), ("--kind", "gossip"), ("--priority", "high"), ("--limit", "-1"),
        ("--offset", "x"), ("--limit", "9" * 20), ("--offset", "9" * 5000), ("--limit",), ("--labels", "x"),
    ],
)  # fmt: skip
def test_wrong_words(amq: Shell, words: tuple[str, ...]) -> None:
    refused = amq("list", *words, me="bob")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err
