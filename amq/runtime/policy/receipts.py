"""Decide what becomes of an offer: mail whose text a hook or a plugin has given to an agent's CLI. Pure: events go in.

Purpose
    That a hook has printed a text proves nothing: the user may interrupt the turn, the CLI may die or discard it. An
    offer's mail is filed only with a receipt, which has two parts: the text is in the history of the session, and the
    model has answered since. Without it the mail is shown again, marked. A plugin reports both by itself.

States, of an offer (`Offer`)
    OFFERED   the hook has ended, in time; the text is not known to be in the history
    ANSWERED  the same, but an event has come that only follows an answer of the model
    TAKEN     the text is in the history of the session
    drained   the end: its mail is acknowledged and filed
    lapsed    the end: its mail is unread, and marked where it is shown again

Events
    answer   a tool or the turn has ended, and the model must have answered since the offer (`_proves_answer`)
    batch    all tools of an answer have ended, which were running when the offer was made
    next     the user submits another prompt in this session
    failed   the turn of the offer has ended by an error of the model's API
    cut      the user has interrupted the turn of the offer
    start    a session begins, or its memory was cut; or a program is started anew
    found    the text was found in the history
    gone     it is not there any more: the user has taken the prompt back, by Escape before the answer or by going back
    missing  it was not, though LINE_WITHIN_S have passed since the turn of the offer has ended, or the agent is idle,
             or UNANSWERED_FOR_S since the answer or the offer

    state             event         next
    ----------------  ------------  --------
    OFFERED           answer        ANSWERED
    OFFERED           batch failed  OFFERED
    OFFERED           found         TAKEN
    OFFERED ANSWERED  next cut      lapsed
    OFFERED ANSWERED  missing       lapsed
    ANSWERED          answer batch  ANSWERED
    ANSWERED          failed        ANSWERED
    ANSWERED          found         drained
    TAKEN             answer        drained
    TAKEN             batch next    TAKEN
    TAKEN             failed cut    TAKEN
    TAKEN             found         TAKEN
    TAKEN             gone          lapsed
    any               start         lapsed

Reports, of the plugin that was given the offer (`Report`); it knows what hooks and the history do not show
    appended  the text is in the session, and cannot be taken back
    started   a turn has begun for it
    held      none has: the user has interrupted the agent, or the CLI shows something else; it goes with the next
    failed    a turn has ended by an error or an interruption, and the text is still unanswered
    answered  the model has begun to answer a request that held the text
    refused   the CLI has not taken the text
    waits     the plugin answers, and there is no turn for the text yet: something else has to end
    lost      the conversation does not have the text any more
    ended     the session has ended
    unheard   no report will come: the plugin is dead, does not answer, or was loaded anew

    state          report                     next
    -------------  -------------------------  -------
    OFFERED TAKEN  appended started held      TAKEN
    OFFERED        failed waits               OFFERED
    TAKEN          failed waits               TAKEN
    OFFERED TAKEN  answered                   drained
    OFFERED TAKEN  refused lost ended         lapsed
    OFFERED TAKEN  unheard                    lapsed

Invariants
    - No offer is drained unless its text is in the history, and an answer came after the offer was made.
    - Every offer ends, or is TAKEN in a session that lives: its next turn that ends is an answer.
    - Of an offer to a plugin, only its reports count, and that another session begins. A host that was killed leaves
      offers of which none will come: for them the next to look reports `unheard`.
    - Events of other sessions, as of a second program with the same handle, change nothing, except that one begins.

Sources and limits
    docs/decisions/mail-by-hooks.md has the measurements. Claude Code calls the hook of a prompt that waits in its queue
    at once, with the id of the turn that is running, so the end of that turn does not answer the offer: the history
    shows more. It is written once the request has left. Codex writes it 20 to 40 ms before: there, the answer counts.
"""

from __future__ import annotations

from enum import Enum

from amq.instants import SECOND_NS
from amq.mail.offering import OFFERED, TAKEN
from amq.record import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.mail.offering import Offer
    from amq.runtime.policy.hook_decision import Event

PLUGIN = "plugin"  # instead of a hook's event, in an offer that a plugin was given
LINE_WITHIN_S = 30.0  # from the end of the turn, for the text to be in the session's history
UNANSWERED_FOR_S = 600.0  # from the offer; a prompt waits in the queue of Claude Code as long as an answer streams


class Ended(Enum):
    """Say how an offer has ended."""

    DRAINED = "drained"
    LAPSED = "lapsed"


@record
class Looked:
    """Event: the session's history was searched for the text. `idle`: the agent is known to wait for a line."""

    found: bool
    idle: bool = False


@record
class Report:
    """Event: the plugin reports on the OFFER with this name, or of all that it was given. REASON is for the user."""

    name: str
    offer: str = ""
    reason: str = ""


ENDS = {
    "answered": Ended.DRAINED,
    **dict.fromkeys(("refused", "lost", "ended", "unheard"), Ended.LAPSED),
}
"""The reports with which an offer to a plugin ends."""


def step(offer: Offer, event: Event | Looked | Report, now_ns: int) -> Offer | Ended:
    """Return OFFER after EVENT at NOW_NS, in nanoseconds since the epoch; or how it has ended."""
    if isinstance(event, Report):
        return _reported(offer, event)
    if offer.event == PLUGIN:
        return Ended.LAPSED if _begins_another(offer, event) else offer
    return _looked(offer, event, now_ns) if isinstance(event, Looked) else _happened(offer, event, now_ns)


def _happened(offer: Offer, event: Event, now_ns: int) -> Offer | Ended:
    if event.name == "start":
        return Ended.LAPSED
    if event.session != offer.session:
        return offer
    is_its_turn = event.turn == offer.turn
    if event.name == "prompt" and not is_its_turn:
        return offer if offer.state == TAKEN else Ended.LAPSED
    if event.name == "interrupt" and is_its_turn:
        return offer if offer.state == TAKEN else Ended.LAPSED
    if event.name == "failed" and is_its_turn:
        return replace(offer, failed=True)
    if event.name == "batch" and is_its_turn and offer.event == "tool" and not offer.tools_ended:
        return replace(offer, tools_ended=True)
    if not _proves_answer(offer, event):
        return offer
    if offer.state == TAKEN:
        return Ended.DRAINED
    if event.name == "stop" and not offer.ended:
        return replace(offer, answered_ns=now_ns, ended=True)
    return replace(offer, answered_ns=offer.answered_ns or now_ns)


def _begins_another(offer: Offer, event: Event | Looked) -> bool:
    """Return whether EVENT is the start of another session than that of OFFER, as far as that one is known."""
    return not isinstance(event, Looked) and event.name == "start" and offer.session not in ("", event.session)


def _reported(offer: Offer, report: Report) -> Offer | Ended:
    if offer.event != PLUGIN or report.offer not in ("", offer.name):
        return offer
    if report.name == "failed":
        return replace(offer, failed=True)
    if report.name == "waits":
        return replace(offer, reason=report.reason)
    return ENDS.get(report.name) or replace(offer, state=TAKEN, failed=False, reason=report.reason)


def _looked(offer: Offer, look: Looked, now_ns: int) -> Offer | Ended:
    if offer.state == TAKEN:
        return offer if look.found else Ended.LAPSED
    if look.found:
        return Ended.DRAINED if offer.answered_ns else replace(offer, state=TAKEN)
    within_s = LINE_WITHIN_S if offer.ended or look.idle else UNANSWERED_FOR_S
    return Ended.LAPSED if _seconds(offer.answered_ns or offer.at_ns, now_ns) >= within_s else offer


def _seconds(since_ns: int, now_ns: int) -> float:
    """Return the seconds between two times. If the clock was set back, that is as good a sign that one is long ago."""
    return abs(now_ns - since_ns) / SECOND_NS


def _proves_answer(offer: Offer, event: Event) -> bool:
    """Return whether the model must have answered between OFFER and EVENT.

    The end of a turn does, but an offer at such an end waits for the next: another hook may be called at the same. So
    does the end of a tool, unless it may have been running when the offer was made: an offer between tools waits until
    all tools of that answer have ended. What the history held when a later turn began is in the requests of that turn.
    """
    if event.name == "stop":
        return event.goes_on or offer.event != "stop" if event.turn == offer.turn else offer.state == TAKEN
    if event.name in ("tool", "failure"):
        if event.turn != offer.turn:
            return offer.state == TAKEN
        return offer.event != "tool" or offer.tools_ended
    return False


def is_on_its_way(offer: Offer, now_ns: int, rest_s: float) -> bool:
    """Return whether to wait for a receipt of OFFER, rather than to remind the agent.

    The receipt of a TAKEN one comes at the end of a turn, at the latest. So none will come by itself if its turn has
    failed, or if the agent has rested for REST_S seconds: its session has ended without a word, or hooks are dead. A
    plugin says so if its session has ended; until then what it has taken cannot be taken back, however long it waits.
    """
    if offer.state == OFFERED:
        return True
    is_young = min(rest_s, _seconds(offer.at_ns, now_ns)) < LINE_WITHIN_S
    return not offer.failed and (is_young or offer.event == PLUGIN)
