"""The record of a drain: the messages that it alone may show.

Mail stays in `new` until it has been shown. A drain first writes the names it is going to show into a record, whose
lock it keeps while it lives. Names in a locked record belong to that drain; names in an unlocked record were perhaps
shown by a drain that died, so they are shown again, and marked. A drain without progress for a minute (its reader is
stuck) loses its names to the next one, which marks them too.

A hold can also end as an offer (`offer_record`): the messages stay in `new` until the model has shown that it got them.
No second offer holds them meanwhile, but a drain does.
"""

from __future__ import annotations

import os

from amq import jsontext
from amq.instants import SECOND_NS
from amq.store import durable, maildir
from amq.store.durable import Directory
from amq.store.locks import mailbox_lock, open_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from amq.layout import AgentLayout
    from amq.store.offer_record import Offer

STUCK_AFTER_NS = 60 * SECOND_NS
OFFER_SUFFIX = "_offer"
"""The end of the name of an offer's record. Most mailboxes have none, so what reads it is imported where one is."""
_MAX_RECORD = 64 * 1024 * 1024


class DrainClaim:
    """The messages that one drain may show, until it releases them or its process dies.

    `redelivered` are those that an earlier drain may have shown, `offered` those in an open offer. `unsettled` are
    those that may have been shown (by an earlier drain or this) and may still be in `new`; the caller adds and removes
    them. `elsewhere` are wanted ones that another drain holds, and that the caller shows too.
    """

    elsewhere: frozenset[str] = frozenset()

    def __init__(
        self, agent: AgentLayout, ids: list[str], suspects: set[str], remaining: int, offered: Collection[str] = ()
    ) -> None:
        self.agent = agent
        self.ids = ids
        self.redelivered = suspects.intersection(ids)
        self.offered = frozenset(offered).intersection(ids)
        self.unsettled = set(self.redelivered)
        self.remaining = remaining
        self._record: tuple[str, int] | None = None

    def touch(self) -> None:
        """Report progress: this drain does not count as stuck for another minute."""
        if self._record:
            with Directory(self.agent.drains) as drains:
                durable.syscalls.touch(drains, self._record[0])

    def release(self) -> None:
        """Give the names up: mail still in `new` may be shown by any drain, and unmarked unless it is unsettled."""
        if self._record and not self.unsettled:
            name, _ = self._record
            with Directory(self.agent.drains) as drains:
                durable.discard(drains, name)
        self.abandon()

    def abandon(self) -> None:
        """Leave the record as a dead drain would: mail still in `new` will be shown again, marked."""
        if self._record:
            durable.close(self._record[1])
            self._record = None

    def narrow(self, ids: list[str], name: str) -> None:
        """Hold only IDS; any drain may show the others, marked if unsettled.

        NAME is free for another record, which replaces the first. Raises OSError, and then everything is still held.
        """
        before = self._record, self.ids, self.unsettled
        left = self.unsettled.difference(ids)
        with mailbox_lock(self.agent), Directory(self.agent.drains) as drains:
            try:
                if left:
                    durable.close(self._write(drains, f"{name}_left", {"ids": sorted(left)}))
                self.ids, self.unsettled = ids, self.unsettled - left
                self.keep(drains, name)
            except BaseException:
                self._record, self.ids, self.unsettled = before
                raise
            if before[0]:
                durable.discard(drains, before[0][0])
                durable.close(before[0][1])

    def keep(self, drains: Directory, name: str) -> None:
        """Write the record, to the disk, before anything is shown; raises OSError, and then nothing is held."""
        self._record = name, self._write(drains, name, {"ids": self.ids})
        try:
            durable.sync(drains)
        except BaseException:
            durable.discard(drains, name)
            self.abandon()
            raise

    def note_elsewhere(self, drains: Directory, ids: frozenset[str], name: str) -> None:
        """Record IDS as shown, to the disk, as a dead drain would: if the drain that holds them gives them back, they
        are marked.

        NAME is free for the record. Raises OSError.
        """
        durable.close(self._write(drains, f"{name}_shown", {"ids": sorted(ids)}))
        durable.sync(drains)
        self.elsewhere = ids

    def leave_offered(self, offer: Offer) -> None:
        """End the hold by OFFER, to the disk: its messages stay in `new`, and no other offer gets them.

        Raises OSError, and then everything is still held.
        """
        from amq.store.offer_record import wire

        with mailbox_lock(self.agent), Directory(self.agent.drains) as drains:
            durable.close(self._write(drains, offer.name, wire(offer)))
            durable.sync(drains)
            self.unsettled.difference_update(offer.ids)
        self.release()

    def _write(self, drains: Directory, name: str, fields: dict[str, object]) -> int:
        """Write a record and return its locked descriptor.

        In another user's mailbox it is published only once that user owns it, because that user's drains open every
        record.
        """
        record = jsontext.render({"pid": os.getpid(), **fields}, indent=None).encode("utf-8", "surrogateescape")
        if drains.owner is None:
            return durable.write_new(drains, name, record)
        with Directory(self.agent.inbox_tmp) as tmp:
            fd = durable.write_new(tmp, name, record)
            try:
                durable.syscalls.replace(tmp, name, drains, name)
            except BaseException:
                durable.discard(tmp, name)
                durable.close(fd)
                raise
            return fd


def claim(
    agent: AgentLayout,
    wanted: Sequence[str],
    limit: int,
    name: str,
    now: int,
    unreadable: Collection[str] = (),
    *,
    skip_offered: bool = False,
    shows_all: bool = False,
) -> DrainClaim:
    """Hold the first LIMIT (0: all) of the messages WANTED that are still in `new` and not held by a live drain.

    NAME is free for the record; NOW is in nanoseconds since the epoch. The ids UNREADABLE do not count as remaining;
    with `skip_offered` neither do those in an open offer, which are not held then. With `shows_all` the caller shows
    all of WANTED, also what a live drain holds. No message is opened here: all others wait for the lock meanwhile.
    """
    opened: list[int] = []
    with mailbox_lock(agent), open_state(agent, agent.drains) as drains, _Closing(opened):
        others = [_Other(drains, found, opened) for found, inode in durable.entries(drains).items() if inode]
        held = {identifier for other in others if other.holds(now) for identifier in other.ids}
        suspects = {identifier for other in others if other.is_cut_off(now) for identifier in other.ids} - held
        offered = {identifier for other in others if other.offer for identifier in other.ids}
        present = _present(agent)
        free = present.difference(held, unreadable, offered if skip_offered else ())
        ids = [identifier for identifier in wanted if identifier in free][: limit or None]
        result = DrainClaim(agent, ids, suspects, len(free) - len(ids), offered)
        if shows_all and (elsewhere := present.intersection(held, wanted)):
            result.note_elsewhere(drains, frozenset(elsewhere), name)
        if ids:
            result.keep(drains, name)
        _forget_dead(drains, others, (suspects & present).difference(ids), offered & present)
        return result


def _present(agent: AgentLayout) -> set[str]:
    with Directory(agent.inbox_new) as new:
        return set(maildir.entry_ids(new))


def _forget_dead(drains: Directory, others: list[_Other], unsettled: set[str], offered: set[str]) -> None:
    """Remove the records of dead drains and of offers, except those whose messages still wait: to be shown again, or
    for a receipt.
    """
    for other in others:
        waiting = offered if other.offer else unsettled
        if other.dead and not waiting.intersection(other.ids):
            durable.discard(drains, other.name)


class _Closing:
    """A `with` block behind which the descriptors FDS are closed. `contextlib` would cost a drain 0.07 of `pass`."""

    def __init__(self, fds: list[int]) -> None:
        self._fds = fds

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        for fd in self._fds:
            durable.close(fd)


class _Other:
    """Another drain's record: its ids, and whether that drain lives; or the record of an open `offer`.

    Its descriptor, which keeps the lock of a dead drain's record, is added to OPENED.
    """

    def __init__(self, drains: Directory, name: str, opened: list[int]) -> None:
        self.name = name
        self.ids: list[str] = []
        self.offer: Offer | None = None
        self.dead = False
        self._touched = 0
        try:
            fd = durable.syscalls.open(drains, name, os.O_RDWR)
        except FileNotFoundError:  # it ended between the scan and now
            return
        opened.append(fd)
        self.dead = durable.syscalls.lock(fd)
        found = durable.syscalls.stat(fd)
        self._touched = found.st_mtime_ns
        data = durable.read_all(fd, min(found.st_size, _MAX_RECORD))
        self.ids = _ids(data)
        if name.endswith(OFFER_SUFFIX):
            from amq.store.offer_record import parse

            self.offer = parse(name, data)

    def holds(self, now: int) -> bool:
        """Return whether its messages are its own to show."""
        return not self.dead and not self.offer and now - self._touched < STUCK_AFTER_NS

    def is_cut_off(self, now: int) -> bool:
        """Return whether it may have shown its messages before it died or got stuck."""
        return not self.offer and not self.holds(now)


def _ids(record: bytes) -> list[str]:
    """Return the ids in a record; none if its writing was cut off, for then nothing was shown."""
    try:
        ids = jsontext.parse(record.decode("utf-8", "surrogateescape"))["ids"]
    except (ValueError, TypeError, KeyError):
        return []
    return [identifier for identifier in ids if type(identifier) is str] if type(ids) is list else []
