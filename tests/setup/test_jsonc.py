"""JSON with comments: what is read, where it is, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.setup import jsonc
from amq.setup.jsonc import Part, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def value(part: Part) -> Any:
    """Return the plain value."""
    if part.is_object:
        return {name: value(member) for name, member in part.members.items()}
    return [value(item) for item in part.items] if part.is_list else part.value


@given(VALUES, st.sampled_from([None, 2, "\t"]))
def test_plain_json_is_read_as_it_is_by_json(wanted: Any, indent: Any) -> None:
    assert value(parse(json.dumps(wanted, indent=indent))) == wanted


def test_comments_and_trailing_commas_are_read_over() -> None:
    text = '\ufeff// a\n{ /* { */ "a" // :\n : [1, /* ] */ 2,], "//b": "/* no */", }\r\n// end'
    assert value(parse(text)) == {"a": [1, 2], "//b": "/* no */"}


def test_each_part_knows_where_it_is() -> None:
    text = '{"a": [ {"b": 1}, "x" ] }'
    (member,) = parse(text).members.values()
    assert text[member.start : member.end] == '"a": [ {"b": 1}, "x" ]'
    assert text[member.inner] == "["
    assert [text[item.start : item.end] for item in member.items] == ['{"b": 1}', '"x"']


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "}", "{} {}", "[1 2]", "[,]", "[1,,]", '{"a"}', '{"a":}', '{"a" 1}', "{a: 1}", "{'a': 1}", '{1: "a"}',
        '{"a": 1 "b": 2}', '{"a": 1, "a": 2}', '"a', "// {}", "/* {} ", "NaN", "[Infinity]", "01", '{"a": 1]',
        "[" * 99999, '{"a\n": 1}', "nul", "{} /",
    ],
)  # fmt: skip
def test_what_is_not_such_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


def test_an_error_names_the_line() -> None:
    with pytest.raises(ValueError, match="line 3 column 3"):
        parse('{\n  "a": 1\n  "b": 2\n}')


@pytest.mark.parametrize(
    ("text", "doomed", "left"),
    [
        ("[1, 2, 3]", {1}, "[ 2, 3]"),
        ("[1, 2, 3]", {3}, "[1, 2]"),
        ("[1, 2, 3]", {2, 3}, "[1]"),
        ("[1, 2, 3]", {1, 2, 3}, "[]"),
        ("[1, 2, 3,]", {3}, "[1, 2,]"),
        ("[1, /* two */ 2 /* ! */ , // more\n 3]", {2}, "[1, /* two */ /* ! */  // more\n 3]"),
        ("[\n  1, // one\n  2 // two\n]", {2}, "[\n  1 // one // two\n]"),
    ],
)
def test_what_is_cut_leaves_json_and_every_comment(text: str, doomed: set[int], left: str) -> None:
    items = parse(text).items
    after = jsonc.without(text, jsonc.cut(text, items, [item for item in items if item.value in doomed]))
    assert after == left
    assert value(parse(after)) == [item.value for item in items if item.value not in doomed]
