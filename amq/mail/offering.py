"""Offer mail to an agent's CLI: its text is given away, and the mail is filed once there is a receipt from the model.

    with hold(account) as mail:
        for batch in mail.batches(fits):
            give(batch)
            mail.leave_offered(…)

An offer is open until it is settled (its mail is acknowledged and filed), or lapses (it is shown again, marked), or a
drain has shown its mail.
"""

from __future__ import annotations

from amq.mail.draining import Drain
from amq.names import SUFFIX
from amq.store import durable, offer_record
from amq.store.durable import Directory
from amq.store.offer_record import OFFERED, TAKEN, Offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from amq.layout import AgentLayout
    from amq.mail.account import Account

__all__ = ["OFFERED", "TAKEN", "Offer", "change", "hold", "lapse", "open_offers", "settle"]


def hold(account: Account, skip: Collection[str]) -> Drain:
    """Return a drain of all new mail but that in SKIP or in an open offer. It ends by `Drain.leave_offered`."""
    return Drain(account, 0, ack=False, skip=skip, skip_offered=True)


def open_offers(agent: AgentLayout) -> list[Offer]:
    """Return the open offers of AGENT, oldest first, that have mail in `new`. Raises OSError."""
    offers = offer_record.open_offers(agent)
    if not offers:
        return []
    with Directory(agent.inbox_new) as new:
        return [offer for offer in offers if any(durable.exists(new, each + SUFFIX) for each in offer.ids)]


def settle(account: Account, offer: Offer) -> None:
    """File the mail of OFFER, and acknowledge what asks for it: the model has got it.

    What a drain is showing is left to that drain, and what cannot be read now is given back. Raises AmqError, and then
    the offer is still open.
    """
    with Drain(account, 0, ack=True, only=offer.ids) as mail:
        for _ in mail.batches():
            pass
    if mail.unreadable:
        lapse(account, offer)
    else:
        offer_record.forget(account.agent, offer)


def change(account: Account, before: Offer, after: Offer) -> None:
    """Record AFTER instead of the offer BEFORE, unless another process has changed that. Raises OSError."""
    offer_record.change(account.agent, before, after, account.temporary())


def lapse(account: Account, offer: Offer) -> None:
    """Give the mail of OFFER back: the next drain or hook that shows it marks it. Raises OSError."""
    offer_record.lapse(account.agent, offer, account.temporary())
