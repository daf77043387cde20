"""How a line is typed: tables of looks and times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.announced import Published
from amq.pty.echo import Echo
from amq.pty.row import ELSEWHERE, NOT_FOUND, UNKNOWN, PromptRule, Row, Standing
from amq.pty.terminal import Look
from amq.runtime.profiles.claude import PROFILE as CLAUDE
from amq.runtime.profiles.codex import PROFILE as CODEX
from amq.runtime.profiles.gemini import PROFILE as GEMINI
from amq.runtime.profiles.generic import PROFILE as GENERIC
from amq.runtime.profiles.opencode import PROFILE as OPENCODE
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
    titled,
)
from amq.runtime.words import Outcome, Reason

LINE = Notification("amq: 1 new message.", "amq: a new message.")
RULES = Rules(by_echo=True)
PROMPT = Rules(row=PromptRule("> "))
NOW = 100.0
IDLE = Look(bracketed_paste=True, first_output=1.0, last_output=1.0, output=50)
LINE_MODE = replace(IDLE, bracketed_paste=False, canonical=True, echoing=True)
EMPTY = Row(Standing.EMPTY)
OURS = Row(Standing.HOLDS, "amq: 1 new\nmessage.")
DRAFT = Row(Standing.HOLDS, "half a line")
MERGED = Row(Standing.HOLDS, "half amq: 1 new message.")
OLD_IDLE = replace(IDLE, title_seen=True, title="✳ Claude Code".encode(), row=EMPTY)
CLAUDE_IDLE = replace(OLD_IDLE, published=Published.IDLE, ready_since=2.0)
CODEX_IDLE = replace(IDLE, published=Published.IDLE, ready_since=2.0, row=EMPTY)
GEMINI_IDLE = replace(IDLE, published=Published.IDLE, title_seen=True, row=EMPTY)
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
        (replace(IDLE, last_output=NOW, started=NOW - 1, ready_since=2.0), None),
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
    assert gate(Typed(), look, RULES, NOW) is reason
    if reason is not None:
        assert run(Typed(), (0.0, look)) == (Typed(), [End(Outcome.REFUSED, reason.value)])


@pytest.mark.parametrize(
    ("look", "rules", "reason"),
    [
        (CLAUDE_IDLE, CLAUDE.rules, None),
        (OLD_IDLE, CLAUDE.rules, None),
        (replace(CLAUDE_IDLE, alternate_screen=True), CLAUDE.rules, None),
        (replace(OLD_IDLE, title_seen=False), CLAUDE.rules, Reason.STARTING),
        (replace(CLAUDE_IDLE, ready_since=NOW - 0.9), CLAUDE.rules, Reason.STARTING),
        (replace(CODEX_IDLE, ready_since=NOW), CODEX.rules, None),
        (replace(CLAUDE_IDLE, row=DRAFT), CLAUDE.rules, Reason.DRAFT),
        (replace(CLAUDE_IDLE, row=NOT_FOUND), CLAUDE.rules, Reason.DIALOG),
        (replace(CLAUDE_IDLE, row=UNKNOWN), CLAUDE.rules, Reason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, row=ELSEWHERE), CLAUDE.rules, Reason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, published=Published.CLEAR), CLAUDE.rules, Reason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, published=Published.OTHER), CLAUDE.rules, Reason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, published=Published.ERROR), CLAUDE.rules, None),  # the row is the usual one
        (replace(OLD_IDLE, answered=True), CLAUDE.rules, Reason.STARTING),  # it will publish, and has not yet
        (replace(CLAUDE_IDLE, draft=True), CLAUDE.rules, Reason.DRAFT),
        (replace(CLAUDE_IDLE, bracketed_paste=False), CLAUDE.rules, Reason.UNKNOWN_SCREEN),
        (GEMINI_IDLE, GEMINI.rules, None),
        (replace(GEMINI_IDLE, published=None), GEMINI.rules, Reason.UNKNOWN_SCREEN),  # its title says nothing
        (replace(IDLE, row=EMPTY), OPENCODE.rules, None),
        (replace(IDLE, row=replace(EMPTY, working=True)), OPENCODE.rules, Reason.BUSY),
        (replace(CODEX_IDLE, row=replace(EMPTY, working=True)), CODEX.rules, None),  # it queues
        (CODEX_IDLE, CODEX.rules, None),
        (replace(CODEX_IDLE, alternate_screen=True), CODEX.rules, None),
        (replace(CODEX_IDLE, ready_since=None), CODEX.rules, Reason.STARTING),
        (replace(CODEX_IDLE, published=Published.WORKING), CODEX.rules, None),
        (replace(CODEX_IDLE, bracketed_paste=False), CODEX.rules, Reason.UNKNOWN_SCREEN),
    ],
)
def test_the_gate_of_a_known_cli(look: Look, rules: Rules, reason: Reason | None) -> None:
    assert gate(Typed(), look, rules, NOW) is reason


@pytest.mark.parametrize("look", [IDLE, LINE_MODE, replace(IDLE, row=EMPTY), replace(IDLE, echo=Echo.EXACT)])
def test_a_program_that_is_not_known_gets_nothing(look: Look) -> None:
    refused = End(Outcome.REFUSED, Reason.UNKNOWN_PROGRAM.value)
    assert run(Typed(), (0.0, look), (30.0, look), rules=GENERIC.rules) == (Typed(), [refused, refused])


RAW = replace(IDLE, bracketed_paste=False, row=EMPTY)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (replace(IDLE, row=EMPTY), None),
        (replace(LINE_MODE, row=EMPTY), None),
        (RAW, None),
        (replace(RAW, takes_pastes=True), Reason.UNKNOWN_SCREEN),  # it asks something, in the words of its prompt
        (replace(LINE_MODE, row=EMPTY, takes_pastes=True), Reason.UNKNOWN_SCREEN),
        (replace(LINE_MODE, row=EMPTY, echoing=False), Reason.UNKNOWN_SCREEN),
        (replace(IDLE, row=EMPTY, alternate_screen=True), Reason.UNKNOWN_SCREEN),
        (replace(IDLE, row=ELSEWHERE), Reason.UNKNOWN_SCREEN),
        (replace(IDLE, row=UNKNOWN), Reason.UNKNOWN_SCREEN),
        (replace(IDLE, row=DRAFT), Reason.DRAFT),
        (replace(IDLE, row=EMPTY, draft=True), Reason.DRAFT),
        (replace(IDLE, row=EMPTY, waiting=True), Reason.DRAFT),
        (replace(IDLE, row=EMPTY, last_key=NOW - 1.1), Reason.DRAFT),
    ],
)
def test_the_gate_of_a_program_with_a_prompt(look: Look, reason: Reason | None) -> None:
    assert gate(Typed(), look, PROMPT, NOW) is reason


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (replace(IDLE, row=EMPTY), End(Outcome.SUBMITTED, "")),
        (replace(IDLE, row=ELSEWHERE, output=92), End(Outcome.SUBMITTED, "")),
        (replace(IDLE, row=ELSEWHERE), End(Outcome.UNCERTAIN, "amq's text did not leave the line")),
        (replace(IDLE, row=OURS, output=92), End(Outcome.UNCERTAIN, "amq's text did not leave the line")),
        (replace(IDLE, row=ELSEWHERE, published=Published.BLOCKED), End(Outcome.TYPED, "dialog")),
    ],
)
def test_at_its_prompt_a_program_gets_enter_behind_exactly_our_line(after: Look, outcome: End) -> None:
    ours = replace(IDLE, row=OURS)
    state, done = run(pasted(PROMPT, replace(IDLE, row=EMPTY)), (0.02, ours), (0.12, ours), rules=PROMPT)
    assert done == [Write(b"\r")]
    assert run(state, (0.7, after), rules=PROMPT)[1] == [outcome]


@pytest.mark.parametrize("row", [EMPTY, ELSEWHERE, UNKNOWN, MERGED])
def test_at_its_prompt_a_program_gets_no_enter_behind_anything_else(row: Row) -> None:
    looks = [(0.1 * number, replace(IDLE, row=row, echo=Echo.EXACT)) for number in range(1, 16)]
    (end,) = run(pasted(PROMPT, replace(IDLE, row=EMPTY)), *looks, rules=PROMPT)[1]
    assert isinstance(end, End)
    assert end.outcome is Outcome.UNCERTAIN


def test_a_program_whose_row_is_not_known_gets_enter_after_its_echo() -> None:
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
    ("echo", "reason"), [(Echo.NOTHING, "did not echo"), (Echo.PART, "did not"), (Echo.OTHER, "something else")]
)
def test_without_exactly_our_text_nothing_is_pressed(echo: Echo, reason: str) -> None:
    state, done = run(pasted(), (1.0, replace(IDLE, echo=echo)), (1.5, replace(IDLE, echo=echo)))
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
        (replace(IDLE, published=Published.CLEAR), Outcome.TYPED, "unknown-screen"),
        (replace(IDLE, stopped=True), Outcome.TYPED, "stopped"),
        (replace(IDLE, alive=False), Outcome.FAILED, "the program has ended"),
    ],
)
def test_what_happens_meanwhile_stops_it(look: Look, outcome: Outcome, reason: str) -> None:
    for rules in (RULES, replace(RULES, inert=True, plain=b"\n")):
        _, done = run(
            pasted(rules), (0.02, replace(IDLE, echo=Echo.EXACT)), (0.2, replace(look, echo=Echo.EXACT)), rules=rules
        )
        assert done == [End(outcome, reason)]


def test_an_enter_that_changed_nothing_is_repeated_only_with_the_same_proof() -> None:
    exact = replace(IDLE, echo=Echo.EXACT)
    state, done = run(pasted(), (0.02, exact), (0.12, exact), (0.7, exact))
    assert done == [Write(b"\r"), End(Outcome.UNCERTAIN, "amq's text did not leave the line")]
    assert run(state, (30.0, exact))[1] == [Write(b"\r")]
    for other in (IDLE, replace(IDLE, echo=Echo.OTHER)):
        assert run(state, (30.0, other)) == (state, [End(Outcome.UNCERTAIN, "amq's text may still be in the line")])


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
    assert run(drained(pressed), (30.0, exact))[1] == [PASTE]


def standing(look: Look) -> Look:
    """Our text stands in its row."""
    return replace(look, row=OURS)


def submitted(look: Look, rules: Rules) -> Typed:
    """Our text stood in the row, and the submit key has been pressed 0.14 s after the paste."""
    state, done = run(pasted(rules, look), (0.04, standing(look)), (0.14, standing(look)), rules=rules)
    assert done == [Write(rules.submit)]
    return state


@pytest.mark.parametrize(("look", "rules"), [(CLAUDE_IDLE, CLAUDE.rules), (CODEX_IDLE, CODEX.rules)])
def test_a_known_cli_is_done_when_its_row_is_back_without_our_text(look: Look, rules: Rules) -> None:
    state = submitted(look, rules)
    assert run(state, (0.2, standing(look)), rules=rules)[1] == []
    for after in (EMPTY, DRAFT):
        assert run(state, (0.3, replace(look, row=after)), rules=rules) == (Typed(), [End(Outcome.SUBMITTED, "")])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (EMPTY, "the program did not echo amq's text"),
        (MERGED, "the program echoed something else"),
        (NOT_FOUND, "the input row disappeared"),
        (ELSEWHERE, "something else replaced the input row"),
        (UNKNOWN, "the input row was not seen"),
    ],
)
def test_without_our_text_in_its_row_a_known_cli_gets_no_key(row: Row, reason: str) -> None:
    looks = [(0.1 * number, replace(CODEX_IDLE, row=row, echo=Echo.EXACT, output=900)) for number in range(1, 16)]
    assert run(pasted(CODEX.rules, CODEX_IDLE), *looks, rules=CODEX.rules)[1] == [End(Outcome.UNCERTAIN, reason)]


def test_the_row_must_hold_our_text_at_the_instant_of_the_key() -> None:
    state = pasted(CODEX.rules, CODEX_IDLE)
    for row in (EMPTY, MERGED, NOT_FOUND, ELSEWHERE, UNKNOWN):
        last = replace(CODEX_IDLE, row=row)
        assert run(state, (0.04, standing(CODEX_IDLE)), (0.14, last), rules=CODEX.rules)[1] == []


@pytest.mark.parametrize("published", [Published.IDLE, Published.WORKING, Published.DONE, Published.ERROR])
@pytest.mark.parametrize(("idle", "rules"), [(CLAUDE_IDLE, CLAUDE.rules), (CODEX_IDLE, CODEX.rules)])
def test_a_key_that_dialogs_ignore_and_that_has_no_effect_is_the_sign_of_another_place(
    idle: Look, rules: Rules, published: Published
) -> None:
    """The key is repeated while our text stands. No other follows, and no attempt presses one there again."""
    look = replace(standing(idle), published=published)
    stands = End(
        Outcome.TYPED,
        "the submit key had no effect: the line is not the program's prompt, or the key has another binding",
    )
    state, done = run(submitted(idle, rules), *((0.7 * number, look) for number in range(1, 5)), rules=rules)
    assert done == [Write(rules.submit)] * 3 + [stands]
    for later in (state, drained(state)):
        assert run(later, (30.0, look), rules=rules) == (later, [stands])
        assert run(later, (30.0, idle), rules=rules)[1] == [PASTE]


@pytest.mark.parametrize(
    ("look", "plain"),
    [
        (OLD_IDLE, True),
        (replace(OLD_IDLE, version="2.1.197", published=Published.IDLE), True),
        (replace(OLD_IDLE, version="2.1.332"), False),
        (replace(OLD_IDLE, version="2.1.332", published=Published.IDLE), False),
        (replace(OLD_IDLE, published=Published.IDLE), False),
        (replace(OLD_IDLE, answered=True, ready_since=2.0), False),
    ],
)
def test_enter_follows_only_for_a_version_that_lacks_the_other_key(look: Look, plain: bool) -> None:
    state = submitted(look, CLAUDE.rules)
    _, done = run(state, (0.7, standing(look)), rules=CLAUDE.rules)
    assert done == [Write(b"\r" if plain else b"\x18\r")]


@pytest.mark.parametrize(
    ("look", "presses"),
    [
        (standing(OLD_IDLE), [Write(b"\r")]),
        (replace(standing(OLD_IDLE), title="⠂ Claude Code".encode()), []),
        (replace(OLD_IDLE, row=MERGED), []),
        (replace(OLD_IDLE, row=NOT_FOUND), []),
        (replace(OLD_IDLE, row=ELSEWHERE), []),
        (replace(OLD_IDLE, row=UNKNOWN), []),
        (replace(standing(OLD_IDLE), keys=1), []),
        (replace(standing(OLD_IDLE), inside=True), []),
        (replace(standing(OLD_IDLE), waiting=True), []),
        (replace(standing(OLD_IDLE), stopped=True), []),
        (replace(standing(OLD_IDLE), published=Published.BLOCKED), []),
    ],
)
def test_an_old_claude_gets_the_plain_key_where_the_first_did_nothing(look: Look, presses: list[Action]) -> None:
    _, done = run(submitted(OLD_IDLE, CLAUDE.rules), (0.7, look), rules=CLAUDE.rules)
    assert [action for action in done if isinstance(action, Write)] == presses
    assert bool(presses) or isinstance(done[0], End)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (replace(CODEX_IDLE, row=NOT_FOUND), "dialog"),
        (replace(CODEX_IDLE, row=NOT_FOUND, published=Published.BLOCKED), "dialog"),
        (replace(CODEX_IDLE, row=ELSEWHERE, published=Published.CLEAR), "unknown-screen"),
    ],
)
def test_a_dialog_after_the_submit_key_ends_the_attempt(look: Look, reason: str) -> None:
    state, done = run(submitted(CODEX_IDLE, CODEX.rules), (0.7, look), rules=CODEX.rules)
    assert (state.phase, done) == (Phase.STANDING, [End(Outcome.TYPED, reason)])


def test_a_program_that_ends_after_the_submit_key_has_not_taken_the_line() -> None:
    ended = replace(CODEX_IDLE, alive=False)
    state, done = run(submitted(CODEX_IDLE, CODEX.rules), (0.2, ended), rules=CODEX.rules)
    assert (state, done) == (Typed(), [End(Outcome.FAILED, "the program has ended")])


def test_a_text_that_a_dialog_swallowed_is_typed_again() -> None:
    state, _ = run(pasted(CODEX.rules, CODEX_IDLE), (1.5, replace(CODEX_IDLE, row=NOT_FOUND)), rules=CODEX.rules)
    assert run(state, (30.0, CODEX_IDLE), rules=CODEX.rules)[1] == [PASTE]


def test_a_text_of_ours_that_stands_in_the_row_is_no_draft_and_is_only_submitted() -> None:
    state, _ = run(pasted(CLAUDE.rules, CLAUDE_IDLE), (1.5, replace(CLAUDE_IDLE, row=UNKNOWN)), rules=CLAUDE.rules)
    other = Notification("amq: 2 new messages.", "amq: new messages.")
    for before in (state, drained(state)):
        assert gate(before, standing(CLAUDE_IDLE), CLAUDE.rules, NOW + 30) is None
        _, done = run(before, (30.0, standing(CLAUDE_IDLE)), rules=CLAUDE.rules, line=other)
        assert done == [Write(b"\x18\r")]
    assert gate(Typed(), standing(CLAUDE_IDLE), CLAUDE.rules, NOW) is Reason.DRAFT


def test_the_screen_is_a_better_proof_than_the_echo() -> None:
    redrawn = replace(IDLE, row=Row(Standing.HOLDS, LINE.text), echo=Echo.OTHER, output=900)
    assert run(pasted(), (0.02, redrawn), (0.12, redrawn))[1] == [Write(b"\r")]
    gone = replace(IDLE, row=NOT_FOUND, echo=Echo.EXACT)
    assert run(pasted(), (0.02, gone), (0.12, gone))[1] == []


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
    row=st.sampled_from([EMPTY, EMPTY, OURS, OURS, OURS, DRAFT, MERGED, NOT_FOUND, ELSEWHERE, UNKNOWN]),
    title=st.sampled_from([b"", "✳".encode()]),
    answered=st.booleans(),
    version=st.sampled_from(["", "2.1.197", "2.1.332"]),
)


@given(
    st.lists(st.tuples(st.floats(0.01, 5), LOOKS), min_size=1, max_size=40),
    st.sampled_from(
        [RULES, PROMPT, GENERIC.rules, CLAUDE.rules, CODEX.rules, replace(CLAUDE.rules, ready_when=ReadyWhen.QUIET)]
    ),
)
def test_whatever_is_seen_the_promises_hold(looks: list[tuple[float, Look]], rules: Rules) -> None:
    """A submit key only while exactly our text is seen, and no second text while the first may stand."""
    state, now, plain = Typed(), 0.0, 0
    before = Typed()
    for passed, look in looks:
        now += passed
        before, (state, actions) = state, step(state, look, LINE, rules, now)
        for action in actions:
            if not isinstance(action, Write):
                continue
            assert rules.known
            assert look.alive
            assert not look.stopped
            assert look.published not in (Published.BLOCKED, Published.CLEAR, Published.OTHER)
            assert not look.inside
            if action.expect is not None:
                plain = 0
                assert gate(before, look, rules, now) is None
                assert look.row == EMPTY if rules.row else before.phase is Phase.CLEAR or look.sent != before.sent
            elif rules.row is None and look.row == UNKNOWN:
                assert look.echo is Echo.EXACT
            else:
                assert look.row.is_exactly(LINE.text)
            if action.data == rules.plain:
                plain += 1
                assert look.version == "2.1.197" or (not look.version and not look.answered and look.published is None)
                assert look.published in (Published.IDLE, Published.DONE, None)
                assert before.phase is Phase.SUBMITTED
        if any(isinstance(action, End) for action in actions):
            plain = 0
        assert plain <= 1


@pytest.mark.parametrize(
    ("last_key", "last_output", "row", "reason"),
    [
        (NOW - 1.3, NOW - 1.0, OURS, None),
        (NOW - 1.3, NOW - 2.0, OURS, Reason.DRAFT),  # what the key did may not have been drawn
        (NOW - 5.0, NOW - 6.0, OURS, None),  # nothing was to be drawn
        (NOW - 1.1, NOW - 1.0, OURS, Reason.DRAFT),
        (NOW - 9.0, NOW - 1.0, MERGED, Reason.DRAFT),
    ],
)
def test_a_key_beside_our_standing_text_does_not_silence_an_agent_for_ever(
    last_key: float, last_output: float, row: Row, reason: Reason | None
) -> None:
    """The row shows that nothing came of it; a row that holds our text is never seen to be empty."""
    state = Typed(Phase.STANDING, LINE.text, keys=3)
    look = replace(CLAUDE_IDLE, row=row, draft=True, keys=4, last_key=last_key, last_output=last_output)
    assert gate(state, look, CLAUDE.rules, NOW) is reason


@pytest.mark.parametrize(
    ("published", "pressed"), [(Published.IDLE, [Write(b"\r")]), (Published.WORKING, []), (None, [])]
)
def test_with_only_a_plain_key_it_is_pressed_once_and_only_where_the_program_idles(
    published: Published | None, pressed: list[Action]
) -> None:
    rules = replace(CODEX.rules, submit=b"", inert=False, plain=b"\r")
    ours = replace(CODEX_IDLE, row=OURS, published=published)
    _, done = run(pasted(rules, CODEX_IDLE), (0.1, ours), (0.3, ours), (0.9, ours), rules=rules)
    assert [action for action in done if isinstance(action, Write)] == pressed


@pytest.mark.parametrize("working", [False, True])
def test_enter_waits_for_what_shows_that_the_program_works(working: bool) -> None:
    look = replace(IDLE, row=EMPTY)
    ours = replace(look, row=replace(OURS, working=working))
    _, done = run(pasted(OPENCODE.rules, look), (0.1, ours), (0.3, ours), rules=OPENCODE.rules)
    assert done == [End(Outcome.TYPED, "busy") if working else Write(b"\r")]


def test_without_any_key_the_line_is_left_and_said_so() -> None:
    rules = replace(CODEX.rules, submit=b"", inert=False)
    ours = standing(CODEX_IDLE)
    left = End(Outcome.TYPED, "left unsubmitted: amq knows no submit key that dialogs ignore")
    state, done = run(pasted(rules, CODEX_IDLE), (0.1, ours), (0.3, ours), rules=rules)
    assert done == [left]
    assert run(state, (30.0, ours), rules=rules)[1] == [left]


@pytest.mark.parametrize(
    ("title", "state"),
    [
        ("◇  Ready (x)", Published.IDLE),
        ("✦  Working… (x)", Published.WORKING),
        ("✋  Action Required (x)", Published.BLOCKED),
        ("Gemini CLI (x)", None),
        ("", None),
    ],
)
def test_a_title_may_tell_the_state(title: str, state: Published | None) -> None:
    assert titled(title.encode(), GEMINI.rules) is state
    assert titled(title.encode(), CLAUDE.rules) is None
