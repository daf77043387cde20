"""Find out why an agent's mail is still unread, from the inbox, the notifier's lock, and its journal."""

from __future__ import annotations

import os

from amq.instants import SECOND_NS, format_instant, parse_instant
from amq.layout import AgentLayout
from amq.names import USER, undated
from amq.record import record, replace
from amq.runtime.journal import MOST_IDS, WakeJournal
from amq.runtime.policy.reasons import ENDED_IN_WORDS, WAITS_IN_WORDS, Outcome, WaitReason
from amq.runtime.private_state import PrivateState
from amq.runtime.state_file import is_stopped
from amq.store import offer_record
from amq.store.notifier_info import Notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RECORDED_WITHIN_S = 60.0
"""Seconds after which a notifier that runs, and whose records can be read, has recorded something about new mail."""
_FAILED, _NOT_STARTED = (WaitReason.NO_CHANNEL.value,), (WaitReason.OFF.value, WaitReason.UNTRUSTED.value)
"""The last reasons in the journal of a notifier that failed, and of a host that does not notify."""
_IF_TRUSTED = "; to trust it: amq trust, then restart the agent if nothing notifies it"
_ENDED = "; its program has ended, and the next one is given the mail again"
_USER = "nothing notifies the user; to read it: amq drain --include-body"
_TOLD = {Outcome.HANDED, Outcome.SENT, Outcome.SUBMITTED, Outcome.UNCERTAIN}
_SINCE = "; it may be working, or asking the user a question"
"""It is not known: amq looks at a notified agent again only when a reminder is due."""


@record
class Why:
    """The reason why mail waits, for how many seconds (None: not known), and a sentence for the user."""

    waits_for: WaitReason
    seconds: float | None
    detail: str


def why(agent: AgentLayout, unread: list[str], notifier: Notifier | None, journal: PrivateState, now_ns: int) -> Why:
    """Return why the agent has not read UNREAD, the ids of its new mail (at least one).

    NOTIFIER is the live notifier, if there is one. JOURNAL is the agent's private directory, where notifiers record
    what they do. A live notifier whose last entry is `no-channel` has failed. NOW_NS is in nanoseconds since the epoch.
    """
    entries = WakeJournal(journal.directory).entries()
    last = entries[-1] if entries else None
    if offered := _offered(agent, unread, now_ns):
        has_ended = notifier is None and last is not None and last.get("waits_for") == WaitReason.STOPPED.value
        return replace(offered, detail=f"{offered.detail}{_ENDED}") if has_ended else offered
    if last is not None and last.get("waits_for") in (_FAILED if notifier else _NOT_STARTED):
        return Why(WaitReason(last["waits_for"]), _since(last, now_ns), _detail(last))
    if notifier is None and last is not None and last.get("waits_for") in _FAILED and last.get("reason"):
        return Why(WaitReason.NO_CHANNEL, _since(last, now_ns), f"{last['reason']}; nothing notifies it now")
    if notifier is None:
        is_user = os.path.basename(agent.home) == USER
        return Why(WaitReason.NO_CHANNEL, None, _USER if is_user else WAITS_IN_WORDS[WaitReason.NO_CHANNEL])
    if is_stopped(agent, notifier):
        text = f"amq {notifier.how} (pid {notifier.pid}) is stopped; to resume it: fg in its shell"
        return Why(WaitReason.STOPPED, None, text)
    if not journal.directory:
        return Why(WaitReason.UNKNOWN, None, f"its notifier keeps no record: {journal.why_not}")
    if last is None or not _is_about(last, unread):
        reason = WaitReason.UNKNOWN if _came_before(unread, now_ns) else WaitReason.NOTIFIED
        return Why(reason, None, WAITS_IN_WORDS[reason])
    return Why(WaitReason(last.get("waits_for", WaitReason.NOTIFIED)), _since(last, now_ns), _detail(last))


def _offered(agent: AgentLayout, unread: list[str], now_ns: int) -> Why | None:
    """Return why the mail waits if all that is UNREAD is in open offers: the one that has gone least far counts."""
    ids = set(unread)
    offers = [offer for offer in offer_record.open_offers(agent) if not ids.isdisjoint(offer.ids)]
    if not ids.issubset(identifier for offer in offers for identifier in offer.ids):
        return None
    first = min(offers, key=lambda offer: (offer.state == offer_record.TAKEN, offer.at_ns))
    reason = WaitReason(first.state)
    detail = f"{WAITS_IN_WORDS[reason]}: {first.reason}" if first.reason else WAITS_IN_WORDS[reason]
    return Why(reason, max(0.0, (now_ns - first.at_ns) / SECOND_NS), detail)


def _is_about(entry: dict[str, Any], unread: list[str]) -> bool:
    return entry["count"] > MOST_IDS or not set(unread).isdisjoint(entry["ids"])


def _came_before(unread: list[str], now_ns: int) -> bool:
    """Return whether any of UNREAD is too old for a notifier not to have recorded anything about it."""
    before = format_instant(now_ns - int(RECORDED_WITHIN_S * SECOND_NS)).replace(":", "-")
    return any(each < before for each in unread if not undated([each]))


def _detail(entry: dict[str, Any]) -> str:
    if "waits_for" in entry:
        waits_for = WaitReason(entry["waits_for"])
        return str(entry.get("reason") or WAITS_IN_WORDS[waits_for]) + (
            _IF_TRUSTED if waits_for is WaitReason.UNTRUSTED else ""
        )
    outcome, reason = Outcome(entry["outcome"]), f" ({entry['reason']})" if entry.get("reason") else ""
    return f"{ENDED_IN_WORDS[outcome]}{reason}{_SINCE if outcome in _TOLD else ''}"


def _since(entry: dict[str, Any], now_ns: int) -> float | None:
    try:
        return max(0.0, (now_ns - parse_instant(entry["at"])) / SECOND_NS)
    except ValueError:
        return None
