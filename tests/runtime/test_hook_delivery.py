"""What a hook hands over: tables, and what holds however it goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.instants import SECOND
from amq.mail.inbox_view import Unread
from amq.runtime.policy.hook_delivery import (
    FROM_AMQ,
    MOST_IN_A_ROW,
    Event,
    HookState,
    begin,
    decide,
    introduction,
    output,
)

NORMAL_AFTER = 120.0
NOW_NS = 2_000_000_000 * SECOND
OUR_LINE = "amq: 1 new message from codex. Run: amq drain --include-body"


def mail(*ids: str, priority: str = "normal", age: float = 0.0) -> list[Unread]:
    created_ns = NOW_NS - round(age * SECOND)
    return [Unread(identifier, "codex", priority, "", created_ns) for identifier in ids]


def hands(state: HookState, event: str, waiting: list[Unread], prompt: str = "") -> tuple[HookState, bool]:
    return decide(state, Event(event, prompt=prompt), waiting, NOW_NS, NORMAL_AFTER)


@pytest.mark.parametrize("event", ["prompt", "tool"])
@pytest.mark.parametrize(
    ("waiting", "handed"),
    [
        ([], False),
        (mail("a"), False),
        (mail("a", age=120.0), True),
        (mail("a", priority="urgent"), True),
        (mail("a", priority="low", age=1e9), False),
        (mail("a", age=119.9), False),
        (mail("a") + mail("b", priority="urgent"), True),
        ([Unread("bad", "", "", "")], True),
    ],
)
def test_between_tools_urgent_and_overdue_mail_is_handed_over(event: str, waiting: list[Unread], handed: bool) -> None:
    assert hands(HookState(), event, waiting)[1] is handed


@pytest.mark.parametrize(
    ("waiting", "held"),
    [([], False), (mail("a"), True), (mail("a", priority="urgent"), True), (mail("a", priority="low"), False)],
)
def test_a_turn_goes_on_for_all_but_low_mail(waiting: list[Unread], held: bool) -> None:
    assert hands(HookState(), "stop", waiting)[1] is held


def test_the_same_messages_hold_up_a_turn_once() -> None:
    state, _ = hands(HookState(), "stop", mail("a", "b"))
    assert not hands(state, "stop", mail("a", "b"))[1]
    assert not hands(state, "stop", mail("b"))[1]
    assert hands(state, "stop", mail("b", "c"))[1]


def test_what_was_handed_over_between_tools_still_holds_up_the_end_of_the_turn() -> None:
    state, _ = hands(HookState(), "tool", mail("a", priority="urgent"))
    assert not hands(state, "tool", mail("a", priority="urgent"))[1]
    assert hands(state, "stop", mail("a", priority="urgent"))[1]


@pytest.mark.parametrize("prompt", [OUR_LINE, f"{FROM_AMQ}{OUR_LINE}</cross-session-message>"])
def test_our_own_line_at_the_prompt_is_the_notification(prompt: str) -> None:
    """Typed, or sent to Claude Code's socket."""
    state, handed = hands(HookState(), "prompt", mail("a", priority="urgent"), prompt)
    assert not handed
    assert not hands(state, "tool", mail("a", priority="urgent"))[1]


def test_a_new_session_knows_of_nothing() -> None:
    state, _ = hands(HookState(), "tool", mail("a", priority="urgent"))
    again = begin(state, "another")
    assert (again.session, again.count) == ("another", 1)
    assert hands(again, "tool", mail("a", priority="urgent"))[1]


def test_an_agent_that_never_drains_is_given_up() -> None:
    state, handed = HookState(), 0
    for number in range(100):
        state, hand = hands(state, "stop", mail(*map(str, range(number + 1))))
        handed += hand
    assert handed == MOST_IN_A_ROW
    state, _ = hands(state, "stop", mail("99"))
    assert hands(state, "stop", mail("99", "new"))[1], "a drain resets"


EVENTS = st.sampled_from(["prompt", "tool", "stop"])
MAIL = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["urgent", "normal", "low"]))


@given(st.lists(st.tuples(EVENTS, MAIL, st.floats(0, 300)), max_size=50))
def test_however_it_goes(schedule: list[tuple[str, dict[str, str], float]]) -> None:
    state, in_a_row = HookState(), 0
    held: set[str] = set()
    before: set[str] = set()
    for event, unread, age in schedule:
        in_a_row = 0 if before - set(unread) else in_a_row
        held &= set(unread)
        before = set(unread)
        waiting = [message for each, priority in unread.items() for message in mail(each, priority=priority, age=age)]
        count = state.count
        state, hand = hands(state, event, waiting)
        assert state.count == count + hand
        assert state.announced <= set(unread)
        if hand:
            in_a_row += 1
            assert {identifier for identifier, priority in unread.items() if priority != "low"}
            assert event != "stop" or set(unread) - held
            held |= set(unread) if event == "stop" else set()
        assert in_a_row <= MOST_IN_A_ROW


def test_the_forms() -> None:
    assert output("stop", "x") == {"decision": "block", "reason": "x"}
    assert output("tool", "x") == {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "x"}}


def test_an_introduction_is_short_and_has_no_character_that_is_escaped_somewhere() -> None:
    text = introduction("claude", ["codex", "user"])
    assert "You are `claude`" in text
    assert "codex, user" in text
    assert "amq drain --include-body" in text
    assert len(text) < 700
    assert not set("<>&") & set(text)
