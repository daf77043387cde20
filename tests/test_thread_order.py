"""A conversation in order, with any clocks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.mail.thread_order import in_thread_order
from amq.message import Header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def order(messages: Mapping[str, tuple[int, Sequence[str]]]) -> list[str]:
    """Return the ids in order, of messages by id with their times and refs."""
    headers = [Header(name, "a", ["b"], "", created, refs=list(refs)) for name, (created, refs) in messages.items()]
    return [header.id for header in in_thread_order(headers)]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ({"b": (1, ()), "a": (1, ()), "c": (0, ())}, "cab"),
        ({"q": (9, ()), "a": (1, ("q",)), "x": (5, ())}, "xqa"),
        ({"q": (9, ()), "a": (1, ("q",)), "z": (2, ("q", "a")), "x": (10, ())}, "qazx"),
        ({"a": (1, ("gone",)), "b": (0, ())}, "ba"),
        ({"a": (2, ("a",)), "b": (1, ())}, "ba"),
        ({"b": (1, ("a",)), "a": (2, ("b",))}, "ab"),
        ({"c": (1, ("a",)), "a": (3, ("b",)), "b": (2, ("c",)), "d": (0, ("c",)), "e": (2, ())}, "abcde"),
        ({"a": (1, ("y",)), "x": (5, ("y",)), "y": (6, ("x",))}, "xya"),
        ({"a": (3, ("b",)), "b": (4, ("a",)), "c": (1, ("d", "a")), "d": (2, ("c",))}, "abcd"),
    ],
)
def test_nothing_comes_before_what_it_refers_to(messages: dict[str, tuple[int, Sequence[str]]], expected: str) -> None:
    assert "".join(order(messages)) == expected


_NAMES = "abcdefgh"
_THREADS = st.dictionaries(
    st.sampled_from(_NAMES), st.tuples(st.integers(0, 3), st.lists(st.sampled_from(_NAMES), max_size=3)), max_size=8
)


@given(_THREADS)
def test_of_any_conversation(messages: dict[str, tuple[int, list[str]]]) -> None:
    found = order(messages)
    assert sorted(found) == sorted(messages)
    leads = {name: _leads_to(messages, name) for name in messages}
    for at, name in enumerate(found):
        early = [other for other in found[at + 1 :] if other in leads[name] and name not in leads[other]]
        assert early == [], "comes before what it refers to"
    if not any(name in leads[name] for name in messages):
        _is_oldest_first(messages, found)


def _leads_to(messages: Mapping[str, tuple[int, Sequence[str]]], name: str) -> set[str]:
    found: set[str] = set()
    fresh = {ref for ref in messages[name][1] if ref in messages}
    while fresh:
        found |= fresh
        fresh = {ref for each in fresh for ref in messages[each][1] if ref in messages} - found
    return found


def _is_oldest_first(messages: Mapping[str, tuple[int, Sequence[str]]], found: list[str]) -> None:
    """Check that the oldest of the possible next messages always comes next."""
    for at, name in enumerate(found):
        out = set(found[:at])
        free = [each for each in found[at:] if out.issuperset(set(messages[each][1]) & set(messages))]
        assert name == min(free, key=lambda each: (messages[each][0], each))


def test_long_chains_and_many_circles_take_no_time() -> None:
    chain = {f"{number:06}": (-number, (f"{number - 1:06}",)) for number in range(20_000)}
    pairs = {f"p{number ^ 1:06}": (number, (f"p{number:06}",)) for number in range(20_000)}
    began = time.process_time()
    assert order(chain) == sorted(chain)
    assert len(order(chain | pairs)) == 40_000
    assert time.process_time() - began < 10
