"""The channel to a pane, where the pane begins to take nothing in the middle of an attempt."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import anyio
import pytest

from amq.pty.borrowed import Discipline
from amq.runtime.channels.pane import PaneChannel
from amq.runtime.keyboard import Agent, Keyboard
from amq.runtime.panes import Picture
from amq.runtime.profiles.claude import PROFILE
from amq.runtime.typed import End, Notification
from amq.runtime.witness import Witness
from amq.runtime.words import Outcome, Reason
from tests.runtime.test_sight import boxed

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE = Notification("amq: 1 new message", "amq: a new message")


class FakePane:
    """Claude Code in a pane that takes only what WRITES says of each write, one after the other."""

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


class FakeKeyboard:
    """That of an agent which never loses it."""

    def __init__(self) -> None:
        self._agent = Agent(os.getpid(), PROFILE, PROFILE.rules, Witness("", os.getpid(), 0.0, ""))

    def agent(self) -> Agent:
        return self._agent

    def discipline(self) -> Discipline:
        return Discipline(canonical=False, echoing=False, waiting=False)


async def attempts(channel: PaneChannel, number: int) -> list[End]:
    """How NUMBER of attempts end, each as soon as the row has been the same for long enough."""
    ends = list[End]()
    for _ in range(number):
        while channel.look().waits_for is not None:
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
def test_what_was_not_typed_is_told_and_typed_once_it_can_be(
    writes: list[bool], ends: list[Outcome], typed: list[str]
) -> None:
    pane = FakePane(writes)
    channel = PaneChannel(pane, cast("Keyboard", FakeKeyboard()), "claude")
    ended = anyio.run(attempts, channel, 2)
    assert [end.outcome for end in ended] == ends
    assert ended[0].reason == Reason.UNKNOWN_SCREEN.value
    assert pane.typed == typed
