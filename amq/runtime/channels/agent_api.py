"""Agent APIs: the CLIs' own ways to take a text. Typing is left for where they are not available.

The user's draft does not block them. A text that an agent API may have taken is never typed as well. Measured on the
versions that the profiles name.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import anyio.to_thread

from amq.pty.osc_state import AgentState
from amq.record import replace
from amq.runtime.agents.foreground import ForegroundAgent
from amq.runtime.agents.native_delivery import Native
from amq.runtime.channels import Channel
from amq.runtime.policy.activity import activity_said
from amq.runtime.policy.injection import IDLE, End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification

NOT_SAID = "its version is neither tested nor certified, and does not say what it does: try it with amq certify"
"""The detail, for the user, of a version that has to say itself that it is idle."""
_MAY_ARRIVE = End(Outcome.UNCERTAIN, "an earlier notification may have been accepted")


class NativeFirst:
    """A channel that types only where the agent API is not available, or has refused."""

    def __init__(self, native: Native, typed: Channel) -> None:
        self._native = native
        self._typed = typed
        self._unsure = False
        self.way = typed.way

    def look(self) -> Readiness:
        """Return the typing channel's readiness, in which a draft, for one, may not block the agent API."""
        readiness = self._native.look(self._typed.look())
        if readiness.blocked_by and self._native.reaches(readiness) and self._native.is_there():
            return replace(readiness, blocked_by=None, queues_input=True)
        return readiness

    def drained(self) -> None:
        """Note that mail has left the inbox: an uncertain notification has arrived."""
        self._unsure = False
        self._typed.drained()

    async def attempt(self, line: Notification) -> End:
        """Notify by the agent API, and type only if it has refused; return the outcome.

        After an uncertain outcome nothing is sent until mail is drained: the agent may have the notification already.
        """
        if self._unsure:
            return _MAY_ARRIVE
        if self._native.is_there():
            self.way = self._native.way
            end = await anyio.to_thread.run_sync(self._native.tell, line.text, abandon_on_cancel=True)
            self._unsure = end.outcome is Outcome.UNCERTAIN
            if end.outcome is not Outcome.REFUSED:
                return end
        end = await self._typed.attempt(line)
        self.way = self._typed.way
        return end


class NativeOnly:
    """A channel by the agent API alone, for the session of AGENT, whose terminal cannot be typed into.

    IS_ALIVE returns whether the session runs. Of its state only what its CLI says is known, which may be nothing:
    neither its screen nor the user's keys are seen, and mail of low priority does not wait for silence.
    """

    def __init__(self, native: Native, agent: ForegroundAgent, is_alive: Callable[[], bool]) -> None:
        self.way = native.way
        self._native = native
        self._agent = agent
        self._is_alive = is_alive
        self._unsure = False

    def look(self) -> Readiness:
        """Return the readiness. Text for an agent that works waits in its CLI until the turn ends."""
        agent = self._agent
        said = agent.agent_status.look(None, None, time.monotonic())
        reason = self._waits_for(said)
        return Readiness(
            reason,
            quiet_for_s=math.inf,
            busy=said is AgentState.WORKING,
            queues_input=True,
            activity=activity_said(said),
            detail=agent.rules.off or NOT_SAID if reason is WaitReason.NOT_CERTIFIED else "",
            program=agent.profile.name,
            version=agent.agent_status.version() or agent.version,
        )

    def drained(self) -> None:
        """Note that mail has left the inbox: an uncertain notification has arrived."""
        self._unsure = False

    async def attempt(self, line: Notification) -> End:
        """Send LINE, unless an earlier one may still arrive; return the outcome.

        A refusal of the CLI is a failure, since there is no other way.
        """
        if self._unsure:
            return _MAY_ARRIVE
        reason = self.look().blocked_by
        if reason:
            return End(Outcome.REFUSED, reason.value)
        end = await anyio.to_thread.run_sync(self._native.tell, line.text, abandon_on_cancel=True)
        self._unsure = end.outcome is Outcome.UNCERTAIN
        return replace(end, outcome=Outcome.FAILED) if end.outcome is Outcome.REFUSED else end

    def _waits_for(self, said: AgentState | None) -> WaitReason | None:
        if not self._is_alive():
            return WaitReason.NO_CHANNEL
        if self._agent.agent_status.is_detached() or not self._native.is_there():
            return WaitReason.UNKNOWN_SCREEN
        rules = self._agent.rules
        if rules.off or (rules.must_agree and said is None):
            return WaitReason.NOT_CERTIFIED
        if said is AgentState.BLOCKED:
            return WaitReason.DIALOG
        return WaitReason.BUSY if rules.only_idle and said not in IDLE else None
