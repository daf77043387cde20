"""When an agent is told: tables of events and times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.runtime.wake import (
    ATTEMPTS_FOR_A_SET,
    ATTEMPTS_IN_A_ROW,
    LOOK_EVERY,
    LOW_AFTER,
    REMIND_AFTER,
    Again,
    Attempt,
    Ended,
    Looked,
    Phase,
    Step,
    Wake,
    step,
)
from amq.runtime.words import Outcome, Reason


def looked(*unread: str, low: str = "", waits_for: Reason | None = None, quiet_for: float = 0.0) -> Looked:
    return Looked(frozenset(unread), frozenset(low), waits_for, quiet_for)


def attempted(state: Wake, *unread: str, now: float, outcome: Outcome = Outcome.SUBMITTED) -> Wake:
    """The state after an attempt that UNREAD must have led to."""
    state, actions = step(state, looked(*unread), now)
    assert actions == (Attempt(),)
    return step(state, Ended(outcome), now)[0]


def waits(result: Step) -> tuple[Phase, tuple[object, ...]]:
    return result[0].phase, result[1]


def test_no_mail_nothing_to_do() -> None:
    assert step(Wake(), looked(), 0.0) == (Wake(), ())


def test_mail_is_announced_at_once() -> None:
    assert step(Wake(), looked("a"), 0.0)[1] == (Attempt(),)


def test_mail_waits_for_a_safe_terminal() -> None:
    state, actions = step(Wake(), looked("a", waits_for=Reason.DRAFT), 10.0)
    assert (state.phase, state.reason, actions) == (Phase.WAITING, Reason.DRAFT, (Again(10.0 + LOOK_EVERY),))
    assert step(state, looked("a"), 10.2)[1] == (Attempt(),)


def test_a_gate_that_closed_in_between_costs_no_attempt() -> None:
    state, _ = step(Wake(), looked("a"), 0.0)
    state, actions = step(state, Ended(Outcome.REFUSED, Reason.DRAFT), 0.0)
    assert (state.phase, state.reason, state.tries, actions) == (Phase.WAITING, Reason.DRAFT, 0, (Again(LOOK_EVERY),))


def test_one_notification_covers_what_follows() -> None:
    state = attempted(Wake(), "a", now=0.0)
    assert waits(step(state, looked("a", "b"), 1.0)) == (Phase.OUTSTANDING, (Again(REMIND_AFTER[0]),))


def test_reminders_come_at_growing_distances_then_the_mail_is_parked() -> None:
    state, now, times = Wake(), 0.0, []
    for distance in REMIND_AFTER:
        times.append(now)
        state = attempted(state, "a", now=now)
        assert waits(step(state, looked("a"), now + distance - 1)) == (Phase.OUTSTANDING, (Again(now + distance),))
        now += distance
    assert times == [0.0, 30.0, 90.0, 210.0]
    state, actions = step(state, looked("a"), now)
    assert (state.phase, state.reason, actions) == (Phase.PARKED, Reason.PARKED, ())
    assert step(state, looked("a"), now + 1e6)[1] == ()


def test_new_mail_after_parking_gets_one_attempt() -> None:
    state = Wake(Phase.PARKED, unread=frozenset("a"), announced=frozenset("a"), tries=4, in_a_row=8)
    state = attempted(state, "a", "b", now=1000.0)
    assert step(state, looked("a", "b"), 2000.0)[0].phase is Phase.PARKED


def test_a_drain_resets_all() -> None:
    state = Wake(Phase.PARKED, unread=frozenset("a"), tries=4, in_a_row=8)
    assert step(state, looked(), 5.0) == (Wake(), ())


def test_what_a_drain_left_is_only_reminded_of() -> None:
    state = attempted(Wake(), "a", "b", now=0.0)
    state, actions = step(state, looked("b"), 5.0)
    assert (state.tries, actions) == (0, (Again(5.0 + REMIND_AFTER[0]),))


def test_what_came_while_the_agent_drained_is_announced() -> None:
    state = attempted(Wake(), "a", now=0.0)
    state, _ = step(state, looked("a", "b"), 5.0)
    assert step(state, looked("b"), 6.0)[1] == (Attempt(),)


def test_mail_that_keeps_coming_does_not_make_reminders_endless() -> None:
    state, now, attempts = Wake(), 0.0, 0
    for number in range(100):
        state, actions = step(state, looked(*map(str, range(number + 1))), now)
        if actions == (Attempt(),):
            attempts += 1
            state, _ = step(state, Ended(Outcome.SUBMITTED), now)
        now = state.due
        if state.phase is Phase.PARKED:
            break
    assert attempts == ATTEMPTS_IN_A_ROW


def test_low_priority_waits_for_silence() -> None:
    state, actions = step(Wake(), looked("a", low="a", quiet_for=10.0), 100.0)
    assert (state.reason, actions) == (Reason.LOW, (Again(100.0 + LOW_AFTER - 10.0),))
    assert step(state, looked("a", low="a", quiet_for=LOW_AFTER), 150.0)[1] == (Attempt(),)


def test_low_priority_goes_along_with_other_mail() -> None:
    assert step(Wake(), looked("a", "b", low="a"), 0.0)[1] == (Attempt(),)


def test_an_uncertain_attempt_is_not_made_sure_at_once() -> None:
    state = attempted(Wake(), "a", now=0.0, outcome=Outcome.UNCERTAIN)
    assert waits(step(state, looked("a"), 1.0)) == (Phase.UNCERTAIN, (Again(REMIND_AFTER[0]),))


def test_a_program_that_ended_under_it() -> None:
    state, _ = step(Wake(), looked("a"), 0.0)
    assert step(state, Ended(Outcome.FAILED), 0.0)[0].reason is Reason.STOPPED


LOOKS = st.builds(
    Looked,
    unread=st.frozensets(st.sampled_from("abcd")),
    low=st.frozensets(st.sampled_from("abcd")),
    waits_for=st.sampled_from([None, None, *Reason]),
    quiet_for=st.floats(0, 100),
)


@given(st.lists(st.tuples(LOOKS, st.floats(0, 100)), max_size=60), st.sampled_from(Outcome))
def test_however_it_goes_attempts_are_bounded_and_justified(
    looks: list[tuple[Looked, float]], outcome: Outcome
) -> None:
    state, now, in_a_row = Wake(), 0.0, 0
    drained_before: frozenset[str] = frozenset()
    for event, passed in looks:
        now += passed
        if drained_before - event.unread:
            in_a_row = 0
        drained_before = event.unread
        state, actions = step(state, event, now)
        assert len(actions) <= 1
        if actions == (Attempt(),):
            assert event.unread
            assert event.waits_for is None
            state, _ = step(state, Ended(outcome, Reason.DRAFT), now)
            counted = outcome not in (Outcome.REFUSED, Outcome.FAILED)
            in_a_row += counted
        assert state.tries <= ATTEMPTS_FOR_A_SET
        assert (state.phase is Phase.QUIET) == (not event.unread)
        assert all(action.at >= now for action in actions if isinstance(action, Again))


@pytest.mark.parametrize("outcome", [Outcome.TYPED, Outcome.SUBMITTED, Outcome.UNCERTAIN])
def test_every_attempt_that_touched_the_terminal_counts(outcome: Outcome) -> None:
    assert attempted(Wake(), "a", now=0.0, outcome=outcome).tries == 1
