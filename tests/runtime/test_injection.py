"""How a line is typed: tables of looks and times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.echo import Echo
from amq.pty.osc_state import AgentState
from amq.pty.row import ELSEWHERE, NOT_FOUND, PART, UNKNOWN, PromptRule, Row, Standing
from amq.pty.terminal import TerminalSnapshot
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.codex.profile import PROFILE as CODEX
from amq.runtime.agents.gemini.profile import PROFILE as GEMINI
from amq.runtime.agents.generic import PROFILE as GENERIC
from amq.runtime.agents.opencode.profile import PROFILE as OPENCODE
from amq.runtime.policy.injection import (
    Action,
    End,
    InjectionRules,
    InjectionState,
    LookAt,
    Phase,
    ReadyWhen,
    Write,
    drained,
    gate,
    lost_since,
    step,
    titled,
)
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification

LINE = Notification("amq: 1 new message.", "amq: a new message.")
RULES = InjectionRules(by_echo=True)
PROMPT = InjectionRules(prompt_row=PromptRule("> "))
NOW = 100.0
IDLE = TerminalSnapshot(bracketed_paste=True, first_output=1.0, last_output=1.0, output=50)
LINE_MODE = replace(IDLE, bracketed_paste=False, canonical=True, echoing=True)
EMPTY = Row(Standing.EMPTY)
OURS = Row(Standing.HOLDS, "amq: 1 new\nmessage.")
DRAFT = Row(Standing.HOLDS, "half a line")
MERGED = Row(Standing.HOLDS, "half amq: 1 new message.")
OLD_IDLE = replace(IDLE, title_seen=True, title="✳ Claude Code".encode(), row=EMPTY)
CLAUDE_IDLE = replace(OLD_IDLE, published=AgentState.IDLE, ready_since=2.0)
CODEX_IDLE = replace(IDLE, published=AgentState.IDLE, ready_since=2.0, row=EMPTY)
GEMINI_IDLE = replace(IDLE, published=AgentState.IDLE, title_seen=True, row=EMPTY)
ERASE = Write(b"\x7f" * len(LINE.text))
PASTE = Write(b"\x1b[200~amq: 1 new message.\x1b[201~", expect=LINE.text)


def run(
    state: InjectionState,
    *looks: tuple[float, TerminalSnapshot],
    rules: InjectionRules = RULES,
    line: Notification = LINE,
) -> tuple[InjectionState, list[Action]]:
    """The state after these looks (seconds after NOW), and everything that was done but looking again."""
    done: list[Action] = []
    for after, look in looks:
        state, actions = step(state, look, line, rules, NOW + after)
        done += [action for action in actions if not isinstance(action, LookAt)]
    return state, done


def pasted(rules: InjectionRules = RULES, look: TerminalSnapshot = IDLE) -> InjectionState:
    state, done = run(InjectionState(), (0.0, look), rules=rules)
    assert done == [PASTE]
    return state


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (IDLE, None),
        (replace(IDLE, alive=False), WaitReason.STOPPED),
        (replace(IDLE, stopped=True), WaitReason.STOPPED),
        (replace(IDLE, published=AgentState.BLOCKED), WaitReason.DIALOG),
        (replace(IDLE, last_output=NOW - 0.4, started=NOW - 1), WaitReason.STARTING),
        (replace(IDLE, last_output=None, started=NOW - 9), WaitReason.STARTING),
        (replace(IDLE, last_output=None, started=NOW - 10), None),
        (replace(IDLE, last_output=NOW, started=NOW - 10), None),
        (replace(IDLE, last_output=NOW, started=NOW - 1, ready_since=2.0), None),
        (replace(LINE_MODE, echoing=False), WaitReason.UNKNOWN_SCREEN),
        (replace(LINE_MODE, echoing=False, bracketed_paste=True), WaitReason.UNKNOWN_SCREEN),
        (replace(LINE_MODE, canonical=False), WaitReason.UNKNOWN_SCREEN),
        (replace(IDLE, alternate_screen=True), WaitReason.UNKNOWN_SCREEN),
        (LINE_MODE, None),
        (replace(IDLE, draft=True), WaitReason.DRAFT),
        (replace(IDLE, inside=True), WaitReason.DRAFT),
        (replace(IDLE, waiting=True), WaitReason.DRAFT),
        (replace(IDLE, last_key=NOW - 1.1), WaitReason.DRAFT),
        (replace(IDLE, last_key=NOW - 1.2), None),
    ],
)
def test_the_gate(look: TerminalSnapshot, reason: WaitReason | None) -> None:
    assert gate(InjectionState(), look, RULES, NOW) is reason
    if reason is not None:
        assert run(InjectionState(), (0.0, look)) == (InjectionState(), [End(Outcome.REFUSED, reason.value)])


@pytest.mark.parametrize(
    ("look", "rules", "reason"),
    [
        (CLAUDE_IDLE, CLAUDE.rules, None),
        (OLD_IDLE, CLAUDE.rules, None),
        (replace(CLAUDE_IDLE, alternate_screen=True), CLAUDE.rules, None),
        (replace(OLD_IDLE, title_seen=False), CLAUDE.rules, WaitReason.STARTING),
        (replace(CLAUDE_IDLE, ready_since=NOW - 0.9), CLAUDE.rules, WaitReason.STARTING),
        (replace(CODEX_IDLE, ready_since=NOW), CODEX.rules, None),
        (replace(CLAUDE_IDLE, row=DRAFT), CLAUDE.rules, WaitReason.DRAFT),
        (replace(CLAUDE_IDLE, row=NOT_FOUND), CLAUDE.rules, WaitReason.DIALOG),
        (replace(CLAUDE_IDLE, row=UNKNOWN), CLAUDE.rules, WaitReason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, row=ELSEWHERE), CLAUDE.rules, WaitReason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, published=AgentState.CLEAR), CLAUDE.rules, WaitReason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, published=AgentState.OTHER), CLAUDE.rules, WaitReason.UNKNOWN_SCREEN),
        (replace(CLAUDE_IDLE, published=AgentState.ERROR), CLAUDE.rules, None),  # the row is the usual one
        (replace(OLD_IDLE, answered=True), CLAUDE.rules, WaitReason.STARTING),  # it will publish, and has not yet
        (replace(CLAUDE_IDLE, draft=True), CLAUDE.rules, WaitReason.DRAFT),
        (replace(CLAUDE_IDLE, bracketed_paste=False), CLAUDE.rules, WaitReason.UNKNOWN_SCREEN),
        (GEMINI_IDLE, GEMINI.rules, None),
        (replace(GEMINI_IDLE, published=None), GEMINI.rules, WaitReason.UNKNOWN_SCREEN),  # its title says nothing
        (replace(IDLE, row=EMPTY), OPENCODE.rules, None),
        (replace(IDLE, row=replace(EMPTY, working=True)), OPENCODE.rules, WaitReason.BUSY),
        (replace(IDLE, row=replace(EMPTY, working=True)), replace(OPENCODE.rules, submit=b"\r"), WaitReason.BUSY),
        (replace(CODEX_IDLE, row=replace(EMPTY, working=True)), CODEX.rules, None),  # it queues
        (CODEX_IDLE, CODEX.rules, None),
        (replace(CODEX_IDLE, alternate_screen=True), CODEX.rules, None),
        (replace(CODEX_IDLE, ready_since=None), CODEX.rules, WaitReason.STARTING),
        (replace(CODEX_IDLE, published=AgentState.WORKING), CODEX.rules, None),
        (replace(CODEX_IDLE, bracketed_paste=False), CODEX.rules, WaitReason.UNKNOWN_SCREEN),
        (replace(GEMINI_IDLE, published=AgentState.WORKING), GEMINI.rules, WaitReason.BUSY),  # Enter would follow late
        (replace(GEMINI_IDLE, published=AgentState.ERROR), GEMINI.rules, WaitReason.BUSY),
        (replace(OLD_IDLE, version="2.1.197", published=AgentState.WORKING), CLAUDE.rules, WaitReason.BUSY),
        (replace(OLD_IDLE, version="2.1.197"), CLAUDE.rules, None),  # by its title
        (replace(OLD_IDLE, version="2.1.197", title=b"x"), CLAUDE.rules, WaitReason.BUSY),
        (replace(OLD_IDLE, title=b"x"), CLAUDE.rules, None),  # perhaps a version that has the key
    ],
)
def test_the_gate_of_a_known_cli(look: TerminalSnapshot, rules: InjectionRules, reason: WaitReason | None) -> None:
    assert gate(InjectionState(), look, rules, NOW) is reason


@pytest.mark.parametrize("look", [IDLE, LINE_MODE, replace(IDLE, row=EMPTY), replace(IDLE, echo=Echo.EXACT)])
def test_a_program_that_is_not_known_gets_nothing(look: TerminalSnapshot) -> None:
    refused = End(Outcome.REFUSED, WaitReason.UNKNOWN_PROGRAM.value)
    assert run(InjectionState(), (0.0, look), (30.0, look), rules=GENERIC.rules) == (
        InjectionState(),
        [refused, refused],
    )


@pytest.mark.parametrize("by_echo", [True, False])
def test_a_line_that_no_key_could_submit_is_not_typed(by_echo: bool) -> None:
    rules, look = replace(RULES if by_echo else CODEX.rules, submit=b""), IDLE if by_echo else CODEX_IDLE
    assert gate(InjectionState(), look, rules, NOW) is WaitReason.UNKNOWN_PROGRAM
    assert gate(InjectionState(), look, replace(rules, fallback_submit_key=b"\r"), NOW) is (
        WaitReason.BUSY if by_echo else None
    )


LOST = replace(CLAUDE_IDLE, row=NOT_FOUND)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (LOST, WaitReason.DIALOG),
        (replace(LOST, lost_since=NOW - 59), WaitReason.DIALOG),
        (replace(LOST, lost_since=NOW - 60), WaitReason.UNKNOWN_LOOK),
        (replace(LOST, lost_since=NOW - 60, published=AgentState.BLOCKED), WaitReason.DIALOG),
        (replace(LOST, lost_since=NOW - 60, row=ELSEWHERE), WaitReason.UNKNOWN_SCREEN),
        (replace(LOST, lost_since=NOW - 60, row=UNKNOWN), WaitReason.UNKNOWN_SCREEN),
        (replace(LOST, lost_since=NOW - 60, row=EMPTY), None),
    ],
)
def test_a_row_that_is_not_found_for_a_minute_while_the_program_idles_has_another_look(
    look: TerminalSnapshot, reason: WaitReason | None
) -> None:
    assert gate(InjectionState(), look, CLAUDE.rules, NOW) is reason


@pytest.mark.parametrize(
    ("published", "row", "before", "since"),
    [
        (AgentState.IDLE, NOT_FOUND, None, NOW),
        (AgentState.DONE, NOT_FOUND, None, NOW),
        (AgentState.IDLE, NOT_FOUND, 7.0, 7.0),
        (AgentState.IDLE, UNKNOWN, 7.0, 7.0),  # in the middle of a frame
        (AgentState.IDLE, UNKNOWN, None, None),
        (AgentState.IDLE, EMPTY, 7.0, None),
        (AgentState.IDLE, DRAFT, 7.0, None),
        (AgentState.IDLE, ELSEWHERE, 7.0, None),
        (AgentState.WORKING, NOT_FOUND, 7.0, None),
        (AgentState.BLOCKED, NOT_FOUND, 7.0, None),
        (AgentState.ERROR, NOT_FOUND, 7.0, None),
        (None, NOT_FOUND, 7.0, None),
    ],
)
def test_since_when_a_row_is_not_found(
    published: AgentState | None, row: Row, before: float | None, since: float | None
) -> None:
    assert lost_since(before, published, row, NOW) == since


def test_a_row_that_would_not_show_all_of_a_text_gets_a_shorter_one_or_none() -> None:
    line = Notification("amq: 1 new message from a, b, c.", "amq: a new message.", "amq: 1 new message.")
    small = replace(CLAUDE_IDLE, row=replace(EMPTY, room=(1, 19)))
    assert run(InjectionState(), (0.0, small), rules=CLAUDE.rules, line=line)[1] == [PASTE]
    smaller = replace(CLAUDE_IDLE, row=replace(EMPTY, room=(1, 18)))
    refused = (InjectionState(), [End(Outcome.REFUSED, "unknown-screen")])
    assert run(InjectionState(), (0.0, smaller), rules=CLAUDE.rules, line=line) == refused
    assert run(InjectionState(), (0.0, smaller), rules=CLAUDE.rules) == refused


RAW = replace(IDLE, bracketed_paste=False, row=EMPTY)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (replace(IDLE, row=EMPTY), None),
        (replace(LINE_MODE, row=EMPTY), None),
        (RAW, None),
        (replace(RAW, takes_pastes=True), WaitReason.UNKNOWN_SCREEN),  # it asks something, in the words of its prompt
        (replace(LINE_MODE, row=EMPTY, takes_pastes=True), WaitReason.UNKNOWN_SCREEN),
        (replace(LINE_MODE, row=EMPTY, echoing=False), WaitReason.UNKNOWN_SCREEN),
        (replace(IDLE, row=EMPTY, alternate_screen=True), WaitReason.UNKNOWN_SCREEN),
        (replace(IDLE, row=ELSEWHERE), WaitReason.UNKNOWN_SCREEN),
        (replace(IDLE, row=UNKNOWN), WaitReason.UNKNOWN_SCREEN),
        (replace(IDLE, row=DRAFT), WaitReason.DRAFT),
        (replace(IDLE, row=EMPTY, draft=True), WaitReason.DRAFT),
        (replace(IDLE, row=EMPTY, waiting=True), WaitReason.DRAFT),
        (replace(IDLE, row=EMPTY, last_key=NOW - 1.1), WaitReason.DRAFT),
    ],
)
def test_the_gate_of_a_program_with_a_prompt(look: TerminalSnapshot, reason: WaitReason | None) -> None:
    assert gate(InjectionState(), look, PROMPT, NOW) is reason


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (replace(IDLE, row=EMPTY), End(Outcome.SUBMITTED, "")),
        (replace(IDLE, row=ELSEWHERE, output=92), End(Outcome.SUBMITTED, "")),
        (replace(IDLE, row=ELSEWHERE), End(Outcome.UNCERTAIN, "amq's text did not leave the line")),
        (replace(IDLE, row=OURS, output=92), End(Outcome.UNCERTAIN, "amq's text did not leave the line")),
        (replace(IDLE, row=ELSEWHERE, published=AgentState.BLOCKED), End(Outcome.TYPED, "dialog")),
    ],
)
def test_at_its_prompt_a_program_gets_enter_behind_exactly_our_line(after: TerminalSnapshot, outcome: End) -> None:
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
    assert run(state, (0.16, exact), (0.2, replace(exact, output=92))) == (
        InjectionState(),
        [End(Outcome.SUBMITTED, "")],
    )


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
        (replace(IDLE, published=AgentState.BLOCKED), Outcome.TYPED, "dialog"),
        (replace(IDLE, published=AgentState.CLEAR), Outcome.TYPED, "unknown-screen"),
        (replace(IDLE, stopped=True), Outcome.TYPED, "stopped"),
        (replace(IDLE, alive=False), Outcome.FAILED, "the program has ended"),
    ],
)
def test_what_happens_meanwhile_stops_it(look: TerminalSnapshot, outcome: Outcome, reason: str) -> None:
    for rules in (RULES, replace(RULES, dialog_safe=True, fallback_submit_key=b"\n")):
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


def standing(look: TerminalSnapshot) -> TerminalSnapshot:
    """Our text stands in its row."""
    return replace(look, row=OURS)


def submitted(look: TerminalSnapshot, rules: InjectionRules) -> InjectionState:
    """Our text stood in the row, and the submit key has been pressed 0.14 s after the paste."""
    state, done = run(pasted(rules, look), (0.04, standing(look)), (0.14, standing(look)), rules=rules)
    assert done == [Write(rules.submit)]
    return state


@pytest.mark.parametrize(("look", "rules"), [(CLAUDE_IDLE, CLAUDE.rules), (CODEX_IDLE, CODEX.rules)])
def test_a_known_cli_is_done_when_its_row_is_back_without_our_text(
    look: TerminalSnapshot, rules: InjectionRules
) -> None:
    state = submitted(look, rules)
    assert run(state, (0.2, standing(look)), rules=rules)[1] == []
    for after in (EMPTY, DRAFT):
        assert run(state, (0.3, replace(look, row=after)), rules=rules) == (
            InjectionState(),
            [End(Outcome.SUBMITTED, "")],
        )


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


@pytest.mark.parametrize("published", [AgentState.IDLE, AgentState.WORKING, AgentState.DONE, AgentState.ERROR])
@pytest.mark.parametrize(("idle", "rules"), [(CLAUDE_IDLE, CLAUDE.rules), (CODEX_IDLE, CODEX.rules)])
def test_a_key_that_dialogs_ignore_and_that_has_no_effect_is_the_sign_of_another_place(
    idle: TerminalSnapshot, rules: InjectionRules, published: AgentState
) -> None:
    """The key is repeated while our text stands. No other follows, and no attempt presses one there again."""
    look = replace(standing(idle), published=published)
    presses = [(0.7 * number, look) for number in range(1, 4)]
    no_effect = "the submit key had no effect: the line is not the program's prompt, or the key has another binding"
    state, done = run(submitted(idle, rules), *presses, (2.8, look), (2.9, idle), rules=rules)
    assert (state, done) == (InjectionState(), [Write(rules.submit)] * 3 + [ERASE, End(Outcome.ERASED, no_effect)])

    stands = End(Outcome.TYPED, no_effect)
    accented = replace(look, row=Row(Standing.HOLDS, "für amq"))
    line = Notification("für amq", "")
    state, _ = run(InjectionState(), (0.0, idle), (0.04, accented), (0.14, accented), rules=rules, line=line)
    state, done = run(state, *((after, accented) for after, _ in presses), (2.8, accented), rules=rules)
    assert done == [Write(rules.submit)] * 3 + [stands]
    look = accented
    for later in (state, drained(state)):
        assert run(later, (30.0, look), rules=rules) == (later, [stands])
        assert run(later, (30.0, idle), rules=rules)[1] == [PASTE]


@pytest.mark.parametrize(
    ("look", "plain"),
    [
        (OLD_IDLE, True),
        (replace(OLD_IDLE, version="2.1.197", published=AgentState.IDLE), True),
        (replace(OLD_IDLE, version="2.1.332"), False),
        (replace(OLD_IDLE, version="2.1.332", published=AgentState.IDLE), False),
        (replace(OLD_IDLE, published=AgentState.IDLE), False),
        (replace(OLD_IDLE, answered=True, ready_since=2.0), False),
    ],
)
def test_enter_follows_only_for_a_version_that_lacks_the_other_key(look: TerminalSnapshot, plain: bool) -> None:
    state = submitted(look, CLAUDE.rules)
    _, done = run(state, (0.7, standing(look)), rules=CLAUDE.rules)
    assert done == [Write(b"\r" if plain else b"\x18\r")]


@pytest.mark.parametrize(
    ("look", "presses"),
    [
        (standing(OLD_IDLE), [Write(b"\r")]),
        (replace(standing(OLD_IDLE), title="⠂ Claude Code".encode()), [ERASE]),
        (replace(OLD_IDLE, row=MERGED), []),
        (replace(OLD_IDLE, row=NOT_FOUND), []),
        (replace(OLD_IDLE, row=ELSEWHERE), []),
        (replace(OLD_IDLE, row=UNKNOWN), []),
        (replace(standing(OLD_IDLE), keys=1), []),
        (replace(standing(OLD_IDLE), inside=True), []),
        (replace(standing(OLD_IDLE), waiting=True), []),
        (replace(standing(OLD_IDLE), stopped=True), []),
        (replace(standing(OLD_IDLE), published=AgentState.BLOCKED), []),
    ],
)
def test_an_old_claude_gets_the_plain_key_where_the_first_did_nothing(
    look: TerminalSnapshot, presses: list[Action]
) -> None:
    _, done = run(submitted(OLD_IDLE, CLAUDE.rules), (0.7, look), rules=CLAUDE.rules)
    assert [action for action in done if isinstance(action, Write)] == presses
    assert bool(presses) or isinstance(done[0], End)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (replace(CODEX_IDLE, row=NOT_FOUND), "dialog"),
        (replace(CODEX_IDLE, row=NOT_FOUND, published=AgentState.BLOCKED), "dialog"),
        (replace(CODEX_IDLE, row=ELSEWHERE, published=AgentState.CLEAR), "unknown-screen"),
    ],
)
def test_a_dialog_after_the_submit_key_ends_the_attempt(look: TerminalSnapshot, reason: str) -> None:
    state, done = run(submitted(CODEX_IDLE, CODEX.rules), (0.7, look), rules=CODEX.rules)
    assert (state.phase, done) == (Phase.STANDING, [End(Outcome.TYPED, reason)])


def test_another_place_does_not_show_that_our_text_has_left() -> None:
    place = replace(CODEX_IDLE, row=ELSEWHERE, output=900)
    assert run(submitted(CODEX_IDLE, CODEX.rules), (0.2, place), rules=CODEX.rules)[1] == []


def test_a_program_that_ends_after_the_submit_key_has_not_taken_the_line() -> None:
    ended = replace(CODEX_IDLE, alive=False)
    state, done = run(submitted(CODEX_IDLE, CODEX.rules), (0.2, ended), rules=CODEX.rules)
    assert (state, done) == (InjectionState(), [End(Outcome.FAILED, "the program has ended")])


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
    assert gate(InjectionState(), standing(CLAUDE_IDLE), CLAUDE.rules, NOW) is WaitReason.DRAFT


def test_the_screen_is_a_better_proof_than_the_echo() -> None:
    redrawn = replace(IDLE, row=Row(Standing.HOLDS, LINE.text), echo=Echo.OTHER, output=900)
    assert run(pasted(), (0.02, redrawn), (0.12, redrawn))[1] == [Write(b"\r")]
    gone = replace(IDLE, row=NOT_FOUND, echo=Echo.EXACT)
    assert run(pasted(), (0.02, gone), (0.12, gone))[1] == []


def test_without_bracketed_paste_there_is_no_digit() -> None:
    assert run(InjectionState(), (0.0, LINE_MODE))[1] == [Write(b"amq: a new message.", expect=LINE.without_digits)]


LOOKS = st.builds(
    TerminalSnapshot,
    alive=st.sampled_from([True, True, True, False]),
    stopped=st.sampled_from([False, False, True]),
    canonical=st.booleans(),
    echoing=st.booleans(),
    waiting=st.sampled_from([False, False, True]),
    bracketed_paste=st.booleans(),
    published=st.sampled_from([None, None, *AgentState]),
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
def test_whatever_is_seen_the_promises_hold(looks: list[tuple[float, TerminalSnapshot]], rules: InjectionRules) -> None:
    """A submit key only while exactly our text is seen, and no second text while the first may stand."""
    state, now, plain, pasted_after = InjectionState(), 0.0, 0, -1
    before = InjectionState()
    for passed, look in looks:
        now += passed
        before, (state, actions) = state, step(state, look, LINE, rules, now)
        for action in actions:
            if not isinstance(action, Write):
                continue
            assert rules.known
            assert look.alive
            assert not look.stopped
            assert look.published not in (AgentState.BLOCKED, AgentState.CLEAR, AgentState.OTHER)
            assert not look.inside
            if action.data.strip(b"\x7f") == b"":
                assert rules.prompt_row is not None
                assert len(action.data) == len(LINE.text)
                assert look.row.is_exactly(LINE.text)
                assert look.keys == pasted_after
                assert not look.waiting
                continue
            if action.expect is not None:
                plain, pasted_after = 0, look.keys
                assert gate(before, look, rules, now) is None
                assert (
                    look.row == EMPTY if rules.prompt_row else before.phase is Phase.CLEAR or look.sent != before.sent
                )
            elif rules.prompt_row is None and look.row == UNKNOWN:
                assert look.echo is Echo.EXACT
            else:
                assert look.row.is_exactly(LINE.text)
            if action.data == rules.fallback_submit_key:
                plain += 1
                assert look.version == "2.1.197" or (not look.version and not look.answered and look.published is None)
                assert look.published in (AgentState.IDLE, AgentState.DONE, None)
                assert before.phase is Phase.SUBMITTED
        if any(isinstance(action, End) for action in actions):
            plain = 0
        assert plain <= 1


@pytest.mark.parametrize(
    ("last_key", "last_output", "row", "reason"),
    [
        (NOW - 1.3, NOW - 1.0, OURS, None),
        (NOW - 1.3, NOW - 2.0, OURS, WaitReason.DRAFT),  # what the key did may not have been drawn
        (NOW - 5.0, NOW - 6.0, OURS, None),  # nothing was to be drawn
        (NOW - 1.1, NOW - 1.0, OURS, WaitReason.DRAFT),
        (NOW - 9.0, NOW - 1.0, MERGED, WaitReason.DRAFT),
    ],
)
def test_a_key_beside_our_standing_text_does_not_silence_an_agent_for_ever(
    last_key: float, last_output: float, row: Row, reason: WaitReason | None
) -> None:
    """The row shows that nothing came of it; a row that holds our text is never seen to be empty."""
    state = InjectionState(Phase.STANDING, LINE.text, keys=3)
    look = replace(CLAUDE_IDLE, row=row, draft=True, keys=4, last_key=last_key, last_output=last_output)
    assert gate(state, look, CLAUDE.rules, NOW) is reason


@pytest.mark.parametrize(
    ("published", "pressed"), [(AgentState.IDLE, [Write(b"\r")]), (AgentState.WORKING, []), (None, [])]
)
def test_with_only_a_plain_key_it_is_pressed_once_and_only_where_the_program_idles(
    published: AgentState | None, pressed: list[Action]
) -> None:
    rules = replace(CODEX.rules, submit=b"", dialog_safe=False, fallback_submit_key=b"\r")
    ours = replace(CODEX_IDLE, row=OURS, published=published)
    _, done = run(pasted(rules, CODEX_IDLE), (0.1, ours), (0.3, ours), (0.9, ours), rules=rules)
    assert done == [*pressed, ERASE]


@pytest.mark.parametrize("working", [False, True])
def test_enter_waits_for_what_shows_that_the_program_works(working: bool) -> None:
    look = replace(IDLE, row=EMPTY)
    ours = replace(look, row=replace(OURS, working=working))
    _, done = run(pasted(OPENCODE.rules, look), (0.1, ours), (0.3, ours), rules=OPENCODE.rules)
    assert done == [ERASE if working else Write(b"\r")]


WORKING = replace(GEMINI_IDLE, published=AgentState.WORKING)
UNSENT = pasted(GEMINI.rules, GEMINI_IDLE)
"""Our text is in the line of a program that begins to work then: Enter cannot follow."""


def test_a_text_that_stays_unsent_is_taken_back() -> None:
    state, done = run(UNSENT, (0.1, standing(WORKING)), (0.4, standing(WORKING)), rules=GEMINI.rules)
    assert (state.phase, done) == (Phase.ERASING, [ERASE])
    assert [each.is_under_way for each in (InjectionState(), UNSENT, state)] == [False, True, True]
    part = replace(WORKING, row=Row(Standing.HOLDS, "amq: 1 n"))
    state, done = run(state, (0.42, part), (0.5, replace(WORKING, row=EMPTY)), rules=GEMINI.rules)
    (end,) = done
    assert (state, end) == (InjectionState(), End(Outcome.ERASED, "busy"))
    assert isinstance(end, End)
    assert not end.unsent


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (replace(standing(WORKING), keys=1), "draft"),
        (replace(standing(WORKING), inside=True), "draft"),
        (replace(standing(WORKING), stopped=True), "stopped"),
        (replace(standing(WORKING), published=AgentState.BLOCKED), "dialog"),
        (replace(WORKING, row=MERGED), "the program echoed something else"),
        (replace(WORKING, row=NOT_FOUND), "the input row disappeared"),
        (replace(WORKING, row=ELSEWHERE), "something else replaced the input row"),
        (replace(WORKING, row=UNKNOWN), "the input row was not seen"),  # such as after a resize
        (replace(standing(WORKING), waiting=True), "the program has not read all that was typed"),
    ],
)
def test_a_text_that_may_not_stand_alone_is_left_and_the_user_told(look: TerminalSnapshot, reason: str) -> None:
    state, done = run(UNSENT, (0.1, standing(WORKING)), (0.4, look), (1.9, look), rules=GEMINI.rules)
    (end, *_) = done
    assert isinstance(end, End)
    assert (state.phase, end.reason, end.unsent) == (Phase.STANDING, reason, True)


@pytest.mark.parametrize(
    ("look", "erased"),
    [
        (standing(CODEX_IDLE), True),
        (replace(standing(CODEX_IDLE), keys=1), False),
        (replace(standing(CODEX_IDLE), inside=True), False),
        (replace(standing(CODEX_IDLE), waiting=True), False),
        (replace(standing(CODEX_IDLE), stopped=True), False),
        (replace(standing(CODEX_IDLE), canonical=True), False),
        (replace(standing(CODEX_IDLE), published=AgentState.BLOCKED), False),
        (replace(CODEX_IDLE, row=MERGED), False),
        (replace(CODEX_IDLE, row=Row(Standing.HOLDS, PART)), False),
        (replace(CODEX_IDLE, row=NOT_FOUND), False),
        (replace(CODEX_IDLE, row=ELSEWHERE), False),
        (replace(CODEX_IDLE, row=UNKNOWN), False),
    ],
)
def test_only_our_text_is_erased(look: TerminalSnapshot, erased: bool) -> None:
    """After Enter had no effect, at the last instant before the Backspaces."""
    rules = replace(CODEX.rules, submit=b"", dialog_safe=False, fallback_submit_key=b"\r")
    state, done = run(pasted(rules, CODEX_IDLE), (0.1, standing(CODEX_IDLE)), (0.2, standing(CODEX_IDLE)), rules=rules)
    assert done == [Write(b"\r")]
    assert [action for action in run(state, (0.9, look), rules=rules)[1] if action == ERASE] == [ERASE] * erased


def test_a_key_since_the_paste_counts_for_the_reminder_too() -> None:
    """It may have moved the cursor: then Backspaces would erase something else."""
    moved = replace(standing(CLAUDE_IDLE), keys=1)
    state, _ = run(pasted(CLAUDE.rules, CLAUDE_IDLE), (0.1, moved), rules=CLAUDE.rules)
    looks = [(30.0 + 0.7 * number, moved) for number in range(5)]
    state, done = run(state, *looks, rules=CLAUDE.rules)
    assert done[:-1] == [Write(b"\x18\r")] * 4
    assert (state.phase, done[-1]) == (Phase.STANDING, End(Outcome.TYPED, state.stuck))


def test_at_a_prompt_nothing_is_erased_behind_enter() -> None:
    """The program may have taken the line."""
    ours = replace(IDLE, row=OURS)
    state, _ = run(pasted(PROMPT, replace(IDLE, row=EMPTY)), (0.02, ours), (0.12, ours), rules=PROMPT)
    state, done = run(state, (0.7, ours), rules=PROMPT)
    (end,) = done
    assert end == End(Outcome.UNCERTAIN, "amq's text did not leave the line")
    assert isinstance(end, End)
    assert end.unsent


@pytest.mark.parametrize(
    ("look", "end", "phase"),
    [
        (standing(WORKING), End(Outcome.TYPED, "amq did not see its text erased: busy"), Phase.STANDING),
        (replace(WORKING, row=DRAFT), End(Outcome.TYPED, "amq did not see its text erased: busy"), Phase.STANDING),
        (replace(WORKING, alive=False), End(Outcome.FAILED, "the program has ended"), Phase.CLEAR),
    ],
)
def test_what_is_not_seen_to_be_erased_may_stand(look: TerminalSnapshot, end: End, phase: Phase) -> None:
    state, _ = run(UNSENT, (0.1, standing(WORKING)), (0.4, standing(WORKING)), rules=GEMINI.rules)
    state, done = run(state, (5.4, look), rules=GEMINI.rules)
    assert (state.phase, done) == (phase, [end])


def test_a_part_of_a_draft_does_not_show_that_our_text_has_left() -> None:
    part = replace(CODEX_IDLE, row=Row(Standing.HOLDS, PART))
    assert run(submitted(CODEX_IDLE, CODEX.rules), (0.2, part), rules=CODEX.rules)[1] == []


@pytest.mark.parametrize(
    ("title", "state"),
    [
        ("◇  Ready (x)", AgentState.IDLE),
        ("✦  Working… (x)", AgentState.WORKING),
        ("✋  Action Required (x)", AgentState.BLOCKED),
        ("Gemini CLI (x)", None),
        ("", None),
    ],
)
def test_a_title_may_tell_the_state(title: str, state: AgentState | None) -> None:
    assert titled(title.encode(), GEMINI.rules) is state
    assert titled(title.encode(), CLAUDE.rules) is None
