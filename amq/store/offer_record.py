"""The record of an offer: messages whose text an agent's CLI has been given, before its model has shown that it came.

An offer lies beside the records of drains, and without its field `offer` it is the record of a drain that died. So a
lapsed offer is one, and a version of amq that does not know offers shows these messages again, marked.
"""

from __future__ import annotations

import os
from contextlib import suppress

from amq import jsontext
from amq.names import SUFFIX
from amq.record import record
from amq.store import durable
from amq.store.drain_claim import OFFER_SUFFIX
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.layout import AgentLayout

OFFERED = "offered"  # given to the CLI
TAKEN = "taken"  # in the history of the CLI's session
_STATES = (OFFERED, TAKEN)
_MOST_BYTES = 1024 * 1024
_MOST_NUMBER = 1 << 62  # of nanoseconds, bytes or characters
_LONGEST_NAME = 255  # bytes
_MOST_OFFERS = 1000  # read at once; hooks make one a turn, and each is closed at the next


@record
class Offer:
    """Messages that a hook or a plugin has given to an agent's CLI, and where to look for a receipt.

    `event` is the hook's event in amq's words, or `plugin`; `session` and `turn` are the CLI's ids, `at_ns` is in
    nanoseconds since the epoch; so is `answered_ns`, when an event came that only follows an answer (0: none has).
    `tools_ended`: all tools that may have been running have ended; `ended`: so has the turn, at `answered_ns`.
    `failed`: it has by an error. The CLI writes the session's history to the file `history`; what it had before the
    offer has `position` bytes. The text had `characters`. `reason` is a clause for the user: why there is no receipt
    yet, where a plugin has said so.
    """

    name: str
    ids: tuple[str, ...]
    event: str
    session: str
    turn: str
    at_ns: int
    state: str = OFFERED
    answered_ns: int = 0
    tools_ended: bool = False
    ended: bool = False
    failed: bool = False
    history: str = ""
    position: int = 0
    characters: int = 0
    reason: str = ""


_NUMBERS = ("at_ns", "answered_ns", "position", "characters")
_KINDS = {
    **dict.fromkeys(("event", "session", "turn", "state", "history", "reason"), str),
    **dict.fromkeys(_NUMBERS, int),
    **dict.fromkeys(("tools_ended", "ended", "failed"), bool),
}


def wire(offer: Offer) -> dict[str, object]:
    """Return the fields of OFFER's record, apart from those of a drain's."""
    fields = {key: value for key, value in vars(offer).items() if key not in ("name", "ids")}
    return {"ids": list(offer.ids), "offer": fields}


def parse(name: str, data: bytes) -> Offer | None:
    """Return the open offer in the record NAME; None if DATA is the record of a drain, or is damaged."""
    if len(data) > _MOST_BYTES:
        return None
    try:
        found = jsontext.parse(data.decode("utf-8", "surrogateescape"))
        return Offer(name, _texts(found["ids"]), **_fields(found["offer"]))
    except (ValueError, TypeError, KeyError):
        return None


def _fields(offer: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an offer as they are in its record. Raises ValueError, TypeError or KeyError."""
    fields = {"reason": "", **offer}  # which older versions do not write
    fields = {key: fields[key] for key in _KINDS}
    if any(type(fields[key]) is not kind for key, kind in _KINDS.items()) or fields["state"] not in _STATES:
        raise ValueError("not an offer")
    if not all(0 <= fields[key] < _MOST_NUMBER for key in _NUMBERS) or "\0" in fields["history"]:
        raise ValueError("not an offer that amq has made")
    os.fsencode(fields["history"])
    return fields


def _texts(ids: object) -> tuple[str, ...]:
    if type(ids) is not list or not all(type(each) is str and _is_name(each) for each in ids):
        raise ValueError("not the ids of messages")
    return tuple(ids)


def _is_name(text: str) -> bool:
    """Return whether TEXT and a suffix can name a file in a directory. Raises ValueError if it cannot be encoded."""
    return "/" not in text and "\0" not in text and len(os.fsencode(text + SUFFIX)) <= _LONGEST_NAME


def open_offers(agent: AgentLayout) -> list[Offer]:
    """Return the offers of AGENT that are neither drained nor lapsed, oldest first. Raises OSError."""
    try:
        with Directory(agent.drains) as drains:
            names = sorted(
                name for name, inode in durable.entries(drains).items() if inode and name.endswith(OFFER_SUFFIX)
            )
            found = (_read(drains, name) for name in names[:_MOST_OFFERS])
            return [offer for offer in found if offer]
    except FileNotFoundError:
        return []


def states(agent: AgentLayout) -> dict[str, str]:
    """Return the state, `offered` or `taken`, of each message of AGENT in an open offer. Raises OSError."""
    return {identifier: offer.state for offer in open_offers(agent) for identifier in offer.ids}


def _read(drains: Directory, name: str) -> Offer | None:
    with suppress(FileNotFoundError):
        return parse(name, durable.read_regular(drains, name, _MOST_BYTES + 1) or b"")
    return None


def change(agent: AgentLayout, before: Offer, after: Offer, temporary: str) -> bool:
    """Replace the offer BEFORE by AFTER, to the disk, and return True; False if it is not as it was any more.

    TEMPORARY is a free name. Raises OSError.
    """
    return _rewrite(agent, before, wire(after), temporary)


def lapse(agent: AgentLayout, offer: Offer, temporary: str) -> bool:
    """Turn OFFER into the record of a drain that died, and return True; False if it is not as it was any more.

    Its messages are then shown again, marked. TEMPORARY is a free name. Raises OSError.
    """
    return _rewrite(agent, offer, {"ids": list(offer.ids)}, temporary)


def _rewrite(agent: AgentLayout, offer: Offer, fields: dict[str, object], temporary: str) -> bool:
    """Replace the record of OFFER by FIELDS, unless another process has changed it."""
    data = jsontext.render(fields, indent=None).encode("utf-8", "surrogateescape")
    with mailbox_lock(agent), Directory(agent.drains) as drains, Directory(agent.inbox_tmp) as tmp:
        if _read(drains, offer.name) != offer:
            return False
        durable.replace_file(drains, offer.name, temporary, data, staging=tmp)
        return True


def forget(agent: AgentLayout, offer: Offer) -> None:
    """Remove the record of OFFER, whose messages have been filed. Raises OSError."""
    with mailbox_lock(agent), Directory(agent.drains) as drains:
        durable.discard(drains, offer.name)
