"""The wire format of a message: what is written, what is tolerated, what is refused."""

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
    parse,
    render,
    reply_kind,
    reply_subject,
    split_header,
)
from amq.names import KINDS, PRIORITIES
from amq.record import replace
from tests.samples import CREATED, HEADER, ID, header, message_file

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


def test_least_message_byte_for_byte() -> None:
    assert render(Message(PLAIN, b"hello\n")) == (
        b"---json\n"
        b"{\n"
        b'  "schema": 1,\n'
        b'  "id": "2026-03-01T10-00-00.250Z_pid42_0a1b2c3d",\n'
        b'  "from": "alice",\n'
        b'  "to": [\n'
        b'    "bob"\n'
        b"  ],\n"
        b'  "thread": "p2p/alice__bob",\n'
        b'  "created": "2026-03-01T10:00:00.25Z",\n'
        b'  "ack_required": false\n'
        b"}\n"
        b"---\n"
        b"hello\n"
    )


def test_full_header_byte_for_byte() -> None:
    """Every key in its place, one element a line, what could act on a terminal escaped, unknown keys at the end."""
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


@pytest.mark.parametrize(
    ("body", "written"),
    [(b"", b""), (b"x", b"x\n"), (b"x\n", b"x\n"), (b"x\r\n", b"x\r\n"), (b"x\r", b"x\r\n"), (b"\n\n", b"\n\n")],
)
def test_body_gets_a_final_line_end_unless_it_is_empty(body: bytes, written: bytes) -> None:
    assert render(Message(PLAIN, body)).partition(b"\n---\n")[2] == written


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


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(message_file().replace(b"\n", b"\r\n").replace(b"hello\r\n", b"hello\n"), id="CRLF"),
        pytest.param(b"---json\r\n" + COMPACT + b"\n---\r\nhello\n", id="CRLF in the frame only"),
        pytest.param(message_file().replace(b"}\n---\n", b"}\n\n\r\n \t\n---\n"), id="blank lines before the end"),
        pytest.param(message_file().replace(b"\n---\n", b"\n--- \t \n"), id="spaces after the closing fence"),
        pytest.param(message_file().replace(b"---json\n", b"---json  \n"), id="spaces after the opening fence"),
        pytest.param(message_file().replace(b"}\n---\n", b"}---\n"), id="fence behind the brace"),
        pytest.param(framed(b"\n\n" + COMPACT), id="blank lines before the header"),
        pytest.param(framed(json.dumps(dict(reversed(HEADER.items()))).encode()), id="keys in any order"),
        pytest.param(message_file(schema=...), id="no schema"),
        pytest.param(message_file(thread=...), id="no thread"),
        pytest.param(message_file(ack_required=...), id="no ack_required"),
        pytest.param(
            message_file(schema=None, thread=None, ack_required=None, subject=None),
            id="null for a plain key",
        ),
        pytest.param(
            message_file(refs=None, priority=None, kind=None, labels=None, context=None),
            id="null for an optional key",
        ),
    ],
)
def test_tolerated(data: bytes) -> None:
    message = read(data)
    assert header_object(message.header) == HEADER
    assert message.body == b"hello\n"


def test_closing_fence_may_end_the_file() -> None:
    assert read(message_file(b"").removesuffix(b"\n")).body == b""


@pytest.mark.parametrize("body", [b"a\r\nb\r\n", b"\xff\xfe\x00", b"---\n", b"}---\n\n---\nx", b"---json\n{}\n---\n"])
def test_body_is_never_rewritten(body: bytes) -> None:
    assert read(message_file(body)).body == body


def test_body_that_is_not_utf8_is_shown_with_replacement_characters() -> None:
    assert read(message_file(b"caf\xe9")).text == "caf\ufffd"


def test_unknown_keys_are_kept() -> None:
    unknown: dict[str, Any] = {"reply_to": "x", "from_project": None, "later": {"a": [1, {"b": 2}]}}
    data = message_file(**unknown)
    assert render(read(data)) == data


@pytest.mark.parametrize(
    "number",
    [
        "9007199254740993", "123456789012345678901234567890", "-0", "-0.0", "0.10", "1.0", "1e400", "1E+2", "1e-7",
        "0.1000000000000000055511151231257827", "3" * 5000,
    ],
)  # fmt: skip
def test_numbers_in_context_survive_unchanged(number: str) -> None:
    data = message_file(context={"n": "NUMBER"}).replace(b'"NUMBER"', number.encode())
    assert render(read(data)) == data


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_known(kind: str) -> None:
    assert read(message_file(kind=kind)).header.kind == kind


@pytest.mark.parametrize("priority", PRIORITIES)
def test_every_priority_is_known(priority: str) -> None:
    assert read(message_file(priority=priority)).header.priority == priority


def test_any_safe_name_is_an_id() -> None:
    assert parse(message_file(id="Grüße an alle"), "Grüße an alle").header.id == "Grüße an alle"


def test_the_largest_header_and_file_are_read() -> None:
    room = MAX_HEADER_BYTES - len(json.dumps(header(subject="")))
    data = framed(json.dumps(header(subject="x" * room)).encode(), b"")
    assert len(read(data + b"y" * (MAX_FILE_BYTES - len(data))).header.subject) == room


# -- what is refused --------------------------------------------------------------------------------------------------

NO_MESSAGE = {
    "nothing": b"",
    "no opening fence": COMPACT + b"\n---\nhello\n",
    "another opening fence": b"---\n" + COMPACT + b"\n---\nhello\n",
    "a word behind the opening fence": b"---jsonx\n" + COMPACT + b"\n---\n",
    "text before the opening fence": b" " + message_file(),
    "a byte order mark": b"\xef\xbb\xbf" + message_file(),
    "no closing fence": b"---json\n" + COMPACT + b"\n",
    "a longer closing fence": b"---json\n" + COMPACT + b"\n----\nhello\n",
    "a word behind the closing fence": b"---json\n" + COMPACT + b"\n---x\nhello\n",
    "no header": b"---json\n---\nhello\n",
    "a blank header": b"---json\n\n---\nhello\n",
    "JSON that breaks off": framed(COMPACT[:-1]),
    "JSON and more": framed(COMPACT + b"\n{}"),
    "a comment": framed(b"// x\n" + COMPACT),
    "a trailing comma": framed(COMPACT[:-1] + b",}"),
    "an array": framed(b"[" + COMPACT + b"]"),
    "a string": framed(b'"x"'),
    "null": framed(b"null"),
    "NaN": message_file(context={"n": float("nan")}),
    "Infinity": message_file(context={"n": float("-inf")}),
    "bytes that are not UTF-8": message_file(subject="S").replace(b'"S"', b'"\xff"'),
    "a raw line end in a string": message_file(subject="S").replace(b'"S"', b'"\n"'),
    "nested too deeply": message_file(context={"n": "N"}).replace(b'"N"', b"[" * 100_000 + b"]" * 100_000),
    "a duplicate key": message_file().replace(b'"from": "alice"', b'"from": "alice", "from": "alice"'),
    "a duplicate key inside": message_file(context={"n": 1}).replace(b'"n": 1', b'"n": 1, "n": 1'),
    "a header too large": message_file(subject="x" * MAX_HEADER_BYTES),
    "a header of blank lines": b"---json\n" + b"\n" * MAX_HEADER_BYTES + COMPACT + b"\n---\n",
    "a file too large": message_file(b"x" * MAX_FILE_BYTES),
}  # fmt: skip

BAD_HEADER: dict[str, dict[str, Any]] = {
    "schema is text": {"schema": "1"},
    "schema is a fraction": {"schema": 1.0},
    "schema is true": {"schema": True},
    "id is a number": {"id": 1},
    "to is text": {"to": "bob"},
    "to holds a number": {"to": [1]},
    "to holds null": {"to": [None]},
    "thread is a number": {"thread": 1},
    "subject is a list": {"subject": ["x"]},
    "created is a number": {"created": 1},
    "ack_required is text": {"ack_required": "true"},
    "ack_required is 1": {"ack_required": 1},
    "refs is text": {"refs": "x"},
    "labels is an object": {"labels": {}},
    "labels holds a number": {"labels": [1]},
    "context is a list": {"context": []},
    "context is text": {"context": "x"},
    "no id": {"id": ...},
    "null id": {"id": None},
    "another id than the file's": {"id": ID + "x"},
    "no sender": {"sender": ...},
    "empty sender": {"sender": ""},
    "bad sender": {"sender": "Alice"},
    "sender with a line end": {"sender": "alice\n"},
    "sender too long": {"sender": "a" * 65},
    "bad recipient": {"to": ["bob", "../carol"]},
    "no to": {"to": ...},
    "no recipients": {"to": []},
    "null for to": {"to": None},
    "unknown priority": {"priority": "high"},
    "unknown kind": {"kind": "gossip"},
    "no created": {"created": ...},
    "created without a zone": {"created": "2026-03-01T10:00:00"},
    "created in a month 13": {"created": "2026-13-01T10:00:00Z"},
    "created with a comma": {"created": "2026-03-01T10:00:00,5Z"},
    "created as a date": {"created": "2026-03-01"},
    "created with a line end": {"created": CREATED + "\n"},
}


@pytest.mark.parametrize("data", NO_MESSAGE.values(), ids=NO_MESSAGE.keys())
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage) as refused:
        read(data)
    assert refused.value.reason == "parse_error"


@pytest.mark.parametrize("changes", BAD_HEADER.values(), ids=BAD_HEADER.keys())
def test_bad_header_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadMessage) as refused:
        read(message_file(**changes))
    assert refused.value.reason == "invalid_header"


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".hidden", "", "x" * 201, "ü" * 101, "a\0b", "\ud800"])
def test_unsafe_id_is_refused_even_as_the_files_name(name: str) -> None:
    with pytest.raises(BadMessage, match="can not be a file's name"):
        parse(message_file(id=name), name)


@pytest.mark.parametrize("filler", [b"\n", b" \n", b"\r\n", b"}\n", b"}", b"---", b"\n--- ", b" "])
def test_a_header_without_end_is_refused_in_linear_time(filler: bytes) -> None:
    """The test's own time limit is the check: in quadratic time this takes minutes."""
    with pytest.raises(BadMessage):
        read(b"---json\n" + filler * (MAX_HEADER_BYTES // len(filler)) + b"x")


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
    ("subject", "answer"),
    [("Plan", "Re: Plan"), ("Re: Plan", "Re: Plan"), ("RE: Plan", "RE: Plan"), ("Ready?", "Re: Ready?"), ("", "")],
)
def test_reply_subject_gets_its_mark_once(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer


def test_reply_kinds() -> None:
    changed = {kind: reply_kind(kind) for kind in ("", *KINDS) if reply_kind(kind) != kind}
    assert changed == {"review_request": "review_response", "question": "answer"}
