"""How a line is typed: tables of looks and times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.announced import Published
from amq.pty.echo import Echo
from amq.pty.terminal import Look
from amq.runtime.profiles.claude import PROFILE as CLAUDE
from amq.runtime.profiles.codex import PROFILE as CODEX
from amq.runtime.typed import (
    Action,
    Again,
    End,
    Notification,
    Phase,
    ReadyWhen,
    Rules,
    Typed,
    Write,
    drained,
    gate,
    step,
)
from amq.runtime.words import Outcome, Reason

LINE = Notification("amq: 1 new message.", "amq: a new message.")
RULES = Rules()
NOW = 100.0
IDLE = Look(bracketed_paste=True, first_output=1.0, last_output=1.0, output=50)
LINE_MODE = replace(IDLE, bracketed_paste=False, canonical=True, echoing=True)
CLAUDE_IDLE = replace(IDLE, title_seen=True)
CODEX_IDLE = replace(IDLE, published=Published.IDLE, idle_seen=True)
PASTE = Write(b"\x1b[200~amq: 1 new message.\x1b[201~", expect=LINE.text)


def run(
    state: Typed, *looks: tuple[float, Look], rules: Rules = RULES, line: Notification = LINE
) -> tuple[Typed, list[Action]]:
    """The state after these looks (seconds after NOW), and everything that was done but looking again."""
    done: list[Action] = []
    for after, look in looks:
        state, actions = step(state, look, line, rules, NOW + after)
        done += [action for action in actions if not isinstance(action, Again)]
    return state, done


def pasted(rules: Rules = RULES, look: Look = IDLE) -> Typed:
    state, done = run(Typed(), (0.0, look), rules=rules)
    assert done == [PASTE]
    return state


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (IDLE, None),
        (replace(IDLE, alive=False), Reason.STOPPED),
        (replace(IDLE, stopped=True), Reason.STOPPED),
        (replace(IDLE, published=Published.BLOCKED), Reason.DIALOG),
        (replace(IDLE, last_output=NOW - 0.4, started=NOW - 1), Reason.STARTING),
        (replace(IDLE, last_output=None, started=NOW - 9), Reason.STARTING),
        (replace(IDLE, last_output=None, started=NOW - 10), None),
        (replace(IDLE, last_output=NOW, started=NOW - 10), None),
        (replace(IDLE, last_output=NOW, started=NOW - 1, idle_seen=True), None),
        (replace(LINE_MODE, echoing=False), Reason.UNKNOWN_SCREEN),
        (replace(LINE_MODE, echoing=False, bracketed_paste=True), Reason.UNKNOWN_SCREEN),
        (replace(LINE_MODE, canonical=False), Reason.UNKNOWN_SCREEN),
        (replace(IDLE, alternate_screen=True), Reason.UNKNOWN_SCREEN),
        (LINE_MODE, None),
        (replace(IDLE, draft=True), Reason.DRAFT),
        (replace(IDLE, inside=True), Reason.DRAFT),
        (replace(IDLE, waiting=True), Reason.DRAFT),
        (replace(IDLE, last_key=NOW - 1.1), Reason.DRAFT),
        (replace(IDLE, last_key=NOW - 1.2), None),
    ],
)
def test_the_gate(look: Look, reason: Reason | None) -> None:
    assert gate(look, RULES, NOW) is reason
    if reason is not None:
        assert run(Typed(), (0.0, look)) == (Typed(), [End(Outcome.REFUSED, reason.value)])


@pytest.mark.parametrize(
    ("look", "rules", "reason"),
    [
        (CLAUDE_IDLE, CLAUDE.rules, None),
        (replace(CLAUDE_IDLE, alternate_screen=True), CLAUDE.rules, None),
        (replace(CLAUDE_IDLE, title_seen=False), CLAUDE.rules, Reason.STARTING),
        (replace(CLAUDE_IDLE, bracketed_paste=False), CLAUDE.rules, Reason.UNKNOWN_SCREEN),
        (CODEX_IDLE, CODEX.rules, None),
        (replace(CODEX_IDLE, alternate_screen=True), CODEX.rules, None),
        (replace(CODEX_IDLE, idle_seen=False), CODEX.rules, Reason.STARTING),
        (replace(CODEX_IDLE, published=Published.WORKING), CODEX.rules, None),
        (replace(CODEX_IDLE, bracketed_paste=False), CODEX.rules, Reason.UNKNOWN_SCREEN),
    ],
)
def test_the_gate_of_a_known_cli(look: Look, rules: Rules, reason: Reason | None) -> None:
    assert gate(look, rules, NOW) is reason


def test_an_unknown_program_gets_enter_after_its_echo() -> None:
    exact = replace(IDLE, echo=Echo.EXACT, output=90)
    state, done = run(pasted(), (0.02, replace(IDLE, echo=Echo.PART)), (0.04, exact), (0.1, exact))
    assert (state.phase, done) == (Phase.PASTED, [])
    state, done = run(state, (0.15, exact))
    assert done == [Write(b"\r")]
    assert run(state, (0.16, exact), (0.2, replace(exact, output=92))) == (Typed(), [End(Outcome.SUBMITTED, "")])


def test_the_time_to_settle_begins_again_when_the_text_goes_away() -> None:
    exact = replace(IDLE, echo=Echo.EXACT)
    _, done = run(pasted(), (0.02, exact), (0.1, IDLE), (0.12, exact), (0.2, exact))
    assert done == []


@pytest.mark.parametrize(
    ("echo", "reason"), [(Echo.NOTHING, "did not come back"), (Echo.PART, "did not"), (Echo.OTHER, "something else")]
)
def test_without_exactly_our_text_nothing_is_pressed(echo: Echo, reason: str) -> None:
    state, done = run(pasted(), (1.0, replace(IDLE, echo=echo)), *([(1.5, IDLE)] if echo is not Echo.OTHER else []))
    assert state.phase is Phase.STANDING
    (end,) = done
    assert isinstance(end, End)
    assert end.outcome is Outcome.UNCERTAIN
    assert reason in end.reason


@pytest.mark.parametrize(
    ("look", "outcome", "reason"),
    [
        (replace(IDLE, keys=1), Outcome.TYPED, "draft"),
        (replace(IDLE, inside=True), Outcome.TYPED, "draft"),
        (replace(IDLE, published=Published.BLOCKED), Outcome.TYPED, "dialog"),
        (replace(IDLE, stopped=True), Outcome.TYPED, "stopped"),
        (replace(IDLE, alive=False), Outcome.FAILED, "the program has ended"),
    ],
)
def test_what_happens_meanwhile_stops_it(look: Look, outcome: Outcome, reason: str) -> None:
    for rules in (RULES, replace(RULES, inert=True)):
        _, done = run(
            pasted(rules), (0.02, replace(IDLE, echo=Echo.EXACT)), (0.2, replace(look, echo=Echo.EXACT)), rules=rules
        )
        assert done == [End(outcome, reason)]


def test_an_enter_that_changed_nothing_is_repeated_only_with_the_same_proof() -> None:
    exact = replace(IDLE, echo=Echo.EXACT)
    state, done = run(pasted(), (0.02, exact), (0.12, exact), (0.7, exact))
    assert done == [Write(b"\r"), End(Outcome.UNCERTAIN, "our text was not seen to leave the line")]
    assert run(state, (30.0, exact))[1] == [Write(b"\r")]
    for other in (IDLE, replace(IDLE, echo=Echo.OTHER)):
        assert run(state, (30.0, other)) == (state, [End(Outcome.UNCERTAIN, "our text may still stand there")])


def test_a_text_that_came_back_late_is_submitted_by_the_reminder() -> None:
    state, _ = run(pasted(), (1.5, IDLE))
    assert run(state, (30.0, replace(IDLE, echo=Echo.EXACT)))[1] == [Write(b"\r")]


def test_there_is_a_second_text_only_after_the_person_sent_or_cleared_the_first() -> None:
    state, _ = run(pasted(), (1.5, IDLE))
    assert run(state, (30.0, replace(IDLE, draft=True)))[1] == [End(Outcome.REFUSED, "draft")]
    assert run(state, (30.0, replace(IDLE, sent=1)))[1] == [PASTE]


def test_a_drain_frees_the_line_only_if_the_submit_key_went_out() -> None:
    standing, _ = run(pasted(), (1.5, IDLE))
    assert drained(standing) == standing
    exact = replace(IDLE, echo=Echo.EXACT)
    pressed, _ = run(pasted(), (0.02, exact), (0.12, exact), (0.7, exact))
    assert drained(pressed) == Typed()


def test_claude_gets_the_key_its_dialogs_ignore_after_a_sign_of_life() -> None:
    drawn = replace(CLAUDE_IDLE, output=400, echo=Echo.OTHER)
    state = pasted(CLAUDE.rules, CLAUDE_IDLE)
    state, done = run(state, (0.02, CLAUDE_IDLE), (0.04, drawn), (0.15, drawn), rules=CLAUDE.rules)
    assert done == [Write(b"\x18\r")]
    state, done = run(state, (0.3, drawn), (0.7, drawn), rules=CLAUDE.rules)
    assert done == [End(Outcome.UNCERTAIN, "our text was not seen to leave the line")]
    later = replace(drawn, output=900)
    assert run(state, (30.0, later), rules=CLAUDE.rules)[1] == [Write(b"\x18\r")]
    assert run(drained(state), (30.0, later), rules=CLAUDE.rules)[1] == [PASTE]


def test_without_a_sign_of_life_not_even_that() -> None:
    assert run(pasted(CLAUDE.rules, CLAUDE_IDLE), (1.5, CLAUDE_IDLE), rules=CLAUDE.rules)[1] == [
        End(Outcome.UNCERTAIN, "our text did not come back")
    ]


def test_codex_says_itself_that_the_line_was_taken() -> None:
    drawn = replace(CODEX_IDLE, output=400)
    state, done = run(pasted(CODEX.rules, CODEX_IDLE), (0.04, drawn), (0.15, drawn), rules=CODEX.rules)
    assert done == [Write(b"\x1b[57384u")]
    working = replace(drawn, published=Published.WORKING)
    assert run(state, (0.2, working), rules=CODEX.rules) == (Typed(), [End(Outcome.SUBMITTED, "")])


def test_a_key_that_was_swallowed_is_repeated_while_the_program_says_that_it_idles() -> None:
    drawn = replace(CODEX_IDLE, output=400)
    state, _ = run(pasted(CODEX.rules, CODEX_IDLE), (0.04, drawn), (0.15, drawn), rules=CODEX.rules)
    times = [(0.7 + number, drawn) for number in range(4)]
    _, done = run(state, *times, rules=CODEX.rules)
    assert done == [Write(b"\x1b[57384u")] * 3 + [End(Outcome.UNCERTAIN, "our text was not seen to leave the line")]
    for meanwhile in (replace(drawn, keys=1), replace(drawn, published=None), replace(drawn, inside=True)):
        assert isinstance(run(state, (0.7, meanwhile), rules=CODEX.rules)[1][0], End)


def test_a_dialog_after_the_submit_key_ends_the_attempt() -> None:
    drawn = replace(CODEX_IDLE, output=400)
    state, _ = run(pasted(CODEX.rules, CODEX_IDLE), (0.04, drawn), (0.15, drawn), rules=CODEX.rules)
    blocked = replace(drawn, published=Published.BLOCKED)
    assert run(state, (0.2, blocked), rules=CODEX.rules)[1] == [End(Outcome.TYPED, "dialog")]


def test_without_bracketed_paste_there_is_no_digit() -> None:
    assert run(Typed(), (0.0, LINE_MODE))[1] == [Write(b"amq: a new message.", expect=LINE.without_digits)]


LOOKS = st.builds(
    Look,
    alive=st.sampled_from([True, True, True, False]),
    stopped=st.sampled_from([False, False, True]),
    canonical=st.booleans(),
    echoing=st.booleans(),
    waiting=st.sampled_from([False, False, True]),
    bracketed_paste=st.booleans(),
    published=st.sampled_from([None, None, *Published]),
    first_output=st.just(0.0),
    last_output=st.floats(0, 2000),
    output=st.integers(0, 3),
    last_key=st.none() | st.floats(0, 2000),
    keys=st.integers(0, 2),
    sent=st.integers(0, 1),
    draft=st.sampled_from([False, False, True]),
    inside=st.sampled_from([False, False, True]),
    echo=st.sampled_from(Echo),
)


@given(
    st.lists(st.tuples(st.floats(0.01, 5), LOOKS), min_size=1, max_size=40),
    st.sampled_from([RULES, replace(RULES, inert=True), CLAUDE.rules, replace(RULES, ready_when=ReadyWhen.TITLED)]),
)
def test_whatever_is_seen_the_promises_hold(looks: list[tuple[float, Look]], rules: Rules) -> None:
    """Enter only on exactly our text, and no second text before the first is known to be gone."""
    state, now = Typed(), 0.0
    before = Typed()
    for passed, look in looks:
        now += passed
        before, (state, actions) = state, step(state, look, LINE, rules, now)
        for action in actions:
            if not isinstance(action, Write):
                continue
            assert look.alive
            assert not look.stopped
            assert look.published is not Published.BLOCKED
            assert not look.inside
            if action.expect is None:
                assert rules.inert or look.echo is Echo.EXACT
            else:
                assert gate(look, rules, now) is None
                assert before.phase is Phase.CLEAR or look.sent != before.sent
