"""The state of a sent message at its recipients, from their mailboxes."""

from __future__ import annotations

from amq.names import ACKED
from amq.store import maildir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account


def missing(account: Account, identifier: str, to: Sequence[str], what: str) -> list[str]:
    """Return those of the recipients TO that have not drained (or, by WHAT, acknowledged) the account's message."""
    if what == ACKED:
        from amq.store import acks  # only here: most sends do not wait

        known = acks.receivers(account.agent, identifier, to)
        return [handle for handle in to if handle not in known]
    return [handle for handle in to if not maildir.has(account.queue.agent(handle).inbox_cur, identifier)]


def places(account: Account, to: Sequence[str], what: str) -> list[RootedPath]:
    """Return the directories whose entries show that state."""
    return [account.agent.acks_received] if what == ACKED else [account.queue.agent(each).inbox_cur for each in to]
