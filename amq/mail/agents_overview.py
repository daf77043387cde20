"""The state of every agent of a queue: its status, its unread mail, and the process that notifies it."""

from __future__ import annotations

import sys
from contextlib import suppress

from amq.errors import BadMessage, Unreadable, why
from amq.instants import SECOND_NS, parse_instant
from amq.mail import all_mailboxes
from amq.names import USER
from amq.record import record
from amq.store import directories, maildir, registry
from amq.store.notifier_info import read_notifier
from amq.store.presence import read_presence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from amq.layout import AgentLayout
    from amq.mail.account import Account
    from amq.message import Header
    from amq.store.maildir import Ends
    from amq.store.notifier_info import Notifier
    from amq.store.presence import Presence


@record
class Agent:
    """The state of an agent. `oldest_s` is the age of its oldest unread message in seconds; None if that is not known.

    `unreadable` are the unread messages that cannot be read; `dead_letters` counts its dead letters and files moved
    aside. `seen_ns` is when it last filed or sent mail or set its status, in nanoseconds since the epoch; None if that
    is not known. `registered` is False for a mailbox that the registry does not name.
    """

    handle: str
    presence: Presence | None
    unread: int
    oldest_s: float | None
    dead_letters: int
    notifier: Notifier | None
    unreadable: Sequence[Unreadable] = ()
    seen_ns: int | None = None
    registered: bool = True


def roster(account: Account) -> list[Agent]:
    """Return the state of every agent, sorted by handle (`Mailbox.who`)."""
    known = members(account, all_mailboxes.agents(account))
    return [state_of(account, handle, unread(account, handle), is_registered=known[handle]) for handle in known]


def members(account: Account, present: Collection[str]) -> dict[str, bool]:
    """Return the agents in PRESENT and those registered without a mailbox, sorted, each with whether it is registered.

    Without a registry all of them count as registered.
    """
    registered = account.registered()
    others = [handle for handle in registered or [] if handle not in present and _is_reachable(account, handle)]
    handles = sorted((*present, *others))
    known = {USER, *(handles if registered is None else registered)}
    return {handle: handle in known for handle in handles}


def _is_reachable(account: Account, handle: str) -> bool:
    """Return whether the mailbox of HANDLE can be looked into. Does not warn: reading the mailboxes did so before."""
    try:
        registry.has_mailbox(account.queue.agent(handle))
    except OSError:
        return False
    return True


def presences(account: Account) -> list[Presence]:
    """Return every agent's status, sorted by handle (`Mailbox.presences`)."""
    handles = sorted(all_mailboxes.agents(account))
    found = (_presence(account, handle, account.queue.agent(handle)) for handle in handles)
    return [presence for presence in found if presence is not None]


def unread(account: Account, handle: str, most: int = sys.maxsize) -> Ends:
    """Return the unread messages of the agent HANDLE: all, or of those with a time stamp the first and last MOST."""
    return all_mailboxes.ends(account, account.queue.agent(handle).inbox_new, most, most)


def state_of(account: Account, handle: str, unread: Ends, *, is_registered: bool) -> Agent:
    """Return the state of the agent HANDLE, whose mail is UNREAD; what cannot be read is warned of."""
    agent = account.queue.agent(handle)
    ids = unread.ids
    places = (agent.dlq_new, agent.dlq_cur, agent.refused)
    letters = (all_mailboxes.ids(account, path, maildir.entry_ids) for path in places)
    presence = _presence(account, handle, agent)
    return Agent(
        handle,
        presence,
        unread.count,
        _age_of_oldest(account, agent, unread),
        sum(map(len, letters)),
        _notifier(account, agent),
        maildir.cannot_read(agent.inbox_new, ids) if ids else (),
        seen_ns(agent, presence),
        is_registered,
    )


def seen_ns(agent: AgentLayout, presence: Presence | None = None) -> int | None:
    """Return when the agent last did something: its own commands change these directories, and no one else's do."""
    times = [parse_instant(presence.last_seen)] if presence else []
    for path in (agent.inbox_cur, agent.sent):
        with suppress(OSError):
            times.append(directories.look(path).st_mtime_ns)
    return max(times, default=None)


def _presence(account: Account, handle: str, agent: AgentLayout) -> Presence | None:
    try:
        return read_presence(agent, handle)
    except (BadMessage, OSError) as error:
        account.warn(why(error))
        return None


def _notifier(account: Account, agent: AgentLayout) -> Notifier | None:
    try:
        return read_notifier(agent)
    except OSError as error:
        account.warn(f"cannot tell what notifies {agent.home}: {why(error)}")
        return None


def _age_of_oldest(account: Account, agent: AgentLayout, unread: Ends) -> float | None:
    """Return the age in seconds of the oldest good unread message; None if there is none.

    Most names carry the time: of those messages, only the first good one is opened.
    """
    headers = [found.header for found in all_mailboxes.look(agent.inbox_new, sorted(unread.undated)) if found.header]
    first = _first_good(agent, sorted(unread.dated))
    created = [header.created_ns for header in (*headers, *([first] if first else []))]
    return max(0.0, (account.clock() - min(created)) / SECOND_NS) if created else None


def _first_good(agent: AgentLayout, unread: list[str]) -> Header | None:
    return next((found.header for found in all_mailboxes.look(agent.inbox_new, unread) if found.header), None)
