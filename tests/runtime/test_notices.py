"""When the user is notified of a question: once, and only if it stays."""

from __future__ import annotations

from amq.runtime.policy.notices import ASKS_AFTER_S, Asked, step
from amq.runtime.policy.reasons import Activity

LONG = ASKS_AFTER_S
Look = tuple[float, Activity, str]


def notices(*looks: Look) -> list[float]:
    """Return the times of LOOKS at which the user is notified."""
    asked, times = Asked(), []
    for at, activity, question in looks:
        asked, is_due = step(asked, activity, question, at)
        if is_due:
            times.append(at)
    return times


def asks(at: float, question: str = "Bash(ls)") -> Look:
    return at, Activity.ASKS, question


def test_a_question_that_stays_is_signalled_once() -> None:
    assert notices(asks(0), asks(LONG - 1), asks(LONG), asks(LONG + 1), asks(9 * LONG)) == [LONG]


def test_one_that_is_answered_in_time_is_not() -> None:
    assert notices(asks(0), (LONG - 1, Activity.WORKING, ""), asks(LONG), asks(2 * LONG - 1)) == []


def test_the_next_question_counts_anew() -> None:
    other = asks(LONG + 1, "Bash(git push)")
    assert notices(asks(0), asks(LONG), other, asks(2 * LONG, other[2]), asks(2 * LONG + 1, other[2])) == [
        LONG,
        2 * LONG + 1,
    ]


def test_a_question_that_is_drawn_late_or_hidden_is_the_same() -> None:
    hidden = (LONG / 2, Activity.UNKNOWN, "")
    assert notices(asks(0, ""), asks(1), hidden, asks(LONG, ""), asks(LONG + 1)) == [LONG]


def test_an_unknown_state_asks_nothing() -> None:
    assert notices((0, Activity.UNKNOWN, ""), (LONG, Activity.UNKNOWN, "")) == []
