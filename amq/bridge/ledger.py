"""The ledger of mail that this host sends to other hosts and gets from them. Pure; it may be lost at any time.

An item is a message in `inbox/new` of a remote mailbox, or an acknowledgement in its `acks/received`. It stays there
until the other host says what has become of it: the files are the truth, and this ledger only saves asking again.

    stage      | found    | taken     | published | failed, cut off | is there    | has ended   | is not known
    -----------|----------|-----------|-----------|-----------------|-------------|-------------|------------------
    (none)     | WAITING  |           |           |                 |             |             |
    WAITING    |          | IN_FLIGHT |           |                 | THERE       | ends        |
    IN_FLIGHT  |          |           | SENT      | WAITING, later  | THERE       | ends        |
    SENT       |          |           |           |                 | THERE       | ends        | WAITING, new salt
    THERE      |          |           |           |                 |             | ends        | WAITING, new salt

* `ends` means that the caller moves or removes the file. Only when a look finds it gone is the item forgotten.
* A hub that has forgotten (another `Epoch`) makes every item WAITING. Nothing else does: no timer publishes twice.
* What was SENT is asked about at the start, at each connection, and when the other host has started again: a receipt is
  lost only with the memory of its writer, or with the hub's.
* With another salt, the hub takes a message for another one than it has seen under this name. It changes only when
  the other host, which took everything before our question, does not know the item.
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MAIL, ACK = "mail", "ack"
"""The kinds of items."""
WAITING, IN_FLIGHT, SENT, THERE = "waiting", "in_flight", "sent", "there"
"""The stages of an item."""
DRAINED, REFUSED, CONFIRMED, UNKNOWN = "drained", "refused", "confirmed", "unknown"
"""The other states of a receipt: the message was drained, was refused, the acknowledgement is there, or neither."""
ENDED = frozenset({DRAINED, REFUSED, CONFIRMED})
STATES = {MAIL: {THERE, DRAINED, REFUSED, UNKNOWN}, ACK: {CONFIRMED, UNKNOWN}}
"""The states that a receipt about each kind may have."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
"""Seconds before what the hub refused is published again: doubled each time, up to the longest."""
_MOST_DOUBLED = 10
HUB_FULL = "the hub is full"
"""The reason for what a hub without room did not take."""


class Item(NamedTuple):
    """A file NAME (without its suffix) that is for the agent HANDLE of HOST, or comes from there: a MAIL or an ACK."""

    kind: str
    host: str
    handle: str
    name: str


class Receipt(NamedTuple):
    """A statement of what has become of an item, by the host that gets it. REASON is for a refusal."""

    item: Item
    state: str
    reason: str = ""


@record
class Epoch:
    """The time for which a hub's memory is one: when its stream was made, and the last number given in it."""

    created: str = ""
    last_seq: int = 0

    def continues(self, earlier: Epoch) -> bool:
        """Return whether a hub that says this still has all that it had when it said EARLIER."""
        return self.created == earlier.created and self.last_seq >= earlier.last_seq


class Progress:
    """The progress of an item. `reason` says why it is still WAITING, "" if nothing has failed.

    `boot` names the start of the other host that was known when it was put in flight.
    """

    __slots__ = ("again_s", "boot", "failures", "reason", "salt", "stage")

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.salt = ""
        self.boot = ""
        self.reason = ""
        self.failures = 0
        self.again_s = 0.0


class Outgoing:
    """The items that this host has for others. HINTS are those that were published, with numbers, in the EPOCH."""

    def __init__(self, epoch: Epoch, hints: Mapping[Item, int]) -> None:
        self.epoch = Epoch(epoch.created, max(epoch.last_seq, *hints.values()) if hints else epoch.last_seq)
        self._hints = set(hints)
        self._boxes: dict[tuple[str, str, str], dict[str, Progress]] = {}
        self._waiting: dict[Item, None] = {}  # in the order in which to publish
        self._unasked: dict[str, dict[Item, None]] = {}
        self._boots: dict[str, str] = {}
        self._again_s = 0.0
        self._failures = 0

    # -- what stands --------------------------------------------------------------------------------------------------

    def look(self, kind: str, host: str, handle: str, names: Sequence[str]) -> None:
        """Take note of the files that are there now: NAMES, all of this KIND for that agent, the first to go first."""
        known = self._boxes.setdefault((kind, host, handle), {})
        for name in known.keys() - set(names):
            self._forget(Item(kind, host, handle, name))
        for name in names:
            if name not in known:
                self._begin(Item(kind, host, handle, name), known)

    def gone(self, item: Item) -> None:
        """Take note that the file of ITEM is not there any more."""
        if self.progress(item):
            self._forget(item)

    def _begin(self, item: Item, known: dict[str, Progress]) -> None:
        if item in self._hints:
            known[item.name] = Progress(SENT)
            self._ask_about(item)
        else:
            known[item.name] = Progress(WAITING)
            self._waiting[item] = None

    def _forget(self, item: Item) -> None:
        del self._boxes[item[:3]][item.name]
        self._waiting.pop(item, None)
        self._hints.discard(item)
        self._unasked.get(item.host, {}).pop(item, None)

    def progress(self, item: Item) -> Progress | None:
        """Return how far ITEM has come; None if it is not there."""
        return self._boxes.get(item[:3], {}).get(item.name)

    def items(self) -> Iterator[tuple[Item, Progress]]:
        """Yield each item that is there, with how far it has come."""
        for box, known in self._boxes.items():
            for name, progress in known.items():
                yield Item(*box, name), progress

    # -- publishing ---------------------------------------------------------------------------------------------------

    def hub(self, epoch: Epoch) -> bool:
        """Take note of the hub that was found; return whether it is another, so that all must be published again.

        One that was restored from a backup may look the same, so the other hosts are asked about what was sent.
        """
        is_same = epoch.continues(self.epoch)
        self.epoch, self._again_s = epoch, 0.0
        if not is_same:
            self._hints.clear()
            self._unasked.clear()
        for item, progress in self.items():
            if not is_same:
                self._wait(item, progress)
            elif progress.stage in (SENT, THERE):
                self._ask_about(item)
        return not is_same

    def cut_off(self) -> None:
        """Take note that the hub is gone: what was in flight may have reached it or not."""
        for item, progress in self.items():
            if progress.stage == IN_FLIGHT:
                self._wait(item, progress)

    def take(self, now_s: float, most: int) -> list[tuple[Item, str]]:
        """Return up to MOST items to publish now, the oldest first, each with its salt; they are in flight from here.

        NOW_S is in seconds, by a clock that does not jump.
        """
        if now_s < self._again_s:
            return []
        taken: list[tuple[Item, str]] = []
        for item in self._waiting:
            if len(taken) >= most:
                break
            progress = self._at(item)
            if progress.again_s <= now_s:
                progress.stage, progress.boot = IN_FLIGHT, self._boots.get(item.host, "")
                taken.append((item, progress.salt))
        for item, _ in taken:
            del self._waiting[item]
        return taken

    def pause_s(self, now_s: float) -> float | None:
        """Return after how many seconds `take` has an item; None if no item is waiting."""
        if not self._waiting:
            return None
        return max(self._again_s, min(self._at(item).again_s for item in self._waiting)) - now_s

    def published(self, item: Item, seq: int, *, is_repeat: bool) -> bool:
        """Take note that the hub has ITEM under the number SEQ; return whether that is worth a hint.

        IS_REPEAT says that the hub had it before. Then the other host may have taken it long ago, and is asked; so it
        is if it has started again meanwhile, since it may have taken it before.
        """
        self.epoch = Epoch(self.epoch.created, max(seq, self.epoch.last_seq))
        self._failures = 0
        progress = self.progress(item)
        if progress is None:
            return False
        self._hints.add(item)
        if progress.stage == IN_FLIGHT:
            progress.stage, progress.reason, progress.failures = SENT, "", 0
        if is_repeat or progress.boot != self._boots.get(item.host, ""):
            self._ask_about(item)
        return True

    def failed(self, item: Item, reason: str, now_s: float, *, is_full: bool = False) -> None:
        """Take note that the hub did not take ITEM, for a REASON; it is tried again after a while.

        IS_FULL says that it would not take another item, either.
        """
        progress = self.progress(item)
        if progress is None or progress.stage != IN_FLIGHT:
            return
        progress.reason = reason
        if is_full:
            self._again_s = max(self._again_s, now_s + _pause_s(self._failures))
            self._failures = min(self._failures + 1, _MOST_DOUBLED)
        else:
            progress.again_s = now_s + _pause_s(progress.failures)
            progress.failures = min(progress.failures + 1, _MOST_DOUBLED)
        self._wait(item, progress)

    def _wait(self, item: Item, progress: Progress) -> None:
        progress.stage = WAITING
        self._waiting[item] = None

    def _at(self, item: Item) -> Progress:
        return self._boxes[item[:3]][item.name]

    # -- receipts -----------------------------------------------------------------------------------------------------

    def heard(self, host: str, boot: str) -> None:
        """Take note that HOST runs, since the start that BOOT names; after another start it is asked about all."""
        if self._boots.get(host) != boot:
            self._boots[host] = boot
            for item, progress in self.items():
                if item.host == host and progress.stage in (SENT, THERE):
                    self._ask_about(item)

    def _ask_about(self, item: Item) -> None:
        self._unasked.setdefault(item.host, {})[item] = None

    def questions(self, most: int) -> dict[str, list[Item]]:
        """Return up to MOST items to ask each host about. Call `asked` once the hub has the question."""
        return {host: list(islice(items, most)) for host, items in self._unasked.items() if items}

    def asked(self, host: str, items: Iterable[Item]) -> None:
        """Take note that the hub has a question to HOST about ITEMS."""
        for item in items:
            self._unasked.get(host, {}).pop(item, None)

    def receipt(self, receipt: Receipt, boot: str, salt: str) -> bool:
        """Take note of what the item's own host says; return whether it has ended, so that its file is to be moved.

        BOOT names the start in which that host says so. One that has started again does not remember that the item is
        there, and is asked; so it is about an item that waits: the receipt is older than the loss of what came after
        it. SALT is a new one, for an item that is not known there. An item that is not here is
        ignored, and a state that its kind cannot have.
        """
        item, state, _ = receipt
        progress = self.progress(item)
        if progress is None or state not in STATES[item.kind]:
            return False
        if state == THERE:
            if boot != self._boots.get(item.host) or progress.stage == WAITING:
                self._ask_about(item)
            self._waiting.pop(item, None)
            progress.stage, progress.reason = THERE, ""
        elif state == UNKNOWN and progress.stage in (SENT, THERE):
            self._hints.discard(item)
            progress.salt = salt
            self._wait(item, progress)
        return state in ENDED


class Incoming:
    """The mail of other hosts in this host's inboxes, and the receipts that they have not been sent."""

    def __init__(self) -> None:
        self._watched: dict[str, dict[str, str]] = {}
        self._untold: dict[str, dict[Item, Receipt]] = {}

    def watch(self, handle: str, identifier: str, host: str) -> None:
        """Take note that mail from HOST is in `new` of the agent HANDLE."""
        self._watched.setdefault(handle, {})[identifier] = host

    def left(self, handle: str, new: Iterable[str]) -> dict[str, str]:
        """Return the watched messages of HANDLE that are not in NEW any more, each with its host."""
        watched = self._watched.get(handle, {})
        return {identifier: watched[identifier] for identifier in sorted(watched.keys() - set(new))}

    def watching(self) -> list[str]:
        """Return the agents that have unread mail from other hosts."""
        return [handle for handle, ids in self._watched.items() if ids]

    def tell(self, host: str, receipt: Receipt) -> None:
        """Take note of a RECEIPT to be sent to HOST; a later one about the same item takes its place.

        A message whose receipt says that it has ended here is not watched any more.
        """
        if receipt.state != THERE:
            self._watched.get(receipt.item.handle, {}).pop(receipt.item.name, None)
        self._untold.setdefault(host, {})[receipt.item] = receipt

    def untold(self, most: int) -> dict[str, list[Receipt]]:
        """Return up to MOST receipts to send to each host. Call `told` once the hub has them."""
        return {host: list(islice(told.values(), most)) for host, told in self._untold.items() if told}

    def told(self, host: str, receipts: Iterable[Receipt]) -> None:
        """Take note that the hub has these RECEIPTS for HOST; one that has changed meanwhile is still to be sent."""
        waiting = self._untold.get(host, {})
        for receipt in receipts:
            if waiting.get(receipt.item) == receipt:
                del waiting[receipt.item]


def _pause_s(failures: int) -> float:
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**failures)
