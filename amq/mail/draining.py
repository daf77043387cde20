"""Drain mail: hold it, show it, acknowledge it, and only then take it out of `new`."""

from __future__ import annotations

from amq.errors import AmqError, BadMessage, Conflict, Unreadable, why
from amq.mail.drain_order import in_order
from amq.message import Header, parse
from amq.names import SUFFIX, is_safe_name
from amq.record import record, replace
from amq.store import directories, durable, maildir, priority_cache
from amq.store.drain_claim import OFFER_SUFFIX, DrainClaim, claim
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock
from amq.store.remote import read_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Sequence
    from typing import Self

    from amq.mail.account import Account
    from amq.store.offer_record import Offer

    Fits = Callable[["Drained"], bool]
    """A test for room for one more message, which uses that room up."""

BATCH_MESSAGES = 256
BATCH_BYTES = 4 * 1024 * 1024
MOST_NAMED = 3
"""The most unreadable messages that warnings name; the others are only counted."""


@record
class Drained:
    """A message that is being shown: its header and text, or what is wrong with it.

    `redelivered`: a drain that was cut off may have shown it before. `on_its_way`: a hook has given it to the agent's
    CLI, so it may also come to the model's context by itself. `acked`: it asks for an acknowledgement and gets
    one now. A bad one goes `to_dlq`, or is moved aside if it cannot be copied. One that is only `peeked` at stays where
    it is, good or bad.
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
    on_its_way: bool = False


class Drain:
    """Mail held for showing. Iterate over it inside `with`: over messages, or over `batches()` of them.

    A message counts as shown when the next one (the next batch) is asked for, or the `with` block ends without an
    exception. Until then it is in `new`; if this process dies, or the block raises, the next drain shows it again,
    marked `redelivered`. `count` is how many are held, `remaining` how many more were free to take. A message that
    cannot be read is in neither: it stays in `new`, is warned of, and is in `unreadable`.

    The caller shows all messages in `only`, also what another drain holds. Such a message is not in `count`, but
    in `elsewhere`: that drain shows it too, and if it gives it back it is marked.
    """

    def __init__(
        self,
        account: Account,
        limit: int,
        *,
        ack: bool,
        only: Sequence[str] = (),
        skip: Collection[str] = (),
        skip_offered: bool = False,
    ) -> None:
        self._account = account
        self._limit = 0 if only else limit
        self._ack = ack
        self._only = only
        self._skip = skip
        self._skip_offered = skip_offered
        self._hold: DrainClaim | None = None
        self._handed: list[Drained] = []
        self.count = 0
        self.remaining = 0
        self.elsewhere = 0
        self._lost: dict[str, Unreadable] = {}

    @property
    def unreadable(self) -> list[Unreadable]:
        """The messages that cannot be read, each with what to do about it."""
        return list(self._lost.values())

    def __enter__(self) -> Self:
        account = self._account
        if remote := read_remote(account.agent):
            raise Conflict(
                f"{account.me} is {remote.handle} on the host {remote.host}, and its mail is read there",
                hint=f"to see what it waits for: amq why {account.me}",
            )
        wanted = self._only or self._waiting()
        name, now = account.temporary(), account.clock()
        self._hold = claim(
            account.agent, wanted, self._limit, name, now, self._lost,
            skip_offered=self._skip_offered, shows_all=bool(self._only),
        )  # fmt: skip
        self.count, self.remaining = len(self._hold.ids), self._hold.remaining
        self.elsewhere = len(self._hold.elsewhere)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._hold is not None
        try:
            if kind is None:
                self._settle()
                self._hold.release()
        finally:
            self._hold.abandon()
            _warn_of(self._account, self.unreadable)

    def __iter__(self) -> Iterator[Drained]:
        for batch in self._read_batches():
            for item in batch:
                self._settle_when_full()
                self._handed.append(item)
                yield item

    def batches(self, fits: Fits | None = None) -> Iterator[list[Drained]]:
        """Yield the messages in batches of a bounded size, each settled when the next is asked for.

        With `fits`, which accepts at least the first message, yield one batch: those before the first that does not
        fit. The others are released: they stay in `new` unchanged and count as remaining.
        """
        for batch in self._read_fitting(fits) if fits else self._read_batches():
            self._settle()
            self._handed = batch
            yield batch

    def leave_offered(
        self, event: str, session: str, turn: str, history: str, position: int, characters: int = 0
    ) -> Offer:
        """Leave the last batch in `new`, and return an offer of its good messages, of which it has one or more.

        They have been given to an agent's CLI; a receipt will show whether they have been seen. Bad ones wait for a
        drain. The arguments are as in `Offer`. Raises OSError.
        """
        assert self._hold is not None
        from amq.store.offer_record import Offer

        account, ids = self._account, tuple(item.id for item in self._handed if item.header)
        name = account.temporary() + OFFER_SUFFIX
        now_ns = account.clock()
        offer = Offer(
            name, ids, event, session, turn, now_ns, history=history, position=position, characters=characters
        )
        self._hold.leave_offered(offer)
        self._handed = []
        return offer

    def _waiting(self) -> list[str]:
        """Return the ids in `new`, in the order in which to show them. There may be many, and this needs no lock."""
        agent = self._account.agent
        known = priority_cache.load(agent)
        with Directory(agent.inbox_new) as new:
            ids = maildir.entry_ids(new)
            wanted = [each for each in ids if each not in self._skip] if self._skip else ids
            ordered, found = in_order(new, wanted, known, self._lost)
        if self._limit:
            priority_cache.save(agent, known, found, self._account.temporary())
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

    def _read_fitting(self, fits: Fits) -> Iterator[list[Drained]]:
        assert self._hold is not None, "iterate inside `with`"
        held, batch, looked_at = self._hold.ids, list[Drained](), 0
        with Directory(self._account.agent.inbox_new) as new:
            for looked_at, identifier in enumerate(held, 1):
                item = self._read(new, identifier)
                if item is not None and not fits(item):
                    looked_at -= 1
                    break
                batch += [item] if item else []
        if looked_at < len(held):
            self._hold.narrow([item.id for item in batch], self._account.temporary())
            self.count, self.remaining = len(batch), self.remaining + len(held) - looked_at
        if batch:
            yield batch

    def _read(self, new: Directory, identifier: str) -> Drained | None:
        """Return a held message as it is now; None if it cannot be read and stays in `new`, or if another took it."""
        assert self._hold is not None
        try:
            hold = self._hold
            found = _read(new, identifier, again=identifier in hold.redelivered, ack=self._ack)
            return replace(found, on_its_way=True) if identifier in hold.offered else found
        except FileNotFoundError:
            self._hold.unsettled.discard(identifier)
        except Unreadable as error:
            self._lost[identifier] = error
            priority_cache.forget_all(self._account.agent)
        self.count -= 1
        return None

    def leave(self) -> None:
        """Leave the messages of the last batch in `new`: they have not been shown as a whole."""
        self._handed = []

    # -- settling ------------------------------------------------------------------------------------------------------

    def _settle_when_full(self) -> None:
        if len(self._handed) >= BATCH_MESSAGES:
            self._settle()

    def _settle(self) -> None:
        """Acknowledge the messages handed out, which count as shown now, then take them out of `new`, to the disk.

        In this order a crash in between can acknowledge twice, which changes nothing, but can never forget to.
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
                hint="drain again: it shows the mail again, marked as redelivered",
            ) from error
        unsettled.difference_update(set(good).difference(refused))
        twin = BadMessage("another message with this id was shown before", "invalid_header")
        bad = {item.id: item.error for item in shown if item.error is not None} | dict.fromkeys(refused, twin)
        put_away = {identifier: wrong for identifier, wrong in bad.items() if self._put_away(identifier, wrong)}
        unsettled.difference_update(put_away)
        self._write_receipts(shown, put_away)

    def _acknowledge(self, headers: list[Header]) -> None:
        """Acknowledge all at once; on failure one by one, so that one sender's mailbox does not hold up the others."""
        if not headers:
            return
        from amq.store.acks import acknowledge  # only here: few messages ask for it

        account = self._account
        try:
            acknowledge(account.queue, account.me, headers, account.clock(), account.temporary())
        except OSError as error:
            if len(headers) > 1:
                for header in headers:
                    self._acknowledge([header])
                return
            again = f"repeat it: `amq ack --id {headers[0].id}`"
            account.warn(f"acknowledging failed ({why(error)}); {again}")

    def _write_receipts(self, shown: list[Drained], put_away: dict[str, BadMessage]) -> None:
        """Say what has become of SHOWN, in a queue that the Go program uses: it waits for that.

        PUT_AWAY has those that became dead letters, and why.
        """
        account = self._account
        senders = {item.header.sender for item in shown if item.header is not None}
        try:
            if not any(directories.exists(account.queue.agent(each).receipts) for each in (account.me, *senders)):
                return
            from amq.store import drain_receipts

            told = [
                (item.id, item.header, put_away.get(item.id))
                for item in shown
                if item.id in put_away or item.header is not None
            ]
            drain_receipts.write(account.agent, account.me, told, account.clock(), account.temporary())
        except OSError as error:
            account.warn_once(f"a receipt for the Go program was not written: {why(error)}")

    def _take(self, ids: list[str]) -> list[str]:
        """Move IDS from `new` to `cur`; return those for which `cur` already has another message."""
        if not ids:
            return []
        agent = self._account.agent
        refused, gone = [], []
        with mailbox_lock(agent), Directory(agent.inbox_new) as new, Directory(agent.inbox_cur) as cur:
            for identifier in ids:
                try:
                    if not durable.move_exclusive(new, identifier + SUFFIX, cur):
                        gone.append(identifier)
                except FileExistsError:
                    refused.append(identifier)
            durable.sync(cur)
            durable.sync(new)
        if gone and not self._only:
            self._account.warn(
                f"another program took {len(gone)} of these messages while they were shown here ({gone[0]}): "
                "it may have shown them, too"
            )
        return refused

    def _put_away(self, identifier: str, error: BadMessage) -> bool:
        """Move a bad message out of `new` and return whether that worked; if not, the next drain tries again."""
        from amq.store import dlq_write  # only here: few files are bad

        account = self._account
        try:
            dlq_write.to_dead_letter(account.agent, identifier, error, account.temporary(), account.clock())
        except OSError as failure:
            account.warn(f"{identifier} could not be moved to the dead letters: {why(failure)}")
            return False
        return True


def glance(account: Account, limit: int, skip: Container[str], fits: Fits | None) -> tuple[list[Drained], int]:
    """Return the messages that a drain would show, and the number of others, without moving any (`Mailbox.glance`)."""
    items, lost, looked_at = list[Drained](), dict[str, Unreadable](), 0
    with Directory(account.agent.inbox_new) as new:
        present = [identifier for identifier in maildir.entry_ids(new) if identifier not in skip]
        ordered = in_order(new, present, priority_cache.load(account.agent), lost)[0]
        for looked_at, identifier in enumerate(ordered[: limit or None], 1):
            item = _glance(new, identifier, lost)
            if item is not None and fits is not None and not fits(item):
                looked_at -= 1
                break
            items += [item] if item else []
    _warn_of(account, list(lost.values()))
    return items, len(ordered) - looked_at


def _glance(new: Directory, identifier: str, lost: dict[str, Unreadable]) -> Drained | None:
    try:
        item = _read(new, identifier, again=False, ack=False)
    except FileNotFoundError:
        return None
    except Unreadable as error:
        lost[identifier] = error
        return None
    return replace(item, to_dlq=False, peeked=True)


def _warn_of(account: Account, unreadable: Sequence[Unreadable]) -> None:
    """Warn of messages that cannot be read, with what to do; every look does so, but one process warns once."""
    for error in unreadable[:MOST_NAMED]:
        account.warn_once(f"{error.message}, and stays in new; {error.hint}")
    if len(unreadable) > MOST_NAMED:
        account.warn_once(f"{len(unreadable) - MOST_NAMED} more messages cannot be read, and stay in new")


def _read(new: Directory, identifier: str, *, again: bool, ack: bool) -> Drained:
    """Return a message, good or bad. Raises Unreadable, or FileNotFoundError if it has gone."""
    try:
        return _open(new, identifier, again=again, ack=ack)
    except FileNotFoundError:
        raise
    except OSError as error:  # the system failed; the message may be good
        raise maildir.unreadable(new, identifier, error) from error


def _open(new: Directory, identifier: str, *, again: bool, ack: bool) -> Drained:
    data = None
    try:
        data = maildir.read_whole(new, identifier)
        message = parse(data, identifier)
    except BadMessage as error:
        # as `to_dead_letter` decides, which reads the file once more, under the lock
        to_dlq = data is not None and is_safe_name(identifier)
        return Drained(identifier, None, "", 0, again, acked=False, error=error, to_dlq=to_dlq)
    acked = ack and message.header.ack_required
    return Drained(identifier, message.header, message.text, len(message.body), again, acked)
