"""Two descriptions of a header agree: the parser that every command uses, and the model that `amq schema` shows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from amq import jsontext, schema
from amq.errors import BadMessage
from amq.message import Header, header_object, parse_header, split_header
from amq.names import KINDS, PRIORITIES
from amq.schema import header as described
from tests.samples import CREATED, HEADER, ID
from tests.test_message import headers
from tests.wire.headers import HEADERS
from tests.wire.table import Refused, Taken

NO_TEXT = {"not UTF-8", "none", "a header too large", "a header of blank lines"}
CASES = [
    case
    for clause in HEADERS
    for case in clause.cases
    if isinstance(case, Taken | Refused) and case.what not in NO_TEXT
]
EMITTED = Draft202012Validator(schema.json_schema("header"))

# Half of a pair of surrogates is JSON, but no name of a model's own may hold one: so keys are without.
characters = st.characters(codec="utf-8") | st.sampled_from("\ud800\udfff\0/\\.")
texts = st.text(characters, max_size=8)
literals = st.sampled_from(["-0", "1", "1.0", "1e400", "9" * 30, "9" * 1200, "0.10"]).map(jsontext.parse)
anything = st.recursive(
    st.none() | st.booleans() | literals | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HANDLES = ["bob", "9_-", "a" * 64, "a" * 65, "Bob", "-a", "a\n", "a b", "", "é", "\ud800"]
EDGES: dict[str, list[Any]] = {
    "schema": [0, 2, -1, 10**30, 1.0, True, jsontext.parse("-0")],
    "id": [
        ID, "Grüße", "a.b", "a\\b", "..", "a/b", ".md", "", "a\0", "x" * 200, "x" * 201, "ü" * 100, "ü" * 101,
        "\ud800",
    ],
    "from": HANDLES,
    "to": [[], *([handle] for handle in HANDLES), ["bob", "bob"], ["bob", ""]],
    "thread": ["", "p2p/a__b", "\0", 1],
    "subject": ["", "\ud800", []],
    "created": [
        "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-02-30T00:00:00Z", "2026-12-31T23:59:60Z",
        "2026-12-31t24:00:00z", "2026-01-01T00:00:00+23:59", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00", "",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00." + "1" * 30 + "Z", CREATED + "\n", "2026-01-01",
        "٢026-01-01T00:00:00Z",
    ],
    "ack_required": [True, 0, 1, "true"],
    "refs": [[], ["a", "a"], [1], [None], "a"],
    "priority": ["", *PRIORITIES, "high", "URGENT", 1],
    "kind": ["", *KINDS, "gossip", "question "],
    "labels": [[], ["a"], [[]], {}],
    "context": [{}, {"a": None}, {"\ud800": {"\ud800": 1.5}}, [], "x"],
}  # fmt: skip
MEANT = {
    **{key: st.sampled_from(values) for key, values in EDGES.items()},
    **{key: st.sampled_from(EDGES[key]) | texts for key in ("id", "from", "thread", "subject")},
    "to": st.lists(st.sampled_from(HANDLES), max_size=3),
    "created": st.sampled_from(EDGES["created"]) | st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
    "context": st.dictionaries(texts, anything, max_size=2),
}
OPTIONAL = [key for key in MEANT if key not in ("id", "from", "to", "created")]
# The model's own names for keys are unknown keys of a header like any other.
unknown_keys = st.sampled_from(["sender", "schema_", "model_config", "reply_to", "created_ns"]) | st.text(max_size=5)


@st.composite
def header_values(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a good header, of which a few keys are something else, or missing, or unknown."""
    wire = header_object(draw(headers()))
    for key in draw(st.lists(st.sampled_from([*MEANT]), max_size=3, unique=True)):
        wire[key] = draw(MEANT[key] if draw(st.integers(0, 3)) else anything)
    for key in draw(st.lists(st.sampled_from([*MEANT]), max_size=1)):
        wire.pop(key, None)
    return wire | draw(st.dictionaries(unknown_keys.filter(lambda key: key not in MEANT), anything, max_size=2))


def by_parser(text: str, name: str) -> Header | None:
    try:
        return parse_header(text.encode(), name)
    except BadMessage:
        return None


def by_model(text: str) -> described.Header | None:
    try:
        return described.Header.model_validate(jsontext.parse(text))
    except (ValueError, ValidationError):
        return None


def hold_against_each_other(text: str, name: str) -> bool:
    """Return whether TEXT is the header of the file of that NAME; fail where parser and model disagree."""
    parsed, modelled = by_parser(text, name), by_model(text)
    assert (parsed is None) == (modelled is None)
    if parsed is None or modelled is None:
        return False
    assert vars(parsed) == _as_the_parser_says(modelled, parsed.created_ns)
    assert EMITTED.is_valid(json.loads(text))
    return True


def _as_the_parser_says(header: described.Header, created_ns: int) -> dict[str, Any]:
    """Return the model's values under the parser's names; a missing or null key has the parser's value for it."""
    schema_version = 1 if header.schema_ is None else header.schema_
    return {
        **{key: getattr(header, key) or "" for key in ("id", "sender", "created", "thread", "subject")},
        **{key: getattr(header, key) or "" for key in ("priority", "kind")},
        **{key: getattr(header, key) or [] for key in ("to", "refs", "labels")},
        "context": header.context or {},
        "ack_required": bool(header.ack_required),
        "schema": schema_version,
        "extra": header.model_extra,
        "created_ns": created_ns,
    }


@given(header_values())
def test_both_take_the_same_headers_for_the_same_values(wire: dict[str, Any]) -> None:
    name = wire.get("id")
    hold_against_each_other(jsontext.render(wire), name if isinstance(name, str) else ID)


@pytest.mark.parametrize("key", EDGES)
def test_both_draw_the_same_line(key: str) -> None:
    answers = {
        hold_against_each_other(jsontext.render(HEADER | {key: value}), value if key == "id" else ID)
        for value in [*EDGES[key], None]
    }
    assert answers == {True, False}


@given(st.text(max_size=20) | anything.map(jsontext.render))
@example('{"id": "a", "id": "a"}')
@example("NaN")
@example("")
@example("[" * 100_000)
def test_both_refuse_what_is_not_a_header(text: str) -> None:
    assert not hold_against_each_other(text, ID)


@pytest.mark.parametrize("key", OPTIONAL)
def test_both_take_null_for_an_optional_key(key: str) -> None:
    assert hold_against_each_other(json.dumps(HEADER | {key: None}), ID)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_both_agree_on_every_header_of_the_wire_format(case: Taken | Refused) -> None:
    """The name of the file is left out, because a header does not contain it."""
    found = split_header(case.data, whole=True)
    assert found is not None
    text = found[0].decode()
    name = re.search(r'"id": ?"([^"]*)"', text)
    taken = hold_against_each_other(text, name[1] if name else ID)
    assert taken or isinstance(case, Refused)
