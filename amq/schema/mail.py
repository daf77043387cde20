"""The output of the commands that send, show and follow messages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from amq.schema.base import Count, Handle, Id, Instant, Model, Open, absent
from amq.schema.header import Described, Sorted, Written

# -- sending ----------------------------------------------------------------------------------------------------------


class Outbox(Model):
    """The state of the sender's own copy."""

    written: bool
    """True if the sender's outbox has a copy."""
    error: str
    """The reason why it has none; empty if it does."""


class Sent(Model):
    """A message that was delivered now, or earlier with the same --new-id."""

    id: Id
    """The new message's id."""
    thread: str
    """The conversation."""
    to: Annotated[list[Handle], Field(min_length=1)]
    """All recipients."""
    subject: str
    """The subject, on one line; may be empty."""
    outbox: Outbox
    """The sender's copy; without it the message is delivered anyway."""


class Replied(Sent):
    """An answer that was delivered."""

    in_reply_to: Id
    """The message that it answers."""
    original_box: Literal["new", "cur", "sent"]
    """The box of that message: in the inbox (new, cur), or among the mail that the agent sent."""


class Ack(Model):
    """An acknowledgement that a message was seen, as in the files below `acks/`. The first one stays."""

    schema_: Literal[1] = Field(alias="schema")
    """The version of the format."""
    msg_id: Id
    """The message that was seen."""
    thread: str
    """The conversation."""
    receiver: Handle = Field(alias="from")
    """The agent that saw it."""
    sender: Handle = Field(alias="to")
    """The sender, which gets the acknowledgement."""
    received: Instant
    """The time it was seen, RFC 3339 in UTC, to the nanosecond."""


# -- looking ----------------------------------------------------------------------------------------------------------


class Listed(Sorted):
    """A message in the inbox."""

    id: Id
    """The message's id."""
    sender: Handle = Field(alias="from")
    """The sender."""
    subject: str
    """The subject, on one line; may be empty."""
    thread: str
    """The conversation."""
    created: Instant
    """The time of writing, RFC 3339, as the sender gave it."""
    box: Literal["new", "cur"]
    """new: not shown yet; cur: shown."""
    path: str
    """The absolute path of its file."""


class Read(Model):
    """One message."""

    header: Written
    """The header above the body."""
    body: str
    """Its text, unchanged except that bytes that are not UTF-8 are U+FFFD."""


class Entry(Described, Sorted, Open):
    """A message of a conversation; the unknown keys of its header are here too."""

    body: str = absent
    """Its text, with --include-body; empty if the file could not be read."""


class Hit(Described, Sorted):
    """A message that was found."""

    agent: Handle
    """The agent in whose mailbox it was found: a recipient, or its sender."""
    box: Literal["new", "cur", "sent"]
    """The box of that mailbox. new: not shown yet; cur: shown; sent: a copy of the sender's."""
    path: str
    """The absolute path of its file."""
    excerpt: str
    """The part of its body around the first word that was found, on one line; empty if the subject has all of them."""


class Logged(Described, Sorted):
    """A message in the log."""

    agent: Handle
    """The agent in whose mailbox it was found: a recipient, or its sender."""
    box: Literal["new", "cur", "sent"]
    """The box of that mailbox."""


class Exported(Model):
    """An export that was written."""

    messages: Count
    """The number of messages."""
    jsonl: str = absent
    """The file with a JSON object on each line, as `amq thread --json --include-body` prints them."""
    html: str = absent
    """The page."""


class Answer(Model):
    """An answer to a message."""

    id: Id
    """Its id."""
    created: Instant
    """The time of writing, RFC 3339."""


class Whereabouts(Model):
    """The progress of a message at one recipient."""

    handle: Handle
    """The recipient."""
    box: Literal["new", "cur", "dlq", "missing"]
    """new: not shown yet; cur: shown; dlq: a dead letter; missing: in none of these."""
    state: Literal["offered", "taken"] = absent
    """offered: its program has been given the text; taken: it is in the session's history; left out: neither."""
    acked: str = absent
    """The time the recipient acknowledged it, RFC 3339 in UTC; left out: not yet."""
    replied: Answer = absent
    """The recipient's first answer; left out: none."""


class Trace(Described):
    """A message, and its progress at each recipient."""

    recipients: list[Whereabouts]
    """One item for each recipient, in the order of `to`."""


# -- taking -----------------------------------------------------------------------------------------------------------


class Drained(Sorted):
    """A message that is shown: taken out of `new`, unless it is only peeked at.

    With a `parse_error` only its id is known: from, thread, subject and created are empty, and so is to.
    """

    id: str
    """The message's id; with a `parse_error` the name of its file, whatever that is."""
    sender: str = Field(alias="from")
    """The sender."""
    to: list[Handle]
    """The recipients."""
    thread: str
    """The conversation."""
    subject: str
    """The subject, on one line; may be empty."""
    created: str
    """The time of writing, RFC 3339, as the sender gave it."""
    body: str = absent
    """Its text, with --include-body; bytes that are not UTF-8 are U+FFFD."""
    ack_required: bool
    """True if the sender asks for an acknowledgement."""
    context: Annotated[dict[str, Any], Field(min_length=1)] = absent
    """Data from the sender's program for the reader's program."""
    moved_to_cur: bool
    """True if it is filed as read once this was read; false for a bad message, and for one that is peeked at."""
    moved_to_dlq: Literal[True] = absent
    """True if it is put away as a dead letter; left out for a bad message that is moved aside, or only peeked at."""
    acked: bool
    """True if its sender gets an acknowledgement."""
    redelivered: Literal[True] = absent
    """True if a drain that was cut off may have shown it before."""
    on_its_way: Literal[True] = absent
    """True if a hook has also given it to the agent's CLI: it may come into the model's context once more."""
    parse_error: Annotated[str, Field(min_length=1)] = absent
    """The error in it."""


class Batch(Model):
    """New mail: urgent first, then the oldest."""

    drained: list[Drained]
    """The messages."""
    count: Count
    """The number of these messages."""
    remaining: Count
    """The number of other new messages, beyond the limit."""


# -- waiting ----------------------------------------------------------------------------------------------------------


class Watched(Model):
    """The result of `amq watch`. With the event `timeout` the exit code is 4."""

    event: Literal["existing", "new_message", "timeout"]
    """existing: mail was there; new_message: it came; timeout: none did."""
    me: Handle
    """The agent whose inbox it is."""
    count: Count
    """The number of new messages, bad ones included."""
    messages: list[Listed]
    """The readable messages, oldest first."""


class Monitored(Batch):
    """The mail that `amq monitor` took or saw; with --follow one such object a line.

    With the event `timeout` the exit code is 4.
    """

    event: Literal["messages", "timeout"]
    """messages: here they are; timeout: none came."""
    watch_event: Literal["existing", "new_message", "timeout"]
    """existing: they were there; new_message: they came; timeout: none did."""
    mode: Literal["drain", "peek"]
    """peek: they stay new."""
    me: Handle
    """The agent whose inbox it is."""
