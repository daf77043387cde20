"""A message's header: as other programs may write it, and as amq writes and prints it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from amq.schema.base import Handle, Id, Instant, Kind, Model, Open, Priority, absent


class Header(Open):
    """A header in a message file; unknown keys are kept. A key may appear only once, and all of it is
    256 KiB at most. The library's own parser and this model accept the same headers.
    """

    schema_: int | None = Field(default=None, alias="schema")
    """The version of the format: 1, also if missing."""
    id: Id
    """The message's id: its file's name without `.md`."""
    sender: Handle = Field(alias="from")
    """The sender."""
    to: Annotated[list[Handle], Field(min_length=1)]
    """The recipients."""
    thread: str | None = None
    """The conversation; if missing or empty that of the sender and the first recipient, `p2p/a__b`."""
    subject: str | None = None
    """The subject, on one line."""
    created: Instant
    """The time of writing, RFC 3339; digits past the nanosecond do not count."""
    ack_required: bool | None = None
    """True if the sender asks for an acknowledgement; false if missing."""
    refs: list[str] | None = None
    """The ids of the messages that it refers to; the last is the one it answers."""
    priority: Literal[Priority, ""] | None = None
    """The urgency; not given if missing or empty."""
    kind: Literal[Kind, ""] | None = None
    """The kind of message; not given if missing or empty."""
    labels: list[str] | None = None
    """Words to filter by."""
    context: dict[str, Any] | None = None
    """Data from the sender's program for the reader's program. Numbers are kept as they were written."""


class Described(Model):
    """The fields that every printed message has."""

    id: Id
    """The message's id."""
    sender: Handle = Field(alias="from")
    """The sender."""
    to: Annotated[list[Handle], Field(min_length=1)]
    """The recipients."""
    thread: str
    """The conversation."""
    subject: str
    """The subject, on one line; may be empty."""
    created: Instant
    """The time of writing, RFC 3339, as the sender gave it."""


class Sorted(Model):
    """The fields that a message has only if its sender gave them."""

    priority: Priority = absent
    """The urgency."""
    kind: Kind = absent
    """The kind of message."""
    labels: Annotated[list[str], Field(min_length=1)] = absent
    """Words to filter by."""


class Written(Described, Sorted, Open):
    """A message's header as amq writes it; unknown keys come after the known ones."""

    subject: Annotated[str, Field(min_length=1)] = absent
    """The subject, on one line."""
    schema_: int = Field(alias="schema")
    """The version of the format: 1."""
    ack_required: bool
    """True if the sender asks for an acknowledgement."""
    refs: Annotated[list[str], Field(min_length=1)] = absent
    """The ids of the messages that it refers to; the last is the one it answers."""
    context: Annotated[dict[str, Any], Field(min_length=1)] = absent
    """Data from the sender's program for the reader's program."""
