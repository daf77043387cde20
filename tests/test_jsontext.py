"""JSON that is read strictly and written safely."""

from __future__ import annotations

import inspect
import json
import sys
import time
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
    """For plain text that is the output of other programs."""
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


@pytest.mark.parametrize("text", ["", "nope", "[1, nope]"])
def test_text_without_a_value_is_refused_as_json_refuses_it(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    with pytest.raises(json.JSONDecodeError) as found:
        jsontext.parse(text)
    assert str(found.value) == str(expected.value)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(ValueError):
        jsontext.parse(b'"\xff"')


NESTED = [("[", "]"), ('{"a":', "}"), ('[{"[": ', "}]")]


@pytest.mark.parametrize("levels", [101, 400, 600, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), NESTED)
def test_what_is_nested_too_deeply_is_refused(opening: str, closing: str, levels: int) -> None:
    with pytest.raises(ValueError, match="nested deeper than 100 levels"):
        jsontext.parse(opening * levels + "1" + closing * levels)


@pytest.mark.parametrize(("opening", "closing"), NESTED)
def test_what_is_nested_less_deeply_can_be_written(opening: str, closing: str) -> None:
    levels = jsontext.MAX_DEPTH // (opening.count("{") + opening.count("[") - opening.count('"['))
    value = jsontext.parse(opening * levels + "1" + closing * levels)
    assert jsontext.parse(jsontext.render(value)) == value


def test_how_deep_is_independent_of_the_callers_stack() -> None:
    """Near the stack's end good text is not reported as bad: Python raises its own error, as it does for any caller."""

    def call(depth: int) -> object:
        return call(depth - 1) if depth else jsontext.parse("[" * 100 + "]" * 100)

    with pytest.raises(RecursionError):
        call(sys.getrecursionlimit() - len(inspect.stack()) - 50)


@pytest.mark.parametrize("text", ['"' + "[{" * 200 + '"', '["' + '\\"[' * 200 + '", {}]', "[" + "{}, " * 200 + "[]]"])
def test_brackets_that_nest_nothing_count_for_nothing(text: str) -> None:
    assert jsontext.parse(text) == json.loads(text)


@given(values, st.integers(90, 100))
def test_the_depth_is_that_of_the_value(value: Any, around: int) -> None:
    text = "[" * around + json.dumps(value) + "]" * around
    assert _is_taken(text) == (around + _levels(value) <= jsontext.MAX_DEPTH)


def _levels(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_levels, inner), default=0)


def _is_taken(text: str) -> bool:
    try:
        jsontext.parse(text)
    except ValueError:
        return False
    return True


def test_a_repeated_key_is_found_at_once() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="'7' appears twice"):
        jsontext.parse("{" + ", ".join(f'"{number}": 0' for number in (*range(30_000), 7)) + "}")
    assert time.process_time() - began < 2


def test_what_is_nested_too_deeply_is_not_written() -> None:
    value: list[Any] = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(ValueError, match="nested too deeply"):
        jsontext.render(value)
