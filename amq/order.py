"""In which order new mail is shown: the urgent first, then the oldest. Reads no more than tells it."""

from __future__ import annotations

from amq.instants import format_compact
from amq.names import INSTANT_LENGTH, undated
from amq.store import maildir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from amq.store.durable import Directory


def in_order(new: Directory, ids: Sequence[str], known: Container[str] = ()) -> tuple[list[str], set[str]]:
    """The messages IDS of the open directory NEW, the urgent first, then the oldest, ties by id; and which are calm.

    The name tells when a message was made, if it is of the usual form, and the header otherwise. Calm are those of the
    usual form that are not urgent; KNOWN to be so, they are not read. A bad message counts as old, so that it is put
    away soon.
    """
    others = set(undated(ids))
    calm = {
        each
        for each in ids
        if each not in others and (each in known or not maildir.may_be_urgent(new, each))
    }  # fmt: skip

    def turn(identifier: str) -> tuple[bool, str, str]:
        if identifier in calm:
            return (True, identifier[:INSTANT_LENGTH], identifier)
        return (*_by_header(new, identifier), identifier)

    return sorted(ids, key=turn), calm


def _by_header(new: Directory, identifier: str) -> tuple[bool, str]:
    found = maildir.look(new, identifier)
    if found is None or found.header is None:
        return (True, "")
    return (found.header.priority != "urgent", format_compact(found.header.created_ns))
