"""Short ids: the end of a message's id, enough for a user to name it by.

An id ends in random digits, so its last eight characters are usually its own. What is typed is resolved here, for every
command: an exact id first, then the one id that ends so.
"""

from __future__ import annotations

from collections import Counter

from amq.errors import NotFound, UsageError
from amq.mail import all_mailboxes, listing
from amq.names import message_id
from amq.store import maildir, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from amq.layout import AgentLayout, RootedPath
    from amq.mail.account import Account

CHARS = 8
LAST = "@last"
"""The name of the newest message in the inbox. No id that amq makes begins with `@`."""
_MOST_CANDIDATES = 10


def shortened(identifiers: Iterable[str]) -> dict[str, str]:
    """Return the short form of each of these ids; an id whose end another one shares stays whole."""
    identifiers = list(identifiers)
    ends = Counter(each[-CHARS:] for each in set(identifiers))
    return {each: each[-CHARS:] if ends[each[-CHARS:]] == 1 else each for each in identifiers}


def own(account: Account, text: str) -> str:
    """Return the id that a user means by TEXT among the agent's own messages (`Mailbox.find_id`)."""
    return _newest(account) if text == LAST else _resolved(account, text, _boxes(account.agent))


def anyones(account: Account, text: str) -> str:
    """Return the id that a user means by TEXT among the messages of all agents (`Mailbox.find_id`)."""
    if text == LAST:
        return _newest(account)
    agents = map(account.queue.agent, registry.mailboxes(account.queue))  # the verb warns of those that are damaged
    return _resolved(account, text, [path for agent in agents for path in _boxes(agent)])


def letter(account: Account, text: str) -> str:
    """Return the id that a user means by TEXT among the agent's dead letters (`Mailbox.find_letter_id`)."""
    agent = account.agent
    return _resolved(account, text, [agent.dlq_new, agent.dlq_cur, agent.refused])


def _boxes(agent: AgentLayout) -> list[RootedPath]:
    return [agent.inbox_new, agent.inbox_cur, agent.sent]


def _resolved(account: Account, text: str, paths: list[RootedPath]) -> str:
    """Return the id in the directories PATHS that TEXT is, or that alone ends in TEXT; TEXT itself if there is none.

    The verb that gets it then says that it is not there. Raises UsageError, with the candidates, if several end so.
    """
    name = message_id(text)
    if len(name) < CHARS or any(_has(path, name) for path in paths):
        return name
    found = {each for path in paths for each in all_mailboxes.ids(account, path, maildir.entry_ids)}
    ending = sorted(each for each in found if each.endswith(name))
    if len(ending) > 1:
        more = [f"and {len(ending) - _MOST_CANDIDATES} more"] if len(ending) > _MOST_CANDIDATES else []
        candidates = ", ".join([*ending[:_MOST_CANDIDATES], *more])
        raise UsageError(f"{len(ending)} ids end in {name}", hint=f"write one in full: {candidates}")
    return ending[0] if ending else name


def _has(path: RootedPath, identifier: str) -> bool:
    """Return whether the directory PATH has the message; False where that is not known, which the listing reports."""
    try:
        return maildir.has(path, identifier)
    except OSError:
        return False


def _newest(account: Account) -> str:
    """Return the id of the newest message in the inbox; raises NotFound if it has none that can be read."""
    found = listing.newest(account.agent)
    if found is None:
        raise NotFound(f"{LAST}: no message in the inbox of {account.me}")
    return found.id
