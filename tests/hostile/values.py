"""JSON values that are hard to write again, for every place of a header and every file beside the mail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amq.message import MAX_HEADER_BYTES
from tests.samples import header

if TYPE_CHECKING:
    from collections.abc import Iterator


def nested(levels: int, opening: str = '{"a":', closing: str = "}") -> str:
    """Return a value in so many objects."""
    return opening * levels + "1" + closing * levels


VALUES = {
    **{f"objects {levels} deep": nested(levels) for levels in (97, 99, 100, 101, 300, 480, 500, 900, 985, 40_000)},
    **{f"lists {levels} deep": nested(levels, "[", "]") for levels in (97, 101, 330, 500, 985, 100_000)},
    "both 500 deep": nested(250, '[{"a":', "}]"),
    "brackets in a string": json.dumps("[{" * 500 + '"' + "[" * 500),
    "many lists side by side": "[" + ",".join(["[]"] * 2000) + "]",
    "a number of 999 digits": "9" * 999,
    "a number of 5,000 digits": "9" * 5000,
    "a negative number of 200,000 digits": "-" + "1" * 200_000,
    "more than a float holds": "1e999",
    "less than a float holds": "-1E-999",
    "negative zero": "-0",
    "negative zero as a float": "-0.00",
    "NaN": "NaN",
    "Infinity": "[-Infinity]",
    "a lone surrogate": '"\\ud800"',
    "a lone surrogate as a key": '{"\\udfff":"\\ud800\\ud800"}',
    "a repeated key": '{"a":{"b":1,"b":2}}',
    "a key of 60,000 characters": json.dumps({"k" * 60_000: 1}),
    "30,000 keys and one again": "{" + ",".join(f'"{number:x}":0' for number in (*range(30_000), 7)) + "}",
    "a string of 200 KB": json.dumps("x" * 200_000),
    "no JSON": "{a: 1}",
    "null": "null",
    "true": "true",
}
PLACES = {
    "context": '"context":{}', "below the context": '"context":{"x":{}}', "a key of later": '"later":{}',
    "labels": '"labels":{}', "a label": '"labels":[{}]', "refs": '"refs":{}', "a ref": '"refs":["x",{}]',
    "schema": '"schema":{}', "subject": '"subject":{}', "thread": '"thread":{}', "to": '"to":{}', "from": '"from":{}',
    "a recipient": '"to":["bob",{}]', "priority": '"priority":{}', "kind": '"kind":{}', "created": '"created":{}',
    "ack_required": '"ack_required":{}', "id": '"id":{}',
}  # fmt: skip


def headers() -> Iterator[tuple[str, bytes]]:
    """Yield the hostile trait of each file, and its bytes, in which ID stands for its id."""
    for place, member in PLACES.items():
        key = member.split('"')[1]
        rest = json.dumps({name: each for name, each in header(id="ID").items() if name != key})
        for what, value in VALUES.items():
            yield f"{place}: {what}", _file(f"{rest[:-1]},{member.replace('{}', value, 1)}}}".encode())
    for count in (15_000, 50_000):
        yield f"{count:,} recipients", _file(json.dumps(header(id="ID", to=["bob", *["a"] * count])).encode())
    for size in (MAX_HEADER_BYTES - 1000, MAX_HEADER_BYTES, MAX_HEADER_BYTES + 1):
        short = json.dumps(header(id="ID", subject="x"))
        yield f"a header of {size:,} bytes", _file(short.replace('"x"', f'"{"x" * (size - len(short))}"').encode())


def _file(text: bytes) -> bytes:
    return b"---json\n" + text + b"\n---\nhello\n"
