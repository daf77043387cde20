"""Remove temporary files that crashed writers left behind, in the mailboxes of all agents."""

from __future__ import annotations

import os

from amq.instants import SECOND_NS
from amq.mail import all_mailboxes
from amq.store import stale_tmp
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.layout import RootedPath
    from amq.mail.account import Account


def stale(account: Account, age_s: float, *, remove: bool) -> list[str]:
    """Return the paths of temporary files that dead writers left AGE_S seconds ago or earlier (`Mailbox.sweep`)."""
    before = account.clock() - int(age_s * SECOND_NS)
    agents = all_mailboxes.agents(account).values()
    paths = (path for agent in agents for path in (agent.inbox_tmp, agent.dlq_tmp))
    return sorted(os.path.join(path, name) for path in paths for name in _names(account, path, before, remove))


def _names(account: Account, path: RootedPath, before: int, remove: bool) -> list[str]:
    try:
        with Directory(path) as tmp:
            return stale_tmp.stale(tmp, before, remove=remove)
    except FileNotFoundError:
        return []
    except OSError as error:
        all_mailboxes.left_out(account, path, error)
        return []
