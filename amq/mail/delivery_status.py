"""What has become of a message at its recipients, as the state of the mailboxes tells."""

from __future__ import annotations

from amq.store import acks, maildir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account

DRAINED = "drained"
ACKED = "acked"


def missing(account: Account, identifier: str, to: Sequence[str], what: str) -> list[str]:
    """Those of the recipients TO who have not yet drained (or, by WHAT, acknowledged) our message."""
    if what == ACKED:
        known = acks.receivers(account.agent, identifier, to)
        return [handle for handle in to if handle not in known]
    return [handle for handle in to if not maildir.has(account.queue.agent(handle).inbox_cur, identifier)]


def places(account: Account, to: Sequence[str], what: str) -> list[RootedPath]:
    """The directories whose entries tell it."""
    return [account.agent.acks_received] if what == ACKED else [account.queue.agent(each).inbox_cur for each in to]
