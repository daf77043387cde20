"""Keep an agent from mailing a file to another host by `--body @FILE`, unless its user has allowed that."""

from __future__ import annotations

from amq.errors import AmqError
from amq.store.remote import read_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from amq.mail.mailbox import Mailbox


class FileStays(AmqError):
    """A message whose body is a file, for an agent of another host, from one whose files do not leave."""

    code = "file_stays"


def check(mailbox: Mailbox, recipients: Iterable[str]) -> None:
    """Raise FileStays if one of RECIPIENTS is on another host, and the files of this agent do not leave.

    The user's own table decides. A mailbox that only the queue notes as remote is one, too: unknown is not allowed.
    """
    from amq.bridge.config import read_bridge
    from amq.cli.open_mailbox import private_directory

    account = mailbox.account
    bridge = read_bridge(private_directory(account.queue.root), account.queue.root)
    table = bridge.remote if bridge else {}
    abroad = [each for each in recipients if each in table or read_remote(account.queue.agent(each))]
    if abroad and not (bridge and bridge.exports.get(account.me)):
        hint = f"the user allows it on this host: amq bridge export {account.me} --files; or write the text"
        raise FileStays(f"files of {account.me} do not leave this host, and {abroad[0]} is on another", hint=hint)
