"""Typing into a terminal of which neither the screen nor the user's keys can be seen.

So the only submit key is one that the program's dialogs ignore; where there is none, the text is left in the line for
the user to send. Nothing unseen is claimed: an attempt ends as `submitted` at most.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import anyio

from amq.pty.encode import ENTER, bracketed, plain
from amq.pty.osc_state import AgentState
from amq.runtime.agents.foreground import Foreground, ForegroundAgent
from amq.runtime.channels.input_mode import InputMode
from amq.runtime.policy.activity import activity_said
from amq.runtime.policy.injection import IDLE, End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification

SETTLE_S = 0.3  # seconds between text and submit key; every CLI that was measured takes the key after that
NOT_SEEN = (
    "its version is neither tested nor certified, and its input row is not seen here: try it with amq certify, or host "
    "it with amq run"
)
"""The detail, for the user, of a version that has to agree with its row."""


class BlindChannel:
    """A channel to the agent that FOREGROUND finds; PUSH types bytes, and raises OSError where it cannot."""

    def __init__(
        self,
        way: str,
        push: Callable[[bytes], None],
        foreground: Foreground,
        mode: InputMode = InputMode.AUTO,
        *,
        submit: bool = False,
    ) -> None:
        """Open the channel. With SUBMIT, Enter is pressed where no submit key that dialogs ignore is known.

        That Enter may approve a dialog. MODE is the way to send the text.
        """
        self.way = way
        self._push = push
        self._foreground = foreground
        self._mode = mode
        self._submit = submit
        self._agent: ForegroundAgent | None = None
        self._standing = False  # our text is in the line, as far as we know
        self._told = False  # the submit key was pressed behind our text, and nothing was drained since

    def look(self) -> Readiness:
        """Return the readiness. Silence is not seen here: mail of low priority does not wait for it."""
        agent = self._foreground.agent()
        said = agent.agent_status.look(None, None, time.monotonic()) if agent else None
        busy = said is AgentState.WORKING
        queues = agent is not None and agent.rules.dialog_safe
        reason = self._waits_for(agent, said)
        return Readiness(
            reason,
            quiet_for_s=math.inf,
            busy=busy,
            queues_input=queues,
            activity=activity_said(said),
            detail=agent.rules.off or NOT_SEEN if agent and reason is WaitReason.NOT_CERTIFIED else "",
            program=agent.profile.name if agent else "",
            version=agent.agent_status.version() if agent else "",
        )

    def drained(self) -> None:
        self._standing = self._told = False

    async def attempt(self, line: Notification) -> End:
        """Type LINE and press the submit key; return the outcome.

        A second text would be appended to the first: so a reminder is only the submit key, where there is one.
        """
        reason, agent = self.look().blocked_by, self._foreground.agent()
        if reason or agent is None:
            return End(Outcome.REFUSED, (reason or WaitReason.NO_CHANNEL).value)
        if agent is not self._agent:
            self._agent, self._standing, self._told = agent, False, False
        key = self._key(agent)
        try:
            if key and (self._standing or self._told):
                self._push(key)
                self._standing = self._told = False
                return End(Outcome.SUBMITTED, "")
            if self._standing:
                return End(Outcome.UNCERTAIN, "amq's text may still be in the line")
            self._push(self._text(line, agent))
        except OSError as error:
            return End(Outcome.FAILED, f"the terminal takes no input: {error.strerror}")
        self._standing = True
        if not key:
            return End(Outcome.TYPED, "it waits for Enter: amq knows no submit key that dialogs ignore", unsent=True)
        await anyio.sleep(SETTLE_S)
        return self._press(key, agent)

    def _waits_for(self, agent: ForegroundAgent | None, said: AgentState | None) -> WaitReason | None:
        """Return why nothing may be typed now, None if it may.

        A program that has not taken over its terminal yet throws away what was typed.
        """
        if agent is None:
            return WaitReason.NO_CHANNEL
        if not self._submit and (unseen := _must_be_seen(agent)):
            return unseen
        try:
            discipline = self._foreground.discipline()
        except OSError:
            return WaitReason.NO_CHANNEL
        if agent.rules.needs_paste_mode and discipline.canonical:
            return WaitReason.STARTING
        if discipline.canonical and not discipline.echoing:
            return WaitReason.UNKNOWN_SCREEN
        if agent.agent_status.is_detached():
            return WaitReason.UNKNOWN_SCREEN
        if agent.rules.off or (agent.rules.must_agree and not self._submit):
            return WaitReason.NOT_CERTIFIED
        if said is AgentState.BLOCKED:
            return WaitReason.DIALOG
        return WaitReason.BUSY if agent.rules.only_idle and said not in IDLE else None

    def _press(self, key: bytes, agent: ForegroundAgent) -> End:
        if self._foreground.agent() is not agent:
            return End(Outcome.UNCERTAIN, "the agent no longer reads the keyboard", unsent=True)
        try:
            self._push(key)
        except OSError as error:
            return End(Outcome.UNCERTAIN, f"the terminal takes no input: {error.strerror}", unsent=True)
        self._standing, self._told = False, True
        return End(Outcome.SUBMITTED, "")

    def _key(self, agent: ForegroundAgent) -> bytes:
        knows_it = agent.agent_status.version() not in agent.rules.fallback_versions
        if agent.rules.dialog_safe and agent.rules.submit == agent.profile.rules.submit and knows_it:
            return agent.rules.submit
        return ENTER if self._submit else b""

    def _text(self, line: Notification, agent: ForegroundAgent) -> bytes:
        pasted = self._mode is InputMode.PASTE or (self._mode is InputMode.AUTO and agent.rules.needs_paste_mode)
        return bracketed(line.text) if pasted else plain(line.without_digits)


def _must_be_seen(agent: ForegroundAgent) -> WaitReason | None:
    """Return why nothing is typed unseen into a program that is not known well enough; None if it is."""
    if not agent.rules.known:
        return WaitReason.UNKNOWN_PROGRAM
    return WaitReason.UNKNOWN_SCREEN if agent.hidden or agent.rules.at_prompt else None
