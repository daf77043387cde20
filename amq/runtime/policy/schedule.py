"""When an agent is told of its mail. Pure: events and the time go in, actions come out.

The only success is that mail leaves the inbox. Until then one notification covers whatever follows it, and is repeated
a few times at growing distances, but never to an agent that works; then the mail is parked until the agent drains or
new mail comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from amq.runtime.policy.reasons import Outcome, WaitReason

ATTEMPTS_IN_A_ROW = 8  # without any drain
UP_TO_THE_USER = (WaitReason.UNKNOWN_PROGRAM, WaitReason.UNKNOWN_LOOK, WaitReason.UNTRUSTED)
"""What does not end by itself."""
LOOK_EVERY = 0.2  # seconds between looks while the mail waits for the terminal or the agent


@dataclass(frozen=True)
class SchedulePolicy:
    """How long mail waits, in seconds."""

    urgent_after: float = 0.0  # that the agent is busy, until urgent mail breaks in
    normal_after: float = 120.0  # that it is busy, until other mail does
    hooks_within: float = 10.0  # more, in which a hook may tell it: while it streams an answer none is called
    low_after: float = 60.0  # of silence in the terminal, until low priority mail is announced by itself
    debounce: float = 0.0  # for more mail, before an idle agent is woken
    remind_after: tuple[float, ...] = (
        30.0,
        60.0,
        120.0,
        240.0,
    )  # the first attempt for a set of messages, the second …

    @property
    def attempts(self) -> int:
        """How often an agent is told of the same messages."""
        return len(self.remind_after)


@dataclass(frozen=True)
class Readiness:
    """How it stands with the agent at this instant."""

    blocked_by: WaitReason | None = None  # what forbids typing
    quiet_for_s: float = 0.0  # seconds since anything moved at its side
    busy: bool = False  # it is known to work
    queues_input: bool = False  # what is submitted meanwhile waits for its turn, and breaks nothing off
    hooks_active: bool = False  # hooks tell it while it works


@dataclass(frozen=True)
class Observation:
    """The inbox and the agent at this instant."""

    unread: frozenset[str]
    urgent: frozenset[str]  # those of urgent priority
    low: frozenset[str]  # those of low priority
    agent: Readiness


@dataclass(frozen=True)
class AttemptFinished:
    """An attempt is over. A hook's is none of ours: then it says what is `unread`, all of which it has told of."""

    outcome: Outcome
    reason: WaitReason | None = None
    unread: frozenset[str] | None = None
    unsent: bool = False  # our text may stand in the agent's line


class Phase(Enum):
    """Where the waking of one agent stands."""

    QUIET = "quiet"  # no mail
    WAITING = "waiting"
    OUTSTANDING = "outstanding"  # told; the mail is still there
    UNCERTAIN = "uncertain"  # perhaps told
    PARKED = "parked"


@dataclass(frozen=True)
class ScheduleState:
    """All that is remembered."""

    phase: Phase = Phase.QUIET
    reason: WaitReason = WaitReason.NOTIFIED  # what the mail waits for
    unread: frozenset[str] = frozenset()
    announced: frozenset[str] = frozenset()  # what was unread at the last attempt
    tries: int = 0  # attempts for this set of messages
    in_a_row: int = 0  # attempts since the last drain
    person_told: frozenset[str] = frozenset()  # of which mail, because nothing can be typed, or a line stands unsent
    due: float = 0.0  # not before this time
    since: float = 0.0  # when the first message came that has not been announced
    busy_since: float | None = None


@dataclass(frozen=True)
class Attempt:
    """Tell the agent now, and report how it Ended."""


@dataclass(frozen=True)
class WakeAt:
    """Look again at this time, if nothing happens before."""

    at: float


@dataclass(frozen=True)
class AlertUser:
    """Let the user know, once, that the agent does not read its mail, or is not told of it."""


Action = Attempt | WakeAt | AlertUser
Step = tuple[ScheduleState, tuple[Action, ...]]


def step(
    state: ScheduleState, event: Observation | AttemptFinished, now: float, policy: SchedulePolicy | None = None
) -> Step:
    """The next state, and what to do."""
    policy = policy or SchedulePolicy()
    if isinstance(event, AttemptFinished):
        if event.unread is not None:
            state = _with_mail(state, event.unread, now, policy)
        return _ended(state, event, now, policy) if state.unread else (state, ())
    state = _with_mail(state, event.unread, now, policy)
    return _decide(_with_work(state, event, now, policy), event, now, policy)


def _with_mail(state: ScheduleState, unread: frozenset[str], now: float, policy: SchedulePolicy) -> ScheduleState:
    """What the change of the inbox means for what was counted so far."""
    if not unread:
        return ScheduleState(busy_since=state.busy_since)
    if unread is state.unread:  # which may be large
        return state
    drained, came = state.unread - unread, unread - state.unread
    if came and state.unread <= state.announced:
        state = replace(state, since=now)
    state = replace(state, unread=unread)
    if drained:
        phase = Phase.WAITING if state.phase is Phase.PARKED else state.phase
        due = now + policy.remind_after[0] if state.announced >= unread else now
        return replace(state, phase=phase, tries=0, in_a_row=0, due=due)
    if came and state.phase is Phase.PARKED:
        one_left = min(state.in_a_row, ATTEMPTS_IN_A_ROW - 1)
        return replace(state, phase=Phase.WAITING, tries=policy.attempts - 1, in_a_row=one_left, due=now)
    if came:
        return replace(state, tries=0, due=min(state.due, now + policy.remind_after[0]))
    return state


def _with_work(state: ScheduleState, event: Observation, now: float, policy: SchedulePolicy) -> ScheduleState:
    """What it means that the agent works: for as long as it does, and a while longer, it is not reminded."""
    if not event.agent.busy:
        return replace(state, busy_since=None)
    state = replace(state, busy_since=now if state.busy_since is None else state.busy_since)
    if state.unread and state.unread <= state.announced:
        return replace(state, due=max(state.due, now + policy.remind_after[0]))
    return state


def _decide(state: ScheduleState, event: Observation, now: float, policy: SchedulePolicy) -> Step:
    if not state.unread:
        return state, ()
    due = max(state.due, state.since + policy.debounce)
    if now < due:
        state = replace(state, phase=Phase.WAITING) if state.phase is Phase.QUIET else state
        return state, (WakeAt(min(due, now + LOOK_EVERY) if event.agent.busy else due),)
    if state.phase is Phase.PARKED:
        return state, ()
    if state.tries >= policy.attempts or state.in_a_row >= ATTEMPTS_IN_A_ROW:
        if event.agent.busy:
            return _wait(state, WaitReason.BUSY, now + LOOK_EVERY)
        return replace(state, phase=Phase.PARKED, reason=WaitReason.PARKED), (AlertUser(),)
    if event.unread <= event.low and event.agent.quiet_for_s < policy.low_after:
        return _wait(state, WaitReason.LOW, now + policy.low_after - event.agent.quiet_for_s)
    if event.agent.blocked_by in UP_TO_THE_USER:
        return _tell_person(state, event.agent.blocked_by, now)
    if event.agent.blocked_by is not None:
        return _wait(state, event.agent.blocked_by, now + LOOK_EVERY)
    if event.agent.busy and not _breaks_in(state, event, now, policy):
        return _wait(state, WaitReason.BUSY, now + LOOK_EVERY)
    return state, (Attempt(),)


def _tell_person(state: ScheduleState, reason: WaitReason, now: float) -> Step:
    """Nothing is typed until the user does something about it: the user hears of each message once."""
    waiting, again = _wait(state, reason, now + LOOK_EVERY)
    if state.unread <= state.person_told:
        return waiting, again
    return replace(waiting, person_told=state.unread), (AlertUser(), *again)


def _breaks_in(state: ScheduleState, event: Observation, now: float, policy: SchedulePolicy) -> bool:
    """Whether a line is typed to an agent that works: later where hooks may tell it, none for low priority alone."""
    if not event.agent.queues_input or event.unread <= event.low or state.busy_since is None:
        return False
    patience = policy.urgent_after if event.unread & event.urgent else policy.normal_after
    patience += policy.hooks_within if event.agent.hooks_active else 0.0
    return now - max(state.since, state.busy_since) >= patience


def _ended(state: ScheduleState, event: AttemptFinished, now: float, policy: SchedulePolicy) -> Step:
    if event.outcome is Outcome.REFUSED:
        return _wait(state, event.reason or WaitReason.STOPPED, now + LOOK_EVERY)
    due = now + policy.remind_after[min(state.tries, policy.attempts - 1)]
    if event.outcome is Outcome.FAILED:
        tried = replace(state, tries=state.tries + 1, in_a_row=state.in_a_row + 1, due=due)
        return _wait(tried, WaitReason.NO_CHANNEL, due)
    told = replace(
        state,
        phase=Phase.UNCERTAIN if event.outcome is Outcome.UNCERTAIN else Phase.OUTSTANDING,
        reason=WaitReason.NOTIFIED,
        announced=state.unread,
        tries=state.tries + 1,
        in_a_row=state.in_a_row + 1,
        due=due,
    )
    if not event.unsent or state.unread <= state.person_told:
        return told, (WakeAt(due),)
    return replace(told, person_told=state.unread), (AlertUser(), WakeAt(due))


def _wait(state: ScheduleState, reason: WaitReason, until: float) -> Step:
    return replace(state, phase=Phase.WAITING, reason=reason), (WakeAt(until),)
