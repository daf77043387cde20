"""The order of the steps by which mail and receipts pass between this host and the others. Pure.

Each function is a generator: it yields a step, and is sent what came of it. The bridge takes the steps on files and on
the hub. A test takes them in a world without time, and stops anywhere between two of them.

    publish      Read -> Publish -> Note                    the hint comes after the hub has it
    mail         Deliver -> Taken, then a receipt           the hub forgets it after the disk has it
    acknowledged KeepAck -> Taken, then a receipt
    talk         Settle -> Find -> Send -> Taken            likewise, and after it has the answer to each question

Whatever ends between two steps, the hub delivers again or the sender asks, and each step is the same when repeated.
"""

from __future__ import annotations

from typing import NamedTuple

from amq.bridge.ledger import (
    DRAINED,
    MAIL,
    THERE,
    UNKNOWN,
    Incoming,
    Item,
    Outgoing,
    Receipt,
)
from amq.names import is_handle, is_safe_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

    Steps = Generator["Step", Any, None]

BUSY = "busy"
"""The outcome of a step that this host cannot take now: the hub is to deliver again, later."""
MOST_AT_ONCE = 500
"""The most receipts or questions in one message."""


class Read(NamedTuple):
    """Return what to publish of an item of this host's: bytes; None if its file is gone; or `Failed`."""

    item: Item


class Publish(NamedTuple):
    """Publish DATA as an item of this host's; return a `Published` or a `Failed`."""

    item: Item
    salt: str
    data: bytes


class Published(NamedTuple):
    """The hub has it, under the number SEQ. IS_REPEAT: and had it before."""

    seq: int
    is_repeat: bool = False


class Failed(NamedTuple):
    """The hub does not have it, for a REASON. IS_FULL: it would not take anything else, either."""

    reason: str
    is_full: bool = False


class Note(NamedTuple):
    """Keep a hint that an item has been published under the number SEQ. It may be lost."""

    item: Item
    seq: int


class Deliver(NamedTuple):
    """Put another host's message, DATA, into the inbox of an agent here, once; return a state and a reason.

    The state is THERE, DRAINED, REFUSED or BUSY.
    """

    item: Item
    data: bytes


class KeepAck(NamedTuple):
    """Keep another host's acknowledgement, DATA, for an agent here; return CONFIRMED, or BUSY, and a reason."""

    item: Item
    data: bytes


class Find(NamedTuple):
    """Return for each of another host's ITEMS its state here and a reason.

    The state is THERE, DRAINED, REFUSED, CONFIRMED or UNKNOWN.
    """

    items: Sequence[Item]


class Settle(NamedTuple):
    """File this host's items that have ended, as their receipts say; return whether that could be done."""

    receipts: Sequence[Receipt]


class Send(NamedTuple):
    """Send questions and receipts to HOST; return whether the hub has them."""

    host: str
    questions: Sequence[Item]
    receipts: Sequence[Receipt]


class Taken(NamedTuple):
    """Take the message that is being handled off the hub."""


class Later(NamedTuple):
    """Let the hub deliver the message again after a while, for a REASON to be shown."""

    reason: str


Step = Read | Publish | Note | Deliver | KeepAck | Find | Settle | Send | Taken | Later


class Exchange:
    """The steps between this host, named HOST, and the others. RANDOM returns a word that was not used before."""

    def __init__(self, host: str, outgoing: Outgoing, random: Callable[[], str]) -> None:
        self.host = host
        self.outgoing = outgoing
        self.incoming = Incoming()
        self.boot = random()
        self._random = random

    def publish(self, item: Item, salt: str, clock: Callable[[], float]) -> Steps:
        """Publish an item that was taken from `outgoing`. CLOCK returns seconds."""
        data = yield Read(item)
        if isinstance(data, Failed):
            self.outgoing.failed(item, data.reason, clock())
        elif data is None:
            self.outgoing.gone(item)
        else:
            came = yield Publish(item, salt, data)
            if isinstance(came, Failed):
                self.outgoing.failed(item, came.reason, clock(), is_full=came.is_full)
            elif self.outgoing.published(item, came.seq, is_repeat=came.is_repeat):
                yield Note(item, came.seq)

    def mail(self, item: Item, data: bytes) -> Steps:
        """Take a message of another host for an agent here: ITEM names both."""
        state, reason = yield Deliver(item, data)
        yield from self._answer(item, state, reason)

    def acknowledged(self, item: Item, data: bytes) -> Steps:
        """Take an acknowledgement of another host's agent for an agent here: ITEM names both."""
        state, reason = yield KeepAck(item, data)
        yield from self._answer(item, state, reason)

    def _answer(self, item: Item, state: str, reason: str) -> Steps:
        if state == BUSY:
            yield Later(reason)
            return
        self._take_note(item, state, reason)
        yield Taken()

    def _take_note(self, item: Item, state: str, reason: str) -> None:
        if state == THERE:
            self.incoming.watch(item.handle, item.name, item.host)
        self.incoming.tell(item.host, Receipt(item, state, reason))

    def talk(self, host: str, boot: str, receipts: Sequence[Receipt], questions: Sequence[Item]) -> Steps:
        """Take what HOST, since its start BOOT, says of this host's items, and answer what it asks about its own.

        What it says of other items is ignored.
        """
        ended = [
            receipt
            for receipt in receipts
            if receipt.item.host == host and self.outgoing.receipt(receipt, boot, self._random())
        ]
        if ended and not (yield Settle(ended)):
            yield Later("mail that has ended there cannot be filed here")
            return
        for receipt in ended:
            self.outgoing.gone(receipt.item)
        asked = [item for item in questions if item.host == host and is_handle(item.handle) and is_safe_name(item.name)]
        answers = []
        for item, (state, reason) in zip(asked, (yield Find(asked)) if asked else (), strict=True):
            if state == THERE:
                self.incoming.watch(item.handle, item.name, host)
            answers.append(Receipt(item, state, reason))
        if answers and not (yield Send(host, (), answers)):
            yield Later("the answer did not reach the hub")
            return
        yield Taken()

    def inbox(self, handle: str, new: Sequence[str]) -> Steps:
        """Take note of the messages NEW in the inbox of an agent here, and find out what has become of the others."""
        left = [Item(MAIL, host, handle, identifier) for identifier, host in self.incoming.left(handle, new).items()]
        for at in range(0, len(left), MOST_AT_ONCE):
            items = left[at : at + MOST_AT_ONCE]
            for item, (state, reason) in zip(items, (yield Find(items)), strict=True):
                if state != THERE:  # taken out of the mailbox altogether, it has been seen, too
                    self.incoming.tell(item.host, Receipt(item, DRAINED if state == UNKNOWN else state, reason))

    def speak(self) -> Steps:
        """Send the receipts and the questions that wait."""
        questions, receipts = self.outgoing.questions(MOST_AT_ONCE), self.incoming.untold(MOST_AT_ONCE)
        for host in {**questions, **receipts}:
            asked, told = questions.get(host, []), receipts.get(host, [])
            if (yield Send(host, asked, told)):
                self.outgoing.asked(host, asked)
                self.incoming.told(host, told)

    def connected(self, *, is_other_hub: bool) -> None:
        """Take note that the hub is there; one that has forgotten has also forgotten receipts of this host.

        So this host then counts as started again, and the others ask.
        """
        if is_other_hub:
            self.boot = self._random()
