"""Decide when the user is notified, and name of what. Pure: looks and the time go in.

One notice for each question, after ASKS_AFTER_S: a user who is there has answered by then. A look that does not show
what the agent does ends nothing, or a resized window would be a second question.
"""

from __future__ import annotations

from enum import Enum

from amq.record import record
from amq.runtime.policy.reasons import Activity

ASKS_AFTER_S = 20.0


class Notice(Enum):
    """Name what the user is notified of."""

    QUESTION = "question"  # the agent has asked them something for a while
    PARKED = "parked"  # the agent does not read its mail, and is not notified of it any more
    MAIL = "mail"  # the agent has written to them


@record
class Asked:
    """Remember the question that the agent asks. `since` is the clock's, in seconds; None: it asks nothing."""

    since: float | None = None
    question: str = ""  # "" where it is not known
    notified: bool = False


def step(asked: Asked, activity: Activity, question: str, now: float) -> tuple[Asked, bool]:
    """Return the next state, and whether to notify the user now, for what a look at NOW (seconds) has shown."""
    if activity is Activity.UNKNOWN:
        return asked, False
    if activity is not Activity.ASKS:
        return Asked(), False
    # a question may be drawn later than the program says that it asks
    is_other = bool(question) and asked.question not in ("", question)
    if asked.since is None or is_other:
        return Asked(now, question), False
    is_due = not asked.notified and now - asked.since >= ASKS_AFTER_S
    return Asked(asked.since, question or asked.question, asked.notified or is_due), is_due
