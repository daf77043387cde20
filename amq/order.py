"""In which order new mail is shown: the urgent first, then the oldest. Reads no more than tells it."""

from __future__ import annotations

from amq.instants import format_compact
from amq.names import INSTANT_LENGTH, undated
from amq.store import maildir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from amq.store.durable import Directory


def in_order(new: Directory, ids: Sequence[str]) -> list[str]:
    """The messages IDS of the open directory NEW: the urgent first, then the oldest, ties by id.

    The name tells when a message was made, if it is of the usual form, and the header otherwise. A bad message of
    another form counts as old, so that it is put away soon.
    """
    others = set(undated(ids))

    def turn(identifier: str) -> tuple[bool, str, str]:
        if identifier not in others and not maildir.may_be_urgent(new, identifier):
            return (True, identifier[:INSTANT_LENGTH], identifier)
        return (*_by_header(new, identifier), identifier)

    return sorted(ids, key=turn)


def _by_header(new: Directory, identifier: str) -> tuple[bool, str]:
    found = maildir.look(new, identifier)
    if found is None or found.header is None:
        return (True, "")
    return (found.header.priority != "urgent", format_compact(found.header.created_ns))
