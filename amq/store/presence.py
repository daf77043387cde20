"""An agent's status: one small file that it replaces."""

from __future__ import annotations

from amq import jsontext
from amq.errors import BadMessage
from amq.instants import format_instant, parse_instant
from amq.message import SCHEMA
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.layout import AgentLayout

_NAME = "presence.json"
_MAX_BYTES = 64 * 1024


@record
class Presence:
    """The status of `handle`, and when it was set (RFC 3339). `extra` holds unknown keys."""

    handle: str
    status: str
    last_seen: str
    note: str = ""
    extra: dict[str, Any] = {}  # noqa: RUF012  values are not changed

    def wire(self) -> dict[str, Any]:
        """Return the JSON object in the file."""
        known = {"schema": SCHEMA, "handle": self.handle, "status": self.status, "last_seen": self.last_seen}
        return known | ({"note": self.note} if self.note else {}) | self.extra


def read_presence(agent: AgentLayout, handle: str) -> Presence | None:
    """Return the agent's last status; None if it never set one. Raises BadMessage if the file is not one of HANDLE."""
    try:
        with Directory(agent.home) as home:
            data = durable.read_regular(home, _NAME, _MAX_BYTES)
    except FileNotFoundError:
        return None
    try:
        return _parse(data or b"", handle)
    except (ValueError, TypeError) as error:
        raise BadMessage(f"{agent.presence} is not the presence file of {handle}: {error}") from None


def _parse(data: bytes, handle: str) -> Presence:
    wire = jsontext.parse(data)
    if type(wire) is not dict:
        raise ValueError("not a JSON object")
    take = wire.pop
    take("schema", None)
    presence = Presence(take("handle", ""), take("status", ""), take("last_seen", ""), take("note", None) or "", wire)
    for text in (presence.status, presence.last_seen, presence.note):
        if type(text) is not str:
            raise ValueError("status, last_seen and note are not all strings")
    if presence.handle != handle:
        raise ValueError("it names another handle")
    parse_instant(presence.last_seen)
    return presence


def write_presence(agent: AgentLayout, handle: str, status: str, note: str, now: int, temporary: str) -> Presence:
    """Set the status of HANDLE, to the disk. Unknown keys stay; a file that cannot be understood is replaced.

    TEMPORARY is a free name. NOW is in nanoseconds since the epoch.
    """
    with mailbox_lock(agent), Directory(agent.home) as home:
        try:
            before = read_presence(agent, handle)
        except BadMessage:
            before = None
        presence = Presence(handle, status, format_instant(now), note, before.extra if before else {})
        data = jsontext.render(presence.wire()) + "\n"
        durable.replace_file(home, _NAME, f".presence.{temporary}", data.encode())
    return presence
