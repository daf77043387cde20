"""The leases that agents hold, as far as their holders are at work."""

from __future__ import annotations

from amq.errors import AmqError
from amq.instants import SECOND_NS
from amq.mail import leasing
from amq.mail.agents_overview import seen_ns
from amq.mail.leasing import HELD, Place
from amq.runtime.policy.reasons import Activity
from amq.runtime.state_file import state_of
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.mail.account import Account
    from amq.mail.leasing import Seen
    from amq.runtime.private_state import PrivateState


def seen(account: Account, private: PrivateState) -> Seen:
    """Return a function that says when an agent was last seen at work: by its mail, and by its notifier."""

    def of(handle: str) -> int | None:
        acts = [seen_ns(account.queue.agent(handle)), _worked_ns(account, private, handle)]
        return max((act for act in acts if act is not None), default=None)

    return of


def _worked_ns(account: Account, private: PrivateState, handle: str) -> int | None:
    """Return when HANDLE last worked, as its notifier publishes: now, or when it began to be idle or to ask the user.

    None if that is not known, as in a sandbox that hides the user's private directory.
    """
    queue = account.queue
    try:
        state = state_of(private, queue, handle, read_notifier(queue.agent(handle)))
    except (AmqError, OSError):
        return None
    if state is None:
        return None
    if state.activity in (Activity.WORKING, Activity.STARTING):
        return account.clock()
    rests = state.activity in (Activity.IDLE, Activity.ASKS, Activity.DRAFT)
    return account.clock() - int(state.seconds * SECOND_NS) if rests and state.seconds is not None else None


def held_by(account: Account, private: PrivateState) -> dict[str, list[str]]:
    """Return the paths that each agent has a lease on, in any work tree, by its handle; no leases that ended."""
    states = leasing.all_leases(account, Place("", ""), seen(account, private))
    found: dict[str, list[str]] = {}
    for state in states:
        if state.state == HELD:
            found.setdefault(state.lease.holder, []).append(state.lease.path)
    return found
