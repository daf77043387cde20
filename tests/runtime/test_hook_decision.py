"""The messages that a hook announces: tables, playbooks, and properties of random stories."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.instants import SECOND_NS
from amq.mail.inbox_view import Unread
from amq.record import replace
from amq.runtime.policy import hook_decision
from amq.runtime.policy.hook_decision import ATTEMPTS_IN_A_ROW, FROM_AMQ, HookState, begin, decide, introduction, output
from tests import state_page
from tests.playbook import Event, Playbook, Scene

NORMAL_AFTER = 120.0
NOW_NS = 2_000_000_000 * SECOND_NS
OUR_LINE = "amq: 1 new message from codex. Run: amq drain --include-body"


def mail(*ids: str, priority: str = "normal", age: float = 0.0) -> list[Unread]:
    created_ns = NOW_NS - round(age * SECOND_NS)
    return [Unread(identifier, "codex", priority, "", created_ns) for identifier in ids]


def hands(state: HookState, event: str, waiting: list[Unread], prompt: str = "") -> tuple[HookState, bool]:
    return decide(state, hook_decision.Event(event, prompt=prompt), waiting, NOW_NS, NORMAL_AFTER)


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


NOTHING_TOLD = HookState()


@dataclass(frozen=True)
class Session(Scene[str]):
    """An agent's inbox, and what its model knows of it."""

    state: HookState = NOTHING_TOLD
    unread: tuple[Unread, ...] = ()


Happening = Event[Session, str]
ANNOUNCED = "the notification"
SESSION: Playbook[Session, str] = Playbook(Session())


def arrives(*ids: str, priority: str = "normal") -> Happening:
    new = tuple(mail(*ids, priority=priority))
    return Event(
        f"mail {' '.join(ids)}, {priority}",
        lambda session, _now: (replace(session, unread=session.unread + new), ()),
    )


def leaves(*ids: str) -> Happening:
    return Event(
        f"drain {' '.join(ids)}",
        lambda session, _now: (
            replace(session, unread=tuple(each for each in session.unread if each.id not in ids)),
            (),
        ),
    )


def hook(event: str, prompt: str = "") -> Happening:
    def play(session: Session, _now: float) -> tuple[Session, tuple[str, ...]]:
        state, hand = hands(session.state, event, list(session.unread), prompt)
        return replace(session, state=state), (ANNOUNCED,) * hand

    return Event(f"{event} {prompt}", play)


def begins(session: str) -> Happening:
    return Event(f"session {session}", lambda scene, _now: (replace(scene, state=begin(scene.state, session)), ()))


TOOL, STOP = hook("tool"), hook("stop")


def test_the_same_messages_hold_up_a_turn_once() -> None:
    story = SESSION >> arrives("a", "b") >> STOP << ANNOUNCED >> STOP >> leaves("a") >> STOP
    assert story >> arrives("c") >> STOP << ANNOUNCED


def test_what_was_handed_over_between_tools_still_holds_up_the_end_of_the_turn() -> None:
    assert SESSION >> arrives("a", priority="urgent") >> TOOL << ANNOUNCED >> TOOL >> STOP << ANNOUNCED >> STOP


@pytest.mark.parametrize("prompt", [OUR_LINE, f"{FROM_AMQ}{OUR_LINE}</cross-session-message>"])
def test_our_own_line_at_the_prompt_is_the_notification(prompt: str) -> None:
    """Typed, or sent to Claude Code's socket."""
    assert SESSION >> arrives("a", priority="urgent") >> hook("prompt", prompt) >> TOOL >> STOP << ANNOUNCED


def test_a_new_session_knows_of_nothing() -> None:
    again = SESSION >> arrives("a", priority="urgent") >> TOOL << ANNOUNCED >> begins("another")
    assert again >> TOOL << ANNOUNCED
    assert (again.scene.state.session, again.scene.state.count) == ("another", 1)


def test_an_agent_that_never_drains_is_given_up() -> None:
    story = SESSION
    for number in range(ATTEMPTS_IN_A_ROW):
        story = story >> arrives(str(number)) >> STOP << ANNOUNCED
    for number in range(ATTEMPTS_IN_A_ROW, 100):
        story = story >> arrives(str(number)) >> STOP >> TOOL
    assert story >> leaves("99") >> STOP, "the model does not know of it"
    assert story >> leaves("0") >> STOP << ANNOUNCED, "a drain resets"
    again = story >> begins("another") >> STOP << ANNOUNCED
    assert again.scene.state.attempts_since_drain == 1, "a new session resets"


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
        assert in_a_row <= ATTEMPTS_IN_A_ROW


STATES = {
    "NEW": HookState(),
    "ANNOUNCED": HookState(announced=frozenset("a")),
    "HELD": HookState(announced=frozenset("a"), blocked_stop_for=frozenset("a")),
}
MESSAGES = {
    "due": [*mail("a", priority="urgent"), *mail("a", age=NORMAL_AFTER)],
    "later": mail("a", age=NORMAL_AFTER - 1),
    "low": mail("a", priority="low", age=1e9),
}
EVENT_NAMES = ("begin", "line", "prompt", "tool", "stop")


def taken() -> set[tuple[str, ...]]:
    """State, event, message, next state, and whether it is announced, in every case that there is."""
    steps = set[tuple[str, ...]]()
    for (name, before), event, (kind, messages) in product(STATES.items(), EVENT_NAMES, MESSAGES.items()):
        for message in messages:
            state, hand = begin(before, ""), False
            if event != "begin":
                ours = event == "line"
                state, hand = hands(before, "prompt" if ours else event, [message], OUR_LINE if ours else "")
            (after,) = (
                each for each, known in STATES.items() if replace(state, count=0, attempts_since_drain=0) == known
            )
            steps.add((name, event, kind, after, "yes" if hand else "no"))
    return steps


def test_the_page_is_true() -> None:
    """Its table says what becomes of a message, whatever it is, at each event."""
    told = [
        (*case, after, announced)
        for states, events, messages, after, announced in state_page.rows(
            hook_decision.__doc__, "state", "event", "message", "next", "announced"
        )
        for case in product(
            STATES if states == "any" else states.split(),
            events.split(),
            MESSAGES if messages == "any" else messages.split(),
        )
    ]
    assert len(told) == len(set(told)), "a step is there twice"
    assert set(told) == taken()
    page = hook_decision.__doc__ or ""
    for name in (*STATES, *EVENT_NAMES):
        assert f"\n    {name} " in page, "each state and event is explained"


def test_the_forms() -> None:
    assert output("stop", "x") == {"decision": "block", "reason": "x"}
    assert output("tool", "x") == {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "x"}}


def test_an_introduction_is_short_and_teaches_what_a_shell_leaves_alone() -> None:
    text = introduction("claude", ["codex", "user"])
    assert "You are `claude`" in text
    assert "codex, user" in text
    assert "amq drain --include-body" in text
    assert len(text) < 800
    assert text.count("--body - <<'EOF'`") == 2
    assert not {*">&", '"'} & set(text)  # Claude Code and Codex hand `<` on as it is
