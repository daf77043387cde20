"""List an inbox: all of it in order, or only as far as the reader asks."""

from __future__ import annotations

from itertools import filterfalse, groupby

from amq.instants import format_compact
from amq.names import INSTANT_LENGTH, SUFFIX, are_dated, dated_name, is_message_name
from amq.store import durable, maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

    from amq.layout import AgentLayout
    from amq.store.maildir import Found

BOXES = ("new", "cur")
MANY = 1000
"""The messages from which on a heap pays, if only the first are wanted."""
_CUT = -len(SUFFIX)


def listed(agent: AgentLayout, boxes: Sequence[str] = BOXES) -> list[Found]:
    """Return the messages in BOXES, oldest first, ties by id."""
    with _Inbox(agent, boxes) as inbox:
        return sorted(filter(None, map(inbox.look, inbox.messages())), key=_order)


def oldest(agent: AgentLayout, boxes: Sequence[str] = BOXES) -> Iterator[Found]:
    """Yield the messages in BOXES, oldest first, opening each only when it is asked for.

    A message whose name does not have the usual time stamp is opened at once, for its time.
    """
    with _Inbox(agent, boxes) as inbox:
        looked_up: dict[str, str] = {}
        names = inbox.names
        if not are_dated(names):
            names = inbox.messages()
            looked_up = {name: _instant(inbox, name) for name in _undated(names)}

        def when(name: str) -> str:
            return looked_up.get(name, name)[:INSTANT_LENGTH]

        # whole names sort in the same order as their time stamps, in half the time
        ordered = sorted(names, key=when) if looked_up else _in_order(names)
        for _, together in groupby(ordered, key=when):
            yield from sorted(filter(None, map(inbox.look, together)), key=_order)


def _in_order(names: list[str]) -> Iterable[str]:
    """Return NAMES in order; the first of many come without a sort of all."""
    if len(names) <= MANY:
        return sorted(names)
    from heapq import heapify, heappop  # only here: most boxes are small

    left = names.copy()
    heapify(left)
    return (heappop(left) for _ in names)


def newest(agent: AgentLayout) -> Found | None:
    """Return the newest message of the inbox that can be read, by the order of `listed`; None if there is none.

    Of the messages whose names carry the time it opens only the last one.
    """
    with _Inbox(agent, BOXES) as inbox:
        names = inbox.messages()
        others = _undated(names)
        named = (inbox.look(each) for each in sorted(set(names).difference(others), reverse=True))
        last = next((each for each in named if each and each.header), None)
        found = [each for each in (last, *map(inbox.look, others)) if each and each.header]
        return max(found, key=_order, default=None)


def _undated(names: Sequence[str]) -> list[str]:
    """Return those of the file NAMES that do not begin with a time stamp in the usual form."""
    return list(filterfalse(dated_name(), names))


def _order(entry: Found) -> tuple[int, str]:
    """Return the sort key of a message; bad ones come first, so that they are put away soon."""
    return (entry.header.created_ns if entry.header else 0, entry.id)


def _instant(inbox: _Inbox, name: str) -> str:
    """Return the millisecond a message was made in, in the form that begins a usual id."""
    found = inbox.look(name)
    return format_compact(found.header.created_ns) if found and found.header else ""


class _Inbox:
    """The `names` of the files in some boxes of an inbox at one instant; a context manager.

    Mail moves from `new` to `cur`: looking in this order finds each message at least once, and one found twice is in
    `cur`.
    """

    def __init__(self, agent: AgentLayout, boxes: Sequence[str]) -> None:
        self._paths = [agent.inbox_new if box == "new" else agent.inbox_cur for box in BOXES if box in boxes]
        self._directories: list[Directory] = []

    def __enter__(self) -> Self:
        try:
            for path in self._paths:
                self._directories.append(Directory(path))
            self.names, *later = map(durable.names, self._directories)
        except BaseException:
            self.__exit__()
            raise
        self._in_last: frozenset[str] = frozenset(*later)
        if self._in_last:
            self.names = [*(each for each in self.names if each not in self._in_last), *self._in_last]
        return self

    def __exit__(self, *_: object) -> None:
        for directory in self._directories:
            directory.close()

    def messages(self) -> list[str]:
        """Return the names that are those of messages."""
        return list(filter(is_message_name, self.names))

    def look(self, name: str) -> Found | None:
        """Return one message; None if it has gone, or is not a regular file."""
        directory = self._directories[-1 if name in self._in_last else 0]
        found = maildir.look(directory, name[:_CUT])
        return found if found and (found.header or durable.is_regular(directory, name)) else None
