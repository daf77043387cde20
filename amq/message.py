"""A message: a JSON header and a Markdown body, as text and as values. Pure.

The format is a contract with other programs: amq writes one strict form, and reads a slightly looser one.
"""

from __future__ import annotations

import re

from amq import jsontext
from amq.errors import BadMessage
from amq.instants import parse_instant
from amq.names import KINDS, PRIORITIES, is_handle, is_safe_name, p2p_thread
from amq.record import from_fields, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1
MAX_HEADER_BYTES = 256 * 1024
MAX_FILE_BYTES = 10 * 1024 * 1024

_STRICT_OPENING, _STRICT_CLOSING = b"---json\n", b"\n---\n"
_OPENING = rb"---json[ \t]*\r?\n"
# A JSON string cannot contain a line end, so no valid header contains a match. Blanks are skipped only behind a
# brace, where an object ends: skipped behind any line end, a header of blank lines would take quadratic time.
_CLOSING = rb"(?:\n|\}[ \t\r\n]*)---[ \t]*(?:\r?\n|\Z)"
# Both are compiled when they are first used: programs write the strict form.


@record
class Header:
    """The header of a message, with names as on disk except `sender` for `from`. `extra` holds unknown keys."""

    id: str
    sender: str
    to: list[str]
    created: str
    created_ns: int
    thread: str = ""
    subject: str = ""
    ack_required: bool = False
    refs: list[str] = []  # noqa: RUF012  values are not changed
    priority: str = ""
    kind: str = ""
    labels: list[str] = []  # noqa: RUF012
    context: dict[str, Any] = {}  # noqa: RUF012
    extra: dict[str, Any] = {}  # noqa: RUF012
    schema: int = SCHEMA

    @property
    def conversation(self) -> str:
        """The thread; where none was given, that of the sender and the first recipient."""
        return self.thread or p2p_thread(self.sender, self.to[0])


@record
class Message:
    """A header and its body, byte for byte."""

    header: Header
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", "replace")


def render(message: Message) -> bytes:
    """Return the bytes of a message file, in the strict form."""
    header = jsontext.render(header_object(message.header))
    body = message.body
    if body and not body.endswith(b"\n"):
        body += b"\n"
    return b"---json\n" + header.encode() + b"\n---\n" + body


def header_object(header: Header) -> dict[str, Any]:
    """Return the header's JSON object: keys that are always written, then non-empty ones, then unknown ones."""
    wire: dict[str, Any] = {
        "schema": header.schema,
        "id": header.id,
        "from": header.sender,
        "to": header.to,
        "thread": header.conversation,
        "subject": header.subject,
        "created": header.created,
        "ack_required": header.ack_required,
        "refs": header.refs,
        "priority": header.priority,
        "kind": header.kind,
        "labels": header.labels,
        "context": header.context,
    }
    for optional in ("subject", "refs", "priority", "kind", "labels", "context"):
        if not wire[optional]:
            del wire[optional]
    return wire | header.extra


def parse(data: bytes, identifier: str) -> Message:
    """Return the message in the bytes of the file `<identifier>.md`; raises BadMessage."""
    header, _, body_at = parse_head(data, identifier)
    return Message(header, data[body_at:])


def parse_head(data: bytes, identifier: str) -> tuple[Header, bytes, int]:
    """Return the header of a message, its JSON text, and where the body begins, without a copy of that.

    DATA is the whole file `<identifier>.md`. Raises BadMessage where `parse` does.
    """
    if len(data) > MAX_FILE_BYTES:
        raise BadMessage(f"larger than {MAX_FILE_BYTES // 1024**2} MiB", "parse_error")
    found = split_header(data, whole=True)
    assert found is not None
    text, body_at = found
    return parse_header(text, identifier), text, body_at


def is_repeat(data: bytes, earlier: bytes, identifier: str) -> bool:
    """Return whether DATA repeats EARLIER: the same header but for the time it was made at, and the same body.

    DATA is a valid file `<identifier>.md`. EARLIER may be any bytes; what is not a message is not repeated.
    """
    try:
        then = parse(earlier, identifier)
    except BadMessage:
        return False
    now = parse(data, identifier)
    ours, theirs = ({**header_object(each.header), "created": ""} for each in (now, then))
    return ours == theirs and now.body == then.body


def split_header(data: bytes, *, whole: bool) -> tuple[bytes, int] | None:
    """Return the header's JSON text and where the body begins; None if DATA is too short to find out.

    DATA is the beginning of a file, or with `whole` all of it. Raises BadMessage if a fence is missing, or the header
    is over its limit.
    """
    if data.startswith(_STRICT_OPENING):
        at = data.find(b"---", len(_STRICT_OPENING) + 1, MAX_HEADER_BYTES) - 1
        if data.startswith(_STRICT_CLOSING, at):  # the first dashes: no line before them can be the closing one
            return data[len(_STRICT_OPENING) : at], at + len(_STRICT_CLOSING)
    opening = re.match(_OPENING, data)
    if opening is None:
        raise BadMessage("the opening line ---json is missing", "parse_error")
    closing = re.compile(_CLOSING).search(data, opening.end(), opening.end() + MAX_HEADER_BYTES + 64)
    if closing is None or closing.start() + 1 - opening.end() > MAX_HEADER_BYTES:
        if not whole and len(data) < opening.end() + MAX_HEADER_BYTES + 64:
            return None
        if len(data) - opening.end() > MAX_HEADER_BYTES:
            raise BadMessage(f"the header is larger than {MAX_HEADER_BYTES // 1024} KiB or has no end", "parse_error")
        raise BadMessage("the closing line --- is missing", "parse_error")
    if not whole and closing.end() == len(data) and not data.endswith(b"\n"):
        return None
    return data[opening.end() : closing.start() + 1], closing.end()


_FIELDS: dict[str, tuple[str, Any]] = {
    "schema": ("schema", int),
    "id": ("id", str),
    "from": ("sender", str),
    "to": ("to", list),
    "thread": ("thread", str),
    "subject": ("subject", str),
    "created": ("created", str),
    "ack_required": ("ack_required", bool),
    "refs": ("refs", list),
    "priority": ("priority", str),
    "kind": ("kind", str),
    "labels": ("labels", list),
    "context": ("context", dict),
}
"""The header field and the type for each key on disk; lists contain strings."""
_WORDS = {int: "a whole number", str: "a string", list: "a list of strings", bool: "true or false", dict: "an object"}
_UNKNOWN = ("", None)
_ABSENT = {**Header("", "", [], "", 0).__dict__}
_TEXT = {str}


def parse_header(text: bytes, identifier: str) -> Header:
    """Return the header in the JSON TEXT of the file `<identifier>.md`; raises BadMessage."""
    try:
        wire = jsontext.parse(text)
    except ValueError as error:
        raise BadMessage(f"the header is not valid JSON: {error}", "parse_error") from None
    if type(wire) is not dict:
        raise BadMessage("the header is not a JSON object", "parse_error")
    fields: dict[str, Any] = {**_ABSENT, "extra": {}}
    for key, value in wire.items():
        field, kind = _FIELDS.get(key, _UNKNOWN)
        if kind is None:
            fields["extra"][key] = value
        elif type(value) is kind and (kind is not list or _TEXT.issuperset(map(type, value))):
            fields[field] = value
        elif value is not None:
            raise BadMessage(f"{key} is not {_WORDS[kind]}")
    fields["created_ns"] = _instant(fields["created"])
    header = from_fields(Header, fields)
    _check(header, identifier)
    return header


def _check(header: Header, identifier: str) -> None:
    if not is_safe_name(header.id):
        raise BadMessage(f"id {header.id!r} cannot be a file name")
    if header.id != identifier:
        raise BadMessage(f"id {header.id!r} is not the file name")
    if not header.to:
        raise BadMessage("to is empty")
    for handle in (header.sender, *header.to):
        if not is_handle(handle):
            raise BadMessage(f"{handle!r} is not a handle")
    if header.priority and header.priority not in PRIORITIES:
        raise BadMessage(f"unknown priority {header.priority!r}")
    if header.kind and header.kind not in KINDS:
        raise BadMessage(f"unknown kind {header.kind!r}")


def _instant(created: str) -> int:
    try:
        return parse_instant(created)
    except ValueError:
        raise BadMessage(f"created {created!r} is not an RFC 3339 time") from None


_ANSWERS = {"review_request": "review_response", "question": "answer"}


def reply_kind(kind: str) -> str:
    """Return the kind of an answer to a message of KIND."""
    return _ANSWERS.get(kind, kind)


_MOST_ANSWER_BYTES = MAX_HEADER_BYTES * 7 // 8
_LINE_BYTES = len("    ,\n")
_CUT_SUBJECT = 1000
LAST_REFS = 100
"""The number of references that an answer inherits where all of them would not fit in its header."""


def fits_answer(*texts: str) -> bool:
    """Return whether TEXTS, each on its own line of a header, leave room for the rest of an answer's header."""
    if sum(map(len, texts)) + len(texts) < _CUT_SUBJECT:
        return True
    return sum(len(jsontext.quote(text).encode()) + _LINE_BYTES for text in texts) <= _MOST_ANSWER_BYTES


def reply_subject(subject: str, *beside: str) -> str:
    """Return SUBJECT with one `Re: ` before it; an empty one stays empty.

    A subject that would not fit in a header with the texts BESIDE it is cut, because the answer's header has more in
    it.
    """
    answer = subject if not subject or subject[:3].lower() == "re:" else f"Re: {subject}"
    return answer if fits_answer(answer, *beside) else f"{answer[:_CUT_SUBJECT]}…"
