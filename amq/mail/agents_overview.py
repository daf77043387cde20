"""Every agent of a queue: what it says, what waits for it, and who tells it so."""

from __future__ import annotations

from amq.errors import BadMessage, Unreadable, why
from amq.instants import SECOND
from amq.mail import all_mailboxes
from amq.names import undated
from amq.record import record
from amq.store import maildir, registry
from amq.store.notifier_info import read_notifier
from amq.store.presence import read_presence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from amq.layout import AgentLayout
    from amq.mail.account import Account
    from amq.message import Header
    from amq.store.notifier_info import Notifier
    from amq.store.presence import Presence


@record
class Agent:
    """How an agent stands. `oldest_s` is the age of its oldest unread message in seconds; None: that is not known.

    `unreadable` are those of the unread that cannot be read, `dead_letters` all that was put away, or moved aside.
    """

    handle: str
    presence: Presence | None
    unread: int
    oldest_s: float | None
    dead_letters: int
    notifier: Notifier | None
    unreadable: Sequence[Unreadable] = ()


def roster(account: Account) -> list[Agent]:
    """See `Mailbox.who`."""
    agents = all_mailboxes.agents(account)
    others = [
        handle for handle in account.registered() or [] if handle not in agents and _is_reachable(account, handle)
    ]
    handles = sorted((*agents, *others))
    return [_stand(account, handle, account.queue.agent(handle)) for handle in handles]


def _is_reachable(account: Account, handle: str) -> bool:
    """Whether the mailbox of HANDLE can be looked into; where it cannot, that was warned of."""
    try:
        registry.has_mailbox(account.queue.agent(handle))
    except OSError:
        return False
    return True


def presences(account: Account) -> list[Presence]:
    """See `Mailbox.presences`."""
    handles = sorted(all_mailboxes.agents(account))
    found = (_presence(account, handle, account.queue.agent(handle)) for handle in handles)
    return [presence for presence in found if presence is not None]


def _stand(account: Account, handle: str, agent: AgentLayout) -> Agent:
    unread = all_mailboxes.ids(account, agent.inbox_new)
    places = (agent.dlq_new, agent.dlq_cur, agent.refused)
    letters = (all_mailboxes.ids(account, path, maildir.entry_ids) for path in places)
    return Agent(
        handle,
        _presence(account, handle, agent),
        len(unread),
        _age_of_oldest(account, agent, unread),
        sum(map(len, letters)),
        _notifier(account, agent),
        maildir.cannot_read(agent.inbox_new, unread) if unread else (),
    )


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


def _age_of_oldest(account: Account, agent: AgentLayout, unread: list[str]) -> float | None:
    """Names carry the time: of those that do, only the first good message is opened."""
    others = undated(unread)
    named = sorted(set(unread).difference(others))
    headers = [found.header for found in all_mailboxes.look(agent.inbox_new, others) if found.header]
    first = _first_good(agent, named)
    created = [header.created_ns for header in (*headers, *([first] if first else []))]
    return max(0.0, (account.clock() - min(created)) / SECOND) if created else None


def _first_good(agent: AgentLayout, unread: list[str]) -> Header | None:
    return next((found.header for found in all_mailboxes.look(agent.inbox_new, unread) if found.header), None)
