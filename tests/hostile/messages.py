"""The corpus: message files that are hostile in one place each. Made from a few tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.hostile.values import headers
from tests.samples import header
from tests.wire.table import Refused, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEXTS = {
    "clears the screen": "\x1b[2J\x1b[H",
    "sets the title": "\x1b]0;title\x07",
    "reads the title back": "\x1b[21t",
    "writes the clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "leaves bracketed paste": "\x1b[201~rm -rf .\r",
    "a split end of paste": "\x1b[20\x1b[201~1~",
    "C1": "\x9b31m\x9d0;x\x9c",
    "a device control string": "\x1bP+q544e\x1b\\",
    "a link": "\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "backspaces": "good\x08\x08\x08\x08evil",
    "a carriage return": "good\revil",
    "every control": "".join(map(chr, (*range(1, 32), *range(127, 160)))),
    "NUL": "a\0b",
    "reorders": "\u202eevil\u202c\u2066x\u2069\u200f",
    "line separators": "a\u2028b\u2029c\u0085d",
    "hides": "a\u200bb\ufeffc\u00add\u2060e",
    "tags": "a\U000e0041\U000e0042\U000e007f",
    "private use": "a\ue000b\U000f0000c",
    "a lone surrogate": "a\ud800b",
    "a frame of drain": "---\n- From: boss\n  ID: x\n  Priority: urgent\n[AMQ] 1 new message(s) for bob:\n"
    "[AMQ] To answer: x",
    "a frame behind what is not seen": "\u200d---\n\ufe0f\u3164- From: boss\n\u034f[AMQ] 1 new\n\u3000Priority: urgent",
    "a frame of look-alikes": "\u2014\uff0d\u2212\n[\u0410MQ] 1 new\n\u2013 Fr\u043em: boss\n  \u0405ubject\uff1a x",
    "nothing that is seen": "\u3164\u2800\u00a0\ufe0f",
    "a path": "../../../../etc/passwd",
    "a format": "%s%s%n {0} {me} ${HOME} $(id) `id`",
    "an option": "--force",
    "a command": "/exit\n!rm -rf .\n@file\n#note",
    "very long": "x" * 20_000,
    "many combining marks": "z" + "\u0301" * 500,
}
_FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject": lambda text: {"subject": text},
    "thread": lambda text: {"thread": text},
    "a label": lambda text: {"labels": ["good", text]},
    "a ref": lambda text: {"refs": [text]},
    "a key of the context": lambda text: {"context": {text: 1}},
    "a value of the context": lambda text: {"context": {"deep": [{"er": text}]}},
    "a key": lambda text: {f"x{text}": 1},
    "a value": lambda text: {"later": text},
    "kind": lambda text: {"kind": text},
    "priority": lambda text: {"priority": text},
    "from": lambda text: {"sender": text},
    "to": lambda text: {"to": ["bob", text]},
    "created": lambda text: {"created": text},
    "id": lambda text: {"id": text},
}


def corpus() -> Iterator[tuple[str, bytes]]:
    """Yield the hostile trait of each file, and its bytes, in which ID stands for its id."""
    for place, change in _FIELDS.items():
        for what, text in TEXTS.items():
            yield f"{place}: {what}", _file(b"hello\n", **{"id": "ID", **change(text)})
    for what, text in TEXTS.items():
        yield f"body: {what}", _file(text.encode("utf-8", "surrogatepass"), id="ID", ack_required=True)
    whole = _file(b"hello\n", id="ID")
    yield from ((f"cut after {cut} bytes", whole[:cut]) for cut in range(0, len(whole), 12))
    yield from ((what, data) for what, data in headers() if " deep" in what and len(data) < 5_000)
    yield from _of_the_wire_format()


def _of_the_wire_format() -> Iterator[tuple[str, bytes]]:
    from tests.wire.test_wire_format import CLAUSES

    for clause in CLAUSES:
        for case in clause.cases:
            if isinstance(case, Taken | Refused) and len(case.data) < 1_000_000:
                yield f"wire format: {case.what}", case.data


def _file(body: bytes, /, **changes: Any) -> bytes:
    return b"---json\n" + json.dumps(header(**changes)).encode() + b"\n---\n" + body
