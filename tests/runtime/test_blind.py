"""What a terminal that is not seen may be typed into."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from amq.pty.borrowed import Discipline
from amq.runtime.channels.blind import BlindChannel
from amq.runtime.keyboard import Agent, Keyboard
from amq.runtime.profiles import Profile, built_in, with_prompt
from amq.runtime.witness import Witness
from amq.runtime.words import Reason

CLAUDE, GENERIC = built_in()["claude"], built_in()["generic"]
RAW = Discipline(canonical=False, echoing=False, waiting=False)


def channel(profile: Profile, *, hidden: bool, submit: bool) -> BlindChannel:
    """To a program of PROFILE, in raw mode."""
    agent = Agent(1, profile, profile.rules, Witness("", 1, 0.0), hidden)
    keyboard: Any = SimpleNamespace(agent=lambda: agent, discipline=lambda: RAW)
    return BlindChannel("tiocsti", lambda _: None, cast(Keyboard, keyboard), "me", submit=submit)


@pytest.mark.parametrize(
    ("profile", "hidden", "reason"),
    [
        (CLAUDE, False, None),
        (CLAUDE, True, Reason.UNKNOWN_SCREEN),  # behind docker or ssh it may be at a shell
        (with_prompt(GENERIC, "> "), False, Reason.UNKNOWN_SCREEN),
        (GENERIC, False, Reason.UNKNOWN_PROGRAM),
    ],
)
def test_what_would_have_to_be_seen_gets_nothing_unless_the_user_vouches_for_it(
    profile: Profile, hidden: bool, reason: Reason | None
) -> None:
    assert channel(profile, hidden=hidden, submit=False).look().waits_for is reason
    assert channel(profile, hidden=hidden, submit=True).look().waits_for is None
