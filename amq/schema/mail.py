"""What the commands print that send, show and follow messages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from amq.schema.base import Count, Handle, Id, Instant, Model, Open, absent
from amq.schema.header import Described, Sorted, Written

# -- sending ----------------------------------------------------------------------------------------------------------


class Outbox(Model):
    """What became of the sender's own copy."""

    written: bool
    """Whether the sender's outbox has a copy."""
    error: str
    """Why not; empty if it does."""


class Sent(Model):
    """A message that was delivered, or by a repeat with the same --new-id had been before."""

    id: Id
    """The new message's id."""
    thread: str
    """The conversation that it belongs to."""
    to: Annotated[list[Handle], Field(min_length=1)]
    """All recipients."""
    subject: str
    """One line on what it is about; may be empty."""
    outbox: Outbox
    """The sender's copy, without which the message is delivered anyway."""


class Replied(Sent):
    """An answer that was delivered."""

    in_reply_to: Id
    """The message that it answers."""
    original_box: Literal["new", "cur", "sent"]
    """Where that message was found: in the inbox (new, cur), or among what the agent sent."""


class Ack(Model):
    """That a message was seen, as in the files below `acks/`. The first one stays."""

    schema_: Literal[1] = Field(alias="schema")
    """The version of the format."""
    msg_id: Id
    """The message that was seen."""
    thread: str
    """The conversation that it belongs to."""
    receiver: Handle = Field(alias="from")
    """The agent that has seen it."""
    sender: Handle = Field(alias="to")
    """The sender, which gets the acknowledgement."""
    received: Instant
    """When it was seen, RFC 3339 in UTC, to the nanosecond."""


# -- looking ----------------------------------------------------------------------------------------------------------


class Listed(Sorted):
    """A message in the inbox."""

    id: Id
    """The message's id."""
    sender: Handle = Field(alias="from")
    """Who sent it."""
    subject: str
    """One line on what it is about; may be empty."""
    thread: str
    """The conversation that it belongs to."""
    created: Instant
    """When it was written, RFC 3339, as its sender put it."""
    box: Literal["new", "cur"]
    """new: not shown yet; cur: shown."""
    path: str
    """The absolute path of its file."""


class Read(Model):
    """One message."""

    header: Written
    """The header above the body."""
    body: str
    """Its text, without a change but for bytes that are not UTF-8, which are U+FFFD."""


class Entry(Described, Sorted, Open):
    """A message of a conversation; the unknown keys of its header are here too."""

    body: str = absent
    """Its text, with --include-body; empty if the file could not be read."""


class Answer(Model):
    """An answer to a message."""

    id: Id
    """Its id."""
    created: Instant
    """When it was written, RFC 3339."""


class Whereabouts(Model):
    """How far a message has got with one recipient."""

    handle: Handle
    """The recipient."""
    box: Literal["new", "cur", "dlq", "missing"]
    """new: not shown yet; cur: shown; dlq: a dead letter; missing: in none of these."""
    acked: str = absent
    """When the recipient acknowledged it, RFC 3339 in UTC; left out: not yet."""
    replied: Answer = absent
    """The recipient's first answer; left out: none."""


class Trace(Described):
    """A message, and where it is."""

    recipients: list[Whereabouts]
    """One for each recipient, in the order of `to`."""


# -- taking -----------------------------------------------------------------------------------------------------------


class Drained(Sorted):
    """A message that is shown: taken out of `new`, unless it is only peeked at. Of one with a `parse_error` nothing is
    known but its id: from, thread, subject and created are empty then, and so is to.
    """

    id: str
    """The message's id; of one with a `parse_error` the name of its file, whatever that is."""
    sender: str = Field(alias="from")
    """Who sent it."""
    to: list[Handle]
    """Whom it was sent to."""
    thread: str
    """The conversation that it belongs to."""
    subject: str
    """One line on what it is about; may be empty."""
    created: str
    """When it was written, RFC 3339, as its sender put it."""
    body: str = absent
    """Its text, with --include-body; bytes that are not UTF-8 are U+FFFD."""
    ack_required: bool
    """Whether the sender asks for an acknowledgement."""
    context: Annotated[dict[str, Any], Field(min_length=1)] = absent
    """Data from the sender's program for the reader's program."""
    moved_to_cur: bool
    """Whether it is filed as read once this was read. False of a bad message, and of one that is peeked at."""
    moved_to_dlq: Literal[True] = absent
    """It is put away as a dead letter. Left out of a bad message that is moved aside, or only peeked at."""
    acked: bool
    """Whether its sender gets an acknowledgement."""
    redelivered: Literal[True] = absent
    """A drain that was cut off may have shown it before."""
    parse_error: Annotated[str, Field(min_length=1)] = absent
    """What is wrong with it."""


class Batch(Model):
    """New mail: urgent first, then the oldest."""

    drained: list[Drained]
    """The messages."""
    count: Count
    """How many they are."""
    remaining: Count
    """How many more were new, above the limit."""


# -- waiting ----------------------------------------------------------------------------------------------------------


class Watched(Model):
    """What `amq watch` saw. With the event `timeout` the exit code is 4."""

    event: Literal["existing", "new_message", "timeout"]
    """existing: mail was there; new_message: it came; timeout: none did."""
    me: Handle
    """Whose inbox it is."""
    count: Count
    """How many new messages there are, bad ones too."""
    messages: list[Listed]
    """Those that can be read, oldest first."""


class Monitored(Batch):
    """What `amq monitor` took or saw; with --follow one such object a line. With `timeout` the exit code is 4."""

    event: Literal["messages", "timeout"]
    """messages: here they are; timeout: none came."""
    watch_event: Literal["existing", "new_message", "timeout"]
    """existing: they were there; new_message: they came; timeout: none did."""
    mode: Literal["drain", "peek"]
    """peek: they stay new."""
    me: Handle
    """Whose inbox it is."""
