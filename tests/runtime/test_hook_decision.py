"""The messages that a hook gives to the model: tables, playbooks, and properties of random stories."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product

import hypothesis
import pytest
from hypothesis import strategies as st

from amq.instants import SECOND_NS
from amq.mail.inbox_view import Unread
from amq.record import replace
from amq.runtime.policy import hook_decision
from amq.runtime.policy.hook_decision import (
    ATTACHED,
    ATTEMPTS_IN_A_ROW,
    FROM_AMQ,
    MOST_LAPSES,
    HookState,
    begin,
    decide,
    drained,
    forgotten,
    given,
    introduction,
    lapsed,
    may_offer,
    output,
)
from tests import state_page
from tests.playbook import Event, Playbook, Scene

NORMAL_AFTER = 120.0
NOW_NS = 2_000_000_000 * SECOND_NS
OUR_LINE = "amq: 1 new message from codex. Run: amq drain --include-body"
WITH_MAIL = f"amq: 1 new message from codex{ATTACHED}amq drain --include-body"


def mail(*ids: str, priority: str = "normal", age: float = 0.0) -> list[Unread]:
    created_ns = NOW_NS - round(age * SECOND_NS)
    return [Unread(identifier, "codex", priority, "", created_ns) for identifier in ids]


def hands(
    state: HookState, event: str, waiting: list[Unread], prompt: str = "", on_its_way: Collection[str] = ()
) -> tuple[HookState, bool]:
    happened = hook_decision.Event(event, prompt=prompt)
    state, is_due = decide(state, happened, waiting, NOW_NS, NORMAL_AFTER, on_its_way)
    ids = [message.id for message in waiting if message.id not in on_its_way]
    return (given(state, happened, ids) if is_due else state), is_due


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


BY_BACKGROUND_HOOK = (
    "<task-notification>\n<summary>Stop hook feedback</summary>\n</task-notification>\n"
    f'<system-reminder>\nStop hook blocking error from command "SessionStart:startup": {OUR_LINE}\n</system-reminder>'
)

NOTHING_TOLD = HookState()


@dataclass(frozen=True)
class Session(Scene[str]):
    """An agent's inbox, and what its model knows of it."""

    state: HookState = NOTHING_TOLD
    unread: tuple[Unread, ...] = ()
    on_its_way: frozenset[str] = frozenset()


Happening = Event[Session, str]
GIVEN = "all unread mail"
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
        state, hand = hands(session.state, event, list(session.unread), prompt, session.on_its_way)
        return replace(session, state=state), (GIVEN,) * hand

    return Event(f"{event} {prompt}", play)


def begins(session: str) -> Happening:
    return Event(f"session {session}", lambda scene, _now: (replace(scene, state=begin(scene.state, session)), ()))


def offers(*ids: str) -> Happening:
    """Let IDS be the mail in open offers."""
    return Event(f"on offer: {' '.join(ids)}", lambda scene, _now: (replace(scene, on_its_way=frozenset(ids)), ()))


def lapses(*ids: str) -> Happening:
    """Let the offer of the messages IDS lapse."""

    def play(scene: Session, _now: float) -> tuple[Session, tuple[str, ...]]:
        return replace(
            scene, state=lapsed(forgotten(scene.state, ids)), on_its_way=scene.on_its_way.difference(ids)
        ), ()

    return Event(f"the offer of {' '.join(ids)} lapses", play)


TOOL, STOP = hook("tool"), hook("stop")


def test_the_same_messages_hold_up_a_turn_once() -> None:
    story = SESSION >> arrives("a", "b") >> STOP << GIVEN >> STOP >> leaves("a") >> STOP
    assert story >> arrives("c") >> STOP << GIVEN


def test_what_was_handed_over_between_tools_still_holds_up_the_end_of_the_turn() -> None:
    assert SESSION >> arrives("a", priority="urgent") >> TOOL << GIVEN >> TOOL >> STOP << GIVEN >> STOP


@pytest.mark.parametrize("prompt", [OUR_LINE, f"{FROM_AMQ}{OUR_LINE}</cross-session-message>", BY_BACKGROUND_HOOK])
def test_our_own_line_at_the_prompt_is_the_notification(prompt: str) -> None:
    """Typed, sent to Claude Code's socket, or printed by a hook in the background."""
    assert SESSION >> arrives("a", priority="urgent") >> hook("prompt", prompt) >> TOOL >> STOP << GIVEN


@pytest.mark.parametrize(
    "prompt",
    [
        "amq: please fix the parser",
        "amq: 1 new messages",
        f"see {OUR_LINE}",
        f"<task-notification>\n<summary>make: amq: 3 tests failed</summary>\n{OUR_LINE}",
    ],
)
def test_what_only_looks_like_our_line_hides_no_mail(prompt: str) -> None:
    assert SESSION >> arrives("a", priority="urgent") >> hook("prompt", prompt) << GIVEN


@pytest.mark.parametrize("priority", ["urgent", "normal", "low"])
def test_a_line_that_says_so_brings_all_mail_however_often_it_comes(priority: str) -> None:
    story = SESSION >> arrives("a", priority=priority)
    for _ in range(2 * ATTEMPTS_IN_A_ROW):
        story = story >> hook("prompt", WITH_MAIL) << GIVEN
    assert story


def test_only_amq_s_own_line_brings_the_mail() -> None:
    assert SESSION >> arrives("a") >> hook("prompt", f"what is: {WITH_MAIL}") >> hook("tool", WITH_MAIL)


def test_mail_on_its_way_is_not_given_again() -> None:
    story = SESSION >> arrives("a", priority="urgent") >> TOOL << GIVEN >> offers("a") >> TOOL >> STOP
    assert story >> hook("prompt", WITH_MAIL) >> hook("prompt", "go on")
    assert story >> arrives("b", priority="urgent") >> TOOL << GIVEN
    assert story >> offers() >> STOP << GIVEN


def test_what_has_lapsed_is_given_again() -> None:
    story = (
        SESSION >> arrives("a", "b", priority="urgent") >> TOOL << GIVEN >> STOP << GIVEN >> offers("a", "b") >> STOP
    )
    assert story >> lapses("a", "b") >> TOOL << GIVEN >> STOP << GIVEN
    assert (story >> lapses("a") >> lapses("b")).scene.state.lapses == 2


TURN = hook_decision.Event("prompt", session="s", turn="t", history="/h")


@pytest.mark.parametrize("event", [TURN, *(replace(TURN, **{each: ""}) for each in ("session", "turn", "history"))])
def test_text_is_given_only_where_a_receipt_can_come(event: hook_decision.Event) -> None:
    assert may_offer(HookState(), event) is (event is TURN)


def test_after_offers_without_a_receipt_hooks_only_announce() -> None:
    state = HookState()
    for _ in range(MOST_LAPSES):
        assert may_offer(state, TURN)
        state = lapsed(forgotten(state, "a"))
    assert not may_offer(state, TURN)
    assert may_offer(drained(state), TURN)
    assert may_offer(begin(state, "another"), TURN)


def test_what_there_was_no_room_for_stays_as_it_was() -> None:
    """It is given at the next end of the turn: else it would wait for a reminder."""
    state, is_due = decide(HookState(), hook_decision.Event("stop"), mail("a", "b"), NOW_NS, NORMAL_AFTER)
    assert is_due
    state = given(state, hook_decision.Event("stop"), ["a"])
    assert (state.announced, state.blocked_stop_for, state.count) == (frozenset("a"), frozenset("a"), 1)
    assert hands(state, "stop", mail("a", "b"), on_its_way="a")[1]


def test_a_part_is_not_given_again_at_the_end_of_the_turn() -> None:
    state = given(HookState(), hook_decision.Event("tool"), ["a"], in_part=True)
    assert not hands(state, "stop", mail("a"))[1]
    assert hands(state, "prompt", mail("a"), WITH_MAIL)[1], "a reminder brings it"


def test_a_new_session_knows_of_nothing() -> None:
    again = SESSION >> arrives("a", priority="urgent") >> TOOL << GIVEN >> begins("another")
    assert again >> TOOL << GIVEN
    assert (again.scene.state.session, again.scene.state.count) == ("another", 1)


def test_an_agent_that_never_drains_is_given_up() -> None:
    story = SESSION
    for number in range(ATTEMPTS_IN_A_ROW):
        story = story >> arrives(str(number)) >> STOP << GIVEN
    for number in range(ATTEMPTS_IN_A_ROW, 100):
        story = story >> arrives(str(number)) >> STOP >> TOOL
    assert story >> leaves("99") >> STOP, "the model does not know of it"
    assert story >> leaves("0") >> STOP << GIVEN, "a drain resets"
    again = story >> begins("another") >> STOP << GIVEN
    assert again.scene.state.attempts_since_drain == 1, "a new session resets"


EVENTS = st.sampled_from(["prompt", "tool", "stop"])
IDS = st.frozensets(st.sampled_from("abcde"))
MAIL = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["urgent", "normal", "low"]))


@hypothesis.given(st.lists(st.tuples(EVENTS, MAIL, st.floats(0, 300), IDS, IDS), max_size=50))
def test_however_it_goes(schedule: list[tuple[str, dict[str, str], float, frozenset[str], frozenset[str]]]) -> None:
    state, in_a_row = HookState(), 0
    held: set[str] = set()
    before: set[str] = set()
    for event, unread, age, on_its_way, gone in schedule:
        held -= gone
        state = lapsed(forgotten(state, gone))
        in_a_row = 0 if before - set(unread) else in_a_row
        held &= set(unread)
        before = set(unread)
        waiting = [message for each, priority in unread.items() for message in mail(each, priority=priority, age=age)]
        count = state.count
        state, hand = hands(state, event, waiting, on_its_way=on_its_way)
        assert state.count == count + hand
        assert state.blocked_stop_for <= state.announced <= set(unread)
        if hand:
            in_a_row += 1
            assert {each for each, priority in unread.items() if priority != "low"} - on_its_way
            assert event != "stop" or set(unread) - held - on_its_way
            held |= set(unread) - on_its_way if event == "stop" else set()
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
EVENT_NAMES = ("begin", "lapsed", "line", "with", "prompt", "tool", "stop")
PROMPTS = {"line": OUR_LINE, "with": WITH_MAIL}


def taken() -> set[tuple[str, ...]]:
    """State, event, message, next state, and whether it is given, in every case that there is."""
    steps = set[tuple[str, ...]]()
    for (name, before), event, (kind, messages) in product(STATES.items(), EVENT_NAMES, MESSAGES.items()):
        for message in messages:
            if event in ("begin", "lapsed"):
                state, hand = begin(before, "") if event == "begin" else forgotten(before, "a"), False
            else:
                prompt = PROMPTS.get(event, "")
                state, hand = hands(before, "prompt" if prompt else event, [message], prompt)
            known = (state.announced, state.blocked_stop_for)
            (after,) = (name for name, each in STATES.items() if known == (each.announced, each.blocked_stop_for))
            steps.add((name, event, kind, after, "yes" if hand else "no"))
    return steps


def test_the_page_is_true() -> None:
    """Its table says what becomes of a message, whatever it is, at each event."""
    told = [
        (*case, after, given_then)
        for states, events, messages, after, given_then in state_page.rows(
            hook_decision.__doc__, "state", "event", "message", "next", "given"
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
    def added(event: str) -> dict[str, object]:
        return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": "x"}}

    assert output("stop", "x", stop_blocks=True) == {"decision": "block", "reason": "x"}
    assert output("stop", "x") == added("Stop")
    assert output("prompt", "x", stop_blocks=True) == added("UserPromptSubmit")
    assert output("tool", "x", "note") == {"systemMessage": "note", **added("PostToolUse")}
    assert output("stop", "x", "note", stop_blocks=True)["systemMessage"] == "note"


def test_an_introduction_is_short_and_teaches_what_a_shell_leaves_alone() -> None:
    text = introduction("claude", ["codex", "user"])
    assert "You are `claude`" in text
    assert "codex, user" in text
    assert "amq drain --include-body" in text
    assert len(text) < 800
    assert text.count("--body - <<'EOF'`") == 2
    assert not {*">&", '"'} & set(text)  # Claude Code and Codex hand `<` on as it is
