"""Receipts as the Go program writes them: files in the recipient's mailbox that say what became of a message.

Its `--wait-for` looks for them. amq itself needs none, so they are written only where that program is used. Format:
`receipts/<id>__<recipient>__<stage>.json`, two-space JSON and a newline. The stage is `drained` or `dlq`.
"""

from __future__ import annotations

from amq import jsontext
from amq.instants import format_instant
from amq.message import SCHEMA
from amq.store import directories, durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from amq.errors import BadMessage
    from amq.layout import AgentLayout
    from amq.message import Header

    Shown = tuple[str, Header | None, BadMessage | None]
    """The id of a message, its header if it could be read, and why it became a dead letter if it did."""


def write(agent: AgentLayout, consumer: str, messages: Iterable[Shown], now: int, temporary: str) -> None:
    """Write receipts for MESSAGES into the mailbox AGENT of CONSUMER, to the disk; one that is there stays.

    NOW is in nanoseconds since the epoch. TEMPORARY begins names that are not used otherwise. Raises OSError if one
    cannot be written, as for an id that is too long, after all others were.
    """
    failure: OSError | None = None
    directories.make([agent.receipts])
    with Directory(agent.inbox_tmp) as staging, Directory(agent.receipts) as receipts:
        for number, (identifier, header, wrong) in enumerate(messages):
            receipt = _receipt(identifier, header, wrong, consumer, now)
            name = f"{identifier}__{consumer}__{receipt['stage']}.json"
            data = (jsontext.render(receipt) + "\n").encode()
            try:
                if not durable.exists(receipts, name):
                    durable.publish_new(staging, f"{temporary}_{number}", receipts, name, data)
            except OSError as error:
                failure = failure or error
        durable.sync(receipts)
    if failure:
        raise failure


def _receipt(
    identifier: str, header: Header | None, wrong: BadMessage | None, consumer: str, now: int
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "msg_id": identifier,
        **({"thread": header.thread} if header and header.thread else {}),
        "sender": header.sender if header else "",
        "consumer": consumer,
        "stage": "dlq" if wrong else "drained",
        "emitted_at": format_instant(now),
        **({"detail": wrong.message} if wrong else {}),
    }
