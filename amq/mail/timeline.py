"""All messages of a queue in the order of time, each once, for repeated looks, as a log of what is said needs."""

from __future__ import annotations

from amq.errors import Unreadable, why
from amq.mail import all_mailboxes, message_table
from amq.mail.message_table import in_order, joined
from amq.mail.summary import CREATED_NS, ID, SENDER
from amq.names import SUFFIX
from amq.store import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account
    from amq.mail.message_table import Table


class Timeline:
    """The messages in the mailboxes of all agents, or of those NAMED.

    Two files are one message if they have the same id, sender and time: a file that one agent puts into its own mailbox
    must not hide a message in another's.
    """

    def __init__(self, account: Account, named: Sequence[str] = ()) -> None:
        self._account = account
        self._named = named
        self._names: dict[RootedPath, set[str]] = {}
        self._messages: set[tuple[str, str, int]] = set()
        self._times: dict[RootedPath, tuple[int, ...]] = {}

    @property
    def places(self) -> list[RootedPath]:
        """The directories to watch: those of messages, and the one of all mailboxes."""
        return [self._account.queue.agents, *self._names]

    def look(self, *, sweep: bool = True) -> Table:
        """Return the messages that came since the last look, by time, then id; the first look returns all.

        Without `sweep` a directory is not read whose times say that nothing came. What cannot be read, or is not a
        message, is warned of and left out.
        """
        agents = all_mailboxes.agents(self._account, self._named)
        found = [self._came(handle, path, sweep) for handle, path in all_mailboxes.boxes(agents)]
        return in_order(joined(found))

    def _came(self, holder: str, path: RootedPath, sweep: bool) -> Table:
        names = self._names.setdefault(path, set())
        try:
            if not (self._may_have_changed(path) or sweep):
                return joined([])
            table, without = message_table.in_directory(self._account, holder, path, names)
        except FileNotFoundError:  # another program's mailbox may lack some directories
            return joined([])
        except OSError as error:
            self._account.warn(f"{path} is skipped: {why(error)}")
            return joined([])
        names.update(table.names())
        for each in without:
            all_mailboxes.warn_of(self._account, path, each)
            if not isinstance(each.error, Unreadable):  # which may become readable
                names.add(f"{each.id}{SUFFIX}")
        return self._fresh(table)

    def _fresh(self, table: Table) -> Table:
        """Return those of TABLE that were not found elsewhere."""
        keys = list(zip(*map(table.column, (ID, SENDER, CREATED_NS)), strict=True))
        places = [at for at, key in enumerate(keys) if key not in self._messages]
        self._messages.update(keys)
        return table if len(places) == len(keys) else table.chosen(places)

    def _may_have_changed(self, path: RootedPath) -> bool:
        """Return whether the directory PATH has other times, or may still change without getting others."""
        now, before = directories.settled_times(path, self._account.clock()), self._times.pop(path, None)
        if now is not None:
            self._times[path] = now
        return now is None or now != before
