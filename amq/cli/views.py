"""The JSON form of a message's header, shared by every command that prints one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.message import Header


def described(header: Header) -> dict[str, Any]:
    """Return the fields that a message always has."""
    return {
        "id": header.id,
        "from": header.sender,
        "to": header.to,
        "thread": header.conversation,
        "subject": header.subject,
        "created": header.created,
    }


def optional(header: Header) -> dict[str, Any]:
    """Return the optional fields of a message that are not empty."""
    fields = {"priority": header.priority, "kind": header.kind, "labels": header.labels}
    return {name: value for name, value in fields.items() if value}
