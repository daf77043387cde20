"""Make JSON values of agents and messages, for a browser. All text in them is safe to show. Pure."""

from __future__ import annotations

from amq.instants import MILLISECOND_NS, SECOND_NS
from amq.names import KINDS, USER
from amq.runtime.policy.reasons import Activity
from amq.text import cut_before, subject_line, visible, visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from amq.dashboard.agents import Row
    from amq.dashboard.conversation import Body, LoggedMessage

LONGEST_BODY_CHARS = 256 * 1024
LONGEST_IN_THREAD_CHARS = 16 * 1024
_STEADY_MS = 3000
_BUSY = {Activity.WORKING, Activity.STARTING, Activity.DRAFT, Activity.ASKS}


def queue(name: str, problem: str, *, is_gone: bool = False) -> dict[str, Any]:
    """Return what a browser shows of the queue itself."""
    return {"name": visible(name), "problem": visible(problem), "is_gone": is_gone, "kinds": KINDS}


class Instants:
    """The instants at which something began, from how many seconds ago it did.

    Two looks at one beginning differ by the time between two readings of a clock. The first one counts, so that a value
    in which nothing has happened stays the same.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}

    def began_ms(self, handle: str, what: str, seconds: float | None, now_ns: int) -> int | None:
        """Return when WHAT of HANDLE began, SECONDS before NOW_NS, in milliseconds; None if it is not known."""
        if seconds is None:
            return None
        began = round((now_ns - seconds * SECOND_NS) / MILLISECOND_NS)
        before = self._known.get((handle, what), began)
        self._known[handle, what] = before if abs(began - before) < _STEADY_MS else began
        return self._known[handle, what]


def agent(row: Row, now_ns: int, instants: Instants) -> dict[str, Any]:
    """Return an agent, as it was at NOW_NS."""
    state, why, handle = row.state, row.why, row.handle

    def began(what: str, seconds: float | None) -> int | None:
        return instants.began_ms(handle, what, seconds, now_ns)

    return {
        "handle": handle,
        "state": "asks you" if state and state.asks else _doing(row, now_ns),
        "since_ms": began("state", state.seconds if state else None),
        "question": state.question if state else "",
        "needs_user": row.needs_user,
        "is_quiet": _is_quiet(row),
        "is_elsewhere": row.far is not None,
        "unread": row.agent.unread,
        "oldest_ms": began("oldest", row.agent.oldest_s),
        "dead_letters": row.agent.dead_letters,
        "waits_for": visible(why.detail) if why and handle != USER else "",
        "waits_since_ms": began("why", why.seconds if why else None),
        "facts": [[what, visible(text)] for what, text in _facts(row) if text],
        "problem": visible(". ".join(row.problems)),
    }


def _doing(row: Row, now_ns: int) -> str:
    """Return what the agent does, or on which host it is, and whether that is away; "" if that is not known."""
    if row.far:
        return visible(row.far.words(now_ns))
    return row.state.words() if row.state else ""


def _is_quiet(row: Row) -> bool:
    """Return whether the agent can be folded away: it rests, and has no mail and no dead letters."""
    is_busy = row.state is not None and row.state.activity in _BUSY
    return not (row.needs_user or row.problems or is_busy or row.agent.unread or row.agent.dead_letters)


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    agent = row.agent
    if said := row.said:
        yield "status", ": ".join(filter(None, (said.status, said.note)))
    if row.state:
        yield "program", " ".join(filter(None, (row.state.program, row.state.version)))
    yield "session", row.name
    if row.way:
        yield "mail by", row.way.short()
    if agent.notifier:
        yield "carried by" if row.far else "notified by", f"amq {agent.notifier.how} (pid {agent.notifier.pid})"
    yield "leases", ", ".join(row.leases)
    yield "mail waits for", row.why.waits_for.value if row.why else ""
    yield "unreadable", "; ".join(map(str, agent.unreadable))


def key(logged: LoggedMessage) -> str:
    """Return the word by which a browser names a message."""
    return visible(logged.key)


def message(logged: LoggedMessage) -> dict[str, Any]:
    """Return a message without its body."""
    header = logged.header
    return {
        "key": key(logged),
        "id": visible(header.id),
        "from": visible(header.sender),
        "to": [{"handle": visible(each.handle), "where": each.place.value} for each in logged.recipients],
        "thread": visible(header.conversation),
        "subject": subject_line(header.subject),
        "kind": visible(header.kind),
        "priority": visible(header.priority),
        "created_ms": header.created_ns // MILLISECOND_NS,
    }


def whole_message(logged: LoggedMessage, body: Body, most_chars: int = LONGEST_BODY_CHARS) -> dict[str, Any]:
    """Return a message with its body, of which a browser gets MOST_CHARS at most."""
    text = body.text[: cut_before(body.text, most_chars)]
    return message(logged) | {
        "body": visible_lines(text),
        "is_cut": len(text) < len(body.text),
        "problem": visible(body.problem),
    }
