"""The JSON form of a message's header, and its lines of text, shared by every command that prints one."""

from __future__ import annotations

from amq.text import subject_line, visible

_PRINTABLE = bytes(range(0x20, 0x7F))
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from amq.mail.summary import Summary
    from amq.message import Header


def once(warn: Callable[[str], None]) -> Callable[[str], None]:
    """Return WARN for texts that may come at each of several looks: it gets each text once."""
    told: set[str] = set()

    def warn_once(text: str) -> None:
        if text not in told:
            told.add(text)
            warn(text)

    return warn_once


def described(header: Header | Summary) -> dict[str, Any]:
    """Return the fields that a message always has."""
    return {
        "id": header.id,
        "from": header.sender,
        "to": header.to,
        "thread": header.conversation,
        "subject": header.subject,
        "created": header.created,
    }


def optional(header: Header | Summary) -> dict[str, Any]:
    """Return the optional fields of a message that are not empty."""
    fields = {"priority": header.priority, "kind": header.kind, "labels": header.labels}
    return {name: value for name, value in fields.items() if value}


def subject_rows(*columns: Sequence[str]) -> str:
    """Return lines of text, each with a cell of every column; the last column has subjects, written by peers."""
    text = "\n".join(map("  ".join, zip(*columns, strict=True))) + "\n"
    if text.isascii() and " \n" not in text and text.encode().translate(None, _PRINTABLE) == b"\n" * len(columns[0]):
        return text  # all of it is visible as it is, as usual: to find that out takes a tenth of the time
    return "".join(
        f"{'  '.join((*map(visible, cells), subject_line(last)))}\n" for *cells, last in zip(*columns, strict=True)
    )
