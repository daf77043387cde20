"""Draining: mail is held, shown, acknowledged, and only then taken out of `new`."""

from __future__ import annotations

from amq.errors import AmqError, BadMessage, why
from amq.message import Header
from amq.names import SUFFIX
from amq.order import in_order
from amq.record import record, replace
from amq.store import calm, deadletter, durable, maildir
from amq.store.acks import acknowledge
from amq.store.drain import Hold, hold
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence
    from typing import Self

    from amq.account import Account

BATCH_MESSAGES = 256
BATCH_BYTES = 4 * 1024 * 1024


@record
class Drained:
    """A message that is being shown: its header and text, or what is wrong with it.

    `redelivered`: a drain that was cut off may have shown it before. `acked`: it asks for an acknowledgement and gets
    one now. A bad one goes `to_dlq`, or if it can not be copied it is moved aside. One that is only `peeked` at stays
    where it is, good or bad.
    """

    id: str
    header: Header | None
    text: str
    size: int
    redelivered: bool
    acked: bool
    error: BadMessage | None = None
    to_dlq: bool = False
    peeked: bool = False


class Drain:
    """Mail held for showing. Iterate over it inside `with`: over messages, or over `batches()` of them.

    A message counts as shown when the next one (the next batch) is asked for, or the `with` block ends without an
    exception. Until then it is in `new`; if this process dies, or the block raises, it is shown again by the next
    drain, marked `redelivered`. `count` is how many are held, `remaining` how many more were free to take.
    """

    def __init__(self, account: Account, limit: int, *, ack: bool, only: Sequence[str]) -> None:
        self._account = account
        self._limit = 0 if only else limit
        self._ack = ack
        self._only = only
        self._hold: Hold | None = None
        self._handed: list[Drained] = []
        self.count = 0
        self.remaining = 0

    def __enter__(self) -> Self:
        account = self._account
        wanted = self._only or self._waiting()
        self._hold = hold(account.agent, wanted, self._limit, account.temporary(), account.clock())
        self.count, self.remaining = len(self._hold.ids), self._hold.remaining
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._hold is not None
        try:
            if kind is None:
                self._settle()
                self._hold.release()
        finally:
            self._hold.abandon()

    def __iter__(self) -> Iterator[Drained]:
        for batch in self._read_batches():
            for item in batch:
                self._settle_when_full()
                self._handed.append(item)
                yield item

    def batches(self) -> Iterator[list[Drained]]:
        """The messages in batches of a bounded size, each settled when the next is asked for."""
        for batch in self._read_batches():
            self._settle()
            self._handed = batch
            yield batch

    def _waiting(self) -> list[str]:
        """What is in `new`, in the order in which it is to be shown. It may be much, and needs no lock."""
        agent = self._account.agent
        known = calm.known(agent)
        with Directory(agent.inbox_new) as new:
            ordered, found = in_order(new, maildir.entry_ids(new), known)
        if self._limit:
            calm.keep(agent, known, found, self._account.temporary())
        return ordered

    # -- showing -------------------------------------------------------------------------------------------------------

    def _read_batches(self) -> Iterator[list[Drained]]:
        assert self._hold is not None, "iterate inside `with`"
        batch: list[Drained] = []
        size = 0
        with Directory(self._account.agent.inbox_new) as new:
            for identifier in self._hold.ids:
                item = self._read(new, identifier)
                if item is None:
                    continue
                batch.append(item)
                size += item.size
                if len(batch) >= BATCH_MESSAGES or size >= BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
                    self._hold.touch()
        if batch:
            yield batch

    def _read(self, new: Directory, identifier: str) -> Drained | None:
        """A held message as it is now; None if there is nothing to show: it stays in `new`, or another has taken it."""
        assert self._hold is not None
        again = identifier in self._hold.redelivered
        try:
            return _read(new, identifier, again=again, ack=self._ack, warn=self._account.warn)
        except FileNotFoundError:
            self._hold.unsettled.discard(identifier)
            return None

    # -- settling ------------------------------------------------------------------------------------------------------

    def _settle_when_full(self) -> None:
        if len(self._handed) >= BATCH_MESSAGES:
            self._settle()

    def _settle(self) -> None:
        """What was handed out has been shown: acknowledge it, then take it out of `new`, to the disk.

        In this order a crash in between can acknowledge twice, which changes nothing, and never forgets to.
        """
        assert self._hold is not None
        shown, self._handed = self._handed, []
        unsettled = self._hold.unsettled
        unsettled.update(item.id for item in shown)
        self._acknowledge([item.header for item in shown if item.acked and item.header is not None])
        good = [item.id for item in shown if item.header is not None]
        try:
            refused = self._take(good)
        except OSError as error:
            raise AmqError(
                f"mail was shown but could not be moved out of new: {why(error)}",
                hint="the next drain shows it again, marked as redelivered",
            ) from error
        unsettled.difference_update(set(good).difference(refused))
        twin = BadMessage("another message with this id was shown before", "invalid_header")
        bad = [(item.id, item.error) for item in shown if item.error is not None]
        for identifier, wrong in (*bad, *((identifier, twin) for identifier in refused)):
            if self._put_away(identifier, wrong):
                unsettled.discard(identifier)

    def _acknowledge(self, headers: list[Header]) -> None:
        """All at once; where that fails one by one, so that a sender who can not be told keeps nobody else waiting."""
        if not headers:
            return
        account = self._account
        try:
            acknowledge(account.queue, account.me, headers, account.clock(), account.temporary())
        except OSError as error:
            if len(headers) > 1:
                for header in headers:
                    self._acknowledge([header])
                return
            again = f"`amq ack --id {headers[0].id}` repeats it"
            account.warn(f"acknowledging failed ({why(error)}); {again}")

    def _take(self, ids: list[str]) -> list[str]:
        """Move IDS from `new` to `cur`; those of which `cur` has another message already."""
        if not ids:
            return []
        agent = self._account.agent
        refused = []
        with mailbox_lock(agent), Directory(agent.inbox_new) as new, Directory(agent.inbox_cur) as cur:
            for identifier in ids:
                try:
                    durable.take(new, identifier + SUFFIX, cur)
                except FileExistsError:
                    refused.append(identifier)
            durable.sync(cur)
            durable.sync(new)
        return refused

    def _put_away(self, identifier: str, error: BadMessage) -> bool:
        """Whether the message is out of `new`; if not, the next drain tries again."""
        account = self._account
        try:
            deadletter.put_away(account.agent, identifier, error, account.temporary(), account.clock())
        except OSError as failure:
            account.warn(f"{identifier} could not be put away: {why(failure)}")
            return False
        return True


def glance(account: Account, limit: int, skip: Container[str]) -> tuple[list[Drained], int]:
    """See `Mailbox.glance`."""
    with Directory(account.agent.inbox_new) as new:
        present = [identifier for identifier in maildir.entry_ids(new) if identifier not in skip]
        chosen = in_order(new, present, calm.known(account.agent))[0][: limit or None]
        items = [_glance(new, identifier, account.warn) for identifier in chosen]
    return [item for item in items if item], len(present) - len(chosen)


def _glance(new: Directory, identifier: str, warn: Callable[[str], None]) -> Drained | None:
    try:
        item = _read(new, identifier, again=False, ack=False, warn=warn)
    except FileNotFoundError:
        return None
    return item and replace(item, to_dlq=False, peeked=True)


def _read(new: Directory, identifier: str, *, again: bool, ack: bool, warn: Callable[[str], None]) -> Drained | None:
    """A message, good or bad; None if it can not be read at the moment. Raises FileNotFoundError if it has gone."""
    try:
        return _open(new, identifier, again=again, ack=ack)
    except FileNotFoundError:
        raise
    except PermissionError as error:
        unreadable = BadMessage(f"can not be read: {why(error)}", "parse_error")
        return Drained(identifier, None, "", 0, again, acked=False, error=unreadable)
    except OSError as error:  # the system's trouble, not the message's
        warn(f"{identifier} can not be read now, and stays in new: {why(error)}")
        return None


def _open(new: Directory, identifier: str, *, again: bool, ack: bool) -> Drained:
    try:
        message = maildir.open_message(new, identifier)
    except BadMessage as error:
        copyable = deadletter.original(new, identifier) is not None
        return Drained(identifier, None, "", 0, again, acked=False, error=error, to_dlq=copyable)
    acked = ack and message.header.ack_required
    return Drained(identifier, message.header, message.text, len(message.body), again, acked)
