"""What is known of new mail: that it is not urgent, and when it was made.

So a drain of a full inbox need not look into all of it again. A message never changes, so this does not either. It
decides about the order only: what is lost or damaged of it costs a look; what is in it by mistake waits for its turn.
"""

from __future__ import annotations

from contextlib import suppress

from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import AgentLayout

MIN_CHANGES = 500
"""Names that are new or gone before it is written again."""
_NAME = "calm"
_MOST_BYTES = 64 * 1024 * 1024


def load(agent: AgentLayout) -> dict[str, str]:
    """The ids that were kept, with the instants of their messages; none if that is not to be read."""
    try:
        with Directory(agent.state) as state:
            data = durable.read_regular(state, _NAME, _MOST_BYTES) or b""
    except OSError:
        return {}
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return {identifier: created for created, _, identifier in (line.partition(" ") for line in lines) if identifier}


def forget_all(agent: AgentLayout) -> None:
    """Keep nothing: messages that are known stand in front of others, and cannot be read."""
    with suppress(OSError), Directory(agent.state) as state:
        durable.discard(state, _NAME)


def save(agent: AgentLayout, before: dict[str, str], calm: dict[str, str], temporary: str) -> None:
    """Keep the ids CALM in the place of those BEFORE, if enough are others; where it can not be kept, it is not.

    TEMPORARY is a name that nobody else uses.
    """
    if len(before.keys() ^ calm.keys()) < MIN_CHANGES:
        return
    lines = [f"{created} {identifier}" for identifier, created in calm.items() if "\n" not in identifier]
    with suppress(OSError), Directory(agent.state) as state, Directory(agent.inbox_tmp) as tmp:
        durable.replace_file(state, _NAME, temporary, "\n".join(lines).encode("utf-8", "surrogateescape"), staging=tmp)
