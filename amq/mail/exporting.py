"""Read all messages of a queue whole, in the order of time, for an export."""

from __future__ import annotations

from contextlib import ExitStack

from amq.errors import AmqError, why
from amq.mail import all_mailboxes
from amq.mail.message_filter import Filter
from amq.mail.timeline import Timeline
from amq.message import parse
from amq.store import maildir
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account
    from amq.mail.message_table import Table
    from amq.mail.summary import Summary


def chosen(account: Account, wanted: Filter, agents: Sequence[str] = ()) -> Table:
    """Return the messages that are WANTED in the mailboxes of all agents, or of AGENTS, each once, oldest first.

    Bad messages are warned of and left out. Raises UsageError or NotFound for AGENTS, OSError.
    """
    found = Timeline(account, agents).look()
    if wanted == Filter():
        return found
    return found.chosen([at for at, each in enumerate(found) if wanted.takes(each)])


def texts(account: Account, messages: Iterable[Summary]) -> Iterator[tuple[Summary, str]]:
    """Yield each of MESSAGES with the text of its body; with "" and a warning if it cannot be read any more."""
    with ExitStack() as opened:
        directories: dict[RootedPath, Directory] = {}
        for message in messages:
            try:
                path = message.directory
                if path not in directories:
                    directories[path] = opened.enter_context(Directory(path))
                yield message, parse(_data(account, directories[path], message), message.id).text
            except (AmqError, OSError) as error:
                account.warn(f"{message.id} is exported without its body: {why(error)}")
                yield message, ""


def _data(account: Account, directory: Directory, message: Summary) -> bytes:
    """Return the bytes of MESSAGE, in DIRECTORY or where its holder has moved it since. Raises AmqError, OSError."""
    try:
        return maildir.read_whole(directory, message.id)
    except FileNotFoundError:
        return all_mailboxes.data_of(account, message, message.holder)
