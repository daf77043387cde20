"""A message's header: as other programs may write it, and as we write and print it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from amq.schema.base import Handle, Id, Instant, Kind, Model, Open, Priority, absent


class Header(Open):
    """A header in a message file; unknown keys are kept. A key may appear only once, and all of it is
    256 KiB at most. The library's own parser and this model accept the same headers.
    """

    schema_: int | None = Field(default=None, alias="schema")
    """The version of the format: 1, also where it is missing."""
    id: Id
    """The message's id, which is its file's name without `.md`."""
    sender: Handle = Field(alias="from")
    """Who sent it."""
    to: Annotated[list[Handle], Field(min_length=1)]
    """Whom it was sent to."""
    thread: str | None = None
    """The conversation; if missing or empty that of the sender and the first recipient, `p2p/a__b`."""
    subject: str | None = None
    """One line on what it is about."""
    created: Instant
    """When it was written, RFC 3339; digits past the nanosecond do not count."""
    ack_required: bool | None = None
    """Whether the sender asks for an acknowledgement; if missing no."""
    refs: list[str] | None = None
    """The ids of the messages that it refers to; the last one is what it answers."""
    priority: Literal[Priority, ""] | None = None
    """How much it presses; missing or empty: nothing was said."""
    kind: Literal[Kind, ""] | None = None
    """What is wanted; missing or empty: nothing was said."""
    labels: list[str] | None = None
    """Words to filter by."""
    context: dict[str, Any] | None = None
    """Data from the sender's program for the reader's program. Numbers are kept as they were written."""


class Described(Model):
    """What is always said of a message."""

    id: Id
    """The message's id."""
    sender: Handle = Field(alias="from")
    """Who sent it."""
    to: Annotated[list[Handle], Field(min_length=1)]
    """Whom it was sent to."""
    thread: str
    """The conversation that it belongs to."""
    subject: str
    """One line on what it is about; may be empty."""
    created: Instant
    """When it was written, RFC 3339, as its sender put it."""


class Sorted(Model):
    """What is said of a message only where its sender did."""

    priority: Priority = absent
    """How much it presses."""
    kind: Kind = absent
    """What is wanted."""
    labels: Annotated[list[str], Field(min_length=1)] = absent
    """Words to filter by."""


class Written(Described, Sorted, Open):
    """A message's header as we write it, with the keys that we do not know behind those that we do."""

    subject: Annotated[str, Field(min_length=1)] = absent
    """One line on what it is about."""
    schema_: int = Field(alias="schema")
    """The version of the format: 1."""
    ack_required: bool
    """Whether the sender asks for an acknowledgement."""
    refs: Annotated[list[str], Field(min_length=1)] = absent
    """The ids of the messages that it refers to; the last one is what it answers."""
    context: Annotated[dict[str, Any], Field(min_length=1)] = absent
    """Data from the sender's program for the reader's program."""
