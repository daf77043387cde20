"""The channel to a pane that begins to take nothing in the middle of an attempt."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, cast

import anyio
import pytest

from amq.pty.line_discipline import LineDiscipline
from amq.record import replace
from amq.runtime.agents.claude.profile import PROFILE
from amq.runtime.agents.claude.session_file import SessionFile
from amq.runtime.agents.codex.profile import PROFILE as CODEX
from amq.runtime.agents.foreground import ForegroundAgent, ForegroundDetector
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels.pane import PaneChannel
from amq.runtime.channels.panes import Picture
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification
from tests.runtime.test_pane_observer import boxed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from amq.runtime.agents.profile import Profile

LINE = Notification("amq: 1 new message", "amq: a new message")


class Clock:
    """A clock that moves only when it is slept on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.01)


class FakePane:
    """Claude Code in a pane; WRITES says of each write in turn whether the pane takes it."""

    way = "tmux"

    def __init__(self, writes: Sequence[bool]) -> None:
        self.writes = list(writes)
        self.row = ""
        self.typed: list[str] = []

    def picture(self) -> Picture | None:
        return boxed(self.row)

    def paste(self, text: str, *, as_paste: bool) -> bool:
        assert as_paste
        if taken := self.writes.pop(0):
            self.typed.append("text")
            self.row = text
        return taken

    def press(self, key: bytes) -> bool:
        assert key == PROFILE.rules.submit
        if taken := self.writes.pop(0):
            self.typed.append("key")
            self.row = ""
        return taken


class FakeForeground:
    """The keyboard of an agent that never loses it."""

    def __init__(self, profile: Profile = PROFILE, sessions: str = "") -> None:
        self._agent = ForegroundAgent(
            os.getpid(), profile, profile.rules, AgentStatus("", SessionFile(sessions, os.getpid(), 0.0))
        )

    def agent(self) -> ForegroundAgent:
        return self._agent

    def discipline(self) -> LineDiscipline:
        return LineDiscipline(canonical=False, echoing=False, waiting=False)


async def attempts(channel: PaneChannel, number: int) -> list[End]:
    """Return the ends of NUMBER attempts, each made as soon as the row was unchanged for long enough."""
    ends = list[End]()
    for _ in range(number):
        while channel.look().blocked_by is not None:
            await anyio.sleep(0.05)
        ends.append(await channel.attempt(LINE))
    return ends


@pytest.mark.parametrize(
    ("writes", "ends", "typed"),
    [
        ([False, True, True], [Outcome.REFUSED, Outcome.SUBMITTED], ["text", "key"]),
        ([True, False, True], [Outcome.TYPED, Outcome.SUBMITTED], ["text", "key"]),
    ],
    ids=["no text", "no key"],
)
def test_a_line_not_typed_is_reported_and_typed_later(
    writes: list[bool], ends: list[Outcome], typed: list[str]
) -> None:
    pane = FakePane(writes)
    channel = PaneChannel(pane, cast("ForegroundDetector", FakeForeground()))
    ended = anyio.run(attempts, channel, 2)
    assert [end.outcome for end in ended] == ends
    assert ended[0].reason == WaitReason.UNKNOWN_SCREEN.value
    assert pane.typed == typed


class Deaf(FakePane):
    """A pane in which the submit key has no effect, and a Backspace takes one character."""

    def press(self, key: bytes) -> bool:
        self.typed.append("key" if key == PROFILE.rules.submit else "Backspaces")
        if key != PROFILE.rules.submit:
            self.row = self.row[: -key.count(b"\x7f")]
        return True


def foreground_of(profile: Profile, place: Path, status: str) -> ForegroundDetector:
    """Return the keyboard of an agent whose session file says STATUS; "" means that it has none."""
    wire = {"pid": os.getpid(), "startedAt": time.time() * 1000, "status": status, "version": "2.1.332"}
    (place / f"{os.getpid()}.json").write_text(json.dumps(wire))
    return cast("ForegroundDetector", FakeForeground(profile, str(place) if status else ""))


def test_a_line_that_the_key_does_not_send_is_taken_back(tmp_path: Path) -> None:
    pane, clock, foreground = Deaf([True]), Clock(), foreground_of(PROFILE, tmp_path, "idle")
    channel = PaneChannel(pane, foreground, clock=clock.read, sleep=clock.sleep)
    assert channel.look().blocked_by is WaitReason.DRAFT
    clock.now += 2
    assert anyio.run(channel.attempt, LINE).outcome is Outcome.ERASED
    assert (pane.typed, pane.row) == (["text", *["key"] * 4, "Backspaces"], "")


class Elsewhere(FakePane):
    """A pane without an input row."""

    def picture(self) -> Picture | None:
        return Picture((8, 40), b"1. Yes\r\n2. No", b"\xe2\x9c\xb3 x")


@pytest.mark.parametrize(
    ("profile", "status", "reason"),
    [
        (PROFILE, "idle", WaitReason.UNKNOWN_LOOK),
        (PROFILE, "busy", WaitReason.DIALOG),
        (CODEX, "", WaitReason.DIALOG),  # only its screen shows that it does not work
    ],
)
def test_a_row_that_is_not_found_has_another_look_only_if_the_program_itself_says_that_it_idles(
    tmp_path: Path, profile: Profile, status: str, reason: WaitReason
) -> None:
    foreground, clock = foreground_of(profile, tmp_path, status), Clock()
    channel = PaneChannel(Elsewhere([]), foreground, clock=clock.read, sleep=clock.sleep)
    assert channel.look().blocked_by is WaitReason.DIALOG
    clock.now += 61
    assert channel.look().blocked_by is reason


CAREFUL = replace(PROFILE, rules=replace(PROFILE.rules, must_agree=True))
UNTITLED = replace(CAREFUL, rules=replace(CAREFUL.rules, idle_title=b""))
FAILED = replace(PROFILE, rules=replace(PROFILE.rules, off="dialog: it was answered"))


@pytest.mark.parametrize(
    ("profile", "status", "reason", "detail"),
    [
        (CAREFUL, "idle", None, ""),
        (CAREFUL, "busy", None, ""),
        (CAREFUL, "", WaitReason.NOT_CERTIFIED, ""),
        (UNTITLED, "", WaitReason.NOT_CERTIFIED, ""),  # only its screen shows that it idles
        (FAILED, "idle", WaitReason.NOT_CERTIFIED, "dialog: it was answered"),
    ],
)
def test_a_version_that_was_not_tested_has_to_say_itself_what_it_does(
    tmp_path: Path, profile: Profile, status: str, reason: WaitReason | None, detail: str
) -> None:
    foreground, clock = foreground_of(profile, tmp_path, status), Clock()
    channel = PaneChannel(FakePane([]), foreground, clock=clock.read, sleep=clock.sleep)
    channel.look()
    clock.now += 2
    found = channel.look()
    assert (found.blocked_by, found.detail) == (reason, detail)
