"""Looking into an inbox: whole and in order, or only as far as somebody reads."""

from __future__ import annotations

import os
from contextlib import ExitStack
from itertools import groupby

from amq.errors import BadMessage
from amq.instants import format_compact
from amq.message import Header
from amq.names import SUFFIX, canonical_instant
from amq.record import record
from amq.store import maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amq.layout import AgentLayout

BOXES = ("new", "cur")


@record
class Listed:
    """A message in the inbox: where it is, and its header or what is wrong with it."""

    id: str
    box: str
    path: str
    header: Header | None
    error: BadMessage | None = None


def listed(agent: AgentLayout, boxes: Sequence[str] = BOXES) -> list[Listed]:
    """The messages in BOXES, oldest first, ties by id."""
    with ExitStack() as opened:
        inbox = _Inbox(agent, boxes, opened)
        return sorted(filter(None, map(inbox.look, inbox.ids)), key=_order)


def oldest(agent: AgentLayout, boxes: Sequence[str] = BOXES) -> Iterator[Listed]:
    """The same, but each message is opened when it is asked for, as far as its name tells when it was made."""
    with ExitStack() as opened:
        inbox = _Inbox(agent, boxes, opened)
        timed = sorted((_instant(inbox, identifier), identifier) for identifier in inbox.ids)
        for _, together in groupby(timed, key=lambda entry: entry[0]):
            yield from sorted(filter(None, (inbox.look(identifier) for _, identifier in together)), key=_order)


def _order(entry: Listed) -> tuple[int, str]:
    """A bad message comes first: it should be put away soon."""
    return (entry.header.created_ns if entry.header else 0, entry.id)


def _instant(inbox: _Inbox, identifier: str) -> str:
    """The millisecond that a message was made in, in a form that sorts."""
    from_name = canonical_instant(identifier)
    if from_name:
        return from_name
    found = inbox.look(identifier)
    return format_compact(found.header.created_ns) if found and found.header else ""


class _Inbox:
    """What is in some boxes of an inbox at one instant.

    Mail moves from `new` to `cur`: looking in this order finds it at least once, and what is found twice is in `cur`.
    """

    def __init__(self, agent: AgentLayout, boxes: Sequence[str], opened: ExitStack) -> None:
        self._directories = {
            box: opened.enter_context(Directory(agent.inbox_new if box == "new" else agent.inbox_cur))
            for box in BOXES
            if box in boxes
        }
        self._boxes = {
            identifier: box
            for box, directory in self._directories.items()
            for identifier in maildir.message_ids(directory)
        }

    @property
    def ids(self) -> Iterator[str]:
        return iter(self._boxes)

    def look(self, identifier: str) -> Listed | None:
        """One message; None if it has gone."""
        box = self._boxes[identifier]
        directory = self._directories[box]
        found = maildir.look(directory, identifier)
        if found is None:
            return None
        return Listed(identifier, box, os.path.join(directory.path, identifier + SUFFIX), found.header, found.error)
