"""A message's header in our JSON output, as every command that prints one has it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.message import Header


def described(header: Header) -> dict[str, Any]:
    """What is always said of a message."""
    return {
        "id": header.id,
        "from": header.sender,
        "to": header.to,
        "thread": header.conversation,
        "subject": header.subject,
        "created": header.created,
    }


def optional(header: Header) -> dict[str, Any]:
    """What is said of it only where there is something to say."""
    fields = {"priority": header.priority, "kind": header.kind, "labels": header.labels}
    return {name: value for name, value in fields.items() if value}
