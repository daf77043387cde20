"""Decide when an agent is notified of its mail. Pure: events and the time go in, actions come out.

Purpose
    The only success is that mail leaves the inbox. Until then one notification covers whatever comes after it. It is
    repeated a few times at growing intervals, but never to an agent that works. Then the mail is parked until the agent
    drains or new mail comes. How a notification is typed is for `injection`; that a hook gave one is reported here.

States (`Phase`)
    QUIET        no mail, or mail that was found at this very look
    WAITING      mail waits for `ScheduleState.reason`, or for its time, or is on its way to the model by a hook
    OUTSTANDING  the agent was notified, and the mail is still there
    UNCERTAIN    the agent was perhaps notified; treated like OUTSTANDING
    PARKED       enough attempts: nothing more until the inbox changes

Events
    Observation      the inbox and the agent at this instant: whenever something changed, and at each `WakeAt`
    AttemptFinished  how an `Attempt` ended; or, with `unread`, that a hook has announced all unread mail

Actions
    Attempt    notify the agent now, and report an AttemptFinished before the next Observation
    WakeAt     send an Observation at this time, if nothing happens before; the next action replaces it
    AlertUser  notify the user, once

    state                        event            next         actions           when
    ---------------------------  ---------------  -----------  ----------------  -------------------------------------
    any                          Observation      QUIET                          all mail has left: all is forgotten
    QUIET                        Observation      QUIET        Attempt           it is due, and nothing forbids it
    QUIET WAITING                Observation      WAITING      WakeAt            not due; blocked, busy, low; on its way
    QUIET WAITING                Observation      WAITING      AlertUser WakeAt  only the user can lift what blocks it
    WAITING                      Observation      WAITING      Attempt           it is due, and nothing forbids it
    OUTSTANDING                  Observation      OUTSTANDING  WakeAt            a reminder is not due
    OUTSTANDING                  Observation      OUTSTANDING  Attempt           a reminder, or one for new mail, is due
    UNCERTAIN                    Observation      UNCERTAIN    WakeAt            a reminder is not due
    UNCERTAIN                    Observation      UNCERTAIN    Attempt           a reminder, or one for new mail, is due
    OUTSTANDING UNCERTAIN        Observation      WAITING      WakeAt            blocked, busy, low; or on its way
    OUTSTANDING UNCERTAIN        Observation      WAITING      AlertUser WakeAt  only the user can lift what blocks it
    WAITING OUTSTANDING          Observation      PARKED       AlertUser         it is due, and no attempt is left
    UNCERTAIN                    Observation      PARKED       AlertUser         it is due, and no attempt is left
    PARKED                       Observation      PARKED                         nothing has changed
    PARKED                       Observation      PARKED       WakeAt            the agent works; or on its way
    PARKED                       Observation      WAITING      Attempt           new mail: one more; or the user asks
    PARKED                       Observation      WAITING      WakeAt            new mail, blocked; or some has left
    PARKED                       Observation      WAITING      AlertUser WakeAt  new mail that only the user can let in
    QUIET WAITING                AttemptFinished  WAITING      WakeAt            refused or failed
    OUTSTANDING UNCERTAIN        AttemptFinished  WAITING      WakeAt            refused or failed
    QUIET WAITING                AttemptFinished  UNCERTAIN    WakeAt            uncertain
    OUTSTANDING UNCERTAIN        AttemptFinished  UNCERTAIN    WakeAt            uncertain
    QUIET WAITING                AttemptFinished  UNCERTAIN    AlertUser WakeAt  uncertain, and amq's text may be unsent
    OUTSTANDING UNCERTAIN        AttemptFinished  UNCERTAIN    AlertUser WakeAt  uncertain, and amq's text may be unsent
    any                          AttemptFinished  OUTSTANDING  WakeAt            any other outcome, a hook's included
    QUIET WAITING                AttemptFinished  OUTSTANDING  AlertUser WakeAt  amq's text may be in the line, unsent
    OUTSTANDING UNCERTAIN        AttemptFinished  OUTSTANDING  AlertUser WakeAt  amq's text may be in the line, unsent
    any                          AttemptFinished  QUIET                          a hook's, and nothing is unread now

Invariants
    - Mail is announced, or has a reason to wait and a time for the next look, or is PARKED.
    - No Attempt while anything blocks typing. To an agent that works there is one only if it queues what is typed and
      calls no hooks, and never for low priority alone. While it works, the mail it knows of is neither repeated nor
      parked; nor is mail that a hook has given it, while a receipt may come.
    - Mail whose offer has lapsed is due at once, for another way: its reminder was for the one that has failed.
    - The same messages are announced `SchedulePolicy.attempts` times, and ATTEMPTS_IN_A_ROW times are the most without
      a drain; after parking each arrival of new mail allows one more. A refused attempt costs none, and neither
      do those before a failed turn: the model has not read them.
    - A message that leaves the inbox resets the counters: the agent reads its mail.
    - The user may ask for another attempt: it is due at once, as if the mail had just come. What blocks it still does.
    - The user is alerted of a message once for each cause: it cannot be typed or may be unsent, and it is parked.

Limits
    The clock is the caller's, in seconds; only differences count. It must go on while the machine sleeps, or reminders
    are late. Nothing here proves that an agent has read a line: mail that anything else removes counts as drained.
"""

from __future__ import annotations

from enum import Enum

from amq.record import record, replace
from amq.runtime.policy.drift import NO_SIGNS, Signs
from amq.runtime.policy.hook_decision import ATTEMPTS_IN_A_ROW, NORMAL_AFTER_S
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason

UP_TO_THE_USER = (
    WaitReason.UNKNOWN_PROGRAM, WaitReason.UNKNOWN_LOOK, WaitReason.NOT_CERTIFIED, WaitReason.UNTRUSTED,
)  # fmt: skip
"""Reasons that do not end by themselves."""
LOOK_EVERY_S = 0.2  # seconds between looks while the mail waits for the terminal or the agent


@record
class SchedulePolicy:
    """Say how long mail waits. Times are seconds."""

    urgent_after_s: float = 0.0  # how long an agent is busy before urgent mail is typed to it
    normal_after_s: float = NORMAL_AFTER_S  # how long it is busy before normal mail is
    low_after_s: float = 60.0  # how long the terminal is silent before low priority mail alone is announced
    debounce_s: float = 0.0  # how long an idle agent is left alone after new mail, in case more comes
    remind_after_s: tuple[float, ...] = (
        30.0,
        60.0,
        120.0,
        240.0,
    )  # the first attempt for a set of messages, the second …

    @property
    def attempts(self) -> int:
        """Return how often the same messages are announced."""
        return len(self.remind_after_s)


@record
class Readiness:
    """Say whether the agent can be notified at this instant."""

    blocked_by: WaitReason | None = None  # what forbids typing
    quiet_for_s: float = 0.0  # since its terminal last changed
    busy: bool = False  # it is known to work
    idle: bool = False  # it says itself that it waits for a line
    queues_input: bool = False  # a line submitted while it works waits for the end of the turn, and interrupts nothing
    hooks_active: bool = False  # hooks give it mail while it works, and when its turn ends
    asks: str = ""  # the command of amq's that its dialog asks the user about, such as `amq drain`
    signs: Signs = NO_SIGNS  # that its program does not look as known
    detail: str = ""  # more about what forbids typing, for the user
    activity: Activity = Activity.UNKNOWN
    question: str = ""  # what it asks the user, such as `Bash(git push)`, where its dialog is known
    program: str = ""  # the name of its profile, where a look finds the program
    version: str = ""  # its program's, where that is known


@record
class Observation:
    """Event: the inbox and the agent as they are at this instant."""

    unread: frozenset[str]
    urgent: frozenset[str]  # those of urgent priority
    low: frozenset[str]  # those of low priority
    agent: Readiness
    offered: frozenset[str] = frozenset()  # those that a hook or a plugin has given, until there is a receipt
    on_its_way: frozenset[str] = frozenset()  # of these, those whose receipt may come by itself
    requested: bool = False  # the user has asked for another attempt since the last one


@record
class AttemptFinished:
    """Event: an attempt is over. If a hook delivered it, `unread` lists the messages it announced."""

    outcome: Outcome
    reason: WaitReason | None = None
    unread: frozenset[str] | None = None
    unsent: bool = False  # amq's text may be in the agent's line


class Phase(Enum):
    """Name the states."""

    QUIET = "quiet"
    WAITING = "waiting"
    OUTSTANDING = "outstanding"
    UNCERTAIN = "uncertain"
    PARKED = "parked"


@record
class ScheduleState:
    """Remember all that later decisions need. Times are the clock's, in seconds."""

    phase: Phase = Phase.QUIET
    reason: WaitReason = WaitReason.NOTIFIED  # what the mail waits for
    unread: frozenset[str] = frozenset()
    announced: frozenset[str] = frozenset()  # what was unread at the last attempt, and was not given back since
    offered: frozenset[str] = frozenset()  # at the last look
    tries: int = 0  # attempts for this set of messages
    in_a_row: int = 0  # attempts since the last drain
    user_alerted: frozenset[str] = frozenset()  # mail the user was alerted of: it cannot be typed, or may be unsent
    due: float = 0.0  # not before this time
    since: float = 0.0  # when the oldest message came that has not been announced
    busy_since: float | None = None  # None: it does not work


@record
class Attempt:
    """Action: notify the agent now, and report how that ended as an AttemptFinished."""


@record
class WakeAt:
    """Action: observe again at this time, if nothing happens before."""

    at: float


@record
class AlertUser:
    """Action: notify the user, once, that the agent does not read its mail, or cannot be notified of it."""


Action = Attempt | WakeAt | AlertUser
Step = tuple[ScheduleState, tuple[Action, ...]]


def step(
    state: ScheduleState, event: Observation | AttemptFinished, now: float, policy: SchedulePolicy | None = None
) -> Step:
    """Return the next state and what to do, in this order. NOW is in seconds; no POLICY means the usual one."""
    policy = policy or SchedulePolicy()
    if isinstance(event, AttemptFinished):
        if event.unread is not None:
            state = _with_mail(state, event.unread, now, policy)
        return _ended(state, event, now, policy) if state.unread else (state, ())
    state = _with_offers(_with_mail(state, event.unread, now, policy), event, now)
    state = _with_request(_with_failure(state, event, now), event, now)
    return _decide(_with_work(state, event, now, policy), event, now, policy)


def _with_mail(state: ScheduleState, unread: frozenset[str], now: float, policy: SchedulePolicy) -> ScheduleState:
    """Return STATE with this mail UNREAD, its counters reset as far as mail has come or left."""
    if not unread:
        return ScheduleState(busy_since=state.busy_since)
    # the loop passes on the set it already has: comparing a large inbox at five looks a second costs more than all else
    if unread is state.unread:
        return state
    drained, came = state.unread - unread, unread - state.unread
    # the age of the oldest message that was not announced counts: a stream of mail must not put off its first one
    if came and state.unread <= state.announced:
        state = replace(state, since=now)
    state = replace(state, unread=unread)
    if drained:
        phase = Phase.WAITING if state.phase is Phase.PARKED else state.phase
        # what is left was announced before: the agent reads just now, so it is reminded, not notified at once
        due = now + policy.remind_after_s[0] if state.announced >= unread else now
        return replace(state, phase=phase, tries=0, in_a_row=0, due=due)
    # one attempt only: mail that keeps coming to an agent that never drains would else be announced for ever
    if came and state.phase is Phase.PARKED:
        one_left = min(state.in_a_row, ATTEMPTS_IN_A_ROW - 1)
        return replace(state, phase=Phase.WAITING, tries=policy.attempts - 1, in_a_row=one_left, due=now)
    if came:
        return replace(state, tries=0, due=min(state.due, now + policy.remind_after_s[0]))
    return state


def _with_offers(state: ScheduleState, event: Observation, now: float) -> ScheduleState:
    """Return STATE with what is on offer. What has lapsed is as new: no reminder of the way that has failed is due."""
    lapsed = (state.offered - event.offered) & event.unread
    state = replace(state, offered=event.offered)
    return replace(state, announced=state.announced - lapsed, due=min(state.due, now)) if lapsed else state


def _with_work(state: ScheduleState, event: Observation, now: float, policy: SchedulePolicy) -> ScheduleState:
    """Return STATE with a reminder put off while the agent works, and for the first interval after that."""
    if not event.agent.busy:
        return replace(state, busy_since=None)
    state = replace(state, busy_since=now if state.busy_since is None else state.busy_since)
    if state.unread and state.unread <= state.announced:
        return replace(state, due=max(state.due, now + policy.remind_after_s[0]))
    return state


def _with_failure(state: ScheduleState, event: Observation, now: float) -> ScheduleState:
    """Return STATE with its announcements taken back, if the agent's turn has failed: the model has not read them."""
    if event.agent.blocked_by is not WaitReason.API_ERROR or state.phase is Phase.PARKED:
        return state
    return replace(state, announced=frozenset(), tries=0, in_a_row=max(0, state.in_a_row - state.tries), due=now)


def _with_request(state: ScheduleState, event: Observation, now: float) -> ScheduleState:
    """Return STATE as if its mail had just come, if the user asks for another attempt."""
    if not (event.requested and state.unread):
        return state
    phase = Phase.WAITING if state.phase is Phase.PARKED else state.phase
    return replace(state, phase=phase, announced=frozenset(), tries=0, in_a_row=0, due=now)


def _decide(state: ScheduleState, event: Observation, now: float, policy: SchedulePolicy) -> Step:
    if not state.unread:
        return state, ()
    if state.unread <= event.on_its_way:
        if state.phase is Phase.PARKED:  # the user has been alerted of it, and is not again if it lapses
            return state, (WakeAt(now + LOOK_EVERY_S),)
        return _wait(state, WaitReason.OFFERED, now + LOOK_EVERY_S)
    due = max(state.due, state.since + policy.debounce_s)
    if now < due:
        state = replace(state, phase=Phase.WAITING) if state.phase is Phase.QUIET else state
        return state, (WakeAt(min(due, now + LOOK_EVERY_S) if event.agent.busy else due),)
    if state.phase is Phase.PARKED:
        return state, ()
    if state.tries >= policy.attempts or state.in_a_row >= ATTEMPTS_IN_A_ROW:
        # work is no failure: an hour-long turn would else park mail that the agent reads at its end
        if event.agent.busy:
            return _wait(state, WaitReason.BUSY, now + LOOK_EVERY_S)
        return replace(state, phase=Phase.PARKED, reason=WaitReason.PARKED), (AlertUser(),)
    if event.unread <= event.low and event.agent.quiet_for_s < policy.low_after_s:
        return _wait(state, WaitReason.LOW, now + policy.low_after_s - event.agent.quiet_for_s)
    if event.agent.blocked_by in UP_TO_THE_USER:
        return _alert_user(state, event.agent.blocked_by, now)
    if event.agent.blocked_by is not None:
        return _wait(state, event.agent.blocked_by, now + LOOK_EVERY_S)
    if event.agent.busy and not _breaks_in(state, event, now, policy):
        return _wait(state, WaitReason.BUSY, now + LOOK_EVERY_S)
    return state, (Attempt(),)


def _alert_user(state: ScheduleState, reason: WaitReason, now: float) -> Step:
    """Wait for the user to lift REASON, and alert the user of each message once."""
    waiting, again = _wait(state, reason, now + LOOK_EVERY_S)
    if state.unread <= state.user_alerted:
        return waiting, again
    return replace(waiting, user_alerted=state.unread), (AlertUser(), *again)


def _breaks_in(state: ScheduleState, event: Observation, now: float, policy: SchedulePolicy) -> bool:
    """Return whether to type to an agent that works: not where hooks give it mail, and never for low mail alone.

    What is typed waits for the end of the turn, and at that end there is a hook.
    """
    agent = event.agent
    if not agent.queues_input or agent.hooks_active or event.unread <= event.low or state.busy_since is None:
        return False
    waits_s = policy.urgent_after_s if event.unread & event.urgent else policy.normal_after_s
    # from the later of the two: each turn has its two minutes of peace, and so has each message that comes in a turn
    return now - max(state.since, state.busy_since) >= waits_s


def _ended(state: ScheduleState, event: AttemptFinished, now: float, policy: SchedulePolicy) -> Step:
    if event.outcome is Outcome.REFUSED:
        return _wait(state, event.reason or WaitReason.STOPPED, now + LOOK_EVERY_S)
    due = now + policy.remind_after_s[min(state.tries, policy.attempts - 1)]
    # it counts, and waits as long: a notification command that fails must not be run five times a second
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
    if not event.unsent or state.unread <= state.user_alerted:
        return told, (WakeAt(due),)
    return replace(told, user_alerted=state.unread), (AlertUser(), WakeAt(due))


def _wait(state: ScheduleState, reason: WaitReason, until: float) -> Step:
    return replace(state, phase=Phase.WAITING, reason=reason), (WakeAt(until),)
