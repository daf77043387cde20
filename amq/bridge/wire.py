"""The wire between two hosts: subjects, questions and receipts, presence. Pure.

    amq.<to>.<from>.mail.<handle>.<id>    a message file, for the agent HANDLE of the host TO
    amq.<to>.<from>.ack.<handle>.<id>     an acknowledgement file, for that agent
    amq.<to>.<from>.rcpt                  questions and receipts, as JSON
    here.<from>.<to>                      presence, as JSON; only the latest counts, so no stream keeps it

The receiver is the first word, so that one literal filter, `amq.<to>.>`, has all that is for a host, in one order: a
question is behind the mail that it is about. The sender is the second, so that one permission, `amq.*.<from>.>`, keeps
a host to its own name. What follows each subject is sealed for the receiver, together with the subject.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from amq.bridge.ledger import ACK, MAIL, STATES, Item, Receipt
from amq.bridge.names import HOST
from amq.errors import BadMessage
from amq.names import is_handle, is_safe_name
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

RECEIPTS = "rcpt"
FORM = 1
"""The version of all this. A host that gets another one says so in its status, and leaves the mail in the hub."""
MOST_ITEMS = 1000
"""The most items in one message of questions or receipts that is read."""
MOST_AGENTS = 1000
_LONGEST_TEXT_CHARS = 300
_PLAIN = re.compile(r"[A-Za-z0-9_-]")
_TOKEN = re.compile(r"(?:[A-Za-z0-9_~-]|=[0-9a-f]{2})+")


class Address(NamedTuple):
    """Where a message on the wire is going to and coming from; `item` is None for questions and receipts."""

    to: str
    sender: str
    item: Item | None


def subject_of(item: Item, host: str) -> str:
    """Return the subject of an item that HOST sends."""
    return f"amq.{item.host}.{host}.{item.kind}.{item.handle}.{token(item.name)}"


def subject_of_receipts(to: str, host: str) -> str:
    """Return the subject of questions and receipts that HOST sends to the host TO."""
    return f"amq.{to}.{host}.{RECEIPTS}"


def presence_subject(to: str, host: str) -> str:
    """Return the subject of the presence of HOST for the host TO; `*` stands for any."""
    return f"here.{host}.{to}"


def address(subject: str) -> Address:
    """Return where a message of SUBJECT is going to and coming from. Its item names the sender's host.

    Raises BadMessage if there is no such subject.
    """
    first, *words = subject.split(".")
    if first == "amq" and len(words) == 3 and words[2] == RECEIPTS and _are_hosts(*words[:2]):
        return Address(words[0], words[1], None)
    if first == "amq" and len(words) == 5 and words[2] in (MAIL, ACK) and _are_hosts(*words[:2]):
        to, sender, kind, handle, encoded = words
        if is_handle(handle):
            return Address(to, sender, Item(kind, sender, handle, name_of(encoded)))
    raise BadMessage(f"nothing of amq's has the subject {subject!r}")


def is_mail(subject: str) -> bool:
    """Return whether SUBJECT is that of a message to an agent."""
    return f".{MAIL}." in subject


def presence_sender(subject: str) -> str:
    """Return the host whose presence has this SUBJECT; raises BadMessage."""
    words = subject.split(".")
    if len(words) == 3 and words[0] == "here" and _are_hosts(*words[1:]):
        return words[1]
    raise BadMessage(f"no host's presence has the subject {subject!r}")


def _are_hosts(*words: str) -> bool:
    return all(HOST.fullmatch(word) for word in words)


def token(name: str) -> str:
    """Return a file's NAME as one part of a subject: `.` becomes `~`, and other special bytes `=` and two digits."""
    return "".join(
        sign if _PLAIN.fullmatch(sign) else "~" if sign == "." else "".join(f"={byte:02x}" for byte in sign.encode())
        for sign in name
    )


def name_of(word: str) -> str:
    """Return the file's name that `token` made WORD of; raises BadMessage for any other word, and an unsafe name."""
    if _TOKEN.fullmatch(word):
        plain = word.replace("~", ".").encode()
        raw = re.sub(rb"=([0-9a-f]{2})", lambda digits: bytes.fromhex(digits[1].decode()), plain)
        name = raw.decode("utf-8", "replace")
        if token(name) == word and is_safe_name(name):
            return name
    raise BadMessage(f"{word[:_LONGEST_TEXT_CHARS]!r} is not an id")


def message_name(subject: str, salt: str) -> str:
    """Return what the hub knows a message by, to take it once: its SUBJECT, and a SALT if it is to take it again."""
    return f"{subject} {salt}" if salt else subject


# -- questions and receipts -------------------------------------------------------------------------------------------


class Talk(NamedTuple):
    """The questions and receipts of a host, since the start that BOOT names. The items name that host."""

    boot: str
    questions: Sequence[Item]
    receipts: Sequence[Receipt]


def render_talk(talk: Talk) -> bytes:
    """Return TALK as bytes, without the host in its items: the reader knows it."""
    said = [[*receipt.item[:1], *receipt.item[2:], receipt.state, receipt.reason] for receipt in talk.receipts]
    asked = [[item.kind, item.handle, item.name] for item in talk.questions]
    return json.dumps({"form": FORM, "boot": talk.boot, "asks": asked, "says": said}, separators=(",", ":")).encode()


def parse_talk(data: bytes, host: str) -> Talk:
    """Return what HOST asks and says in DATA; raises BadMessage.

    Its questions are about items that it sends, its receipts about items that are sent to it.
    """
    wire = _object(data)
    asked, said = _list(wire, "asks", 3, MOST_ITEMS), _list(wire, "says", 5, MOST_ITEMS)
    questions = [_item(host, *each) for each in asked]
    receipts = [Receipt(_item(host, *each[:3]), each[3], each[4][:_LONGEST_TEXT_CHARS]) for each in said]
    for receipt in receipts:
        if receipt.state not in STATES[receipt.item.kind]:
            raise BadMessage(f"a receipt says {receipt.state[:_LONGEST_TEXT_CHARS]!r} of {receipt.item.kind}")
    return Talk(_text(wire, "boot"), questions, receipts)


def _item(host: str, kind: str, handle: str, name: str) -> Item:
    if kind not in STATES or not is_handle(handle) or not is_safe_name(name):
        raise BadMessage("a question or receipt is not about an item")
    return Item(kind, host, handle, name)


# -- presence ---------------------------------------------------------------------------------------------------------


@record
class AgentThere:
    """An agent that another host exports: its `status` and `note`, what its mail waits for, and since when.

    `seen_ns` is when it was last active, in nanoseconds since the epoch, 0 if that is not known. `waits_for` is "" if
    it has no unread mail, or that is not known.
    """

    status: str = ""
    note: str = ""
    waits_for: str = ""
    seen_ns: int = 0


@record
class Presence:
    """The presence of a host, every few seconds: its start, its clock in nanoseconds since the epoch, its agents."""

    boot: str
    clock_ns: int
    version: str
    agents: dict[str, AgentThere]


def render_presence(presence: Presence) -> bytes:
    """Return PRESENCE as bytes."""
    agents = {
        handle: [agent.status, agent.note, agent.waits_for, agent.seen_ns] for handle, agent in presence.agents.items()
    }
    fields = {"form": FORM, "boot": presence.boot, "clock_ns": presence.clock_ns, "version": presence.version}
    return json.dumps({**fields, "agents": agents}, separators=(",", ":")).encode()


def parse_presence(data: bytes) -> Presence:
    """Return the presence in DATA; raises BadMessage."""
    wire = _object(data)
    agents = wire.get("agents")
    if not isinstance(agents, dict) or len(agents) > MOST_AGENTS or not all(map(is_handle, agents)):
        raise BadMessage("a presence without agents")
    return Presence(
        _text(wire, "boot"), _number(wire.get("clock_ns")), _text(wire, "version"),
        {handle: _agent(fields) for handle, fields in agents.items()},
    )  # fmt: skip


def _agent(fields: Any) -> AgentThere:
    if not isinstance(fields, list) or len(fields) != 4 or not all(isinstance(each, str) for each in fields[:3]):
        raise BadMessage("a presence does not describe its agents")
    status, note, waits_for = (each[:_LONGEST_TEXT_CHARS] for each in fields[:3])
    return AgentThere(status, note, waits_for, _number(fields[3]))


# -- values -----------------------------------------------------------------------------------------------------------


class OtherForm(BadMessage):
    """A message of another version of amq, which cannot be understood here."""


def _object(data: bytes) -> dict[str, Any]:
    try:
        wire = json.loads(data)
    except (ValueError, RecursionError):
        raise BadMessage("not JSON") from None
    if not isinstance(wire, dict):
        raise BadMessage("not a JSON object")
    if wire.get("form") != FORM:
        raise OtherForm("another version of amq has written it: use one version on all hosts")
    return wire


def _text(wire: dict[str, Any], key: str) -> str:
    text = wire.get(key)
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT_CHARS:
        raise BadMessage(f"{key} is not a short text")
    return text


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise BadMessage("a time is not a whole number")
    return value


def _list(wire: dict[str, Any], key: str, length: int, most: int) -> list[list[str]]:
    """Return the list KEY of WIRE, of at most MOST lists of LENGTH texts each."""
    found = wire.get(key)
    if not isinstance(found, list) or len(found) > most:
        raise BadMessage(f"{key} is not a list of at most {most}")
    for each in found:
        if not isinstance(each, list) or len(each) != length or not all(isinstance(text, str) for text in each):
            raise BadMessage(f"{key} has something that is not a list of {length} texts")
    return found
