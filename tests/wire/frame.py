"""The clauses on a message file's name, and on the bytes around its header."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amq.mail.sending import Draft
from tests.samples import HEADER, message_file
from tests.wire.table import Clause, Elsewhere, NotMail, Place, Refused, Written, plain, taken

if TYPE_CHECKING:
    from collections.abc import Callable

COMPACT = json.dumps(HEADER).encode()
GOOD = message_file()


def framed(text: bytes, body: bytes = b"hello\n") -> bytes:
    """Return a message file with this header."""
    return b"---json\n" + text + b"\n---\n" + body


def send(body: bytes = b"hello\n", **draft: Any) -> Callable[[Place], object]:
    """Return an act that sends BODY from alice, with the fields of DRAFT, under the id `id`."""
    to = draft.pop("to", ["bob"])
    return lambda place: place.mailbox("alice").send(to, body, Draft(new_id="id", **draft))


def sent(header_text: str, body: str = "hello\n") -> dict[str, str]:
    """Return the files that this leaves: in bob's inbox, and in alice's outbox."""
    text = f"---json\n{header_text}---\n{body}"
    return {f"agents/{box}/id.md": text for box in ("bob/inbox/new", "alice/outbox/sent")}


LEAST = """\
{
  "schema": 1,
  "id": "id",
  "from": "alice",
  "to": [
    "bob"
  ],
  "thread": "p2p/alice__bob",
  "created": "2026-03-01T10:00:00.25Z",
  "ack_required": false
}
"""

ENTRIES = (
    Clause(
        "An entry is a message if it is a regular file, does not begin with a dot and ends in .md.",
        (
            NotMail("a dot in front", ".hidden.md"),
            NotMail("another ending", "note.txt"),
            NotMail("an ending in capitals", "NOTE.MD"),
            NotMail("nothing but the ending", ".md"),
            NotMail("the ending of a file that is being written", "x.md.tmp"),
            Elsewhere("hostile/test_files.py", "test_drain_reports_it_once_and_serves_the_rest"),
        ),
    ),
    Clause(
        "Any safe base name is an id to a reader: not empty, no / \\ NUL, no dot in front, at most 200 bytes.",
        (
            *(
                taken(name[:20], message_file(id=name), id=name)
                for name in ("x", "Grüße an alle", "--json", "a" * 200, "ü" * 100, "x.md", " ", "a:b*?")
            ),
            Refused("above 200 bytes", message_file(id="x" * 201), name="x" * 201 + ".md"),
            Refused("above 200 bytes of UTF-8", message_file(id="ü" * 101), name="ü" * 101 + ".md"),
            Refused("a backslash", message_file(id="a\\b"), name="a\\b.md"),
        ),
    ),
)

FRAME = (
    Clause(
        "A message is ---json, its header, ---, and the body, each line ended by a line feed.",
        (Written("the least message", send(), sent(LEAST)), taken("the same, read", GOOD)),
    ),
    Clause(
        "A body without a final line feed gets one; an empty body adds nothing.",
        tuple(
            Written(repr(body), send(body.encode()), sent(LEAST, written))
            for body, written in (
                ("", ""),
                ("x", "x\n"),
                ("x\n", "x\n"),
                ("x\r\n", "x\r\n"),
                ("x\r", "x\r\n"),
                ("\n\n", "\n\n"),
            )
        ),
    ),
    Clause(
        "Body bytes are never rewritten, CRLF included; what is not UTF-8 is kept, and shown with U+FFFD.",
        tuple(
            taken(repr(body), message_file(body), body)
            for body in (
                b"",
                b"no end",
                b"a\r\nb\r\n",
                b"\xff\xfe\x00",
                b"caf\xe9",
                b"---\n",
                b"}---\n\n---\nx",
                b"---json\n{}\n---\n",
            )
        ),
    ),
    Clause(
        "Tolerated: CRLF in the frame and in the header.",
        (
            taken("everywhere", GOOD.replace(b"\n", b"\r\n").replace(b"hello\r\n", b"hello\n")),
            taken("in the body too, where it stays", GOOD.replace(b"\n", b"\r\n"), b"hello\r\n"),
            taken("in the frame only", b"---json\r\n" + COMPACT + b"\r\n---\r\nhello\n"),
            taken("in the opening line only", b"---json\r\n" + COMPACT + b"\n---\nhello\n"),
        ),
    ),
    Clause(
        "Tolerated: blank lines before the closing line.",
        (
            taken("one", GOOD.replace(b"}\n---\n", b"}\n\n---\n")),
            taken("of every kind", GOOD.replace(b"}\n---\n", b"}\n\n\r\n \t\n---\n")),
            taken("before the header too", framed(b"\n\n" + COMPACT)),
        ),
    ),
    Clause(
        "Tolerated: blanks after the closing line, and after the opening one.",
        (
            taken("after the closing line", GOOD.replace(b"\n---\n", b"\n--- \t \n")),
            taken("after the opening line", GOOD.replace(b"---json\n", b"---json  \n")),
        ),
    ),
    Clause(
        "Tolerated: the closing line directly behind the brace, or at the file's end without a line end.",
        (
            taken("behind the brace", GOOD.replace(b"}\n---\n", b"}---\n")),
            taken("behind blanks behind the brace", GOOD.replace(b"}\n---\n", b"}\n ---\n")),
            taken("at the end", message_file(b"").removesuffix(b"\n"), b""),
        ),
    ),
    Clause(
        "Refused: no opening line.",
        (
            plain("nothing at all", b""),
            plain("none", COMPACT + b"\n---\nhello\n"),
            plain("another", b"---\n" + COMPACT + b"\n---\nhello\n"),
            plain("a longer one", b"---jsonx\n" + COMPACT + b"\n---\n"),
            plain("in capitals", b"---JSON\n" + COMPACT + b"\n---\n"),
            plain("text before it", b" " + GOOD),
            plain("a line before it", b"\n" + GOOD),
            plain("a byte order mark", b"\xef\xbb\xbf" + GOOD),
        ),
    ),
    Clause(
        "Refused: no closing line.",
        (
            plain("none", b"---json\n" + COMPACT + b"\n"),
            plain("a longer one", b"---json\n" + COMPACT + b"\n----\nhello\n"),
            plain("a word behind it", b"---json\n" + COMPACT + b"\n---x\nhello\n"),
        ),
    ),
)
