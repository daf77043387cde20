"""The clauses on the header of a message file."""

from __future__ import annotations

import json
from typing import Any

from amq.message import MAX_FILE_BYTES, MAX_HEADER_BYTES, parse, render
from amq.names import KINDS, PRIORITIES
from tests.samples import CREATED, HEADER, ID, header, message_file
from tests.wire.frame import COMPACT, GOOD, LEAST, framed, send, sent
from tests.wire.table import Clause, Elsewhere, Holds, Place, Refused, Taken, Written, plain, taken


def changed(what: str, **changes: Any) -> Refused:
    """Return a check that the good message with CHANGES is a bad one."""
    return Refused(what, message_file(**changes))


def kept(what: str, data: bytes) -> Holds:
    """Return a check that DATA is unchanged when read and written again."""

    def check(_: Place) -> None:
        assert render(parse(data, ID)) == data

    return Holds(what, check)


def _number(literal: str) -> Holds:
    return kept(literal[:40], message_file(context={"n": "NUMBER"}).replace(b'"NUMBER"', literal.encode()))


def _largest() -> Taken:
    subject = "x" * (MAX_HEADER_BYTES - len(json.dumps(header(subject=""))) - 1)
    head = framed(json.dumps(header(subject=subject)).encode(), b"")
    body = b"y" * (MAX_FILE_BYTES - len(head))
    return taken("the largest of both", head + body, body, subject=subject)


FULL = """\
{
  "schema": 1,
  "id": "id",
  "from": "alice",
  "to": [
    "bob",
    "carol"
  ],
  "thread": "plan/cache",
  "subject": "Grüße: \\u202e",
  "created": "2026-03-01T10:00:00.25Z",
  "ack_required": true,
  "refs": [
    "one",
    "two"
  ],
  "priority": "urgent",
  "kind": "question",
  "labels": [
    "parser"
  ],
  "context": {
    "paths": [
      "a.py"
    ],
    "deep": {
      "empty": {},
      "none": []
    },
    "n": 1
  }
}
"""
_EVERYTHING: dict[str, Any] = {
    "to": ["bob", "carol"], "thread": "plan/cache", "subject": "Grüße: \u202e", "ack": True, "refs": ["one", "two"],
    "priority": "urgent", "kind": "question", "labels": ["parser"],
    "context": {"paths": ["a.py"], "deep": {"empty": {}, "none": []}, "n": 1},
}  # fmt: skip
_NESTED: Any = json.loads("[" * 99 + "]" * 99)

HEADERS = (
    Clause(
        "Two-space indent, one element a line; keys in one order; those that are empty left out, but for seven.",
        (
            Written("every key", send(**_EVERYTHING), sent(FULL)),
            Written("no key that may be missing", send(), sent(LEAST)),
        ),
    ),
    Clause(
        "JSON may be nested 100 deep.",
        (taken("in a key of later", message_file(x=_NESTED), x=_NESTED),),
    ),
    Clause(
        "Keys may be in any order.",
        (taken("the other way round", framed(json.dumps(dict(reversed(HEADER.items()))).encode())),),
    ),
    Clause(
        "Keys that are not needed may be missing.",
        (
            taken("schema", message_file(schema=...)),
            taken("thread: that of the sender and the first recipient", message_file(thread=...)),
            taken("ack_required", message_file(ack_required=...)),
            taken("all of them", message_file(schema=..., thread=..., ack_required=...)),
        ),
    ),
    Clause(
        "Null stands for such a key that is missing.",
        tuple(
            taken(key, message_file(**{key: None}))
            for key in (
                "schema",
                "thread",
                "ack_required",
                "subject",
                "refs",
                "priority",
                "kind",
                "labels",
                "context",
            )
        ),
    ),
    Clause(
        "Empty stands for it too.",
        tuple(
            taken(f"{key}: {empty!r}", message_file(**{key: empty}))
            for key, empty in (
                ("thread", ""),
                ("subject", ""),
                ("refs", []),
                ("priority", ""),
                ("kind", ""),
                ("labels", []),
                ("context", {}),
            )
        ),
    ),
    Clause(
        "Unknown keys are kept.",
        (
            kept("reply_to, from_project", message_file(reply_to="x", reply_project="p", from_project=None)),
            kept("one not invented yet", message_file(later={"a": [1, {"b": 2}]})),
            taken("in what is read", message_file(later=[{}]), later=[{}]),
            Elsewhere("cli/test_dlq.py", "test_what_heals_is_mail_again_byte_for_byte_and_leaves_nothing"),
        ),
    ),
    Clause(
        "Numbers in the context survive unchanged.",
        tuple(
            _number(literal)
            for literal in (
                "0",
                "-1",
                "9007199254740993",
                "123456789012345678901234567890",
                "-0",
                "-0.0",
                "0.10",
                "1.0",
                "1e400",
                "1E+2",
                "1e-7",
                "0.1000000000000000055511151231257827",
                "3" * 5000,
            )
        ),
    ),
    Clause(
        "Refused: a header that is not a JSON object.",
        (
            plain("none", b"---json\n---\nhello\n"),
            plain("blank", b"---json\n\n---\nhello\n"),
            plain("it breaks off", framed(COMPACT[:-1])),
            plain("it goes on", framed(COMPACT + b"\n{}")),
            plain("a comment", framed(b"// x\n" + COMPACT)),
            plain("a trailing comma", framed(COMPACT[:-1] + b",}")),
            plain("an array", framed(b"[" + COMPACT + b"]")),
            plain("a string", framed(b'"x"')),
            plain("null", framed(b"null")),
            plain("NaN", message_file(context={"n": float("nan")})),
            plain("Infinity", message_file(context={"n": float("-inf")})),
            plain("not UTF-8", message_file(subject="S").replace(b'"S"', b'"\xff"')),
            plain("a raw line end in a string", message_file(subject="S").replace(b'"S"', b'"\n"')),
            plain("nested too deeply", framed(b"[" * 100_000 + b"]" * 100_000)),
            plain("nested 101 deep", GOOD.replace(b'"schema": 1', b'"schema": 1, "x": ' + b"[" * 100 + b"]" * 100)),
        ),
    ),
    Clause(
        "Refused: a duplicate key, at any depth.",
        (
            plain("at the top", GOOD.replace(b'"from": "alice"', b'"from": "alice", "from": "alice"')),
            plain("an unknown one", GOOD.replace(b'"schema": 1', b'"schema": 1, "x": 1, "x": 1')),
            plain("inside", message_file(context={"n": 1}).replace(b'"n": 1', b'"n": 1, "n": 1')),
            plain("spelt in two ways", message_file(x=1).replace(b'"x": 1', b'"x": 1, "\\u0078": 1')),
        ),
    ),
    Clause(
        "Refused: a wrong type.",
        (
            changed("schema: text", schema="1"),
            changed("schema: a fraction", schema=1.0),
            changed("schema: true", schema=True),
            changed("id: a number", id=1),
            changed("from: a list", sender=["alice"]),
            changed("to: text", to="bob"),
            changed("to: a number in it", to=[1]),
            changed("to: null in it", to=[None]),
            changed("thread: a number", thread=1),
            changed("subject: a list", subject=["x"]),
            changed("created: a number", created=1),
            changed("ack_required: text", ack_required="true"),
            changed("ack_required: 1", ack_required=1),
            changed("refs: text", refs="x"),
            changed("refs: null in it", refs=[None]),
            changed("priority: a number", priority=1),
            changed("kind: a list", kind=["todo"]),
            changed("labels: an object", labels={}),
            changed("labels: a number in it", labels=[1]),
            changed("context: a list", context=[]),
            changed("context: text", context="x"),
        ),
    ),
    Clause(
        "Refused: an id that is missing, unsafe, or not the file's name.",
        (
            changed("missing", id=...),
            changed("null", id=None),
            changed("another", id=ID + "x"),
            changed("with the ending", id=ID + ".md"),
            changed("another case", id=ID.upper()),
            *(
                changed(f"unsafe: {name!r}", id=name)
                for name in ("", "../x", "a/b", "a\\b", ".hidden", "a\0b", "\ud800")
            ),
        ),
    ),
    Clause(
        "Refused: from or to that is not a handle (1 to 64 of a-z 0-9 _ -, first a letter or digit), or is empty.",
        (
            changed("no sender", sender=...),
            *(
                changed(f"sender {name!r}"[:40], sender=name)
                for name in ("", "Alice", "-a", "_a", "a b", "alice\n", "á", "a/b", "..", "a" * 65)
            ),
            changed("no recipients", to=...),
            changed("null", to=None),
            changed("an empty list", to=[]),
            changed("one of them is not a handle", to=["bob", "../carol"]),
            taken("the longest", message_file(sender="a" * 64), sender="a" * 64),
            taken("of every sign", message_file(sender="0_-z"), sender="0_-z"),
        ),
    ),
    Clause(
        "Kinds and priorities are those that are known, or left out.",
        (
            *(taken(kind, message_file(kind=kind), kind=kind) for kind in KINDS),
            *(taken(priority, message_file(priority=priority), priority=priority) for priority in PRIORITIES),
            changed("another kind", kind="gossip"),
            changed("a kind in capitals", kind="Todo"),
            changed("another priority", priority="high"),
        ),
    ),
    Clause(
        "created is RFC 3339: read in any zone; written in UTC, as Z, with the digits it needs and nine at most.",
        (
            *(
                taken(created, message_file(created=created), created=created)
                for created in (
                    "2026-03-01T10:00:00Z",
                    "2026-03-01T10:00:00.123456789Z",
                    "2026-03-01T10:00:00.1234567891Z",
                    "2026-03-01T23:59:59-01:30",
                    "2026-03-01t10:00:00z",
                    "2026-03-01T10:00:00+00:00",
                )
            ),
            changed("missing", created=...),
            changed("empty", created=""),
            changed("without a zone", created="2026-03-01T10:00:00"),
            changed("in a month 13", created="2026-13-01T10:00:00Z"),
            changed("on February 30", created="2026-02-30T10:00:00Z"),
            changed("at 24:00", created="2026-03-01T24:00:00Z"),
            changed("with a comma", created="2026-03-01T10:00:00,5Z"),
            changed("a date alone", created="2026-03-01"),
            changed("with a line end", created=CREATED + "\n"),
            changed("in other digits", created="٢٠٢٦-03-01T10:00:00Z"),
            Elsewhere("test_instants.py", "test_created_has_as_many_digits_as_it_needs"),
        ),
    ),
    Clause(
        "Refused: a header above 256 KiB, a file above 10 MiB; up to there both are read.",
        (
            _largest(),
            plain("a header too large", message_file(subject="x" * MAX_HEADER_BYTES)),
            plain("a header of blank lines", b"---json\n" + b"\n" * MAX_HEADER_BYTES + COMPACT + b"\n---\n"),
            plain("a file too large", message_file(b"x" * MAX_FILE_BYTES)),
            Elsewhere("test_message.py", "test_a_header_without_end_is_refused_in_linear_time"),
        ),
    ),
)
