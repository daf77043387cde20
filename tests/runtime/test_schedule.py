"""When an agent is told: tables of events and times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import (
    ATTEMPTS_IN_A_ROW,
    LOOK_EVERY,
    Action,
    AlertUser,
    Attempt,
    AttemptFinished,
    Observation,
    Phase,
    Readiness,
    SchedulePolicy,
    ScheduleState,
    Step,
    WakeAt,
    step,
)

POLICY = SchedulePolicy()
REMIND_AFTER = POLICY.remind_after
IDLE = Readiness()
QUEUES = Readiness(busy=True, queues_input=True)
HOOKED = Readiness(busy=True, queues_input=True, hooks_active=True)


def looked(*unread: str, urgent: str = "", low: str = "", agent: Readiness = IDLE) -> Observation:
    return Observation(frozenset(unread), frozenset(urgent), frozenset(low), agent)


def attempted(state: ScheduleState, *unread: str, now: float, outcome: Outcome = Outcome.SUBMITTED) -> ScheduleState:
    """The state after an attempt that UNREAD must have led to."""
    state, actions = step(state, looked(*unread), now)
    assert actions == (Attempt(),)
    return step(state, AttemptFinished(outcome), now)[0]


def parked(*unread: str, in_a_row: int = 4) -> ScheduleState:
    told = frozenset(unread)
    return ScheduleState(Phase.PARKED, WaitReason.PARKED, told, told, tries=4, in_a_row=in_a_row)


def waits(result: Step) -> tuple[Phase, tuple[object, ...]]:
    return result[0].phase, result[1]


def is_busy(result: Step, now: float) -> None:
    """It waits because the agent works."""
    assert (result[0].reason, result[1]) == (WaitReason.BUSY, (WakeAt(now + LOOK_EVERY),))


def test_no_mail_nothing_to_do() -> None:
    assert step(ScheduleState(), looked(), 0.0) == (ScheduleState(), ())


def test_mail_is_announced_at_once() -> None:
    assert step(ScheduleState(), looked("a"), 0.0)[1] == (Attempt(),)


def test_an_inbox_in_which_nothing_has_changed_counts_for_nothing() -> None:
    told = ScheduleState(
        Phase.OUTSTANDING, unread=frozenset("a"), announced=frozenset("a"), tries=1, in_a_row=1, due=30.0
    )
    same = Observation(told.unread, frozenset(), frozenset(), Readiness())
    assert step(told, same, 1.0) == (told, (WakeAt(30.0),))


def test_more_mail_can_be_waited_for() -> None:
    policy = SchedulePolicy(debounce=5.0)
    state, actions = step(ScheduleState(), looked("a"), 100.0, policy)
    assert actions == (WakeAt(105.0),)
    state, actions = step(state, looked("a", "b"), 103.0, policy)
    assert actions == (WakeAt(105.0),)
    assert step(state, looked("a", "b"), 105.0, policy)[1] == (Attempt(),)


def test_mail_waits_for_a_safe_terminal() -> None:
    state, actions = step(ScheduleState(), looked("a", agent=Readiness(blocked_by=WaitReason.DRAFT)), 10.0)
    assert (state.phase, state.reason, actions) == (Phase.WAITING, WaitReason.DRAFT, (WakeAt(10.0 + LOOK_EVERY),))
    assert step(state, looked("a"), 10.2)[1] == (Attempt(),)


def test_a_gate_that_closed_in_between_costs_no_attempt() -> None:
    state, _ = step(ScheduleState(), looked("a"), 0.0)
    state, actions = step(state, AttemptFinished(Outcome.REFUSED, WaitReason.DRAFT), 0.0)
    assert (state.phase, state.reason, state.tries, actions) == (
        Phase.WAITING,
        WaitReason.DRAFT,
        0,
        (WakeAt(LOOK_EVERY),),
    )


def test_one_notification_covers_what_follows() -> None:
    state = attempted(ScheduleState(), "a", now=0.0)
    assert waits(step(state, looked("a", "b"), 1.0)) == (Phase.OUTSTANDING, (WakeAt(REMIND_AFTER[0]),))


def test_new_mail_does_not_wait_for_a_late_reminder_of_old_mail() -> None:
    state = ScheduleState(
        Phase.OUTSTANDING, unread=frozenset("a"), announced=frozenset("a"), tries=3, in_a_row=3, due=500.0
    )
    state, actions = step(state, looked("a", "b"), 300.0)
    assert (state.tries, actions) == (0, (WakeAt(330.0),))


def test_reminders_come_at_growing_distances_then_the_mail_is_parked() -> None:
    state, now, times = ScheduleState(), 0.0, []
    for distance in REMIND_AFTER:
        times.append(now)
        state = attempted(state, "a", now=now)
        assert waits(step(state, looked("a"), now + distance - 1)) == (Phase.OUTSTANDING, (WakeAt(now + distance),))
        now += distance
    assert times == [0.0, 30.0, 90.0, 210.0]
    state, actions = step(state, looked("a"), now)
    assert (state.phase, state.reason, actions) == (Phase.PARKED, WaitReason.PARKED, (AlertUser(),))
    assert step(state, looked("a"), now + 1e6)[1] == ()


@pytest.mark.parametrize("in_a_row", [4, 8])
def test_new_mail_after_parking_gets_one_attempt(in_a_row: int) -> None:
    state = attempted(parked("a", in_a_row=in_a_row), "a", "b", now=1000.0)
    state, actions = step(state, looked("a", "b"), 2000.0)
    assert (state.phase, actions) == (Phase.PARKED, (AlertUser(),))


def test_a_drain_resets_all() -> None:
    assert step(parked("a", in_a_row=8), looked(), 5.0) == (ScheduleState(), ())


def test_a_drain_that_leaves_some_resets_all_too() -> None:
    state, actions = step(parked("a", "b", in_a_row=8), looked("b"), 5.0)
    assert (state.phase, state.tries, state.in_a_row, actions) == (
        Phase.WAITING,
        0,
        0,
        (WakeAt(5.0 + REMIND_AFTER[0]),),
    )
    assert step(state, looked("b"), 5.0 + REMIND_AFTER[0])[1] == (Attempt(),)


def test_what_a_drain_left_is_only_reminded_of() -> None:
    state = attempted(ScheduleState(), "a", "b", now=0.0)
    state, actions = step(state, looked("b"), 5.0)
    assert (state.tries, actions) == (0, (WakeAt(5.0 + REMIND_AFTER[0]),))


def test_what_came_while_the_agent_drained_is_announced() -> None:
    state = attempted(ScheduleState(), "a", now=0.0)
    state, _ = step(state, looked("a", "b"), 5.0)
    assert step(state, looked("b"), 6.0)[1] == (Attempt(),)


def test_mail_that_keeps_coming_does_not_make_reminders_endless() -> None:
    state, now, attempts = ScheduleState(), 0.0, 0
    for number in range(100):
        state, actions = step(state, looked(*map(str, range(number + 1))), now)
        if actions == (Attempt(),):
            attempts += 1
            state, _ = step(state, AttemptFinished(Outcome.SUBMITTED), now)
        now = state.due
        if state.phase is Phase.PARKED:
            break
    assert attempts == ATTEMPTS_IN_A_ROW


def test_low_priority_waits_for_silence() -> None:
    state, actions = step(ScheduleState(), looked("a", low="a", agent=Readiness(quiet_for_s=10.0)), 100.0)
    assert (state.reason, actions) == (WaitReason.LOW, (WakeAt(100.0 + POLICY.low_after - 10.0),))
    assert step(state, looked("a", low="a", agent=Readiness(quiet_for_s=POLICY.low_after)), 150.0)[1] == (Attempt(),)


def test_low_priority_goes_along_with_other_mail() -> None:
    assert step(ScheduleState(), looked("a", "b", low="a"), 0.0)[1] == (Attempt(),)


def test_low_priority_never_breaks_in() -> None:
    quiet = Readiness(quiet_for_s=1e6, busy=True, queues_input=True)
    state, _ = step(ScheduleState(), looked("a", low="a", agent=quiet), 0.0)
    is_busy(step(state, looked("a", low="a", agent=quiet), 1e6), 1e6)


def test_urgent_mail_breaks_in_at_once() -> None:
    assert step(ScheduleState(), looked("a", urgent="a", agent=QUEUES), 0.0)[1] == (Attempt(),)


def test_other_mail_leaves_a_busy_agent_in_peace_for_two_minutes() -> None:
    state, actions = step(ScheduleState(), looked("a", agent=QUEUES), 100.0)
    assert (state.reason, actions) == (WaitReason.BUSY, (WakeAt(100.0 + LOOK_EVERY),))
    is_busy(step(state, looked("a", agent=QUEUES), 219.0), 219.0)
    assert step(state, looked("a", agent=QUEUES), 220.0)[1] == (Attempt(),)
    assert step(state, looked("a"), 101.0)[1] == (Attempt(),)


def test_the_two_minutes_count_from_when_it_became_busy_and_from_when_the_mail_came() -> None:
    state, _ = step(ScheduleState(), looked(agent=QUEUES), 0.0)
    state, _ = step(state, looked("a", agent=QUEUES), 1000.0)
    is_busy(step(state, looked("a", agent=QUEUES), 1100.0), 1100.0)
    state, _ = step(state, looked("a", agent=Readiness(blocked_by=WaitReason.DRAFT)), 1110.0)
    state, _ = step(state, looked("a", agent=QUEUES), 1115.0)
    is_busy(step(state, looked("a", agent=QUEUES), 1200.0), 1200.0)
    assert step(state, looked("a", agent=QUEUES), 1235.0)[1] == (Attempt(),)


@pytest.mark.parametrize("agent", [Readiness(busy=True), Readiness(busy=True, hooks_active=True)])
def test_nothing_is_typed_to_a_busy_agent_that_would_break_off(agent: Readiness) -> None:
    state, _ = step(ScheduleState(), looked("a", urgent="a", agent=agent), 0.0)
    state, actions = step(state, looked("a", urgent="a", agent=agent), 1e6)
    assert (state.reason, actions) == (WaitReason.BUSY, (WakeAt(1e6 + LOOK_EVERY),))


@pytest.mark.parametrize(("urgent", "patience"), [("a", POLICY.urgent_after), ("", POLICY.normal_after)])
def test_where_no_hook_is_called_a_working_agent_hears_of_its_mail_all_the_same(urgent: str, patience: float) -> None:
    """A long answer is streamed, or one tool runs: the line is typed and waits its turn, but hooks come first."""
    state, _ = step(ScheduleState(), looked("a", urgent=urgent, agent=HOOKED), 100.0)
    last = 100.0 + patience + POLICY.hooks_within
    is_busy(step(state, looked("a", urgent=urgent, agent=HOOKED), last - 0.1), last - 0.1)
    assert step(state, looked("a", urgent=urgent, agent=HOOKED), last)[1] == (Attempt(),)
    state, _ = step(state, AttemptFinished(Outcome.HANDED, unread=frozenset("a")), last - 1.0)
    assert step(state, looked("a", urgent=urgent, agent=HOOKED), last)[1] != (Attempt(),)


def test_a_busy_agent_is_not_reminded_nor_given_up() -> None:
    state, now = attempted(ScheduleState(), "a", now=0.0), 0.0
    for now in range(0, 10_000, 10):
        state, actions = step(state, looked("a", agent=QUEUES), float(now))
        assert actions == (WakeAt(now + LOOK_EVERY),)
    assert step(state, looked("a"), now + 29.0)[1] == (WakeAt(now + 30.0),)
    assert step(state, looked("a"), now + 30.0)[1] == (Attempt(),)


def test_an_agent_that_works_is_not_given_up_on_mail_that_came_meanwhile() -> None:
    told = ScheduleState(Phase.OUTSTANDING, unread=frozenset("a"), announced=frozenset("a"), tries=1, in_a_row=8)
    state, _ = step(told, looked("a", "b", agent=QUEUES), 0.0)
    is_busy(step(state, looked("a", "b", agent=QUEUES), 1000.0), 1000.0)
    assert step(state, looked("a", "b"), 1000.0)[1] == (AlertUser(),)


def test_busyness_before_the_mail_came_delays_nothing() -> None:
    state, _ = step(ScheduleState(), looked(agent=QUEUES), 1000.0)
    assert step(state, looked("a"), 1001.0)[1] == (Attempt(),)


def test_what_a_hook_has_handed_over_is_not_typed_as_well() -> None:
    state, _ = step(ScheduleState(), looked("a", agent=HOOKED), 0.0)
    state, _ = step(state, AttemptFinished(Outcome.HANDED, unread=frozenset("ab")), 1.0)
    assert (state.phase, state.tries, state.in_a_row) == (Phase.OUTSTANDING, 1, 1)
    assert step(state, looked("a", "b"), 2.0)[1] == (WakeAt(31.0),)


def test_what_was_handed_over_and_drained_at_once_leaves_nothing() -> None:
    state, _ = step(ScheduleState(), looked("a", agent=HOOKED), 0.0)
    assert step(state, AttemptFinished(Outcome.HANDED, unread=frozenset()), 1.0)[0].phase is Phase.QUIET


def test_after_a_long_sleep_of_the_machine_there_is_one_reminder() -> None:
    state = attempted(ScheduleState(), "a", now=0.0)
    state = attempted(state, "a", now=50_000.0)
    assert step(state, looked("a"), 50_001.0)[1] == (WakeAt(50_000.0 + REMIND_AFTER[1]),)


def test_an_uncertain_attempt_is_not_made_sure_at_once() -> None:
    state = attempted(ScheduleState(), "a", now=0.0, outcome=Outcome.UNCERTAIN)
    assert waits(step(state, looked("a"), 1.0)) == (Phase.UNCERTAIN, (WakeAt(REMIND_AFTER[0]),))


def test_what_nothing_took_is_tried_again_as_slowly_as_anything_else() -> None:
    """A command of the person's that fails is not run five times a second."""
    state = attempted(ScheduleState(), "a", now=0.0, outcome=Outcome.FAILED)
    assert (state.phase, state.reason) == (Phase.WAITING, WaitReason.NO_CHANNEL)
    assert step(state, looked("a"), 1.0)[1] == (WakeAt(REMIND_AFTER[0]),)
    for now in (30.0, 90.0, 210.0):
        state = attempted(state, "a", now=now, outcome=Outcome.FAILED)
    assert step(state, looked("a"), 450.0)[1] == (AlertUser(),)


AGENTS = st.builds(
    Readiness,
    blocked_by=st.sampled_from([None, None, None, WaitReason.DRAFT, WaitReason.DIALOG, WaitReason.STOPPED]),
    quiet_for_s=st.floats(0, 100),
    busy=st.booleans(),
    queues_input=st.booleans(),
    hooks_active=st.booleans(),
)
IDS = st.frozensets(st.sampled_from("abcd"))
LOOKS = st.builds(Observation, unread=IDS, urgent=IDS, low=IDS, agent=AGENTS)
COUNTED = (Outcome.TYPED, Outcome.ERASED, Outcome.SUBMITTED, Outcome.UNCERTAIN, Outcome.SENT, Outcome.FAILED)
SCHEDULES = st.lists(
    st.tuples(LOOKS, st.floats(0, 400), st.sampled_from([*COUNTED, Outcome.REFUSED]), st.booleans()),
    max_size=60,
)


@given(SCHEDULES)
def test_however_it_goes_attempts_are_bounded_and_justified(
    schedule: list[tuple[Observation, float, Outcome, bool]],
) -> None:
    state, now, in_a_row, before, came = ScheduleState(), 0.0, 0, frozenset[str](), 0
    for event, passed, outcome, hook in schedule:
        now += passed
        in_a_row = 0 if before - event.unread else in_a_row
        came = came + 1 if event.unread - before else came
        before = event.unread
        if hook and event.agent.hooks_active:
            state, _ = step(state, AttemptFinished(Outcome.HANDED, unread=event.unread), now)
            in_a_row += bool(event.unread)
        state, actions = step(state, event, now)
        check_decision(state, event, actions, now)
        if actions == (Attempt(),):
            state, _ = step(state, AttemptFinished(outcome, WaitReason.DRAFT), now)
            in_a_row += outcome in COUNTED
            assert in_a_row <= ATTEMPTS_IN_A_ROW + came, "new mail allows one more after parking, hooks count too"
        assert (state.phase is Phase.QUIET) == (not event.unread)


def check_decision(state: ScheduleState, event: Observation, actions: tuple[Action, ...], now: float) -> None:
    """Mail is announced, or why it waits is known and when to look again."""
    assert len(actions) <= 1
    agent = event.agent
    for action in actions:
        if isinstance(action, Attempt):
            assert event.unread
            assert agent.blocked_by is None
            assert not agent.busy or (agent.queues_input and not event.unread <= event.low)
        if isinstance(action, WakeAt):
            assert action.at >= now
    if event.unread and not actions:
        assert (state.phase, state.reason) == (Phase.PARKED, WaitReason.PARKED)
    if state.phase is Phase.WAITING and Attempt() not in actions and state.due <= now:
        assert state.reason is not WaitReason.NOTIFIED or state.since + POLICY.debounce > now


@given(SCHEDULES)
def test_a_drain_always_resets_and_an_idle_agent_is_then_told_of_new_mail_at_once(
    schedule: list[tuple[Observation, float, Outcome, bool]],
) -> None:
    state, now = ScheduleState(), 0.0
    for event, passed, outcome, _ in schedule:
        now += passed
        state, actions = step(state, event, now)
        if actions == (Attempt(),):
            state, _ = step(state, AttemptFinished(outcome, WaitReason.DRAFT), now)
    state, _ = step(state, looked(), now)
    assert (state.phase, state.tries, state.in_a_row) == (Phase.QUIET, 0, 0)
    assert step(state, looked("e"), now)[1] == (Attempt(),)


@given(SCHEDULES)
def test_mail_that_an_idle_agent_leaves_is_parked_after_a_bounded_number_of_attempts(
    schedule: list[tuple[Observation, float, Outcome, bool]],
) -> None:
    state, now = ScheduleState(), 0.0
    for event, passed, _, _ in schedule:
        now += passed
        state, _ = step(state, event, now)
    attempts = 0
    for _ in range(200):
        state, actions = step(state, looked("a", "e"), now)
        if actions == (Attempt(),):
            attempts += 1
            state, _ = step(state, AttemptFinished(Outcome.SUBMITTED), now)
        now += 60.0
    assert state.phase is Phase.PARKED
    assert attempts <= POLICY.attempts


@pytest.mark.parametrize("outcome", COUNTED)
def test_every_attempt_that_touched_the_terminal_counts(outcome: Outcome) -> None:
    assert attempted(ScheduleState(), "a", now=0.0, outcome=outcome).tries == 1


@pytest.mark.parametrize("reason", [WaitReason.UNKNOWN_PROGRAM, WaitReason.UNKNOWN_LOOK, WaitReason.UNTRUSTED])
def test_of_mail_that_only_the_user_can_let_through_the_user_hears_once(reason: WaitReason) -> None:
    again, unknown = WakeAt(10.0 + LOOK_EVERY), Readiness(blocked_by=reason)
    state, actions = step(ScheduleState(), looked("a", agent=unknown), 10.0)
    assert (state.phase, state.reason, actions) == (Phase.WAITING, reason, (AlertUser(), again))
    state, actions = step(state, looked("a", agent=unknown), 10.0)
    assert actions == (again,)
    state, actions = step(state, looked("a", "b", agent=unknown), 10.0)
    assert actions == (AlertUser(), again), "of what came since, too"
    state, actions = step(state, looked("b", agent=unknown), 10.0)
    assert actions == (again,)
    state, _ = step(state, looked(agent=unknown), 10.0)
    assert step(state, looked("c", agent=unknown), 10.0)[1] == (AlertUser(), again)


def test_of_a_line_that_may_stand_unsent_the_user_hears_once() -> None:
    state, _ = step(ScheduleState(), looked("a"), 0.0)
    again, ended = WakeAt(REMIND_AFTER[0]), AttemptFinished(Outcome.TYPED, unsent=True)
    assert step(state, AttemptFinished(Outcome.TYPED), 0.0)[1] == (again,)
    state, actions = step(state, ended, 0.0)
    assert actions == (AlertUser(), again)
    assert step(state, ended, 0.0)[1] == (WakeAt(REMIND_AFTER[1]),)
    state, _ = step(state, looked("a", "b"), 1.0)
    assert AlertUser() in step(state, ended, 1.0)[1], "of what came since, too"


def test_a_program_that_is_known_is_told_where_another_was_before() -> None:
    state, _ = step(ScheduleState(), looked("a", agent=Readiness(blocked_by=WaitReason.UNKNOWN_PROGRAM)), 10.0)
    assert step(state, looked("a"), 11.0)[1] == (Attempt(),)


def test_an_empty_inbox_forgets_all_even_if_it_was_empty_before() -> None:
    counted = ScheduleState(Phase.PARKED, tries=4, in_a_row=9, due=99.0)
    same = Observation(counted.unread, frozenset(), frozenset(), IDLE)
    assert step(counted, same, 1.0) == (ScheduleState(), ())
