"""Typing a line: the gate by tables, attempts by playbooks, and properties of random screens."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.echo_fallback import Echo
from amq.pty.encode import BACKSPACE
from amq.pty.input_row import ELSEWHERE, NOT_FOUND, PART, UNKNOWN, PromptRule, Row, Standing
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.codex.profile import PROFILE as CODEX
from amq.runtime.agents.gemini.profile import PROFILE as GEMINI
from amq.runtime.agents.generic import PROFILE as GENERIC
from amq.runtime.agents.opencode.profile import PROFILE as OPENCODE
from amq.runtime.policy import injection
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
    shown,
    step,
    titled,
)
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification
from tests import state_page
from tests.playbook import Event, Playbook, Scene

LINE = Notification("amq: 1 new message.", "amq: a new message.")
RULES = InjectionRules(by_echo=True)
PROMPT = InjectionRules(prompt_row=PromptRule("> "))
NOW = 100.0
IDLE = TerminalSnapshot(bracketed_paste=True, first_output=1.0, last_output=1.0, output=50)
LINE_MODE = replace(IDLE, bracketed_paste=False, canonical=True, echoing=True)
EMPTY = Row(Standing.EMPTY)
OURS = Row(Standing.HOLDS, "amq: 1 new\nmessage.")
DRAFT = Row(Standing.HOLDS, "half a line")
RECALLED = Row(Standing.HOLDS, "amq: 1 new message from codex. Run:\namq drain --include-body")
MERGED = Row(Standing.HOLDS, "half amq: 1 new message.")
OLD_IDLE = replace(IDLE, title_seen=True, title="✳ Claude Code".encode(), row=EMPTY)
CLAUDE_IDLE = replace(OLD_IDLE, published=AgentState.IDLE, ready_since=2.0)
CODEX_IDLE = replace(IDLE, published=AgentState.IDLE, ready_since=2.0, row=EMPTY)
GEMINI_IDLE = replace(IDLE, published=AgentState.IDLE, title_seen=True, row=EMPTY)
ERASE = Write(b"\x7f" * len(LINE.text))
ERASE_BEHIND_ENTER = Write(b"\x7f" * (len(LINE.text) + 1))
REST = Row(Standing.HOLDS, "amq: 1")
PASTE = Write(b"\x1b[200~amq: 1 new message.\x1b[201~", expect=LINE.text)


@dataclass(frozen=True)
class Typing(Scene[Write | End]):
    """An attempt at a terminal. A story leaves out when the machine wants to look again; it looks as seconds pass."""

    state: InjectionState
    shown: TerminalSnapshot
    rules: InjectionRules
    line: Notification

    def look(self, now: float) -> tuple[Typing, tuple[Write | End, ...]]:
        state, actions = step(self.state, self.shown, self.line, self.rules, now)
        last = actions[-1]
        assert isinstance(last, End) or (isinstance(last, LookAt) and last.at > now), "else the attempt never ends"
        return replace(self, state=state), tuple(each for each in actions if not isinstance(each, LookAt))

    def facts(self) -> tuple[Phase, ...]:
        """Return the phase; nothing where the state of a clear line is not the initial one."""
        is_known = self.state.phase is not Phase.CLEAR or self.state == InjectionState()
        return (self.state.phase,) if is_known else ()

    def words(self, action: Write | End) -> str:
        if isinstance(action, End):
            return f"end: {action.outcome.value} {action.reason}"
        if action.expect is not None:
            return f"paste {action.expect!r}"
        return f"erase {len(action.data)}" if not action.data.strip(BACKSPACE) else f"press {action.data!r}"


Happening = Event[Typing, Write | End]
Story = Playbook[Typing, Write | End]


def story(rules: InjectionRules = RULES, look: TerminalSnapshot = IDLE) -> Story:
    return Playbook(Typing(InjectionState(), look, rules, LINE), now=NOW)


def shows(look: TerminalSnapshot | None = None, **facts: Any) -> Happening:
    """Make the next look find LOOK, or the earlier snapshot changed by FACTS."""
    other = vars(look) if look else facts
    words = ", ".join(f"{name}={value!r}" for name, value in other.items() if value != getattr(IDLE, name))
    return Event(f"shows {words}", lambda scene, _now: (replace(scene, shown=replace(scene.shown, **other)), ()))


def notifies(line: Notification = LINE) -> Happening:
    """Begin an attempt to type LINE, or continue one."""
    return Event(f"notify {line.text!r}", lambda scene, now: replace(scene, line=line).look(now))


NOTIFY = notifies()
DRAINED: Happening = Event("the mail leaves", lambda scene, _now: (replace(scene, state=drained(scene.state)), ()))
ENTER, SAFE_KEY = Write(b"\r"), Write(b"\x18\r")
SUBMITTED = End(Outcome.SUBMITTED, "")
ENDED = End(Outcome.FAILED, "the program has ended")
STILL_THERE = End(Outcome.UNCERTAIN, "amq's text did not leave the line")


def pasted(rules: InjectionRules = RULES, look: TerminalSnapshot = IDLE) -> Story:
    return story(rules, look) >> NOTIFY << PASTE << Phase.PASTED


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (IDLE, None),
        (replace(IDLE, alive=False), WaitReason.STOPPED),
        (replace(IDLE, stopped=True), WaitReason.STOPPED),
        (replace(IDLE, interrupted=True), WaitReason.STOPPED),
        (replace(IDLE, interrupted=True, published=AgentState.BLOCKED), WaitReason.DIALOG),
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
        assert story(look=look) >> NOTIFY << End(Outcome.REFUSED, reason.value) << Phase.CLEAR


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
        (replace(CLAUDE_IDLE, published=AgentState.ERROR), CLAUDE.rules, WaitReason.API_ERROR),
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
        (replace(GEMINI_IDLE, published=AgentState.ERROR), GEMINI.rules, WaitReason.API_ERROR),
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
    assert story(GENERIC.rules, look) >> NOTIFY << refused >> 30 << refused << Phase.CLEAR


@pytest.mark.parametrize("by_echo", [True, False])
def test_a_line_that_no_key_could_submit_is_not_typed(by_echo: bool) -> None:
    rules, look = replace(RULES if by_echo else CODEX.rules, submit=b""), IDLE if by_echo else CODEX_IDLE
    assert gate(InjectionState(), look, rules, NOW) is WaitReason.UNKNOWN_PROGRAM
    assert gate(InjectionState(), look, replace(rules, fallback_submit_key=b"\r"), NOW) is (
        WaitReason.BUSY if by_echo else None
    )


WORKS = replace(EMPTY, working=True)
AGREE = {rules: replace(rules, must_agree=True) for rules in (CLAUDE.rules, CODEX.rules, GEMINI.rules)}


@pytest.mark.parametrize(
    ("look", "rules", "reason"),
    [
        (CLAUDE_IDLE, AGREE[CLAUDE.rules], None),
        (replace(CLAUDE_IDLE, published=AgentState.DONE), AGREE[CLAUDE.rules], None),
        (replace(CLAUDE_IDLE, published=AgentState.WORKING), AGREE[CLAUDE.rules], None),
        (replace(CLAUDE_IDLE, published=AgentState.WORKING, row=WORKS), AGREE[CLAUDE.rules], None),
        (replace(CLAUDE_IDLE, row=WORKS), AGREE[CLAUDE.rules], WaitReason.BUSY),  # it says idle, its row does not
        (replace(CLAUDE_IDLE, published=None, title=b""), AGREE[CLAUDE.rules], WaitReason.NOT_CERTIFIED),
        (replace(CLAUDE_IDLE, published=AgentState.BLOCKED), AGREE[CLAUDE.rules], WaitReason.DIALOG),
        (replace(CLAUDE_IDLE, row=NOT_FOUND), AGREE[CLAUDE.rules], WaitReason.DIALOG),
        (OLD_IDLE, AGREE[CLAUDE.rules], None),  # by its title
        (replace(OLD_IDLE, title=b"x"), AGREE[CLAUDE.rules], WaitReason.NOT_CERTIFIED),
        (replace(OLD_IDLE, row=WORKS), AGREE[CLAUDE.rules], WaitReason.BUSY),
        (GEMINI_IDLE, AGREE[GEMINI.rules], None),
        (replace(CODEX_IDLE, ready_since=None), AGREE[CODEX.rules], WaitReason.STARTING),
        (CODEX_IDLE, replace(CODEX.rules, off="dialog: it was answered"), WaitReason.NOT_CERTIFIED),
        (replace(CODEX_IDLE, interrupted=True), replace(CODEX.rules, off="x"), WaitReason.STOPPED),
        (replace(CODEX_IDLE, published=AgentState.BLOCKED), replace(CODEX.rules, off="x"), WaitReason.DIALOG),
        (CODEX_IDLE, replace(CODEX.rules, only_idle=True), None),
        (replace(CODEX_IDLE, row=WORKS), replace(CODEX.rules, only_idle=True), WaitReason.BUSY),
        (replace(CODEX_IDLE, published=AgentState.WORKING), replace(CODEX.rules, only_idle=True), WaitReason.BUSY),
        (replace(IDLE, row=EMPTY), replace(OPENCODE.rules, only_idle=True), None),  # its row alone says so
    ],
)
def test_the_gate_of_a_version_that_was_not_tested_or_has_failed(
    look: TerminalSnapshot, rules: InjectionRules, reason: WaitReason | None
) -> None:
    assert gate(InjectionState(), look, rules, NOW) is reason


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
    smaller = replace(CLAUDE_IDLE, row=replace(EMPTY, room=(1, 18)))
    refused = End(Outcome.REFUSED, "unknown-screen")
    assert story(CLAUDE.rules, small) >> notifies(line) << PASTE
    assert story(CLAUDE.rules, smaller) >> notifies(line) << refused << Phase.CLEAR >> NOTIFY << refused << Phase.CLEAR


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
        (replace(IDLE, row=EMPTY), SUBMITTED),
        (replace(IDLE, row=ELSEWHERE, output=92), SUBMITTED),
        (replace(IDLE, row=ELSEWHERE), STILL_THERE),
        (replace(IDLE, row=OURS, output=92), STILL_THERE),
        (replace(IDLE, row=ELSEWHERE, published=AgentState.BLOCKED), End(Outcome.TYPED, "dialog")),
    ],
)
def test_at_its_prompt_a_program_gets_enter_behind_exactly_our_line(after: TerminalSnapshot, outcome: End) -> None:
    ours = pasted(PROMPT, replace(IDLE, row=EMPTY)) >> shows(row=OURS) >> 0.02
    assert ours >> 0.1 << ENTER >> shows(after) >> 0.58 << outcome


@pytest.mark.parametrize("row", [EMPTY, ELSEWHERE, UNKNOWN, MERGED])
def test_at_its_prompt_a_program_gets_no_enter_behind_anything_else(row: Row) -> None:
    waits = pasted(PROMPT, replace(IDLE, row=EMPTY)) >> shows(row=row, echo=Echo.EXACT)
    for _ in range(14):
        waits = waits >> 0.1
    (end,) = (waits >> 0.2).left
    assert isinstance(end, End)
    assert end.outcome is Outcome.UNCERTAIN


def test_a_program_whose_row_is_not_known_gets_enter_after_its_echo() -> None:
    part = pasted() >> shows(echo=Echo.PART) >> 0.02 >> shows(echo=Echo.EXACT, output=90) >> 0.02
    pressed = part >> 0.06 << Phase.PASTED >> 0.05 << ENTER
    assert pressed >> 0.01 >> shows(output=92) >> 0.04 << SUBMITTED << Phase.CLEAR


def test_the_time_to_settle_begins_again_when_the_text_goes_away() -> None:
    exact, nothing = shows(echo=Echo.EXACT), shows(echo=Echo.NOTHING)
    assert pasted() >> exact >> 0.02 >> nothing >> 0.08 >> exact >> 0.02 >> 0.08 << Phase.PASTED


@pytest.mark.parametrize(
    ("echo", "reason"), [(Echo.NOTHING, "did not echo"), (Echo.PART, "did not"), (Echo.OTHER, "something else")]
)
def test_without_exactly_our_text_nothing_is_pressed(echo: Echo, reason: str) -> None:
    late = pasted() >> shows(echo=echo) >> 1.0 << Phase.PASTED >> 0.5 << Phase.STANDING
    (end,) = late.left
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
        ours = pasted(rules) >> shows(echo=Echo.EXACT) >> 0.02
        assert ours >> shows(replace(look, echo=Echo.EXACT)) >> 0.18 << End(outcome, reason)


def unread() -> Story:
    """Enter had no effect."""
    return pasted() >> shows(echo=Echo.EXACT) >> 0.02 >> 0.1 << ENTER >> 0.58 << STILL_THERE << Phase.STANDING


def test_an_enter_that_changed_nothing_is_repeated_only_with_the_same_proof() -> None:
    assert unread() >> 30 << ENTER
    for echo in (Echo.NOTHING, Echo.OTHER):
        uncertain = unread() >> shows(echo=echo) >> 30 << End(Outcome.UNCERTAIN, "amq's text may still be in the line")
        assert uncertain
        assert uncertain.scene.state == unread().scene.state


def silent() -> Story:
    """Return the story in which the text was not echoed."""
    return pasted() >> 1.5 << End(Outcome.UNCERTAIN, "the program did not echo amq's text") << Phase.STANDING


def test_a_text_that_came_back_late_is_submitted_by_the_reminder() -> None:
    assert silent() >> shows(echo=Echo.EXACT) >> 30 << ENTER


def test_a_second_text_needs_the_first_sent_or_cleared() -> None:
    assert (
        silent() >> shows(draft=True) >> 30 << End(Outcome.REFUSED, "draft") >> shows(draft=False, sent=1) >> 1 << PASTE
    )


def test_a_drain_frees_the_line_only_if_the_submit_key_went_out() -> None:
    assert drained(silent().scene.state) == silent().scene.state
    assert unread() >> DRAINED >> 30 << PASTE


def standing(look: TerminalSnapshot) -> TerminalSnapshot:
    """Return LOOK with our text in its row."""
    return replace(look, row=OURS)


def submitted(look: TerminalSnapshot, rules: InjectionRules) -> Story:
    """Return the story in which the row showed our text, and the submit key was pressed 0.14 s after the paste."""
    return pasted(rules, look) >> shows(row=OURS) >> 0.04 >> 0.1 << Write(rules.submit)


@pytest.mark.parametrize(("look", "rules"), [(CLAUDE_IDLE, CLAUDE.rules), (CODEX_IDLE, CODEX.rules)])
def test_a_known_cli_is_done_when_its_row_is_back_without_our_text(
    look: TerminalSnapshot, rules: InjectionRules
) -> None:
    waits = submitted(look, rules) >> 0.06
    for after in (EMPTY, DRAFT):
        assert waits >> shows(row=after) >> 0.1 << SUBMITTED << Phase.CLEAR


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
    waits = pasted(CODEX.rules, CODEX_IDLE) >> shows(row=row, echo=Echo.EXACT, output=900)
    for _ in range(14):
        waits = waits >> 0.1
    assert waits >> 0.2 << End(Outcome.UNCERTAIN, reason)


def test_the_row_must_hold_our_text_at_the_instant_of_the_key() -> None:
    ours = pasted(CODEX.rules, CODEX_IDLE) >> shows(row=OURS) >> 0.04
    for row in (EMPTY, MERGED, NOT_FOUND, ELSEWHERE, UNKNOWN):
        assert ours >> shows(row=row) >> 0.1 << Phase.PASTED


@pytest.mark.parametrize("published", [AgentState.IDLE, AgentState.WORKING, AgentState.DONE])
@pytest.mark.parametrize(("idle", "rules"), [(CLAUDE_IDLE, CLAUDE.rules), (CODEX_IDLE, CODEX.rules)])
def test_a_key_that_dialogs_ignore_and_that_has_no_effect_is_the_sign_of_another_place(
    idle: TerminalSnapshot, rules: InjectionRules, published: AgentState
) -> None:
    """The key is repeated while our text is shown. No other follows, and no attempt presses one there again."""
    key = Write(rules.submit)
    repeated = submitted(idle, rules) >> shows(published=published) >> 0.7 << key >> 0.7 << key >> 0.7 << key >> 0.7
    no_effect = "the submit key had no effect: the line is not the program's prompt, or the key has another binding"
    assert repeated << ERASE >> shows(idle) >> 0.1 << End(Outcome.ERASED, no_effect) << Phase.CLEAR

    stands, accented = End(Outcome.TYPED, no_effect), notifies(Notification("für amq", ""))
    text = Write(b"\x1b[200~f\xc3\xbcr amq\x1b[201~", "für amq")
    own = story(rules, idle) >> accented << text >> shows(row=Row(Standing.HOLDS, "für amq")) >> 0.04 >> 0.1 << key
    own = own >> shows(published=published) >> 0.7 << key >> 0.7 << key >> 0.7 << key >> 0.7 << stands << Phase.STANDING
    for later in (own, own >> DRAINED):
        again = later >> 30 << stands
        assert again
        assert again.scene.state == later.scene.state
        assert later >> shows(idle) >> NOTIFY << PASTE


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
    assert submitted(look, CLAUDE.rules) >> 0.7 << (ENTER if plain else SAFE_KEY)


@pytest.mark.parametrize(
    ("look", "presses"),
    [
        (standing(OLD_IDLE), [ENTER]),
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
    done = (submitted(OLD_IDLE, CLAUDE.rules) >> shows(look) >> 0.7).left
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
    pressed = submitted(CODEX_IDLE, CODEX.rules)
    assert pressed >> shows(look) >> 0.7 << End(Outcome.TYPED, reason) << Phase.STANDING


def test_another_place_does_not_show_that_our_text_has_left() -> None:
    assert submitted(CODEX_IDLE, CODEX.rules) >> shows(row=ELSEWHERE, output=900) >> 0.06 << Phase.SUBMITTED


def test_a_program_that_ends_after_the_submit_key_has_not_taken_the_line() -> None:
    assert submitted(CODEX_IDLE, CODEX.rules) >> shows(alive=False) >> 0.06 << ENDED << Phase.CLEAR


def test_a_text_that_a_dialog_swallowed_is_typed_again() -> None:
    swallowed = pasted(CODEX.rules, CODEX_IDLE) >> shows(row=NOT_FOUND) >> 1.5
    gone = swallowed << End(Outcome.UNCERTAIN, "the input row disappeared")
    assert gone >> shows(CODEX_IDLE) >> 30 << PASTE


def test_our_text_in_the_row_is_only_submitted() -> None:
    unseen = pasted(CLAUDE.rules, CLAUDE_IDLE) >> shows(row=UNKNOWN) >> 1.5
    stands = unseen << End(Outcome.UNCERTAIN, "the input row was not seen") >> shows(row=OURS)
    for before in (stands, stands >> DRAINED):
        assert gate(before.scene.state, standing(CLAUDE_IDLE), CLAUDE.rules, NOW + 30) is None
        assert before >> notifies(Notification("amq: 2 new messages.", "amq: new messages.")) << SAFE_KEY
    assert gate(InjectionState(), standing(CLAUDE_IDLE), CLAUDE.rules, NOW) is WaitReason.DRAFT


def test_the_screen_is_a_better_proof_than_the_echo() -> None:
    redrawn = shows(row=Row(Standing.HOLDS, LINE.text), echo=Echo.OTHER, output=900)
    assert pasted() >> redrawn >> 0.02 >> 0.1 << ENTER
    assert pasted() >> shows(row=NOT_FOUND, echo=Echo.EXACT) >> 0.02 >> 0.1 << Phase.PASTED


def test_without_bracketed_paste_there_is_no_digit() -> None:
    assert story(look=LINE_MODE) >> NOTIFY << Write(b"amq: a new message.", expect=LINE.without_digits)


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
    row=st.sampled_from([EMPTY, EMPTY, OURS, OURS, OURS, REST, DRAFT, MERGED, NOT_FOUND, ELSEWHERE, UNKNOWN]),
    sees_keys=st.booleans(),
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
    """A submit key is pressed only while exactly our text is seen; no text is added while one may be unsent."""
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
                assert look.row.is_exactly(LINE.text) or (look.row == REST and look.sees_keys)
                assert len(action.data) in (len(look.row.text), len(look.row.text) + 1)
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


ENTER_ONLY = replace(CODEX.rules, submit=b"", dialog_safe=False, fallback_submit_key=b"\r")


@pytest.mark.parametrize(("published", "idles"), [(AgentState.IDLE, True), (AgentState.WORKING, False), (None, False)])
def test_with_only_a_plain_key_it_is_pressed_once_and_only_where_the_program_idles(
    published: AgentState | None, idles: bool
) -> None:
    ours = pasted(ENTER_ONLY, CODEX_IDLE) >> shows(row=OURS, published=published) >> 0.1 >> 0.2
    assert ours << ENTER >> 0.6 << ERASE_BEHIND_ENTER if idles else ours << ERASE


@pytest.mark.parametrize("working", [False, True])
def test_enter_waits_for_what_shows_that_the_program_works(working: bool) -> None:
    ours = pasted(OPENCODE.rules, replace(IDLE, row=EMPTY)) >> shows(row=replace(OURS, working=working)) >> 0.1
    assert ours >> 0.2 << (ERASE if working else ENTER)


WORKING = replace(GEMINI_IDLE, published=AgentState.WORKING)


def unsent() -> Story:
    """Return the story in which the program begins to work once our text is in its line, so Enter cannot follow."""
    return pasted(GEMINI.rules, GEMINI_IDLE) >> shows(standing(WORKING)) >> 0.1


def test_a_text_that_stays_unsent_is_taken_back() -> None:
    erasing = unsent() >> 1.0 << ERASE << Phase.ERASING
    states = (story().scene.state, unsent().scene.state, erasing.scene.state)
    assert [each.is_under_way for each in states] == [False, True, True]
    erased = erasing >> shows(row=Row(Standing.HOLDS, "amq: 1 n")) >> 0.02 >> shows(row=EMPTY) >> 0.08
    (end,) = erased.left
    assert isinstance(end, End)
    assert not end.unsent
    assert erased << End(Outcome.ERASED, "busy") << Phase.CLEAR


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
def test_our_text_beside_a_draft_is_left_and_the_user_alerted(look: TerminalSnapshot, reason: str) -> None:
    left = unsent() >> shows(look) >> 1.0
    (end,) = left.left or (left >> 1.5).left
    assert isinstance(end, End)
    assert (end.reason, end.unsent) == (reason, True)
    assert (left if left.left else left >> 1.5) << end << Phase.STANDING


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
    pressed = pasted(ENTER_ONLY, CODEX_IDLE) >> shows(standing(CODEX_IDLE)) >> 0.1 >> 0.1 << ENTER
    done = (pressed >> shows(look) >> 0.7).left
    assert [action for action in done if isinstance(action, Write)] == [ERASE_BEHIND_ENTER] * erased


def test_a_key_since_the_paste_counts_for_the_reminder_too() -> None:
    """It may have moved the cursor: then Backspaces would erase something else."""
    moved = pasted(CLAUDE.rules, CLAUDE_IDLE) >> shows(row=OURS, keys=1) >> 0.1 << End(Outcome.TYPED, "draft")
    repeated = moved >> 30 << SAFE_KEY >> 0.7 << SAFE_KEY >> 0.7 << SAFE_KEY >> 0.7 << SAFE_KEY >> 0.7
    stuck = repeated << End(Outcome.TYPED, injection.NO_EFFECT) << Phase.STANDING
    assert stuck
    assert stuck.scene.state.stuck == injection.NO_EFFECT


def test_at_a_prompt_nothing_is_erased_behind_enter() -> None:
    """The program may have taken the line."""
    pressed = pasted(PROMPT, replace(IDLE, row=EMPTY)) >> shows(row=OURS) >> 0.02 >> 0.1 << ENTER >> 0.58
    (end,) = pressed.left
    assert end == STILL_THERE
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
def test_text_not_seen_erased_counts_as_unsent(look: TerminalSnapshot, end: End, phase: Phase) -> None:
    assert unsent() >> 1.0 << ERASE >> shows(look) >> 5 << end << phase


def test_a_part_of_a_draft_does_not_show_that_our_text_has_left() -> None:
    part = shows(row=Row(Standing.HOLDS, PART))
    assert submitted(CODEX_IDLE, CODEX.rules) >> part >> 0.06 << Phase.SUBMITTED


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
def test_a_title_may_show_the_state(title: str, state: AgentState | None) -> None:
    assert titled(title.encode(), GEMINI.rules) is state
    assert titled(title.encode(), CLAUDE.rules) is None


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (EMPTY, AgentState.IDLE),
        (DRAFT, AgentState.IDLE),
        (replace(EMPTY, working=True), AgentState.WORKING),
        (NOT_FOUND, None),
        (UNKNOWN, None),
        (ELSEWHERE, None),
    ],
)
def test_what_is_beside_the_row_may_show_the_state(row: Row, state: AgentState | None) -> None:
    assert shown(row, OPENCODE.rules) is state
    assert row.working or {shown(row, rules) for rules in (CLAUDE.rules, PROMPT)} == {None}


KNOWN = (
    (RULES, IDLE),
    (PROMPT, replace(IDLE, row=EMPTY)),
    (CLAUDE.rules, CLAUDE_IDLE),
    (CODEX.rules, CODEX_IDLE),
    (ENTER_ONLY, CODEX_IDLE),
    (ENTER_ONLY, CODEX_IDLE),
    (GEMINI.rules, GEMINI_IDLE),
)


def walked(walks: int = 1500) -> set[tuple[str, ...]]:
    """State, event, next state and actions of each step on that many random walks, the seed of which is fixed."""
    chance, taken = random.Random(1), set[tuple[str, ...]]()
    rows = [EMPTY, OURS, OURS, OURS, REST, RECALLED, DRAFT, NOT_FOUND, ELSEWHERE, UNKNOWN]
    for _ in range(walks):
        state, now = InjectionState(), NOW
        rules, idle = chance.choice(KNOWN)
        stays, restless = idle, chance.choice([0.15, 0.15, 0.5])
        for _ in range(30):
            now += chance.choice([0.02, 0.12, 0.12, 0.6, 0.6, 1.1, 1.6, 5.1])
            if chance.random() < restless:
                row = chance.choice(rows) if rules is not RULES or chance.random() < 0.2 else UNKNOWN
                stays = replace(stays, row=row, output=stays.output + chance.randint(0, 1))
            if chance.random() < restless:
                published = chance.choice([*[idle.published] * 6, *AgentState])
                stays = replace(stays, published=published, echo=chance.choice([*Echo, *[Echo.EXACT] * 6]))
            if chance.random() < 0.1:
                stays = replace(stays, keys=stays.keys + 1, sent=stays.sent + chance.randint(0, 1), last_key=now)
            if state.phase is Phase.ERASING and chance.random() < 0.3:
                stays = replace(stays, row=EMPTY)
            look = replace(stays, alive=chance.random() > 0.05, stopped=chance.random() < 0.05)
            before, (state, actions) = state, step(state, look, LINE, rules, now)
            taken.add((before.phase.name, "look", state.phase.name, " ".join(map(named, actions))))
            if chance.random() < 0.3 and not state.is_under_way:
                before, state = state, drained(state)
                if before.phase is Phase.STANDING:
                    taken.add((before.phase.name, "drained", state.phase.name, ""))
    return taken


def named(action: Action) -> str:
    """As in the page."""
    if isinstance(action, End):
        return f"End {action.outcome.name}"
    if isinstance(action, LookAt):
        return "LookAt"
    if action.expect is not None:
        return "paste"
    return "key" if action.data.strip(BACKSPACE) else "erase"


def test_the_page_is_true() -> None:
    """Its table has each step that is ever taken, and no other."""
    table = state_page.rows(injection.__doc__, "state", "event", "next", "actions", "when")
    assert len(table) == len({row[:4] for row in table}), "a step is there twice"
    assert {row[:4] for row in table} == walked()
    page = injection.__doc__ or ""
    for name in [*(phase.name for phase in Phase), "look", "drained", "paste", "key", "erase", "LookAt", "End"]:
        assert f"\n    {name} " in page, "each state, event and action is explained"
