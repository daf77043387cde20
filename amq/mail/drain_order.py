"""The order in which new mail is shown: urgent first, then the oldest. Reads no more than that needs."""

from __future__ import annotations

from amq.errors import Unreadable
from amq.instants import format_instant
from amq.store import maildir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amq.store.durable import Directory


def in_order(
    new: Directory,
    ids: Sequence[str],
    known: Mapping[str, str] | None = None,
    unreadable: dict[str, Unreadable] | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Return IDS of the open directory NEW, urgent first, then oldest, ties by id; and the calm ones among them.

    Calm are those that are not urgent, as far as that shows without parsing a header, each with the instant it was
    made. Those KNOWN to be calm are not opened. Bad messages and good ones take turns behind the urgent ones, a bad one
    first: it is put away soon, and a thousand of them hide no mail. A message that cannot be read is left out, and the
    reason is added to UNREADABLE: it must not take another's place.
    """
    calm = {each: known[each] for each in ids if each in known} if known else {}
    for each in ids:
        if each not in calm and (created := maildir.calm_since(new, each)):
            calm[each] = created

    lost = {} if unreadable is None else unreadable
    bad: set[str] = set()

    def turn(identifier: str) -> tuple[bool, str, str]:
        if identifier in calm:
            return (True, calm[identifier], identifier)
        return (*_by_header(new, identifier, lost, bad), identifier)

    ordered = sorted(ids, key=turn)
    readable = [each for each in ordered if each not in lost] if lost else ordered
    return _in_turns(readable, bad) if bad else readable, calm


def _in_turns(ordered: list[str], bad: set[str]) -> list[str]:
    """Return ORDERED with its BAD messages, which are next to each other, each before one of the good ones behind."""
    first = next(at for at, each in enumerate(ordered) if each in bad)
    wrong, right = ordered[first : first + len(bad)], ordered[first + len(bad) :]
    turns = (each for pair in zip(wrong, right, strict=False) for each in pair)
    return [*ordered[:first], *turns, *wrong[len(right) :], *right[len(wrong) :]]


def _by_header(new: Directory, identifier: str, lost: dict[str, Unreadable], bad: set[str]) -> tuple[bool, str]:
    found = maildir.look(new, identifier)
    header = found.header if found else None
    if header is not None:
        return (header.priority != "urgent", format_instant(header.created_ns)[:-1])
    if found is not None and isinstance(found.error, Unreadable):
        lost[identifier] = found.error
    else:
        bad.add(identifier)
    return (True, "")
