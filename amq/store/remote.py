"""The note in a mailbox here that stands for an agent on another host: which agent, of which host.

The bridge writes it, and commands read it to say so. It decides nothing: the bridge has its own table, in the user's
private directory, since agents can write to the queue.
"""

from __future__ import annotations

from amq import jsontext
from amq.names import is_handle
from amq.record import record
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import AgentLayout

NAME = "remote.json"
_MAX_BYTES = 4096


@record
class Remote:
    """An agent HANDLE of another HOST."""

    handle: str
    host: str

    def __str__(self) -> str:
        return f"{self.handle}@{self.host}"


def read_remote(agent: AgentLayout) -> Remote | None:
    """Return the agent of another host whose mailbox this is; None if it is an agent's of this host. Raises OSError."""
    try:
        with Directory(agent.state) as state:
            wire = jsontext.parse(durable.read_regular(state, NAME, _MAX_BYTES) or b"")
        remote = Remote(wire["handle"], wire["host"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    return remote if all(type(part) is str and is_handle(part) for part in remote.__dict__.values()) else None


def write_remote(agent: AgentLayout, remote: Remote, temporary: str) -> None:
    """Note that this is the mailbox of REMOTE, to the disk. TEMPORARY is a free name. Raises OSError."""
    from amq.store.locks import open_state  # only here: commands only read it

    data = jsontext.render({"handle": remote.handle, "host": remote.host}) + "\n"
    with open_state(agent, agent.state) as state, Directory(agent.inbox_tmp) as staging:
        durable.replace_file(state, NAME, temporary, data.encode(), staging=staging)
