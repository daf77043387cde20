"""A cache of the new mail that is not urgent, with the times it was made.

It saves a drain of a full inbox from opening every message again. Messages never change, so entries never expire. They
decide only about the order: a lost or damaged entry costs a look, and a wrong entry only delays that message.
"""

from __future__ import annotations

from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import AgentLayout

MIN_CHANGES = 500
"""The number of added and removed names from which on it is written again."""
_NAME = "calm"
MOST_BYTES = 512 * 1024 * 1024
"""Read at once: what is behind is opened at each drain."""


def load(agent: AgentLayout) -> dict[str, str]:
    """Return the cached ids with the instants of their messages; none if the cache cannot be read."""
    try:
        with Directory(agent.state) as state:
            data = durable.read_regular(state, _NAME, MOST_BYTES) or b""
    except OSError:
        return {}
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return {identifier: created for created, _, identifier in (line.partition(" ") for line in lines) if identifier}


def forget_all(agent: AgentLayout) -> None:
    """Drop the cache: cached messages come before others, and one of them cannot be read."""
    from contextlib import suppress

    with suppress(OSError), Directory(agent.state) as state:
        durable.discard(state, _NAME)


def save(agent: AgentLayout, before: dict[str, str], calm: dict[str, str], temporary: str) -> None:
    """Replace the cached ids BEFORE by CALM, if enough of them differ; a failure is ignored.

    TEMPORARY is a unique name.
    """
    if len(before.keys() ^ calm.keys()) < MIN_CHANGES:
        return
    from contextlib import suppress  # only here: most inboxes are small

    lines = [f"{created} {identifier}" for identifier, created in calm.items() if "\n" not in identifier]
    with suppress(OSError), Directory(agent.state) as state, Directory(agent.inbox_tmp) as tmp:
        durable.replace_file(state, _NAME, temporary, "\n".join(lines).encode("utf-8", "surrogateescape"), staging=tmp)
