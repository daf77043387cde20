"""The activity of an agent, from one look."""

from __future__ import annotations

from typing import Any

import pytest

from amq.pty.input_row import EMPTY, NOT_FOUND, PromptRule, Row, Standing
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.qwen.profile import PROFILE as QWEN
from amq.runtime.policy.activity import activity_of, activity_said
from amq.runtime.policy.injection import InjectionRules
from amq.runtime.policy.reasons import Activity, WaitReason

LOOK = TerminalSnapshot(row=EMPTY)
PROMPT = InjectionRules(prompt_row=PromptRule("> "))


@pytest.mark.parametrize(
    ("published", "forbids", "activity"),
    [
        (AgentState.IDLE, None, Activity.IDLE),
        (AgentState.DONE, None, Activity.IDLE),
        (AgentState.ERROR, None, Activity.IDLE),
        (AgentState.WORKING, None, Activity.WORKING),
        (AgentState.WORKING, WaitReason.DRAFT, Activity.WORKING),
        (AgentState.WORKING, WaitReason.DIALOG, Activity.WORKING),  # its row is not found: the transcript, or a menu
        (AgentState.BLOCKED, WaitReason.DIALOG, Activity.ASKS),
        (AgentState.BLOCKED, WaitReason.STARTING, Activity.ASKS),
        (AgentState.IDLE, WaitReason.STARTING, Activity.STARTING),
        (AgentState.IDLE, WaitReason.DRAFT, Activity.DRAFT),
        (AgentState.IDLE, WaitReason.DIALOG, Activity.IDLE),  # the user has opened a menu
        (AgentState.IDLE, WaitReason.STOPPED, Activity.IDLE),  # the user has interrupted its turn
        (AgentState.CLEAR, WaitReason.UNKNOWN_SCREEN, Activity.UNKNOWN),
        (AgentState.OTHER, WaitReason.UNKNOWN_SCREEN, Activity.UNKNOWN),
        (None, WaitReason.STARTING, Activity.STARTING),
        (None, WaitReason.DRAFT, Activity.DRAFT),
        (None, WaitReason.DIALOG, Activity.UNKNOWN),  # no row: a dialog, or anything else
        (None, WaitReason.UNKNOWN_PROGRAM, Activity.UNKNOWN),
        (None, None, Activity.UNKNOWN),  # a row is there, and nothing shows that it does not work
    ],
)
def test_it_is_known_only_where_that_is_sure(
    published: AgentState | None, forbids: WaitReason | None, activity: Activity
) -> None:
    assert activity_of(replace(LOOK, published=published), forbids, CLAUDE.rules) is activity


@pytest.mark.parametrize("look", [replace(LOOK, alive=False), replace(LOOK, stopped=True)])
def test_a_stopped_program_is_not_what_it_said_last(look: TerminalSnapshot) -> None:
    assert activity_of(replace(look, published=AgentState.IDLE), WaitReason.STOPPED, CLAUDE.rules) is Activity.STOPPED


@pytest.mark.parametrize(
    ("look", "activity"),
    [
        ({}, Activity.UNKNOWN),  # amq's line, or a line that was submitted
        ({"draft": True}, Activity.DRAFT),
        ({"inside": True}, Activity.DRAFT),
        ({"published": AgentState.WORKING}, Activity.WORKING),
    ],
)
def test_a_program_that_takes_no_keys_is_not_idle(look: dict[str, Any], activity: Activity) -> None:
    waiting = replace(LOOK, published=AgentState.IDLE, waiting=True)
    assert activity_of(replace(waiting, **look), WaitReason.DRAFT, CLAUDE.rules) is activity


def test_at_a_named_prompt_an_empty_row_is_idle() -> None:
    assert activity_of(LOOK, None, PROMPT) is Activity.IDLE
    assert activity_of(replace(LOOK, row=NOT_FOUND), None, PROMPT) is Activity.UNKNOWN
    assert activity_of(LOOK, WaitReason.UNKNOWN_SCREEN, PROMPT) is Activity.UNKNOWN


def test_a_sign_of_work_near_the_row_counts_where_nothing_is_published() -> None:
    working = Row(Standing.EMPTY, "", working=True)
    assert activity_of(replace(LOOK, row=working), WaitReason.BUSY, QWEN.rules) is Activity.WORKING
    assert activity_of(LOOK, None, QWEN.rules) is Activity.IDLE
    said = replace(LOOK, row=working, published=AgentState.IDLE)
    assert activity_of(said, None, QWEN.rules) is Activity.IDLE


@pytest.mark.parametrize(
    ("published", "activity"),
    [(None, Activity.ASKS), (AgentState.WORKING, Activity.WORKING), (AgentState.IDLE, Activity.IDLE)],
)
def test_a_dialog_on_the_screen_counts_where_nothing_is_published(
    published: AgentState | None, activity: Activity
) -> None:
    """Else it may be text that the agent shows."""
    look = replace(LOOK, published=published, row=NOT_FOUND)
    assert activity_of(look, WaitReason.DIALOG, CLAUDE.rules, in_dialog=True) is activity


def test_without_a_terminal_its_own_word_counts() -> None:
    said = [activity_said(state) for state in (None, AgentState.WORKING, AgentState.BLOCKED, AgentState.OTHER)]
    assert said == [Activity.UNKNOWN, Activity.WORKING, Activity.ASKS, Activity.UNKNOWN]
