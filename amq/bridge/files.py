"""The steps of the bridge on files: the queue of this host, and the table of mailboxes that stand for agents elsewhere.

All of it blocks. What it returns is what `exchange` is sent for a step. It is called from one thread; only `deliver`,
which waits for the disk most of the time, may run in several.
"""

from __future__ import annotations

import os
import time
from threading import Lock

from amq.bridge import names
from amq.bridge.config import Bridge, change_bridge
from amq.bridge.exchange import BUSY, Failed
from amq.bridge.ledger import ACK, CONFIRMED, DRAINED, MAIL, REFUSED, THERE, UNKNOWN, Item, Receipt
from amq.errors import AmqError, BadMessage, Conflict, why
from amq.mail import carried
from amq.names import is_safe_name
from amq.record import replace
from amq.store import acks, maildir, registry
from amq.store.acks import Ack
from amq.store.durable import Directory
from amq.store.remote import Remote, read_remote, write_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from amq.layout import AgentLayout, QueueLayout

_STATES = {carried.NEW: THERE, carried.CUR: DRAINED, carried.DEAD: REFUSED, "": UNKNOWN}
_DEAD = "it is a dead letter there"


class Files:
    """The files of the bridge of QUEUE, as BRIDGE has set it up. CLOCK and RANDOM are as for an `Account`."""

    def __init__(
        self,
        queue: QueueLayout,
        bridge: Bridge,
        clock: Callable[[], int] = time.time_ns,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.queue = queue
        self.clashes: dict[str, str] = {}
        self._clock = clock
        self._random = random
        self._making = Lock()
        self.follow(bridge)

    def follow(self, bridge: Bridge) -> None:
        """Use BRIDGE from here on: it has been read again."""
        self.bridge = bridge
        self._mailboxes = {(abroad.host, abroad.handle): mailbox for mailbox, abroad in bridge.remote.items()}

    def mailbox(self, host: str, handle: str) -> str:
        """Return the mailbox here that stands for the agent HANDLE of HOST; "" if there is none."""
        return self._mailboxes.get((host, handle), "")

    def make_mailbox(self, host: str, handle: str) -> str:
        """Return that mailbox, made if it is missing. Raises Conflict if its name is taken, AmqError or OSError."""
        with self._making:
            return self._made_mailbox(names.abroad(handle, host), Remote(handle, host))

    def _made_mailbox(self, mailbox: str, remote: Remote) -> str:
        agent, handle, host = self.queue.agent(mailbox), remote.handle, remote.host
        if self.mailbox(host, handle) != mailbox:
            if self._is_anothers(mailbox, remote):
                self.clashes[mailbox] = str(remote)
                raise Conflict(f"{mailbox} is an agent of this host, and would be the name of {remote}, too")
            added = change_bridge(
                self.bridge.directory, lambda before: _with_remote(before or self.bridge, mailbox, remote)
            )
            self.follow(replace(self.bridge, remote=added.remote))
        self.clashes.pop(mailbox, None)
        if not registry.has_mailbox(agent):
            registry.make_mailbox(self.queue, mailbox)
        if read_remote(agent) != remote:
            write_remote(agent, remote, self._temporary())
        return mailbox

    def _is_anothers(self, mailbox: str, remote: Remote) -> bool:
        agent = self.queue.agent(mailbox)
        if mailbox in (registry.read_registry(self.queue) or ()):
            return True
        return carried.is_taken(agent) and read_remote(agent) != remote

    def _temporary(self) -> str:
        return f"{self._clock()}_{os.getpid()}_{self._random(4).hex()}"

    # -- what stands --------------------------------------------------------------------------------------------------

    def standing(self, mailbox: str) -> tuple[list[str], list[str]]:
        """Return what is for the remote agent of MAILBOX: its new mail, oldest first, and acknowledgements."""
        agent = self.queue.agent(mailbox)
        return self._new(agent), acks.waiting(agent)

    def new(self, handle: str) -> list[str]:
        """Return the new mail of an agent here. Raises OSError, since unknown is not empty."""
        return self._new(self.queue.agent(handle))

    def _new(self, agent: AgentLayout) -> list[str]:
        with Directory(agent.inbox_new) as new:
            return sorted(maildir.message_ids(new))

    # -- steps --------------------------------------------------------------------------------------------------------

    def read(self, item: Item) -> bytes | Failed | None:
        """Return an item of this host's as it travels; None if it is gone, Failed if it may not leave, or cannot."""
        agent = self.queue.agent(self.mailbox(item.host, item.handle))
        try:
            if item.kind == ACK:
                return self._acknowledgement(acks.read_received(agent, item.name))
            data = maildir.read_raw((agent.inbox_new,), item.name)
            return None if data is None else self._leaving(data, item.name)
        except (AmqError, OSError) as error:
            return Failed(why(error))

    def _leaving(self, data: bytes, identifier: str) -> bytes | Failed:
        leaving = names.leaving(data, identifier, self.bridge.host, self.bridge.remote)
        sender = names.sender_of(data, identifier)
        if sender not in self.bridge.exports:
            return Failed(_not_exported(sender))
        return leaving

    def _acknowledgement(self, data: bytes | None) -> bytes | Failed | None:
        """Return an acknowledgement of an agent here as it travels: with the names that its agents have abroad."""
        if data is None:
            return None
        ack = acks.parse_ack(data)
        if ack is None:
            return Failed("this file is not an acknowledgement")
        if ack.receiver not in self.bridge.exports:
            return Failed(_not_exported(ack.receiver))
        return _translated(ack, names.outward(self.bridge.host, self.bridge.remote)).render()

    def deliver(self, item: Item, data: bytes) -> tuple[str, str]:
        """Put another host's message into the inbox of an agent here, once; return its state and a reason."""
        if item.handle not in self.bridge.exports:
            return REFUSED, f"{self.bridge.host} does not export {item.handle}"
        try:
            arriving = names.arriving(data, item.name, self.bridge.host, item.host, item.handle)
            sender = names.at_home(names.sender_of(data, item.name), item.host)
        except BadMessage as error:
            return REFUSED, error.message
        try:
            mailbox = self.make_mailbox(item.host, sender)
        except (AmqError, OSError) as error:
            return BUSY, why(error)
        try:
            return self._state(carried.receive(
                self.queue, arriving, item.name, sender=mailbox, handle=item.handle, temporary=self._temporary()
            ))  # fmt: skip
        except Conflict as error:
            return REFUSED, error.message
        except (AmqError, OSError) as error:
            return BUSY, why(error)

    def _state(self, box: str) -> tuple[str, str]:
        return _STATES[box], _DEAD if box == carried.DEAD else ""

    def keep_ack(self, item: Item, data: bytes) -> tuple[str, str]:
        """Keep the acknowledgement of an agent of the item's host; one that fits no message is dropped."""
        ack = acks.parse_ack(data)
        if ack is None or ack.sender != names.abroad(item.handle, self.bridge.host) or not is_safe_name(ack.id):
            return CONFIRMED, ""
        if not self.mailbox(item.host, names.at_home(ack.receiver, item.host)):
            return CONFIRMED, ""
        try:
            carried.receive_ack(self.queue, _translated(ack, names.homeward(self.bridge.host)), self._temporary())
        except (AmqError, OSError) as error:
            return BUSY, why(error)
        return CONFIRMED, ""

    def find(self, items: Sequence[Item]) -> list[tuple[str, str]]:
        """Return for each of another host's ITEMS its state here and a reason.

        It is that of a message, since acknowledgements are sent again.
        """
        mail: dict[str, list[Item]] = {}
        for item in items:
            if item.kind == MAIL:
                mail.setdefault(item.handle, []).append(item)
        found: dict[Item, tuple[str, str]] = {}
        for handle, asked in mail.items():
            found |= self._found(handle, asked)
        return [found.get(item, (UNKNOWN, "")) for item in items]

    def _found(self, handle: str, mail: Sequence[Item]) -> dict[Item, tuple[str, str]]:
        try:
            boxes = carried.places(self.queue.agent(handle), [item.name for item in mail])
        except (AmqError, OSError) as error:
            return dict.fromkeys(mail, (THERE, why(error)))
        return {item: self._state(boxes[item.name]) for item in mail}

    def settle(self, receipts: Iterable[Receipt]) -> bool:
        """File this host's items that have ended; return whether all could be filed."""
        drained: dict[str, list[str]] = {}
        confirmed: dict[str, list[str]] = {}
        try:
            for item, state, reason in receipts:
                mailbox = self.mailbox(item.host, item.handle)
                if mailbox and state == REFUSED:
                    agent = self.queue.agent(mailbox)
                    carried.refuse(agent, item.name, _refusal(item.host, reason), self._temporary(), self._clock())
                elif mailbox:
                    (drained if state == DRAINED else confirmed).setdefault(mailbox, []).append(item.name)
            for mailbox, identifiers in drained.items():
                carried.settle(self.queue.agent(mailbox), identifiers)
            for mailbox, found in confirmed.items():
                acks.remove_received(self.queue.agent(mailbox), found)
        except (AmqError, OSError):
            return False
        return True


def _not_exported(handle: str) -> str:
    return f"{handle} may not write to other hosts: amq bridge export {handle}"


def _translated(ack: Ack, translate: Callable[[str], str]) -> Ack:
    thread = names.thread(ack.thread, {ack.receiver, ack.sender}, translate)
    return replace(ack, thread=thread, receiver=translate(ack.receiver), sender=translate(ack.sender))


def _refusal(host: str, reason: str) -> str:
    return f"{host} refused it: {reason or 'it does not say why'}"


def _with_remote(before: Bridge, mailbox: str, remote: Remote) -> Bridge:
    return replace(before, remote={**before.remote, mailbox: remote})
