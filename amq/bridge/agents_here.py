"""Describe the agents of this host to others: status, last activity, and what their mail waits for."""

from __future__ import annotations

import time

from amq.bridge.wire import AgentThere
from amq.errors import AmqError
from amq.mail.agents_overview import seen_ns
from amq.runtime.why_waiting import why
from amq.store import maildir
from amq.store.durable import Directory
from amq.store.notifier_info import read_notifier
from amq.store.presence import read_presence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from amq.layout import QueueLayout
    from amq.runtime.private_state import PrivateState


def look(queue: QueueLayout, handles: Iterable[str], private: PrivateState) -> dict[str, AgentThere]:
    """Return what others may know of the agents HANDLES now. PRIVATE is the user's private directory."""
    return {handle: _of(queue, handle, private) for handle in handles}


def _of(queue: QueueLayout, handle: str, private: PrivateState) -> AgentThere:
    agent = queue.agent(handle)
    try:
        presence = read_presence(agent, handle)
    except (AmqError, OSError):
        presence = None
    status, note = (presence.status, presence.note) if presence else ("", "")
    return AgentThere(status, note, _waits_for(queue, handle, private), seen_ns(agent, presence) or 0)


def _waits_for(queue: QueueLayout, handle: str, private: PrivateState) -> str:
    """Return in a word what the unread mail of HANDLE waits for; "" if there is none, or that is not known."""
    agent = queue.agent(handle)
    try:
        with Directory(agent.inbox_new) as new:
            unread = sorted(maildir.message_ids(new))
        if not unread:
            return ""
        journal = private.of_agent(queue.root, handle, make=False)
        return why(agent, unread, read_notifier(agent), journal, time.time_ns()).waits_for.value
    except (AmqError, OSError):
        return ""
