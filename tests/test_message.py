"""Messages as text and values. The clauses of the wire format on them are tested in `tests/wire`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amq import instants
from amq.errors import BadMessage
from amq.message import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    Header,
    Message,
    header_object,
    is_repeat,
    parse,
    render,
    reply_kind,
    reply_subject,
    split_header,
)
from amq.names import KINDS, PRIORITIES
from amq.record import replace
from tests.samples import CREATED, HEADER, ID, message_file

PLAIN = Header(ID, "alice", ["bob"], CREATED, instants.parse_instant(CREATED), thread="p2p/alice__bob")
FULL = replace(
    PLAIN,
    to=["bob", "carol"],
    thread="plan/cache",
    subject="Grüße: \x1b[2J\u202e",
    ack_required=True,
    refs=["one", "two"],
    priority="urgent",
    kind="question",
    labels=["parser"],
    context={"paths": ["a.py"], "deep": {"empty": {}, "none": []}, "n": 1},
    extra={"reply_to": "bob@elsewhere"},
)

# -- what is written --------------------------------------------------------------------------------------------------


def test_full_header_byte_for_byte() -> None:
    """Every key is in its place, one element a line, control characters escaped, unknown keys at the end."""
    assert render(Message(FULL, b"")).decode() == (
        "---json\n"
        "{\n"
        '  "schema": 1,\n'
        '  "id": "2026-03-01T10-00-00.250Z_pid42_0a1b2c3d",\n'
        '  "from": "alice",\n'
        '  "to": [\n'
        '    "bob",\n'
        '    "carol"\n'
        "  ],\n"
        '  "thread": "plan/cache",\n'
        '  "subject": "Grüße: \\u001b[2J\\u202e",\n'
        '  "created": "2026-03-01T10:00:00.25Z",\n'
        '  "ack_required": true,\n'
        '  "refs": [\n'
        '    "one",\n'
        '    "two"\n'
        "  ],\n"
        '  "priority": "urgent",\n'
        '  "kind": "question",\n'
        '  "labels": [\n'
        '    "parser"\n'
        "  ],\n"
        '  "context": {\n'
        '    "paths": [\n'
        '      "a.py"\n'
        "    ],\n"
        '    "deep": {\n'
        '      "empty": {},\n'
        '      "none": []\n'
        "    },\n"
        '    "n": 1\n'
        "  },\n"
        '  "reply_to": "bob@elsewhere"\n'
        "}\n"
        "---\n"
    )


def test_thread_is_always_written() -> None:
    assert header_object(replace(PLAIN, thread=""))["thread"] == "p2p/alice__bob"


# -- what is read -----------------------------------------------------------------------------------------------------


def read(data: bytes) -> Message:
    return parse(data, ID)


def framed(json_text: bytes, body: bytes = b"hello\n") -> bytes:
    return b"---json\n" + json_text + b"\n---\n" + body


COMPACT = json.dumps(HEADER).encode()


def test_strict_form_is_read_as_it_was_written() -> None:
    assert read(render(Message(FULL, b"hello\n"))) == Message(FULL, b"hello\n")


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".hidden", "", "x" * 201, "ü" * 101, "a\0b", "\ud800"])
def test_unsafe_id_is_refused_even_as_the_files_name(name: str) -> None:
    with pytest.raises(BadMessage, match="cannot be a file name"):
        parse(message_file(id=name), name)


@pytest.mark.parametrize("filler", [b"\n", b" \n", b"\r\n", b"}\n", b"}", b"---", b"\n--- ", b" "])
def test_a_header_without_end_is_refused_in_linear_time(filler: bytes) -> None:
    """The test's own time limit is the check: in quadratic time this takes minutes."""
    with pytest.raises(BadMessage):
        read(b"---json\n" + filler * (MAX_HEADER_BYTES // len(filler)) + b"x")


def test_a_message_that_is_too_large_is_refused() -> None:
    most = message_file(id=ID) + b"x" * MAX_FILE_BYTES
    assert parse(most[:MAX_FILE_BYTES], ID).header.id == ID
    with pytest.raises(BadMessage, match="larger than 10 MiB"):
        parse(most[: MAX_FILE_BYTES + 1], ID)


# -- the head of a file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [message_file(b"x" * 50), message_file(b"").replace(b"\n", b"\r\n")])
def test_a_head_gives_the_same_header_as_the_whole_or_asks_for_more(data: bytes) -> None:
    """Wherever the head ends, in the middle of a fence too."""
    whole = split_header(data, whole=True)
    answers = [split_header(data[:end], whole=False) for end in range(len(b"---json\r\n"), len(data))]
    assert set(answers) <= {None, whole}
    assert whole in answers or data.endswith(b"---\r\n")


# -- properties -------------------------------------------------------------------------------------------------------

handles = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)
texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
nanoseconds = st.integers(0, 4_000_000_000_000_000_000)


@st.composite
def headers(draw: st.DrawFn) -> Header:
    created_ns = draw(nanoseconds)
    return Header(
        id=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True)),
        sender=draw(handles),
        to=draw(st.lists(handles, min_size=1, max_size=3)),
        created=instants.format_instant(created_ns),
        created_ns=created_ns,
        thread=draw(st.text(min_size=1, max_size=20)),
        subject=draw(texts),
        ack_required=draw(st.booleans()),
        refs=draw(st.lists(texts, max_size=3)),
        priority=draw(st.sampled_from(("", *PRIORITIES))),
        kind=draw(st.sampled_from(("", *KINDS))),
        labels=draw(st.lists(texts, max_size=3)),
        context=draw(st.dictionaries(texts, values, max_size=3)),
        extra=draw(st.dictionaries(texts.map("x-{}".format), values, max_size=2)),
    )


@given(headers(), st.binary(max_size=50))
def test_what_is_rendered_is_parsed_as_it_was(head: Header, body: bytes) -> None:
    message = Message(head, body if body.endswith(b"\n") or not body else body + b"\n")
    assert parse(render(message), head.id) == message


bytes_like_a_message = st.lists(
    st.sampled_from([b"---json\n", b"---", b"\n", b"\r\n", b"}", b"{", b" ", COMPACT, b'"', b"\\ud800", b"\xff", b"1"])
    | st.binary(max_size=3)
).map(b"".join)


@given(st.binary() | bytes_like_a_message | bytes_like_a_message.map(lambda rest: b"---json\n" + rest))
def test_parser_raises_nothing_but_bad_message(data: bytes) -> None:
    try:
        read(data)
    except BadMessage as refused:
        assert refused.reason in ("parse_error", "invalid_header")


@given(bytes_like_a_message | st.builds(render, st.builds(Message, headers(), st.binary(max_size=20))), st.booleans())
@example(b"{}---\nthe body\n---\nmore\n", True)
@example(b"{}\n--- \nthe body\n---\nmore\n", False)
@example(b"---\nthe body\n---\n", True)
def test_the_strict_frame_is_found_where_the_looser_one_would_be(rest: bytes, whole: bool) -> None:
    """A space in the opening line takes the longer way."""

    def split(opening: bytes) -> tuple[bytes, bytes] | str | None:
        data = opening + rest.removeprefix(b"---json\n")
        try:
            found = split_header(data, whole=whole)
        except BadMessage as refused:
            return str(refused)
        return found and (found[0].strip(), data[found[1] :])

    assert split(b"---json\n") == split(b"---json \n")


@given(st.dictionaries(st.sampled_from([*HEADER, "subject", "refs", "priority", "kind", "labels", "context"]), values))
def test_no_header_value_raises_anything_but_bad_message(changes: dict[str, Any]) -> None:
    try:
        message = read(framed(json.dumps(HEADER | changes).encode()))
    except BadMessage:
        return
    assert header_object(read(render(message)).header) == header_object(message.header)


# -- replies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "repeated"),
    [
        (message_file(created="2026-03-02T11:00:00Z"), True),
        (message_file(thread=...), True),  # it is the thread of these two anyway
        (message_file(subject="x"), False),
        (message_file(unknown=1), False),
        (message_file(b"other\n"), False),
        (message_file(id="another"), False),
        (b"", False),
    ],
)
def test_a_repeat_differs_in_its_time_only(earlier: bytes, repeated: bool) -> None:
    assert is_repeat(message_file(), earlier, ID) is repeated


@pytest.mark.parametrize(
    ("subject", "answer"),
    [("Plan", "Re: Plan"), ("Re: Plan", "Re: Plan"), ("RE: Plan", "RE: Plan"), ("Ready?", "Re: Ready?"), ("", "")],
)
def test_reply_subject_gets_its_mark_once(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer


def test_reply_kinds() -> None:
    changed = {kind: reply_kind(kind) for kind in ("", *KINDS) if reply_kind(kind) != kind}
    assert changed == {"review_request": "review_response", "question": "answer"}
