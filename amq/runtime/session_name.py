"""Find the name that an agent's CLI shows for its session, in the CLI's own files."""

from __future__ import annotations

from amq.runtime.agents import registry
from amq.runtime.hooks.announcements import read_state
from amq.runtime.hooks.script import last_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.runtime.session_info import SessionInfo

MOST_CHARS = 200
"""A name that is longer is cut: Codex takes the first prompt for one."""


def session_name(hosted: SessionInfo, private: str) -> str:
    """Return the name of the session HOSTED; "" if it has none, or that is not known.

    PRIVATE is the agent's private directory, which has the id that its hooks got. It counts once the hooks of this run
    were called: before, it is that of an earlier session.
    """
    if not hosted.names_in:
        return ""
    is_called = last_event(hosted.files)[0] not in ("", "end")
    session = read_state(private).session if is_called else ""
    found = registry.session_name(hosted.names, hosted.names_in, hosted.process, hosted.started, session)
    return " ".join(found[:MOST_CHARS].split())
