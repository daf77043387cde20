"""Follow the open offers of an agent: what its hooks have given to the model, and whether it has arrived.

`amq hook` does so at each event, and the wake loop in between.
"""

from __future__ import annotations

from amq.mail import offering
from amq.mail.offering import OFFERED
from amq.runtime.hooks import announcements, history
from amq.runtime.policy.hook_decision import drained, lapsed
from amq.runtime.policy.receipts import Ended, Looked, is_on_its_way, step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.mail.account import Account
    from amq.mail.offering import Offer
    from amq.runtime.policy.hook_decision import Event, HookState


def take_receipts(account: Account, event: Event | None, state: HookState) -> tuple[HookState, set[str], list[Offer]]:
    """Look at each open offer, and at what EVENT says about it. File what has arrived, give back what has not.

    Return what the hooks of the agent remember then, which was STATE, the ids of the mail that was filed, and the
    offers that are still open. Raises AmqError or OSError.
    """
    filed, still_open = set[str](), []
    for offer in offering.open_offers(account.agent):
        after = _followed(offer, event, account.clock())
        if after is Ended.DRAINED:
            offering.settle(account, offer)
            filed.update(offer.ids)
            state = drained(state)
        elif after is Ended.LAPSED:
            offering.lapse(account, offer)
            state = lapsed(state, offer.ids)
        else:
            if after != offer:
                offering.change(account, offer, after)
            still_open.append(after)
    return state, filed, still_open


def _followed(offer: Offer, event: Event | None, now_ns: int) -> Offer | Ended:
    """Return OFFER, or how it has ended, after a look into the history and EVENT, if there is one."""
    after: Offer | Ended = offer
    if offer.state == OFFERED:
        after = step(offer, Looked(history.holds(offer)), now_ns)
    return after if event is None or isinstance(after, Ended) else step(after, event, now_ns)


def on_its_way(account: Account, directory: str) -> tuple[frozenset[str], bool]:
    """Look at the open offers; return the ids of the mail that is on its way to the model, and whether some was filed.

    DIRECTORY is the agent's private one. Raises AmqError or OSError.
    """
    if not offering.open_offers(account.agent):
        return frozenset(), False
    with announcements.locked(directory):
        before = announcements.read_state(directory)
        state, filed, offers = take_receipts(account, None, before)
        if state != before:
            announcements.write_state(directory, state)
    return frozenset(identifier for offer in offers if is_on_its_way(offer) for identifier in offer.ids), bool(filed)
