"""Say after a send why a recipient may not read the mail soon: one line on stderr, for people and for agents.

It costs little: of a recipient without a notifier only the lock is read, and of its inbox only the first names.
"""

from __future__ import annotations

import os
import time

from amq.cli.open_mailbox import private_directory
from amq.errors import AmqError
from amq.instants import SECOND_NS, format_instant
from amq.names import SUFFIX, USER, undated
from amq.store.durable import Directory
from amq.store.notifier_info import read_notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from amq.cli.output import Output
    from amq.layout import AgentLayout
    from amq.mail.mailbox import Mailbox

MOST_LOOKED_AT = 20  # recipients
MOST_NAMES = 300  # of an inbox; one with more has old mail among the first, whatever their order
MOST_NAMED = 3  # in one clause
UNREAD_S = 3600.0
_CLAUSES = {
    "unnotified": "nothing notifies {}",
    "asks": "{} asks the user something",
    "stopped": "{} is stopped",
    "unread": "{} has mail that is unread for an hour",
    "far": "the bridge to {} does not run",
}


def note_recipients(mailbox: Mailbox, to: Sequence[str], out: Output) -> None:
    """Print which of TO have no notifier, ask the user something, are stopped, or have not read mail for an hour.

    Nothing with JSON, which programs read, and nothing about the user or the sender. Never raises.
    """
    if out.json:
        return
    others = [handle for handle in to if handle not in (USER, mailbox.account.me)][:MOST_LOOKED_AT]
    found: dict[str, list[str]] = {kind: [] for kind in _CLAUSES}
    for handle in others:
        if kind := _hindrance(mailbox, handle):
            found[kind].append(handle)
    clauses = [_CLAUSES[kind].format(_names(handles)) for kind, handles in found.items() if handles]
    if clauses:
        out.note(f"{'; '.join(clauses)} (see amq who)")


def _hindrance(mailbox: Mailbox, handle: str) -> str:
    """Return the kind of what keeps HANDLE from its mail; "" for nothing, or if that is not known."""
    queue = mailbox.account.queue
    agent = queue.agent(handle)
    try:
        notifier = read_notifier(agent)
        if notifier is None:
            from amq.store.remote import read_remote

            return "far" if read_remote(agent) else "unnotified"
        from amq.runtime.state_file import state_of

        state = state_of(private_directory(queue.root), queue, handle, notifier)
        if state and state.activity.value in ("asks", "stopped"):
            return str(state.activity.value)
        return "unread" if _has_old_mail(agent, time.time_ns()) else ""
    except (AmqError, OSError):
        return ""


def _has_old_mail(agent: AgentLayout, now_ns: int) -> bool:
    before = format_instant(now_ns - int(UNREAD_S * SECOND_NS)).replace(":", "-")
    with Directory(agent.inbox_new) as new, os.scandir(new.path if new.fd is None else new.fd) as entries:
        names = (entry.name for entry, _ in zip(entries, range(MOST_NAMES), strict=False))
        return any(name < before and not undated([name.removesuffix(SUFFIX)]) for name in names)


def _names(handles: Sequence[str]) -> str:
    more = len(handles) - MOST_NAMED
    return ", ".join([*handles[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])
