"""A notification that the user's keys bring back from the history silences no agent; a line of the user's own stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.pty.input_row import PART, PromptRule, Row, Standing
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.claude.profile import PROFILE
from amq.runtime.policy.injection import Action, End, InjectionRules, InjectionState, LookAt, Phase, Write, gate, step
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import is_notification, notification
from tests.pty.user import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.run_session import Desk

CLAUDE = PROFILE.rules
PROMPT = InjectionRules(prompt_row=PromptRule("> "))
NOW = 100.0
TEXT = "amq: 1 new message from codex. Run: amq drain --include-body"
LINE = notification(["codex", "codex"], {"codex"})
LOOK = TerminalSnapshot(
    bracketed_paste=True,
    first_output=1.0,
    last_output=NOW - 2,
    last_key=NOW - 3,
    keys=1,
    draft=True,
    row=Row(Standing.HOLDS, TEXT),
    published=AgentState.IDLE,
    title_seen=True,
    ready_since=2.0,
)


def first_step(look: TerminalSnapshot, rules: InjectionRules) -> tuple[InjectionState, list[Action]]:
    state, actions = step(InjectionState(), look, LINE, rules, NOW)
    return state, [action for action in actions if not isinstance(action, LookAt)]


@pytest.mark.parametrize("text", [TEXT, TEXT.replace(" codex", "\ncodex")])
def test_a_cli_whose_row_is_known_gets_its_submit_key(text: str) -> None:
    recalled = replace(LOOK, row=Row(Standing.HOLDS, text))
    assert gate(InjectionState(), recalled, CLAUDE, NOW) is None
    state, done = first_step(recalled, CLAUDE)
    assert (state.phase, done) == (Phase.SUBMITTED, [Write(b"\x18\r")])


@pytest.mark.parametrize(("unsettled", "first"), [(False, b""), (True, b"a\x7fa\x7f")])
def test_at_a_prompt_it_is_erased_and_the_next_attempt_pastes(unsettled: bool, first: bytes) -> None:
    state, done = first_step(replace(LOOK, unsettled=unsettled), PROMPT)
    assert (state.phase, done) == (Phase.ERASING, [Write(first + b"\x7f" * len(TEXT))])
    empty = replace(LOOK, row=Row(Standing.EMPTY), draft=False)
    state, actions = step(state, empty, LINE, PROMPT, NOW + 0.1)
    assert (state, actions) == (InjectionState(), (End(Outcome.REFUSED, WaitReason.DRAFT.value),))
    assert step(state, empty, LINE, PROMPT, NOW + 1)[0].text == LINE.text


@pytest.mark.parametrize("rules", [CLAUDE, PROMPT], ids=["known", "prompt"])
@pytest.mark.parametrize(
    "look",
    [
        *(
            replace(LOOK, row=Row(Standing.HOLDS, text))
            for text in (
                f"{TEXT} x",
                f"x{TEXT}",
                TEXT[:-1],
                f"{TEXT}{PART}",
                f"{TEXT}\n{TEXT}",
                TEXT.replace("from", "about"),
                "amq: 1 new message",
                "amq drain --include-body",
            )
        ),
        replace(LOOK, last_key=NOW - 1),  # the user may be about to go on
        replace(LOOK, last_key=NOW - 2, last_output=NOW - 2.1),  # what the key did may not have been drawn
        replace(LOOK, waiting=True),
        replace(LOOK, inside=True),
    ],
)
def test_any_other_line_is_a_draft(look: TerminalSnapshot, rules: InjectionRules) -> None:
    assert gate(InjectionState(), look, rules, NOW) is WaitReason.DRAFT
    assert first_step(look, rules) == (InjectionState(), [End(Outcome.REFUSED, WaitReason.DRAFT.value)])


def test_where_the_kernel_edits_the_line_it_stays() -> None:
    """The user chooses the key that erases there."""
    look = replace(LOOK, canonical=True, echoing=True)
    assert gate(InjectionState(), look, PROMPT, NOW) is WaitReason.DRAFT


def test_a_text_that_was_left_unsent_is_not_erased_when_a_key_came() -> None:
    standing = InjectionState(Phase.STANDING, TEXT, stuck="no effect")
    _, actions = step(standing, LOOK, LINE, PROMPT, NOW)
    assert actions == (End(Outcome.TYPED, "no effect"),)


HANDLES = st.sampled_from(["", "codex", "claude-2", "a_b", "x" * 64])


@given(st.lists(HANDLES, min_size=1, max_size=6), st.sets(HANDLES), st.sampled_from(["amq", "/opt/a-1/amq"]))
def test_each_notification_is_known_as_one(senders: list[str], known: set[str], command: str) -> None:
    made = notification(senders, known, command)
    for text in (made.text, made.without_digits, made.shorter):
        assert is_notification(text)
        blanks = [at for at, sign in enumerate(text) if sign == " "]
        assert not any(is_notification(text[:at] + text[at + 1 :]) for at in blanks)


@pytest.mark.parametrize(("key", "row"), [("\x1b[5~", TEXT), ("\x1b[A", TEXT), ("\x1b[A\x1b[A", "my own line")])
def test_in_a_shell(desk: Desk, tmp_path: Path, key: str, row: str) -> None:
    """Page Up and the arrows recall a line of the history."""
    history = tmp_path / "history"
    history.write_text(f"my own line\n{TEXT}\n")
    session = desk.run("/bin/bash", "--norc", "-i", options=("--prompt", "$ "), PS1="$ ", HISTFILE=str(history))
    session.expect_exact("$ ")
    session.send(key)
    session.expect_exact(row[:20])
    desk.send()
    if row == TEXT:
        session.expect_exact("command not found")
        wait_until(lambda: desk.recorded()[-1:] == ["submitted"])
    else:
        wait_until(lambda: desk.recorded()[-1:] == ["draft"])
        session.send("\x15\x1b[B\x15")
        session.expect_exact("command not found")
