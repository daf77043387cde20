"""Follow the open offers of an agent: what its hooks or its plugin have given to the model, and whether it has arrived.

`amq hook` does so at each event, and the wake loop in between.
"""

from __future__ import annotations

from amq.mail import offering
from amq.mail.offering import OFFERED
from amq.runtime.hooks import announcements, history
from amq.runtime.hooks.event import START
from amq.runtime.policy.hook_decision import drained, forgotten, lapsed
from amq.runtime.policy.receipts import PLUGIN, Ended, Looked, Report, is_on_its_way, step
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from amq.mail.account import Account
    from amq.mail.offering import Offer
    from amq.runtime.policy.hook_decision import Event, HookState

    Followed = list[tuple[Offer, Offer | Ended]]
    """Open offers, each with what becomes of it."""


def followed(account: Account, event: Event | None, *, idle: bool = False) -> Followed:
    """Return each open offer with what becomes of it, after a look into the history and EVENT, if there is one.

    IDLE says that the agent is known to wait for a line. Changes nothing. Raises OSError.
    """
    offers, now_ns = offering.open_offers(account.agent), account.clock()
    return [
        (offer, Ended.LAPSED if event and _is_orphan(account, offer) else _after(offer, event, now_ns, idle=idle))
        for offer in offers
    ]


def _is_orphan(account: Account, offer: Offer) -> bool:
    """Return whether OFFER was made to a plugin whose host was killed: no report of it will come."""
    return offer.event == PLUGIN and read_notifier(account.agent) is None


def _after(offer: Offer, event: Event | None, now_ns: int, *, idle: bool) -> Offer | Ended:
    after: Offer | Ended = offer
    if offer.state == OFFERED or event is not None:  # without an event nothing becomes of what is in the history
        after = step(offer, Looked(history.holds(offer), idle), now_ns)
    return after if event is None or isinstance(after, Ended) else step(after, event, now_ns)


def remembered(state: HookState, outcomes: Followed) -> HookState:
    """Return what the hooks remember, which was STATE, after OUTCOMES.

    It is to be written before `settle` changes a record: an offer is followed again if its record is as it was, but
    mail that has been given back would count as announced for good.
    """
    for offer, after in outcomes:
        if after is Ended.LAPSED:
            state = forgotten(state, offer.ids)
    return state


def counted(state: HookState, outcomes: Followed) -> HookState:
    """Return what the hooks remember, which was STATE, once OUTCOMES are settled: else a lapse is counted twice.

    What became of an offer to a plugin says nothing of the hooks.
    """
    for offer, after in outcomes:
        if isinstance(after, Ended) and offer.event != PLUGIN:
            state = drained(state) if after is Ended.DRAINED else lapsed(state)
    return state


def settle(account: Account, outcomes: Followed) -> tuple[set[str], list[Offer]]:
    """File the mail that has arrived, and give back what has not; return the ids that were filed, and the open offers.

    Raises AmqError or OSError; what was not settled then is as it was.
    """
    filed, still_open = set[str](), []
    for offer, after in outcomes:
        if after is Ended.DRAINED:
            offering.settle(account, offer)
            filed.update(offer.ids)
        elif after is Ended.LAPSED:
            offering.lapse(account, offer)
        else:
            if after != offer:
                offering.change(account, offer, after)
            still_open.append(after)
    return filed, still_open


def take(
    account: Account, directory: str, state: HookState, event: Event | None, *, idle: bool = False
) -> tuple[HookState, set[str], list[Offer]]:
    """Follow the open offers and settle them; return what the hooks remember then, the ids filed, and what is open.

    The hooks remember STATE, in DIRECTORY, whose lock the caller holds. EVENT and IDLE are as in `followed`. Raises
    AmqError or OSError.
    """
    outcomes = followed(account, event, idle=idle)
    after = remembered(state, outcomes)
    if after != state:
        announcements.write_state(directory, after)
    filed, offers = settle(account, outcomes)
    # a session that begins knows of no failure
    ended = after if event is not None and event.name == START else counted(after, outcomes)
    if ended != after:
        announcements.write_state(directory, ended)
    return ended, filed, offers


def take_reports(account: Account, directory: str, reports: Iterable[Report]) -> None:
    """Do with the open offers what REPORTS of the agent's plugin say, which are in their order.

    DIRECTORY is the agent's private one. Raises AmqError or OSError, and then the reports are to be taken again.
    """
    with announcements.locked(directory):
        outcomes, now_ns = [], account.clock()
        for offer in offering.open_offers(account.agent):
            after: Offer | Ended = offer
            for report in reports:
                after = after if isinstance(after, Ended) else step(after, report, now_ns)
            outcomes.append((offer, after))
        settle(account, outcomes)


def lapse_of_plugins(account: Account, directory: str) -> None:
    """Give back all mail that plugins have on offer: their host has ended, so no report of it will come.

    DIRECTORY is the agent's private one. Raises AmqError or OSError.
    """
    take_reports(account, directory, [Report("unheard")])


def on_its_way(
    account: Account, directory: str, *, idle: bool, rest_s: float
) -> tuple[frozenset[str], frozenset[str], bool]:
    """Look at the open offers; return the ids of the mail that is on its way to the model, of all that is on offer,
    and whether some was filed.

    DIRECTORY is the agent's private one, IDLE as in `followed`, REST_S as in `receipts.is_on_its_way`. Raises AmqError
    or OSError.
    """
    if not offering.open_offers(account.agent):
        return frozenset(), frozenset(), False
    with announcements.locked(directory):
        _, filed, offers = take(account, directory, announcements.read_state(directory), None, idle=idle)
        now_ns = account.clock()
    waiting = [offer for offer in offers if is_on_its_way(offer, now_ns, rest_s)]
    return _ids(waiting), _ids(offers), bool(filed)


def _ids(offers: Iterable[Offer]) -> frozenset[str]:
    return frozenset(identifier for offer in offers for identifier in offer.ids)
