"""amq erases what is left in the row of a line that it has typed, and nothing that the user may have typed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amq.pty.input_row import PART, PromptRule, Row, Standing
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.gemini.profile import PROFILE
from amq.runtime.policy.injection import (
    ERASE_AGAIN_S,
    ERASED_WITHIN_S,
    End,
    InjectionRules,
    InjectionState,
    LookAt,
    Phase,
    Write,
    drained,
    gate,
    step,
)
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification
from tests.pty.user import wait_until
from tests.runtime import lossy_cli

if TYPE_CHECKING:
    from tests.runtime.run_session import Desk

RULES = PROFILE.rules
PROMPT = InjectionRules(prompt_row=PromptRule("> "))
LINE = Notification("amq: 1 new message.", "amq: a new message.")
NOW = 100.0
EMPTY = Row(Standing.EMPTY)
LOOK = TerminalSnapshot(
    bracketed_paste=True, first_output=1.0, last_output=1.0, title_seen=True, published=AgentState.IDLE
)
REFUSED = End(Outcome.REFUSED, WaitReason.DRAFT.value)
ERASING = InjectionState(Phase.ERASING, LINE.text, NOW, end=REFUSED)
STANDING = InjectionState(Phase.STANDING, LINE.text, NOW, presses=1)


def holding(text: str) -> TerminalSnapshot:
    return replace(LOOK, row=Row(Standing.HOLDS, text))


def written(state: InjectionState, look: TerminalSnapshot, rules: InjectionRules = RULES) -> list[bytes]:
    """Return what is written until the text counts as not erased, while LOOK is seen."""
    found, now = list[bytes](), NOW
    while state.phase is Phase.ERASING:
        state, actions = step(state, look, LINE, rules, now)
        found += [action.data for action in actions if isinstance(action, Write)]
        now += 0.1
    return found


OTHERS = [
    replace(holding("a"), keys=1),
    replace(holding("a"), sees_keys=False),
    replace(holding("a"), inside=True),
    replace(holding("a"), waiting=True),
    replace(holding("a"), canonical=True),
    replace(holding("a"), published=AgentState.BLOCKED),
    holding("ab"),
    holding("message 1"),
    holding(f"amq{PART}"),
    replace(LOOK, row=Row(Standing.NOT_FOUND)),
    replace(LOOK, row=Row(Standing.UNKNOWN)),
]


@pytest.mark.parametrize("text", ["a", "amq:", "mq: 1 new", LINE.text, f"aa{LINE.text}", "amq: 1\nnew"])
def test_a_rest_that_stays_is_erased_again(text: str) -> None:
    assert ERASED_WITHIN_S == 5 * ERASE_AGAIN_S
    assert written(ERASING, holding(text)) == [b"\x7f" * len(text)] * 4
    assert written(replace(ERASING, plain=True), holding(text)) == [b"\x7f" * (len(text) + 1)] * 4


@pytest.mark.parametrize("look", OTHERS)
def test_anything_else_is_not(look: TerminalSnapshot) -> None:
    assert written(ERASING, look) == []


def test_a_program_that_takes_its_time_gets_no_more() -> None:
    """Each look shows less of the text: the Backspaces are on their way."""
    state, now = ERASING, NOW
    for length in range(len(LINE.text), 0, -1):
        state, actions = step(state, holding(LINE.text[:length]), LINE, RULES, now)
        assert [action for action in actions if not isinstance(action, LookAt)] == []
        now += ERASE_AGAIN_S / 5
    assert step(state, replace(LOOK, row=EMPTY), LINE, RULES, now) == (InjectionState(), (REFUSED,))


@pytest.mark.parametrize("state", [STANDING, drained(STANDING)])
def test_a_rest_goes_before_the_next_line(state: InjectionState) -> None:
    assert gate(state, holding("a"), RULES, NOW) is None
    state, actions = step(state, holding("a"), LINE, RULES, NOW)
    assert (state.phase, actions[0]) == (Phase.ERASING, Write(b"\x7f"))
    state, actions = step(state, replace(LOOK, row=EMPTY), LINE, RULES, NOW + 1)
    assert (state, actions) == (InjectionState(), (REFUSED,))


@pytest.mark.parametrize("look", OTHERS)
def test_anything_else_forbids_typing(look: TerminalSnapshot) -> None:
    assert gate(STANDING, look, RULES, NOW) is not None
    assert gate(InjectionState(), holding("a"), RULES, NOW) is WaitReason.DRAFT


def test_behind_enter_at_a_prompt_a_rest_stays() -> None:
    """The program may have taken the line, and read something else by now."""
    assert written(ERASING, holding("a"), PROMPT) != []
    assert gate(replace(STANDING, presses=0), holding("a"), PROMPT, NOW) is None
    assert gate(STANDING, holding("a"), PROMPT, NOW) is WaitReason.DRAFT


def test_in_a_program_that_loses_keys(desk: Desk, tmp_path: Path) -> None:
    """Its first Enter is a line break and its first Backspace is lost: a letter stays, and then nothing."""
    log = tmp_path / "rows"
    desk.run(sys.executable, lossy_cli.__file__, str(log), options=("--profile", "gemini"))
    wait_until(log.exists)
    desk.send()
    wait_until(lambda: log.exists() and log.read_text().splitlines()[-2:] == ["'a'", "''"])
    assert any(row.endswith("\\n'") for row in log.read_text().splitlines())
