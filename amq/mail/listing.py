"""List an inbox: all of it in order, or only as far as the reader asks."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import groupby

from amq.instants import format_compact
from amq.names import INSTANT_LENGTH, undated
from amq.store import maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amq.layout import AgentLayout
    from amq.store.maildir import Found

BOXES = ("new", "cur")


def listed(agent: AgentLayout, boxes: Sequence[str] = BOXES) -> list[Found]:
    """Return the messages in BOXES, oldest first, ties by id."""
    with ExitStack() as opened:
        inbox = _Inbox(agent, boxes, opened)
        return sorted(filter(None, map(inbox.look, inbox.ids)), key=_order)


def oldest(agent: AgentLayout, boxes: Sequence[str] = BOXES) -> Iterator[Found]:
    """Yield the messages in BOXES, oldest first, opening each only when it is asked for.

    A message whose name does not have the usual time stamp is opened at once, for its time.
    """
    with ExitStack() as opened:
        inbox = _Inbox(agent, boxes, opened)
        looked_up = {identifier: _instant(inbox, identifier) for identifier in undated(inbox.ids)}

        def when(identifier: str) -> str:
            return looked_up.get(identifier, identifier)[:INSTANT_LENGTH]

        # whole ids sort in the same order as their time stamps, in half the time
        ordered = sorted(inbox.ids, key=when) if looked_up else sorted(inbox.ids)
        for _, together in groupby(ordered, key=when):
            yield from sorted(filter(None, map(inbox.look, together)), key=_order)


def newest(agent: AgentLayout) -> Found | None:
    """Return the newest message of the inbox that can be read, by the order of `listed`; None if there is none.

    Of the messages whose names carry the time it opens only the last one.
    """
    with ExitStack() as opened:
        inbox = _Inbox(agent, BOXES, opened)
        others = undated(inbox.ids)
        named = (inbox.look(each) for each in sorted(set(inbox.ids).difference(others), reverse=True))
        last = next((each for each in named if each and each.header), None)
        found = [each for each in (last, *map(inbox.look, others)) if each and each.header]
        return max(found, key=_order, default=None)


def _order(entry: Found) -> tuple[int, str]:
    """Return the sort key of a message; bad ones come first, so that they are put away soon."""
    return (entry.header.created_ns if entry.header else 0, entry.id)


def _instant(inbox: _Inbox, identifier: str) -> str:
    """Return the millisecond a message was made in, in the form that begins a usual id."""
    found = inbox.look(identifier)
    return format_compact(found.header.created_ns) if found and found.header else ""


class _Inbox:
    """The contents of some boxes of an inbox at one instant.

    Mail moves from `new` to `cur`: looking in this order finds each message at least once, and one found twice is in
    `cur`.
    """

    def __init__(self, agent: AgentLayout, boxes: Sequence[str], opened: ExitStack) -> None:
        self._directories = {
            box: opened.enter_context(Directory(agent.inbox_new if box == "new" else agent.inbox_cur))
            for box in BOXES
            if box in boxes
        }
        self.ids: dict[str, str] = {}
        for box, directory in self._directories.items():
            self.ids.update(dict.fromkeys(maildir.message_ids(directory), box))

    def look(self, identifier: str) -> Found | None:
        """Return one message; None if it has gone."""
        return maildir.look(self._directories[self.ids[identifier]], identifier)
