"""A channel to an agent whose terminal amq hosts: every key and every byte of output is seen."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

import anyio
import anyio.to_thread

from amq.pty.host import Host
from amq.pty.osc_state import AgentState
from amq.pty.terminal_model import TerminalSnapshot
from amq.record import replace
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels.step_timer import until_ended
from amq.runtime.policy import injection
from amq.runtime.policy.activity import activity_of
from amq.runtime.policy.dialog import asked_command, question
from amq.runtime.policy.drift import Signs
from amq.runtime.policy.injection import End, InjectionRules, InjectionState, Phase, Write
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification


class PtyChannel:
    """A channel that looks at the terminal and types under one hold of its lock: no key comes in between."""

    way = "pty"

    def __init__(
        self,
        host: Host,
        rules: InjectionRules,
        agent_status: AgentStatus,
        asks: Sequence[str] = (),
        forbids: Callable[[], WaitReason | None] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        """Type by RULES.

        AGENT_STATUS knows more of the program than its terminal shows. ASKS are the expressions for its dialogs, as in
        its profile; CLOCK and SLEEP count in seconds. FORBIDS asks the program itself what forbids typing, and may wait
        for its answer.
        """
        self._host = host
        self._rules = rules
        self._agent_status = agent_status
        self._asks = asks
        self._forbids = forbids
        self._clock = clock
        self._sleep = sleep
        self._state = InjectionState()
        self._lost_since: float | None = None

    def look(self) -> Readiness:
        """Return the readiness. The agent is quiet while nothing is printed or typed.

        A submit key that dialogs ignore also queues the line while the agent works. But an old version, which publishes
        nothing in its terminal and shows nothing beside its row, may not know that key; then the line would stay there
        until the turn ends.
        """
        now = self._clock()
        seen = self._host.look(now)
        look = self._heard(seen, now)
        reason = injection.gate(self._state, look, self._rules, now)
        screen = self._host.terminal.shown() if self._asks and reason is WaitReason.DIALOG else ""
        asked = question(screen, self._asks)
        activity = activity_of(look, reason, self._rules, in_dialog=bool(asked))
        if (reason is None or activity is Activity.IDLE) and self._host.hangs():
            reason, activity = WaitReason.STOPPED, Activity.STOPPED
        return Readiness(
            blocked_by=reason,
            asks=asked_command(screen, self._asks),
            signs=Signs(
                is_lost=reason is WaitReason.UNKNOWN_LOOK,
                silent_turns=look.turns if look.turns and self._agent_status.hooks_silent else 0,
                unknown_state=look.unknown_state,
            ),
            detail=self._rules.off if reason is WaitReason.NOT_CERTIFIED else "",
            quiet_for_s=now - max(look.started, look.last_output or 0.0, look.last_key or 0.0),
            busy=look.published is AgentState.WORKING,
            idle=look.published in injection.IDLE,
            queues_input=self._rules.dialog_safe and (seen.published is not None or look.row.working),
            hooks_active=self._agent_status.hooks_active,
            activity=activity,
            question=asked if activity is Activity.ASKS else "",
            version=look.version,
        )

    def _heard(self, look: TerminalSnapshot, now: float) -> TerminalSnapshot:
        """Return LOOK with the agent's status from other sources, where it asks for more caution."""
        rules = self._rules
        said = look.published or injection.titled(look.title, rules) or injection.shown(look.row, rules)
        heard = self._agent_status.look(said, look.last_key, now)
        self._lost_since = injection.lost_since(self._lost_since, heard, look.row, now)
        return replace(
            look,
            published=heard,
            version=self._agent_status.version(),
            lost_since=self._lost_since,
            interrupted=look.interrupted and not self._agent_status.turn_ended,
        )

    def drained(self) -> None:
        """Note that the agent has taken its mail."""
        self._state = injection.drained(self._state)
        self._forget_echo()

    async def attempt(self, line: Notification) -> End:
        """Type LINE and submit it, as far as that is safe. The first look is taken at once.

        What the program says of itself counts, too: a draft, or a turn while its terminal does not look busy.
        """
        if self._forbids and not (seen := self.look()).blocked_by:
            reason = await anyio.to_thread.run_sync(self._forbids, abandon_on_cancel=True)
            if reason and not (reason is WaitReason.BUSY and seen.busy):
                return End(Outcome.REFUSED, reason.value)
        end = await until_ended(lambda: self._step(line), self._clock, self._sleep)
        self._forget_echo()
        return end

    def _step(self, line: Notification) -> tuple[injection.Action, ...]:
        terminal = self._host.terminal
        # one hold from the look to the write: the pump takes the lock to read a key, so none comes between the two
        with terminal.lock:
            now = self._clock()
            self._state, actions = injection.step(
                self._state, self._heard(self._host.look(now), now), line, self._rules, now
            )
            for action in actions:
                if isinstance(action, Write):
                    if action.expect is not None:
                        terminal.expect(action.expect)
                    self._host.type(action.data)
        return actions

    def _forget_echo(self) -> None:
        if self._state.phase is Phase.CLEAR:
            self._host.terminal.expect(None)
