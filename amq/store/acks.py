"""Acknowledgements: small files in both mailboxes which say that a message was seen. The first one stays."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from amq import jsontext
from amq.instants import format_instant
from amq.message import SCHEMA, Header
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from amq.layout import AgentLayout, QueueLayout, RootedPath

_MAX_ACK_BYTES = 64 * 1024
_SUFFIX = ".json"


@record
class Ack:
    """An acknowledgement by `receiver` for the message `id` of `sender`; `received` is RFC 3339 in UTC."""

    id: str
    thread: str
    receiver: str
    sender: str
    received: str

    def render(self) -> bytes:
        """Return the bytes of its file."""
        return (jsontext.render(self.wire()) + "\n").encode()

    def wire(self) -> dict[str, Any]:
        """Return the JSON object in its file."""
        return {
            "schema": SCHEMA,
            "msg_id": self.id,
            "thread": self.thread,
            "from": self.receiver,
            "to": self.sender,
            "received": self.received,
        }


def acknowledge(queue: QueueLayout, receiver: str, headers: list[Header], now: int, temporary: str) -> list[Ack]:
    """Acknowledge messages in both mailboxes, to the disk, and return the acknowledgements that are there now.

    TEMPORARY begins names that are not used otherwise. Idempotent: an earlier acknowledgement stays as it is, and its
    missing other side is added. A sender without a mailbox is not an error. Each directory is synced once. Raises
    OSError.
    """
    return _keep(queue, receiver, [_ack(receiver, header, now) for header in headers], temporary)


def keep(queue: QueueLayout, ack: Ack, temporary: str) -> Ack:
    """Keep an acknowledgement that was given elsewhere as `acknowledge` keeps one, with the time that it has.

    The receiver's mailbox is that of an agent on another host. Returns the one that is there now. Raises OSError.
    """
    (kept,) = _keep(queue, ack.receiver, [ack], temporary)
    return kept


def _keep(queue: QueueLayout, receiver: str, acks: list[Ack], temporary: str) -> list[Ack]:
    with ExitStack() as opened:
        staging = _Staging(opened.enter_context(Directory(queue.agent(receiver).inbox_tmp)), temporary)
        sent = opened.enter_context(_made(queue.agent(receiver).acks_sent))
        kept = [_record(staging, sent, ack) for ack in acks]
        durable.sync(sent)  # first: an acknowledgement that the sender has is never given again, with another time
        receiving: dict[str, Directory | None] = {}
        for given, ack in zip(acks, kept, strict=True):  # an earlier one may name another sender
            if given.sender not in receiving:
                receiving[given.sender] = _open(queue.agent(given.sender), opened)
            _tell(staging, sent, receiving[given.sender], ack)
        for directory in filter(None, receiving.values()):
            durable.sync(directory)
    return kept


def parse_ack(data: bytes) -> Ack | None:
    """Return the acknowledgement in the bytes of a file; None if it is not one."""
    try:
        wire = jsontext.parse(data)
        ack = Ack(wire["msg_id"], wire["thread"], wire["from"], wire["to"], wire["received"])
    except (ValueError, TypeError, KeyError):
        return None
    return ack if all(type(part) is str for part in ack.__dict__.values()) else None


def waiting(agent: AgentLayout) -> list[str]:
    """Return the names, without `.json`, of the acknowledgements that have reached AGENT. Raises OSError."""
    try:
        with Directory(agent.acks_received) as received:
            names = [name for name, inode in durable.entries(received).items() if inode and name.endswith(_SUFFIX)]
    except FileNotFoundError:
        return []
    return sorted(name.removesuffix(_SUFFIX) for name in names if not name.startswith("."))


def read_received(agent: AgentLayout, name: str) -> bytes | None:
    """Return the bytes of an acknowledgement that has reached AGENT; None if it is not there. Raises OSError."""
    try:
        with Directory(agent.acks_received) as received:
            return durable.read_regular(received, name + _SUFFIX, _MAX_ACK_BYTES)
    except FileNotFoundError:
        return None


def remove_received(agent: AgentLayout, names: Sequence[str]) -> None:
    """Remove acknowledgements that have reached AGENT, to the disk; those that are gone are none. Raises OSError."""
    with Directory(agent.acks_received) as received:
        for name in names:
            with suppress(FileNotFoundError):
                durable.syscalls.unlink(received, name + _SUFFIX)
        durable.sync(received)


def read_ack(receiver: AgentLayout, identifier: str, handle: str) -> Ack | None:
    """Return the acknowledgement that the agent HANDLE gave for a message; None if there is none from it.

    Raises OSError.
    """
    try:
        with Directory(receiver.acks_sent) as sent:
            ack = _read(sent, f"{identifier}.json")
    except FileNotFoundError:
        return None
    return ack if ack and (ack.id, ack.receiver) == (identifier, handle) else None


class _Staging:
    """The directory where acknowledgements are written before publication; it is swept if a process dies."""

    def __init__(self, directory: Directory, temporary: str) -> None:
        self._directory = directory
        self._temporary = temporary
        self._count = 0

    def publish(self, ack: Ack, target: Directory, name: str) -> None:
        """Write ACK into TARGET; raises FileExistsError."""
        self._count += 1
        durable.publish_new(self._directory, f"{self._temporary}_{self._count}", target, name, ack.render())


def receivers(sender: AgentLayout, identifier: str, handles: Sequence[str]) -> set[str]:
    """Return those of HANDLES whose acknowledgement of a message has reached its SENDER. Raises OSError."""
    names = [f"{identifier}.json", *(f"{identifier}__{handle}.json" for handle in handles)]
    try:
        with Directory(sender.acks_received) as received:
            found = [_read(received, name) for name in names]
    except FileNotFoundError:  # the mailbox is missing, perhaps only for a moment
        return set()
    # an id may itself end in `__HANDLE`: then the file is about that message
    return {ack.receiver for ack in found if ack is not None and ack.id == identifier}


def _open(sender: AgentLayout, opened: ExitStack) -> Directory | None:
    """Return the directory of acknowledgements to SENDER; None if it has no mailbox."""
    try:
        Directory(sender.inbox_new).close()
    except FileNotFoundError:
        return None
    return opened.enter_context(_made(sender.acks_received))


def _made(path: RootedPath) -> Directory:
    """Return the directory PATH, made if it is missing: newer versions of the Go program make mailboxes without it."""
    try:
        return Directory(path)
    except FileNotFoundError:
        from amq.store import directories

        directories.make([path.parent, path])
        return Directory(path)


def _ack(receiver: str, header: Header, now: int) -> Ack:
    return Ack(header.id, header.conversation, receiver, header.sender, format_instant(now))


def _record(staging: _Staging, sent: Directory, ack: Ack) -> Ack:
    """Return the acknowledgement on the receiver's own side: ACK, written now, unless there is an earlier one."""
    name = f"{ack.id}.json"
    earlier = _read(sent, name)
    if earlier is not None:
        return earlier
    try:
        staging.publish(ack, sent, name)
    except FileExistsError:  # another process was faster
        earlier = _read(sent, name)
        if earlier is None:
            raise
        return earlier
    return ack


def _tell(staging: _Staging, sent: Directory, received: Directory | None, ack: Ack) -> None:
    """Put ACK into the sender's mailbox: the first under the message's name, another receiver's beside it."""
    if received is None:
        return
    own_name = f"{ack.id}.json"
    for name in (own_name, f"{ack.id}__{ack.receiver}.json"):
        try:
            if not durable.link(sent, own_name, received, name):
                staging.publish(ack, received, name)
            return
        except FileExistsError:
            there = _read(received, name)
            if there is not None and (there.id, there.receiver) == (ack.id, ack.receiver):
                return


def _read(directory: Directory, name: str) -> Ack | None:
    """Return the acknowledgement in a file; None if the file is missing or is not an acknowledgement."""
    try:
        return parse_ack(durable.read_regular(directory, name, _MAX_ACK_BYTES) or b"")
    except FileNotFoundError:
        return None
