"""The names in a queue, and the ids that amq makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq import names
from amq.errors import UsageError
from amq.instants import MILLISECOND_NS
from amq.names import IdMaker

NOON = 1_772_366_400_123_456_789  # 2026-03-01T12:00:00.123456789Z


@pytest.mark.parametrize("text", ["a", "0", "claude-2", "a_b", "user", "a" * 64])
def test_handles(text: str) -> None:
    assert names.is_handle(text)
    assert names.check_handle(text) == text


@pytest.mark.parametrize("text", ["", "-a", "_a", "A", "a.b", "a b", "ä", "a\n", "../a", "@all", "a" * 65])
def test_no_handles(text: str) -> None:
    assert not names.is_handle(text)
    with pytest.raises(UsageError, match="is not a handle"):
        names.check_handle(text)


@pytest.mark.parametrize(
    ("program", "handle"),
    [
        ("claude", "claude"),
        ("/usr/bin/Claude.exe", "claude"),
        ("C:\\tools\\codex.EXE", "codex"),
        ("my agent.py", "my-agent-py"),
        ("/", ""),
        ("x" * 80, "x" * 64),
    ],
)
def test_handle_from_a_programs_name(program: str, handle: str) -> None:
    assert names.handle_from(program) == handle


@given(st.text(max_size=100))
def test_handle_from_any_text_is_a_handle_or_nothing(text: str) -> None:
    handle = names.handle_from(text)
    assert not handle or names.is_handle(handle)


@pytest.mark.parametrize("name", ["a", "A b", "ü", "a" * 200, "a..b", "-x", "\x1b[2J", "a.json"])
def test_safe_names(name: str) -> None:
    assert names.is_safe_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".x", "a/b", "a\\b", "a\0", "a" * 201, "ü" * 101, "\udcff"])
def test_unsafe_names(name: str) -> None:
    assert not names.is_safe_name(name)


def test_an_id_is_taken_with_or_without_its_suffix() -> None:
    assert names.message_id("x.md") == names.message_id("x") == "x"


@pytest.mark.parametrize("text", ["", ".md", "../x", ".x.md", "a/b.md"])
def test_what_cannot_be_an_id_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a message id"):
        names.message_id(text)


@pytest.mark.parametrize("text", ["a", "A.b_c-d", "0", "x" * 128, "x.md.1"])
def test_ids_we_make(text: str) -> None:
    assert names.check_new_id(text) == text


@pytest.mark.parametrize("text", ["", "x.md", "x" * 129, "-x", ".x", "_x", "a b", "ü", "x\n", "a/b"])
def test_ids_we_do_not_make(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be the id of a new message"):
        names.check_new_id(text)


@pytest.mark.parametrize("one", ["a", "b_c", "user"])
def test_p2p_thread_is_the_same_from_both_sides(one: str) -> None:
    assert names.p2p_thread(one, "b") == names.p2p_thread("b", one)


def test_p2p_thread_is_ordered_by_bytes() -> None:
    assert names.p2p_thread("b", "a-") == "p2p/a-__b"
    assert names.p2p_thread("a_", "a0") == "p2p/a0__a_"
    assert names.p2p_thread("a", "a") == "p2p/a__a"


@pytest.mark.parametrize(
    ("name", "message"), [("x.md", True), (".x.md", False), (".md", False), ("x", False), ("x.MD", False)]
)
def test_which_entries_are_messages(name: str, message: bool) -> None:
    assert names.is_message_name(name) is message


def test_nearest_names_best_first() -> None:
    assert names.nearest("claud", ["codex", "claude-2", "claude"]) == ["claude", "claude-2"]
    assert names.nearest("zzz", ["codex"]) == []


# -- ids --------------------------------------------------------------------------------------------------------------


def test_id_byte_for_byte() -> None:
    maker = IdMaker(lambda: NOON, 42, lambda count: bytes(range(count)))
    assert maker.make() == ("2026-03-01T12-00-00.123Z_pid42_00010203", NOON)


def test_id_always_has_three_millisecond_digits() -> None:
    identifier, _ = IdMaker(lambda: 1_772_366_400_000_000_000, 1, lambda count: b"\xff" * count).make()
    assert identifier == "2026-03-01T12-00-00.000Z_pid1_ffffffff"


def test_our_ids_are_canonical_and_fit_every_limit() -> None:
    identifier, _ = IdMaker(lambda: NOON, 2**22, lambda count: b"\xff" * count).make()
    assert names.undated([identifier]) == []
    assert identifier[: names.INSTANT_LENGTH] == "2026-03-01T12-00-00.123Z"
    assert names.check_new_id(identifier) == identifier


@pytest.mark.parametrize(
    "other", ["x", "2026-03-01T12-00-00.123Z_pid42_0001020", "2026-03-01T12-00-00Z_pid42_00010203"]
)
def test_other_ids_are_not_canonical(other: str) -> None:
    assert names.undated([other]) == [other]


@given(st.lists(st.integers(-3, 3).map(lambda step: step * MILLISECOND_NS // 2), max_size=30), st.binary(min_size=4))
def test_ids_sort_in_the_order_they_were_made_whatever_the_clock_does(steps: list[int], chance: bytes) -> None:
    now = NOON

    def clock() -> int:
        nonlocal now
        now += steps.pop() if steps else 0
        return now

    maker = IdMaker(clock, 7, lambda count: chance[:count])
    made = [maker.make() for _ in range(len(steps) + 2)]
    identifiers, instants = zip(*made, strict=True)
    assert list(identifiers) == sorted(set(identifiers))
    assert len({instant // MILLISECOND_NS for instant in instants}) == len(made)
