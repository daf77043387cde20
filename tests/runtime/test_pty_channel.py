"""The readiness of a hosted agent, from its terminal and from its status."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from amq.pty.host import Host
from amq.pty.input_row import EMPTY, NOT_FOUND, UNKNOWN, Row, Standing
from amq.pty.osc_state import AgentState
from amq.pty.screen import Screen
from amq.pty.terminal_model import Terminal, TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.codex.profile import PROFILE as CODEX
from amq.runtime.agents.copilot.profile import PROFILE as COPILOT
from amq.runtime.agents.gemini.profile import PROFILE as GEMINI
from amq.runtime.agents.opencode.profile import PROFILE as OPENCODE
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels import hosted_terminal
from amq.runtime.channels.hosted_terminal import PtyChannel
from amq.runtime.hooks.script import EVENT_NAME
from amq.runtime.policy.drift import Signs
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification


class Seen:
    """A host that sees only a given snapshot."""

    terminal: Terminal

    def __init__(self, published: AgentState | None = None, *, hangs: bool = False, **other: Any) -> None:
        self.seen = TerminalSnapshot(published=published, **other)
        self._hangs = hangs

    def look(self, now: float) -> TerminalSnapshot:  # noqa: ARG002  as the host's
        return self.seen

    def hangs(self) -> bool:
        return self._hangs


@pytest.mark.parametrize(
    ("hangs", "ready_since", "activity", "reason"),
    [
        (False, 0.0, Activity.IDLE, None),
        (True, 0.0, Activity.STOPPED, WaitReason.STOPPED),
        (True, None, Activity.STARTING, WaitReason.STARTING),
    ],
)
def test_a_cli_that_is_stopped_behind_its_script_is_not_idle(
    hangs: bool, ready_since: float | None, activity: Activity, reason: WaitReason | None
) -> None:
    seen = Seen(AgentState.IDLE, hangs=hangs, row=EMPTY, bracketed_paste=True, ready_since=ready_since)
    look = PtyChannel(cast(Host, seen), CLAUDE.rules, AgentStatus(""), clock=lambda: 1e3).look()
    assert (look.activity, look.blocked_by) == (activity, reason)


@pytest.mark.parametrize(("published", "queues"), [(AgentState.WORKING, True), (None, False)])
def test_a_version_that_publishes_nothing_may_not_know_the_key_that_queues(
    tmp_path: Path, published: AgentState | None, queues: bool
) -> None:
    (tmp_path / EVENT_NAME).write_text("prompt\n")
    channel = PtyChannel(cast(Host, Seen(published)), CLAUDE.rules, AgentStatus(str(tmp_path)), clock=lambda: 1e3)
    standing = channel.look()
    assert (standing.busy, standing.hooks_active, standing.queues_input) == (True, True, queues)


def test_what_is_beside_the_row_says_what_a_program_is_at_that_publishes_nothing() -> None:
    """Its key queues a line while it works; opencode has no such key."""
    for profile, queues in ((COPILOT, True), (OPENCODE, False)):
        for working in (True, False):
            seen = Seen(row=Row(Standing.EMPTY, working=working), bracketed_paste=True)
            look = PtyChannel(cast(Host, seen), profile.rules, AgentStatus(""), clock=lambda: 1e3).look()
            assert (look.busy, look.idle, look.queues_input) == (working, not working, working and queues)


@pytest.mark.parametrize(
    ("title", "busy", "reason"),
    [
        ("✋  Action Required (x)", False, WaitReason.DIALOG),
        ("✦  Working… (x)", True, WaitReason.UNKNOWN_SCREEN),  # no row is known here
        ("Gemini CLI", False, WaitReason.UNKNOWN_SCREEN),
    ],
)
def test_a_title_says_what_a_program_is_at_that_publishes_nothing(title: str, busy: bool, reason: WaitReason) -> None:
    seen = Seen(title=title.encode(), title_seen=True, bracketed_paste=True)
    channel = PtyChannel(cast(Host, seen), GEMINI.rules, AgentStatus(""), clock=lambda: 1e3)
    assert (channel.look().busy, channel.look().blocked_by) == (busy, reason)


def test_a_row_that_is_not_found_for_a_minute_has_another_look() -> None:
    """Unless the program says that it does something, or the row was found meanwhile."""
    seen = Seen(AgentState.IDLE, ready_since=0.0, bracketed_paste=True, row=NOT_FOUND)
    times = iter([100.0, 159.0, 160.0, 161.0, 162.0, 221.0, 222.0, 300.0])
    channel = PtyChannel(cast(Host, seen), CLAUDE.rules, AgentStatus(""), clock=lambda: next(times))
    assert [channel.look().blocked_by for _ in range(3)] == [
        WaitReason.DIALOG,
        WaitReason.DIALOG,
        WaitReason.UNKNOWN_LOOK,
    ]
    seen.seen = replace(seen.seen, row=Row(Standing.EMPTY))
    assert channel.look().blocked_by is None
    seen.seen = replace(seen.seen, row=NOT_FOUND)
    assert channel.look().blocked_by is WaitReason.DIALOG
    seen.seen = replace(seen.seen, row=UNKNOWN)
    assert channel.look().blocked_by is WaitReason.UNKNOWN_SCREEN
    seen.seen = replace(seen.seen, row=NOT_FOUND)
    assert channel.look().blocked_by is WaitReason.UNKNOWN_LOOK
    seen.seen = replace(seen.seen, published=AgentState.BLOCKED)
    assert channel.look().blocked_by is WaitReason.DIALOG


def test_signs_that_a_program_is_not_as_known_are_in_the_look(tmp_path: Path) -> None:
    seen = Seen(AgentState.IDLE, ready_since=0.0, bracketed_paste=True, row=NOT_FOUND, turns=2, unknown_state="odd")
    times = iter([100.0, 160.0, 161.0, 162.0, 163.0])
    channel = PtyChannel(cast(Host, seen), CLAUDE.rules, AgentStatus(str(tmp_path)), clock=lambda: next(times))
    assert channel.look().signs == Signs(is_lost=False, silent_turns=2, unknown_state="odd")
    assert channel.look().signs == Signs(is_lost=True, silent_turns=2, unknown_state="odd")
    (tmp_path / EVENT_NAME).write_text("prompt\n")
    assert channel.look().signs.silent_turns == 0
    without_hooks = PtyChannel(cast(Host, seen), CLAUDE.rules, AgentStatus(""), clock=lambda: 100.0)
    assert without_hooks.look().signs.silent_turns == 0


def test_why_a_version_gets_nothing_is_in_the_look() -> None:
    seen = Seen(AgentState.IDLE, ready_since=0.0, bracketed_paste=True, row=Row(Standing.EMPTY))
    rules = replace(CODEX.rules, off="dialog: it was answered")
    look = PtyChannel(cast(Host, seen), rules, AgentStatus(""), clock=lambda: 1e3).look()
    assert (look.blocked_by, look.detail) == (WaitReason.NOT_CERTIFIED, "dialog: it was answered")
    seen.seen = replace(seen.seen, published=AgentState.BLOCKED)
    assert PtyChannel(cast(Host, seen), rules, AgentStatus(""), clock=lambda: 1e3).look().detail == ""


@pytest.mark.parametrize(("event", "reason"), [("tool", WaitReason.STOPPED), ("stop", WaitReason.UNKNOWN_SCREEN)])
def test_after_an_interrupted_turn_the_user_speaks_first(tmp_path: Path, event: str, reason: WaitReason) -> None:
    """Escape closes a menu, too: the hook of the turn's end shows that the turn was not interrupted."""
    (tmp_path / EVENT_NAME).write_text(f"{event}\n")
    seen = Seen(AgentState.IDLE, ready_since=0.0, bracketed_paste=True, interrupted=True)
    channel = PtyChannel(cast(Host, seen), CLAUDE.rules, AgentStatus(str(tmp_path)), clock=lambda: 1e3)
    assert (channel.look().blocked_by, channel.look().idle) == (reason, True)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("published", "says", "ends"),
    [
        (AgentState.IDLE, WaitReason.DRAFT, "draft"),
        (AgentState.WORKING, WaitReason.DRAFT, "draft"),
        (AgentState.IDLE, WaitReason.BUSY, "busy"),
        (AgentState.WORKING, WaitReason.BUSY, "typed"),
        (AgentState.IDLE, None, "typed"),
        (AgentState.BLOCKED, None, "not asked"),
    ],
)
async def test_before_anything_is_typed_the_program_is_asked(
    published: AgentState, says: WaitReason | None, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    def forbids() -> WaitReason | None:
        asked.append("it")
        return says

    async def types(*_: object) -> End:
        return End(Outcome.SUBMITTED, "typed" if asked else "not asked")

    seen = Seen(published, ready_since=0.0, bracketed_paste=True, row=Row(Standing.EMPTY))
    seen.terminal = Terminal(0.0)
    channel = PtyChannel(cast(Host, seen), CLAUDE.rules, AgentStatus(""), forbids=forbids, clock=lambda: 1e3)
    monkeypatch.setattr(hosted_terminal, "until_ended", types)
    assert (await channel.attempt(Notification("line", "line"))).reason == ends


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_dialog_about_amq_is_in_the_look() -> None:
    seen = Seen(AgentState.BLOCKED)
    seen.terminal = Terminal(0.0, screen=Screen((24, 80)))
    channel = PtyChannel(cast(Host, seen), CODEX.rules, AgentStatus(""), asks=CODEX.asks, clock=lambda: 1e3)
    assert (channel.look().blocked_by, channel.look().asks) == (WaitReason.DIALOG, "")
    dialog = "  Would you like to run the following command?\r\n\r\n  $ amq drain\r\n\r\n› 1. Yes, proceed (y)\r\n"
    seen.terminal.from_program(dialog.encode(), 1.0)
    assert channel.look().asks == "amq drain"
    seen.seen = replace(seen.seen, published=AgentState.IDLE)
    assert channel.look().asks == ""
