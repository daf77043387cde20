"""The amount of text a reader takes, and where text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.output_budget import Budget, Room, parse_budget
from amq.text import cut_before, visible_lines


@pytest.mark.parametrize("text", ["20000", "9500b", "0", "0b"])
def test_what_it_is_called_and_what_it_is(text: str) -> None:
    assert str(parse_budget(text)) == text


@pytest.mark.parametrize("text", ["", "b", "-1", "1.5", "1k", "9500B", "9 500", "٣", "1bb", "1" * 13, " 1"])
def test_what_is_not_a_budget(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number of characters"):
        parse_budget(text)


@given(st.text(), st.integers(-2, 40), st.booleans())
def test_what_fits_is_the_most_that_does(text: str, room: int, in_bytes: bool) -> None:
    budget = Budget(1, in_bytes=in_bytes)
    count = budget.fitting(text, room)
    assert budget.size(text[:count]) <= max(room, 0)
    assert count == len(text) or budget.size(text[: count + 1]) > room


def test_room_takes_the_first_whatever_it_is_and_then_no_more_than_there_is() -> None:
    room = Room(Budget(10), 4)
    assert [room.takes(text) for text in ("123", "12", "12", "")] == [True, True, False, False]
    assert [Room(Budget(10), 4).takes("x" * 100), Room(Budget(3), 4).takes("")] == [True, True]


WHOLE = {
    "an accent": "e\u0301",
    "many accents": "e" + "\u0301" * 20,
    "an emoji with a colour": "👋\U0001f3fd",
    "a family": "👨\u200d👩\u200d👧",
    "a selector": "❤\ufe0f",
    "a keycap": "1\ufe0f\u20e3",
    "a Hangul syllable in parts": "\u1100\u1161\u11a8",
    "a flag": "🇩🇪",
    "what stands for a control": "^[",
    "what stands for what is not seen": "<U+202E>",
    "a letter": "x",
    "a Han letter": "你",
}


@pytest.mark.parametrize("character", WHOLE.values(), ids=WHOLE.keys())
def test_no_cut_is_within_a_character(character: str) -> None:
    text = character * 40
    cuts = {cut_before(text, at) for at in range(1, len(text) + 1)}
    assert cuts == {len(character) * (number + 1) for number in range(40)}
    assert all(cut_before(text, at) <= at for at in range(len(character), len(text)))


def test_flags_are_distinct_however_many_there_are() -> None:
    text = "🇩🇪" * 1000
    assert [cut_before(text, 1001), cut_before("x" + text, 1001)] == [1000, 1001 - 1 + 1]


def test_a_line_end_that_is_near_is_preferred() -> None:
    assert cut_before("a" * 80 + "\n" + "b" * 80, 100) == 81
    assert cut_before("a" * 20 + "\n" + "b" * 80, 100) == 100


@pytest.mark.parametrize("text", ["\u0301" * 5000, "\u200d" * 5000, "🇩" * 5001])
def test_what_has_no_end_is_cut_anyway(text: str) -> None:
    assert all(0 < cut_before(text, at) <= max(at, 256) for at in (1, 2, 255, 256, 257, 3000))


@given(st.text(), st.integers(1, 60))
def test_a_cut_always_gets_on(text: str, at: int) -> None:
    shown = visible_lines(text)
    if shown:
        assert 0 < cut_before(shown, at) <= len(shown)
