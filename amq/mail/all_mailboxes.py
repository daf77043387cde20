"""Look across the mailboxes of all agents. A damaged mailbox causes a warning and stops nothing."""

from __future__ import annotations

from amq.errors import BadMessage, Unreadable, UnsafePath, why
from amq.store import maildir, registry
from amq.store.durable import Directory
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import TypeVar

    from amq.layout import AgentLayout, RootedPath
    from amq.mail.account import Account
    from amq.mail.message_table import Table
    from amq.mail.summary import Summary
    from amq.message import Header
    from amq.store.maildir import Ends, Found

    T = TypeVar("T")


def agents(account: Account, only: Sequence[str] = ()) -> dict[str, AgentLayout]:
    """Return the mailboxes of every agent (of ONLY these, if any are named) by handle, the account's own first.

    Own first, because where two messages claim one id, no one else put the one in our own mailbox there. A mailbox that
    cannot be looked into is warned of and left out. Raises UsageError for an invalid handle, NotFound for an agent that
    has no mailbox, OSError for one of ONLY these that cannot be looked into.
    """
    only = [account.named(word, "--agents") for word in only]
    unusable: dict[str, OSError] = {}
    present = registry.mailboxes(account.queue, unusable.__setitem__)
    for handle, error in unusable.items():
        if handle in only:
            raise error
        left_out(account, account.queue.agent(handle).home, error)
    for handle in only:
        if handle not in present:
            raise account.unknown(handle, account.registered() or [], f"amq init --agents {handle}")
    chosen = [handle for handle in present if not only or handle in only]
    return {handle: account.queue.agent(handle) for handle in sorted(chosen, key=account.me.__ne__)}


def ids(account: Account, path: RootedPath, find: Callable[[Directory], list[str]] = maildir.message_ids) -> list[str]:
    """Return the ids that FIND finds in the directory PATH, sorted; none, with a warning, if it cannot be read."""
    nothing: list[str] = []
    return sorted(_found_in(account, path, find, nothing))


def ends(account: Account, path: RootedPath, first: int, last: int) -> Ends:
    """Return the FIRST and the LAST messages in the directory PATH (`maildir.ends`).

    If it cannot be read it has none, with a warning.
    """
    return _found_in(account, path, lambda directory: maildir.ends(directory, first, last), maildir.NO_MESSAGES)


def _found_in(account: Account, path: RootedPath, find: Callable[[Directory], T], nothing: T) -> T:
    try:
        with Directory(path) as directory:
            return find(directory)
    except FileNotFoundError:  # another program's mailbox may lack some directories
        return nothing
    except OSError as error:
        left_out(account, path, error)
        return nothing


def boxes(agents: Mapping[str, AgentLayout]) -> Iterator[tuple[str, RootedPath]]:
    """Yield every directory of messages of AGENTS, each with its handle; mail moves only to a later one."""
    for handle, agent in agents.items():
        for path in (agent.inbox_new, agent.inbox_cur, agent.sent):
            yield handle, path


def messages(account: Account, holder: str, path: RootedPath, known: Collection[str] = ()) -> Table:
    """Return the messages in the directory PATH of the mailbox of HOLDER, by time, then id, but for KNOWN file names.

    What cannot be read, or is not a message, is warned of and left out.
    """
    from amq.mail import message_table

    try:
        found, without = message_table.in_directory(account, holder, path, known)
    except FileNotFoundError:  # another program's mailbox may lack some directories
        return message_table.of_summaries([])
    except OSError as error:
        left_out(account, path, error)
        return message_table.of_summaries([])
    for each in without:
        warn_of(account, path, each)
    return found


def missing(account: Account, identifiers: Sequence[str]) -> list[str]:
    """Return those of IDENTIFIERS, each once, that no message in any mailbox has."""
    left = list(dict.fromkeys(identifiers))
    for agent in agents(account).values():
        for path in (agent.inbox_new, agent.inbox_cur, agent.sent):
            if not left:
                return []
            found = set(ids(account, path))
            left = [identifier for identifier in left if identifier not in found]
    return left


def data_of(account: Account, message: Header | Summary, holder: str) -> bytes:
    """Return the bytes of MESSAGE, wherever its HOLDER has moved it to. Raises BadMessage if it is gone, OSError."""
    paths = [path for _, path in boxes({holder: account.queue.agent(holder)})]
    data = maildir.read_raw(paths, message.id)
    if data is None:
        raise BadMessage("it was removed just now")
    return data


def skipped(path: str, error: OSError) -> str:
    """Return in a sentence that PATH, which cannot be looked into, is left out."""
    if isinstance(error, UnsafePath):
        return f"{error}; it is skipped; {error.hint}"
    return f"{path} is skipped: {why(error)}"


def left_out(account: Account, path: str, error: OSError) -> None:
    """Warn that PATH cannot be looked into; for a link, which may be met several times, only once."""
    warn = account.warn_once if isinstance(error, UnsafePath) else account.warn
    warn(skipped(path, error))


def look(path: RootedPath, identifiers: Sequence[str]) -> Iterator[Found]:
    """Yield a look at the head of each of these messages in the directory PATH, except those that have gone."""
    if identifiers:
        with Directory(path) as directory:
            for identifier in identifiers:
                found = maildir.look(directory, identifier)
                if found is not None:
                    yield found


def warn_of(account: Account, path: str, found: Found) -> None:
    """Warn that a message without a readable header was left out, and why."""
    if isinstance(found.error, Unreadable):
        account.warn(f"{found.error}; skipped")
    else:
        account.warn(f"{path}/{visible(found.id)} is not a message, skipped: {visible(str(found.error))}")
