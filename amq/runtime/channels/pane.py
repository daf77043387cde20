"""A channel to an agent in a multiplexer's pane: its screen is seen from outside, the user's keys are not.

`policy.injection` decides as it does for amq's own terminal, by the snapshots that `panes.observer` makes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio

from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.foreground import Foreground, ForegroundAgent
from amq.runtime.channels.input_mode import InputMode
from amq.runtime.channels.panes import GoneError, Pane
from amq.runtime.channels.panes.observer import PaneObserver, UserAssertions
from amq.runtime.channels.step_timer import until_ended
from amq.runtime.policy import injection
from amq.runtime.policy.activity import activity_of
from amq.runtime.policy.injection import End, InjectionRules, InjectionState, Phase, Write
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification

ECHO_WITHIN_S = 5.0  # seconds for our text to appear: a program that is starting draws it later
SUBMITTED_WITHIN_S = 1.0  # seconds for it to disappear; a look takes a while
SAME_FOR_S = 0.4  # seconds for which a look is not repeated: each runs a program
REST = 5  # pause after a look, in multiples of its time: kitty takes a third of a second


class _LostError(Exception):
    """The agent no longer reads the keyboard, or the pane is gone."""


class _RunsError(_LostError):
    """A program that was at its prompt has taken our line, and now runs another program."""


class PaneChannel:
    """A channel to the agent that reads the keyboard of PANE."""

    def __init__(
        self,
        pane: Pane,
        foreground: Foreground,
        mode: InputMode = InputMode.AUTO,
        *,
        submit: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        """Open the channel. With SUBMIT, the row of a program without a row rule is taken to be empty.

        MODE is the way to send the text; CLOCK and SLEEP count in seconds.
        """
        self.way = pane.way
        self._pane = pane
        self._foreground = foreground
        self._mode = mode
        self._clock = clock
        self._sleep = sleep
        self._trust = UserAssertions(takes_text=mode is not InputMode.AUTO, empty=submit)
        self._agent: ForegroundAgent | None = None
        self._sight = PaneObserver(InjectionRules(), self._trust)
        self._state = InjectionState()
        self._lost_since: float | None = None
        self._readiness = Readiness(WaitReason.NO_CHANNEL)
        self._look_at = 0.0  # when the next look is due

    def look(self) -> Readiness:
        """Return the readiness. The pane is quiet while its picture does not change.

        A submit key that dialogs ignore also queues the line while the agent works.
        """
        now = self._clock()
        if now >= self._look_at:
            self._readiness = self._look_anew(now)
            ended = self._clock()
            self._look_at = ended + max(SAME_FOR_S, REST * (ended - now))
        return self._readiness

    def drained(self) -> None:
        self._state = injection.drained(self._state)

    async def attempt(self, line: Notification) -> End:
        """Type LINE and submit it, as far as that is safe. The first look is taken at once."""
        self._look_at = 0.0
        try:
            return await until_ended(lambda: self._step(line), self._clock, self._sleep)
        except _RunsError:
            self._state = InjectionState()
            return End(Outcome.SUBMITTED, "")
        except _LostError as error:
            return self._lost(str(error))

    def _look_anew(self, now: float) -> Readiness:
        try:
            look, rules = self._seen(now)
        except _LostError:
            return Readiness(WaitReason.NO_CHANNEL)
        reason = injection.gate(self._state, look, rules, now)
        return Readiness(
            blocked_by=reason,
            quiet_for_s=self._sight.quiet_for(now),
            busy=look.published is AgentState.WORKING,
            queues_input=rules.dialog_safe,
            activity=activity_of(look, reason, rules),
            detail=rules.off if reason is WaitReason.NOT_CERTIFIED else "",
            program=self._agent.profile.name if self._agent else "",
            version=look.version,
        )

    def _step(self, line: Notification) -> tuple[injection.Action, ...]:
        now = self._clock()
        look, rules = self._seen(now)
        if self._mode is InputMode.RAW:
            line = replace(line, text=line.without_digits)
        before = self._state
        self._state, actions = injection.step(before, look, line, rules, now)
        for action in actions:
            if isinstance(action, Write) and not self._write(action, look):
                return (self._not_written(before),)
        return actions

    def _seen(self, now: float) -> tuple[TerminalSnapshot, InjectionRules]:
        """Return a snapshot and the rules for the agent that reads the keyboard. Raises _LostError.

        Another agent than before begins with none of our text in its row.
        """
        agent = self._foreground.agent()
        # a shell that runs the line has another program in front: that is the proof that it took the line
        if agent is not self._agent and self._has_submitted_at_its_prompt():
            raise _RunsError
        if agent is None:
            raise _LostError("the agent no longer reads the keyboard")
        by_echo = agent.rules.by_echo or self._trust.empty
        rules = replace(agent.rules, by_echo=by_echo, echo_timeout_s=ECHO_WITHIN_S, submit_timeout_s=SUBMITTED_WITHIN_S)
        if agent is not self._agent:
            if self._state.is_under_way:
                raise _LostError("another program reads the keyboard")
            self._agent, self._sight, self._state = agent, PaneObserver(rules, self._trust), InjectionState()
            self._lost_since = None
        try:
            look = self._sight.look(self._pane.picture(), self._foreground.discipline(), now)
        except (GoneError, OSError) as error:
            raise _LostError(str(error)) from error
        published, version = agent.agent_status.look(look.published, None, now), agent.agent_status.version()
        said_itself = agent.agent_status.look(injection.titled(look.title, rules), None, now)  # not from its screen
        if rules.must_agree and said_itself is None:  # of a version that was not tested, the screen does not say it
            published = None
        self._lost_since = injection.lost_since(self._lost_since, said_itself, look.row, now)
        return replace(look, published=published, version=version, lost_since=self._lost_since), rules

    def _has_submitted_at_its_prompt(self) -> bool:
        return self._state.phase is Phase.SUBMITTED and self._agent is not None and self._agent.rules.at_prompt

    def _write(self, action: Write, look: TerminalSnapshot) -> bool:
        """Type the bytes of ACTION; return False where the pane took nothing. Raises _LostError."""
        try:
            if action.expect is None:
                return self._pane.press(action.data)
            self._sight.expect(action.expect)
            return self._pane.paste(action.expect, as_paste=look.bracketed_paste and self._mode is not InputMode.RAW)
        except GoneError as error:
            raise _LostError(str(error)) from error

    def _not_written(self, before: InjectionState) -> End:
        """Return the end of an attempt that had reached BEFORE when the pane could no longer be typed into."""
        if not before.is_under_way:
            self._state = before
            return End(Outcome.REFUSED, WaitReason.UNKNOWN_SCREEN.value)
        self._state = replace(before, phase=Phase.STANDING, proven=None, end=None)
        outcome = Outcome.TYPED if before.phase is Phase.PASTED else Outcome.UNCERTAIN
        return End(outcome, WaitReason.UNKNOWN_SCREEN.value, unsent=not before.presses)

    def _lost(self, why: str) -> End:
        """Return the end of an attempt that lost its agent: uncertain where the text may be in the line."""
        if self._state.is_under_way:
            self._state = replace(self._state, phase=Phase.STANDING, proven=None, end=None)
            return End(Outcome.UNCERTAIN, why, unsent=not self._state.presses)
        return End(Outcome.REFUSED, WaitReason.NO_CHANNEL.value)
