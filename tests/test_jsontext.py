"""JSON that is read strictly and written safely."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq import jsontext

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
any_text = st.text(st.characters())  # lone surrogates included


@given(values, st.sampled_from([2, None]))
def test_a_value_survives_its_text(value: Any, indent: int | None) -> None:
    text = jsontext.render(value, indent=indent)
    assert json.loads(text) == jsontext.parse(text) == value


@given(values)
def test_the_layout_is_that_of_the_standard_library(value: Any) -> None:
    """Which for plain text is what other programs write."""
    plain = json.loads(json.dumps(value).replace("\\u", "u"))
    text = json.dumps(plain, indent=2, ensure_ascii=False)
    assert not text.replace("\n", "").isprintable() or jsontext.render(plain) == text


@given(st.text(st.characters()))
def test_a_string_holds_nothing_that_acts_on_a_terminal(text: str) -> None:
    quoted = jsontext.quote(text)
    assert quoted.isprintable()
    assert json.loads(quoted) == json.loads(json.dumps(text))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Grüße", '"Grüße"'),
        ('"\\', r'"\"\\"'),
        ("\n\t\x1b", r'"\n\t\u001b"'),
        ("\x7f\x9b\u2028", r'"\u007f\u009b\u2028"'),
        ("\U000e0041", r'"\udb40\udc41"'),
        ("\ud800", r'"\ud800"'),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, quoted: str) -> None:
    assert jsontext.quote(text) == quoted


@pytest.mark.parametrize("number", ["0", "-1", "-0", "1.0", "1.10", "1e5", "1E-400", "9" * 5000, "1e999"])
def test_a_number_is_written_as_it_was_read(number: str) -> None:
    assert jsontext.render(jsontext.parse(number)) == number


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "[1,]", "{'a': 1}", "NaN", "-Infinity", "01", "1.", "+1", "tru", '"\n"', '{"a": 1, "a": 1}', "1 2"],
)
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        jsontext.parse(text)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(ValueError):
        jsontext.parse(b'"\xff"')


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_is_nested_too_deeply_is_refused(opening: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        jsontext.parse(opening * 100_000)


def test_what_is_nested_too_deeply_is_not_written() -> None:
    value: list[Any] = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(ValueError, match="nested too deeply"):
        jsontext.render(value)
