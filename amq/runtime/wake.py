"""When an agent is told of its mail. Pure: events and the time go in, actions come out.

The only success is that mail leaves the inbox. Until then one notification covers whatever follows it, and is repeated
a few times at growing distances; then the mail is parked until the agent drains or new mail comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from amq.runtime.words import Outcome, Reason

REMIND_AFTER = (30.0, 60.0, 120.0, 240.0)  # seconds after the first attempt for a set of messages, the second, …
ATTEMPTS_FOR_A_SET = len(REMIND_AFTER)
ATTEMPTS_IN_A_ROW = 8  # without any drain
LOW_AFTER = 60.0  # seconds of silence in the terminal before low priority mail is announced by itself
LOOK_EVERY = 0.2  # seconds between looks while the terminal is not safe to type into


@dataclass(frozen=True)
class Looked:
    """The inbox and the terminal at this instant."""

    unread: frozenset[str]
    low: frozenset[str]  # those of low priority
    waits_for: Reason | None  # what forbids typing
    quiet_for: float  # seconds since anything moved in the terminal


@dataclass(frozen=True)
class Ended:
    """An attempt is over."""

    outcome: Outcome
    reason: Reason | None = None


class Phase(Enum):
    """Where the waking of one agent stands."""

    QUIET = "quiet"  # no mail
    WAITING = "waiting"
    OUTSTANDING = "outstanding"  # told; the mail is still there
    UNCERTAIN = "uncertain"  # perhaps told
    PARKED = "parked"


@dataclass(frozen=True)
class Wake:
    """All that is remembered."""

    phase: Phase = Phase.QUIET
    reason: Reason = Reason.NOTHING  # what the mail waits for
    unread: frozenset[str] = frozenset()
    announced: frozenset[str] = frozenset()  # what was unread at the last attempt
    tries: int = 0  # attempts for this set of messages
    in_a_row: int = 0  # attempts since the last drain
    due: float = 0.0  # not before this time


@dataclass(frozen=True)
class Attempt:
    """Tell the agent now, and report how it Ended."""


@dataclass(frozen=True)
class Again:
    """Look again at this time, if nothing happens before."""

    at: float


Action = Attempt | Again
Step = tuple[Wake, tuple[Action, ...]]


def step(state: Wake, event: Looked | Ended, now: float) -> Step:
    """The next state, and what to do."""
    if isinstance(event, Ended):
        return _ended(state, event, now)
    return _decide(_with_mail(state, event.unread, now), event, now)


def _with_mail(state: Wake, unread: frozenset[str], now: float) -> Wake:
    """What the change of the inbox means for what was counted so far."""
    if not unread:
        return Wake()
    drained, came = state.unread - unread, unread - state.unread
    state = replace(state, unread=unread)
    if drained:
        told = state.announced >= unread
        return replace(state, tries=0, in_a_row=0, due=now + REMIND_AFTER[0] if told else now)
    if came and state.phase is Phase.PARKED:
        one_left = min(state.in_a_row, ATTEMPTS_IN_A_ROW - 1)
        return replace(state, phase=Phase.WAITING, tries=ATTEMPTS_FOR_A_SET - 1, in_a_row=one_left, due=now)
    return replace(state, tries=0) if came else state


def _decide(state: Wake, event: Looked, now: float) -> Step:
    if not state.unread:
        return state, ()
    if now < state.due:
        return state, (Again(state.due),)
    if state.phase is Phase.PARKED or _has_tried_enough(state):
        return replace(state, phase=Phase.PARKED, reason=Reason.PARKED), ()
    if event.unread <= event.low and event.quiet_for < LOW_AFTER:
        return _wait(state, Reason.LOW, now + LOW_AFTER - event.quiet_for)
    if event.waits_for is not None:
        return _wait(state, event.waits_for, now + LOOK_EVERY)
    return state, (Attempt(),)


def _ended(state: Wake, event: Ended, now: float) -> Step:
    if event.outcome in (Outcome.REFUSED, Outcome.FAILED):
        return _wait(state, event.reason or Reason.STOPPED, now + LOOK_EVERY)
    due = now + REMIND_AFTER[min(state.tries, ATTEMPTS_FOR_A_SET - 1)]
    told = replace(
        state,
        phase=Phase.UNCERTAIN if event.outcome is Outcome.UNCERTAIN else Phase.OUTSTANDING,
        reason=Reason.NOTHING,
        announced=state.unread,
        tries=state.tries + 1,
        in_a_row=state.in_a_row + 1,
        due=due,
    )
    return told, (Again(due),)


def _has_tried_enough(state: Wake) -> bool:
    return state.tries >= ATTEMPTS_FOR_A_SET or state.in_a_row >= ATTEMPTS_IN_A_ROW


def _wait(state: Wake, reason: Reason, until: float) -> Step:
    return replace(state, phase=Phase.WAITING, reason=reason), (Again(until),)
