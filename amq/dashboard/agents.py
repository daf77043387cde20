"""Collect all that amq knows of each agent of a queue: its mailbox, its state, and why its mail waits.

`amq who` and `why` import this, so it is kept as light as a short command.
"""

from __future__ import annotations

import os
import sys

from amq.errors import AmqError, NotFound
from amq.errors import why as in_words
from amq.instants import SECOND_NS
from amq.layout import RootedPath
from amq.mail import agents_overview, all_mailboxes
from amq.mail.agents_overview import Agent
from amq.names import USER
from amq.record import record, replace
from amq.runtime.policy.reasons import WaitReason
from amq.runtime.session_info import read_session
from amq.runtime.stat_polling import hint
from amq.runtime.state_file import state_of
from amq.store import directories, maildir, registry
from amq.store.durable import Directory
from amq.store.leases import has_any
from amq.store.notifier_info import read_notifier
from amq.store.remote import read_remote
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from amq.bridge.status import BridgeView, FarAgent
    from amq.mail.account import Account
    from amq.runtime.mail_way import MailWay
    from amq.runtime.private_state import PrivateState
    from amq.runtime.session_info import SessionInfo
    from amq.runtime.state_file import ReportedState
    from amq.runtime.why_waiting import Why
    from amq.store.maildir import Ends
    from amq.store.notifier_info import Notifier
    from amq.store.presence import Presence

    Key = tuple[object, ...]
    """The state of all that a row depends on, as far as that is cheap to look at."""

FRESH_S = 10.0
"""The seconds after which a row is made anew without a sign: a CLI's own files give none."""
LONGEST_FRESH_S = 60.0
COST = 200
"""A row stays for so many times as long as it took to make."""
MOST_TRIED = 250
"""The unread messages at either end of an inbox that repeated looks know, and try to open."""
_NEEDS_USER = {
    WaitReason.DIALOG, WaitReason.STOPPED, WaitReason.PARKED,
    WaitReason.UNKNOWN_PROGRAM, WaitReason.UNKNOWN_LOOK, WaitReason.NOT_CERTIFIED, WaitReason.UNTRUSTED,
    WaitReason.REFUSED,
}  # fmt: skip
"""Reasons that do not end by themselves, and a question."""


@record
class Row:
    """All that is known of one agent: its mailbox, and as far as there is such, its state and its session.

    `why` is the reason why its unread mail waits, and `way` how mail reaches it. `name` is what its CLI calls the
    session, or "". `leases` are the paths it has reserved. `problems` are sentences about what cannot be read of it;
    with `unknown` that is the whole mailbox, and the numbers in `agent` say nothing. `far` is what is known of an agent
    on another host.
    """

    agent: Agent
    state: ReportedState | None
    why: Why | None
    hosted: SessionInfo | None
    way: MailWay | None
    name: str
    leases: Sequence[str] = ()
    problems: Sequence[str] = ()
    unknown: bool = False
    far: FarAgent | None = None

    @property
    def handle(self) -> str:
        """The agent's handle."""
        return self.agent.handle

    @property
    def said(self) -> FarAgent | Presence | None:
        """The agent's status and note, as it has set them on its own host; None if it has set none."""
        return self.far or self.agent.presence

    @property
    def needs_user(self) -> bool:
        """True if nothing goes on until the user acts: the agent asks, its mail waits for them, or they have mail."""
        if self.handle == USER:
            return self.agent.unread > 0
        asks = self.state is not None and self.state.asks
        return asks or (self.why is not None and self.why.waits_for in _NEEDS_USER)

    def aged(self, seconds: float) -> Row:
        """Return it as it is SECONDS later, if nothing has happened."""
        return replace(
            self, agent=_aged(self.agent, "oldest_s", seconds), state=_aged(self.state, "seconds", seconds),
            why=_aged(self.why, "seconds", seconds),
        )  # fmt: skip


def _aged(value: Any, name: str, seconds: float) -> Any:
    before = getattr(value, name, None)
    return value if before is None else replace(value, **{name: before + seconds})


@record
class _Made:
    """A row as it was made at an instant, and until when it may stay if its key does; in nanoseconds."""

    key: Key
    at_ns: int
    until_ns: int
    row: Row


@record
class _Inbox:
    """The unread messages in an inbox, as its directory was at these TIMES."""

    times: tuple[int, ...]
    unread: Ends


class Agents:
    """Repeated looks at the agents of ACCOUNT's queue, whose notifiers keep their records in the directory PRIVATE.

    A look makes those rows anew of which something has changed, and each after FRESH_S seconds, or later if it is dear.
    An inbox is listed only when it has changed. MOST are the unread messages at either end of it that are looked at.
    """

    def __init__(self, account: Account, private: PrivateState, most: int = MOST_TRIED) -> None:
        self._account = account
        self._most = most
        self._private = private
        self._known: dict[str, _Made] = {}
        self._inboxes: dict[str, _Inbox] = {}
        self._bridge: BridgeView | None = None
        self._carried = ""  # the file in which the bridge says how far mail has come

    @property
    def places(self) -> Iterator[str]:
        """The directories in which a change may be one of the agents of the last look, or of their number."""
        from amq.runtime.file_events import of_agent  # only for who waits

        queue = self._account.queue
        yield from (queue.agents, queue.meta, queue.leases)
        for handle in self._known:
            yield from of_agent(queue, handle, self._private)
            yield queue.agent(handle).drains

    def look(self) -> tuple[list[Row], list[str]]:
        """Return what is known of each agent, by handle, and sentences about what cannot be read of the whole queue.

        Raises NotFound if the queue has gone, OSError if it cannot be read.
        """
        queue = self._account.queue
        unusable: dict[str, OSError] = {}
        present = registry.mailboxes(queue, unusable.__setitem__)
        if not present and not directories.exists(queue.agents):
            raise NotFound(f"{queue.root} is not a queue any more: its agents have gone")
        members, problems = self._account.gather(lambda: agents_overview.members(self._account, present))
        leases, of_leases = self._account.gather(self._leases)
        self._bridge = None  # one view for all rows of a look
        rows = [self._row(handle, members[handle], tuple(leases.get(handle, ()))) for handle in members]
        for handle in self._known.keys() - members.keys():
            del self._known[handle]
            self._inboxes.pop(handle, None)
        for handle, error in unusable.items():
            rows.append(_unknown(handle, all_mailboxes.skipped(queue.agent(handle).home, error)))
        return sorted(rows, key=lambda row: row.handle), [*problems, *of_leases]

    def _leases(self) -> Mapping[str, Sequence[str]]:
        try:
            if not has_any(self._account.queue):
                return {}
            from amq.dashboard import lease_holders

            return lease_holders.held_by(self._account, self._private)
        except (AmqError, OSError) as error:
            self._account.warn(f"cannot tell the leases: {in_words(error)}")
            return {}

    def _row(self, handle: str, is_registered: bool, leases: tuple[str, ...]) -> Row:
        now = self._account.clock()
        before = self._known.get(handle)
        key = self._key(handle, is_registered, leases) if before else ()  # most who look do so once
        if before and key and before.key == key and before.at_ns <= now < before.until_ns:
            return before.row.aged((now - before.at_ns) / SECOND_NS)
        row, problems = self._account.gather(lambda: self._new_row(handle, is_registered))
        row = replace(row, leases=leases, problems=tuple(dict.fromkeys((*row.problems, *problems))))
        cost_s = (self._account.clock() - now) / SECOND_NS
        fresh_s = min(max(FRESH_S, COST * cost_s), LONGEST_FRESH_S)
        self._known[handle] = _Made(key, now, now + int(fresh_s * SECOND_NS), row)
        return row

    def _key(self, handle: str, is_registered: bool, leases: tuple[str, ...]) -> Key:
        """Return a value that changes with the agent; () if it may change without."""
        from amq.runtime.journal import WAKES_NAME

        queue, agent = self._account.queue, self._account.queue.agent(handle)
        private = _directory(self._account, self._private, handle).directory
        boxes = (agent.inbox_new, agent.inbox_cur, agent.sent, agent.dlq_new, agent.dlq_cur, agent.refused)
        times = [self._times(path) for path in (agent.home, agent.state, agent.drains, *boxes, private)]
        if None in times:
            return ()
        try:
            notifier = read_notifier(agent)
            state = state_of(self._private, queue, handle, notifier)
        except OSError:
            return ()
        since = None if state is None else replace(state, seconds=None)
        if self._known[handle].row.far:
            times.append(hint(self._carried))
        return (*times, _size(f"{private}/{WAKES_NAME}"), is_registered, leases, notifier, since)

    def _times(self, path: str) -> tuple[int, ...] | None:
        if not isinstance(path, RootedPath):
            return hint(path)
        try:
            return directories.settled_times(path, self._account.clock())
        except OSError:
            return ()

    def _unread(self, handle: str) -> Ends:
        """Return the unread messages of HANDLE, from the last list of its inbox if that has not changed."""
        times = self._times(self._account.queue.agent(handle).inbox_new)
        before = self._inboxes.get(handle)
        if before and before.times == times:
            return before.unread
        found = agents_overview.unread(self._account, handle, self._most)
        if times:
            self._inboxes[handle] = _Inbox(times, found)
        return found

    def _new_row(self, handle: str, is_registered: bool) -> Row:
        account, private = self._account, self._private
        try:
            unread = self._unread(handle)
            agent = agents_overview.state_of(account, handle, unread, is_registered=is_registered)
            hosted = session(account, private, handle, agent.notifier)
            far, found = self._elsewhere(handle, agent.unread) or (None, None)
            if not far:
                found = _why(account, private, handle, unread.ids)
            state = None if far else state_of(private, account.queue, handle, agent.notifier)
            called = name(account, private, handle, hosted)
            by = way(account, private, handle, hosted)
            return Row(agent, state, found, hosted, by, called, far=far)
        except (AmqError, OSError) as error:
            return _unknown(handle, in_words(error))

    def _elsewhere(self, handle: str, unread: int) -> tuple[FarAgent, Why | None] | None:
        """Return what is known of an agent on another host, and why its UNREAD messages wait; None if it is here."""
        remote = read_remote(self._account.queue.agent(handle))
        if remote is None:
            return None
        if self._bridge is None:
            from amq.bridge.status import BridgeView

            self._bridge = BridgeView(self._private, self._account.queue.root)
            self._carried = self._bridge.state_file
        return self._bridge.agent(remote), self._bridge.why(handle, remote) if unread else None


def _unknown(handle: str, problem: str) -> Row:
    return Row(Agent(handle, None, 0, None, 0, None), None, None, None, None, "", (), (visible(problem),), unknown=True)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def rows(account: Account, private: PrivateState) -> list[Row]:
    """Return what is known of each agent that can be looked into, by handle; what cannot be read is warned of."""
    return warn_of(*Agents(account, private, sys.maxsize).look(), account.warn)


def warn_of(found: Sequence[Row], problems: Sequence[str], warn: Callable[[str], None]) -> list[Row]:
    """Return those rows FOUND whose mailbox can be looked into. WARN gets PROBLEMS, and those of each row."""
    for problem in (*problems, *(problem for row in found for problem in row.problems)):
        warn(problem)
    return [row for row in found if not row.unknown]


def state_in_words(state: ReportedState | None, age: Callable[[float], str]) -> str:
    """Return STATE and for how long it has been so, by AGE; "" if it is not known."""
    if state is None:
        return ""
    since = "" if state.seconds is None or state.question else f" {age(state.seconds)}"
    return f"{state.words()}{since}"


def whereabouts(row: Row, age: Callable[[float], str], now_ns: int) -> str:
    """Return what the agent of ROW does, by AGE since when; of one elsewhere, on which host it is, and if that is away.

    "" if neither is known.
    """
    return visible(row.far.words(now_ns)) if row.far else state_in_words(row.state, age)


def session(account: Account, private: PrivateState, handle: str, notifier: Notifier | None) -> SessionInfo | None:
    """Return what is known of the session of HANDLE that NOTIFIER hosts; None without one."""
    return read_session(_directory(account, private, handle).directory, notifier) if notifier else None


def way(account: Account, private: PrivateState, handle: str, hosted: SessionInfo | None) -> MailWay | None:
    """Return how mail reaches HANDLE, whose session HOSTED is; None if that is not known."""
    if hosted is None:
        return None
    from amq.runtime.mail_way import mail_way

    return mail_way(hosted, _directory(account, private, handle).directory)


def name(account: Account, private: PrivateState, handle: str, hosted: SessionInfo | None) -> str:
    """Return the name that the CLI of HANDLE, whose session HOSTED is, shows for that session; "" if unknown."""
    if hosted is None:
        return ""
    from amq.runtime.session_name import session_name

    return session_name(hosted, _directory(account, private, handle).directory)


def explain(account: Account, private: PrivateState, handle: str) -> tuple[int, Why | None]:
    """Return the number of HANDLE's unread messages, and why they wait; None if there are none."""
    agent = account.queue.agent(handle)
    unread = unread_ids(agent.inbox_new)
    if unread and (remote := read_remote(agent)):
        from amq.bridge.status import BridgeView

        return len(unread), BridgeView(private, account.queue.root).why(handle, remote)
    return len(unread), _why(account, private, handle, unread)


def _why(account: Account, private: PrivateState, handle: str, unread: list[str]) -> Why | None:
    """Return why those messages of HANDLE, an agent of this host, wait that are UNREAD; None if there are none."""
    if not unread:
        return None
    from amq.runtime.why_waiting import why

    agent = account.queue.agent(handle)
    return why(agent, unread, read_notifier(agent), _directory(account, private, handle), account.clock())


def unread_ids(path: RootedPath) -> list[str]:
    """Return the ids in the directory PATH, sorted; none if it is missing.

    Raises OSError, because unknown does not mean empty.
    """
    try:
        with Directory(path) as new:
            return sorted(maildir.message_ids(new))
    except FileNotFoundError:  # another program's mailbox may lack some directories
        return []


def history(account: Account, private: PrivateState, handle: str) -> tuple[list[dict[str, Any]], str]:
    """Return the recorded attempts to notify HANDLE, oldest first, and why there is no record, or ""."""
    if remote := read_remote(account.queue.agent(handle)):
        return [], f"only the host {remote.host} knows them"
    from amq.runtime.journal import WakeJournal

    directory = _directory(account, private, handle)
    return WakeJournal(directory.directory).entries(), "" if directory.directory else directory.why_not


def history_line(entry: Mapping[str, Any]) -> str:
    """Return a record as a line: the time, the number of messages, and what happened."""
    number = f"{entry['count']} unread"
    reason = f": {entry['reason']}" if entry.get("reason") else ""
    if "waits_for" in entry:
        return visible(f"{entry['at']}  {number}  waits for {entry['waits_for']}{reason}")
    return visible(f"{entry['at']}  {number}  {entry['outcome']} ({entry.get('way', '')}){reason}")


def why_in_words(found: Why, age: Callable[[float], str]) -> str:
    """Return the reason for waiting, since when by AGE, and its detail; or how long ago a notification went out."""
    if found.waits_for is WaitReason.NOTIFIED:
        return visible(found.detail if found.seconds is None else f"{age(found.seconds)} ago {found.detail}")
    since = "" if found.seconds is None else f", for {age(found.seconds)}"
    return visible(f"{found.waits_for.value}{since}: {found.detail}")


def _directory(account: Account, private: PrivateState, handle: str) -> PrivateState:
    """Return the directory where the agent's notifier keeps its records."""
    return private.of_agent(account.queue.root, handle, make=False)
