"""Terminals that are not seen: which of them may be typed into, and which key is pressed there."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from amq.pty.line_discipline import LineDiscipline
from amq.record import replace
from amq.runtime.agents.claude.session_file import SessionFile
from amq.runtime.agents.foreground import ForegroundAgent, ForegroundDetector, rules_for_argv
from amq.runtime.agents.profile import Profile, with_prompt
from amq.runtime.agents.profiles import built_in
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels.unseen_terminal import NOT_SEEN, BlindChannel
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.wake_line import Notification

CLAUDE, CODEX, GENERIC = (built_in()[name] for name in ("claude", "codex", "generic"))
RAW = LineDiscipline(canonical=False, echoing=False, waiting=False)
PASTED = b"\x1b[200~mail\x1b[201~"
F21 = ["codex", "-c", 'tui.keymap.composer.queue=["tab","f21"]']


def channel(profile: Profile, *, hidden: bool, submit: bool) -> BlindChannel:
    """To a program of PROFILE, in raw mode."""
    agent = ForegroundAgent(1, profile, profile.rules, AgentStatus(""), hidden)
    foreground: Any = SimpleNamespace(agent=lambda: agent, discipline=lambda: RAW)
    return BlindChannel("tiocsti", lambda _: None, cast(ForegroundDetector, foreground), submit=submit)


@pytest.mark.parametrize(
    ("profile", "hidden", "reason"),
    [
        (CLAUDE, False, None),
        (CLAUDE, True, WaitReason.UNKNOWN_SCREEN),  # behind docker or ssh it may be at a shell
        (with_prompt(GENERIC, "> "), False, WaitReason.UNKNOWN_SCREEN),
        (GENERIC, False, WaitReason.UNKNOWN_PROGRAM),
    ],
)
def test_what_would_have_to_be_seen_gets_nothing_unless_the_user_vouches_for_it(
    profile: Profile, hidden: bool, reason: WaitReason | None
) -> None:
    assert channel(profile, hidden=hidden, submit=False).look().blocked_by is reason
    assert channel(profile, hidden=hidden, submit=True).look().blocked_by is None


class Held:
    """A keyboard that AGENT reads."""

    def __init__(self, agent: ForegroundAgent) -> None:
        self._agent = agent

    def agent(self) -> ForegroundAgent:
        return self._agent

    def discipline(self) -> LineDiscipline:
        return LineDiscipline(canonical=False, echoing=False, waiting=False)


@pytest.mark.parametrize(
    ("profile", "words", "version", "key"),
    [
        (CLAUDE, ["claude"], "2.1.332", b"\x18\r"),
        (CLAUDE, ["claude"], "2.1.197", b""),  # which lacks it
        (CODEX, F21, "", b"\x1b[57384u"),
        (CODEX, ["codex"], "", b""),  # Tab is for where the row is seen
    ],
)
def test_only_a_key_that_dialogs_ignore_is_pressed(
    tmp_path: Path, profile: Profile, words: list[str], version: str, key: bytes
) -> None:
    wire = {"pid": os.getpid(), "startedAt": time.time() * 1000, "status": "idle", "version": version}
    (tmp_path / f"{os.getpid()}.json").write_text(json.dumps(wire))
    agent_status = AgentStatus("", SessionFile(str(tmp_path), os.getpid(), 0.0))
    agent, pushed = ForegroundAgent(os.getpid(), profile, rules_for_argv(profile, words), agent_status), list[bytes]()
    channel = BlindChannel("tiocsti", pushed.append, cast(ForegroundDetector, Held(agent)))
    end = anyio.run(channel.attempt, Notification("mail", "mail"))
    assert pushed == ([PASTED, key] if key else [PASTED])
    assert (end.outcome, end.unsent) == ((Outcome.SUBMITTED, False) if key else (Outcome.TYPED, True))
    assert ("waits for Enter" in end.reason) is not bool(key)


@pytest.mark.parametrize(
    ("rules", "status", "reason", "if_vouched_for"),
    [
        ({"off": "dialog: it was answered"}, "idle", WaitReason.NOT_CERTIFIED, WaitReason.NOT_CERTIFIED),
        ({"must_agree": True}, "idle", WaitReason.NOT_CERTIFIED, None),  # its row is not seen
        ({"only_idle": True}, "idle", None, None),
        ({"only_idle": True}, "busy", WaitReason.BUSY, WaitReason.BUSY),
        ({"only_idle": True}, "", WaitReason.BUSY, WaitReason.BUSY),
    ],
)
def test_a_version_has_the_limits_of_its_verdict(
    tmp_path: Path, rules: dict[str, Any], status: str, reason: WaitReason | None, if_vouched_for: WaitReason | None
) -> None:
    wire = {"pid": os.getpid(), "startedAt": time.time() * 1000, "status": status}
    (tmp_path / f"{os.getpid()}.json").write_text(json.dumps(wire))
    agent_status = AgentStatus("", SessionFile(str(tmp_path), os.getpid(), 0.0))
    agent = ForegroundAgent(os.getpid(), CLAUDE, replace(CLAUDE.rules, **rules), agent_status)
    held = cast(ForegroundDetector, Held(agent))
    found = [BlindChannel("tiocsti", lambda _: None, held, submit=vouched).look() for vouched in (False, True)]
    assert [each.blocked_by for each in found] == [reason, if_vouched_for]
    detail = rules.get("off") or (NOT_SEEN if reason is WaitReason.NOT_CERTIFIED else "")
    assert found[0].detail == detail
