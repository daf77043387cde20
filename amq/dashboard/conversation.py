"""Look at what all agents of a queue say to each other, and where each message is."""

from __future__ import annotations

from amq.dashboard.recipients import Recipient, Recipients
from amq.errors import AmqError, why
from amq.mail import all_mailboxes, searching, threads
from amq.mail.message_filter import Filter
from amq.mail.message_table import in_order, joined
from amq.mail.newest import NewestMessages
from amq.mail.search_terms import parse_query
from amq.mail.summary import CREATED_NS, ID, SENDER, TO, of_header
from amq.message import parse
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amq.layout import RootedPath
    from amq.mail.account import Account
    from amq.mail.newest import Changed
    from amq.mail.summary import Summary


@record
class LoggedMessage:
    """A message without its body, and where it is at each recipient."""

    header: Summary
    recipients: tuple[Recipient, ...]

    @property
    def id(self) -> str:
        """The message's id."""
        return self.header.id

    @property
    def key(self) -> str:
        """A word that is this message's alone: two files that claim one id are two messages."""
        return f"{self.header.id} {self.header.sender} {self.header.created_ns}"


@record
class Log:
    """Messages, oldest first unless said otherwise, and sentences about what could not be read."""

    messages: tuple[LoggedMessage, ...]
    problems: tuple[str, ...] = ()


@record
class Body:
    """The text of a message, as its sender wrote it: not safe to show as it is. Or the PROBLEM, and no text."""

    text: str
    problem: str = ""


class Conversation:
    """Repeated looks at the mail in all mailboxes of ACCOUNT's queue. Nothing here moves mail."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._newest = NewestMessages(account)
        self._recipients = Recipients(account)

    @property
    def places(self) -> list[RootedPath]:
        """The directories of the last looks in which a change may be one of the mail."""
        return [*self._newest.places, *self._recipients.places]

    def newest(self, limit: int, changed: Changed = None, *, sweep: bool = False) -> Log:
        """Return the newest LIMIT messages of the queue (`NewestMessages.look`)."""
        return self._log(lambda: self._newest.look(limit, changed, sweep=sweep))

    def thread(self, name: str, limit: int = 0) -> Log:
        """Return the last LIMIT messages (0: all) of the thread NAME; an answer comes after what it answers."""
        return self._log(lambda: list(threads.table(self._account, name, (), limit)))

    def pair(self, one: str, other: str, limit: int = 0) -> Log:
        """Return the last LIMIT messages (0: all) that the agents ONE and OTHER sent each other."""
        return self._log(lambda: self._between(one, other, limit))

    def search(self, query: str, limit: int) -> Log:
        """Return the newest LIMIT messages with the words of QUERY (`Mailbox.search`), the newest first."""
        return self._log(lambda: self._found(query, limit))

    def located(self, message: LoggedMessage) -> LoggedMessage:
        """Return MESSAGE with the places where it is now."""
        (recipients,) = self._recipients.of([message.header])
        return LoggedMessage(message.header, recipients)

    def body(self, message: Summary) -> Body:
        """Return the text of MESSAGE, wherever its holder has moved it to since."""
        try:
            data = all_mailboxes.data_of(self._account, message, message.holder)
            return Body(parse(data, message.id).text)
        except (AmqError, OSError) as error:
            return Body("", why(error))

    def _log(self, look: Callable[[], Sequence[Summary]]) -> Log:
        try:
            found, problems = self._account.gather(look)
        except (AmqError, OSError) as error:
            return Log((), (why(error),))
        of_each = self._recipients.of(found)
        logged = tuple(LoggedMessage(*each) for each in zip(found, of_each, strict=True))
        return Log(logged, tuple(dict.fromkeys(problems)))

    def _between(self, one: str, other: str, limit: int) -> list[Summary]:
        agents = {handle: self._account.queue.agent(handle) for handle in (one, other)}
        whole = in_order(joined(all_mailboxes.messages(self._account, *box) for box in all_mailboxes.boxes(agents)))
        keys = zip(*map(whole.column, (ID, CREATED_NS, SENDER)), strict=True)
        first = {key: at for at, key in reversed(list(enumerate(keys)))}
        senders, to = whole.column(SENDER), whole.column(TO)
        routes = {(one, other), (other, one)}
        places = [
            at for at in sorted(first.values()) if any((senders[at], handle) in routes for handle in to[at].split(","))
        ]
        return list(whole.chosen(places[-limit:] if limit else places))

    def _found(self, query: str, limit: int) -> list[Summary]:
        hits = searching.search(self._account, parse_query(query), Filter(), limit)
        return [of_header(hit.message.header, hit.holder, hit.directory) for hit in hits]
