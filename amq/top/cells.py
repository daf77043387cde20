"""Turn what is known of agents and messages into texts for a screen. Pure.

All text of others is made visible here, and is a `Text`, which knows no markup: nothing that a peer wrote acts.
"""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from amq.dashboard.actions import Refused
from amq.dashboard.agents import history_line, state_in_words, whereabouts, why_in_words
from amq.dashboard.recipients import Place
from amq.instants import age, local_time
from amq.names import USER
from amq.runtime.policy.reasons import Activity
from amq.text import subject_line, visible, visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from amq.dashboard.actions import Result
    from amq.dashboard.agents import Row
    from amq.dashboard.conversation import Body, LoggedMessage
    from amq.dashboard.overview import Snapshot
    from amq.mail.summary import Summary

AGENT_COLUMNS = ("agent", "state", "unread", "oldest", "waits for", "")
LOG_COLUMNS = ("time", "from → to", "where", "subject")
MOST_BODY_LINES, MOST_BODY_CHARS = 2_000, 100_000
"""The most that is shown of a body: to lay out more takes a second."""
_STYLES = {
    Activity.ASKS: "bold red", Activity.WORKING: "green", Activity.DRAFT: "yellow", Activity.STOPPED: "red",
    Activity.NOT_RUNNING: "dim", Activity.UNKNOWN: "dim",
}  # fmt: skip
_PLACES = {
    Place.UNREAD: "bold yellow", Place.DRAINED: "green", Place.ACKNOWLEDGED: "green", Place.DEAD: "bold red",
    Place.MISSING: "dim", Place.UNKNOWN: "red",
}  # fmt: skip
_WORST_FIRST = (Place.DEAD, Place.UNKNOWN, Place.UNREAD, Place.MISSING, Place.DRAINED, Place.ACKNOWLEDGED)


def agent_cells(row: Row, now_ns: int) -> tuple[Text, ...]:
    """Return the cells of an agent at the moment NOW_NS, in the order of AGENT_COLUMNS."""
    if row.unknown:
        problem = row.problems[0] if row.problems else ""
        return Text(row.handle), Text("cannot be read", "red"), Text(), Text(), Text(), Text(visible(problem), "red")
    agent, state = row.agent, row.state
    words = whereabouts(row, age, now_ns) or ("(you)" if row.handle == USER else "-")
    unread = "?" if row.problems and not agent.unread else str(agent.unread or "")
    return (
        Text(row.handle, "bold red" if row.needs_user else "bold" if agent.unread else ""),
        Text(words, _STYLES.get(state.activity, "") if state else "dim"),
        Text(unread, "bold yellow", justify="right"),
        Text("" if agent.oldest_s is None else age(agent.oldest_s), justify="right"),
        Text("" if row.why is None or row.handle == USER else row.why.waits_for.value, "yellow"),
        Text(_remark(row), "dim"),
    )


def _remark(row: Row) -> str:
    agent = row.agent
    parts = (
        f"{agent.dead_letters} dead letters" if agent.dead_letters else "",
        f"{len(agent.unreadable)} unreadable" if agent.unreadable else "",
        row.problems[0] if row.problems else "",
        f'"{row.name}"' if row.name else "",
        f"leases {' '.join(row.leases)}" if row.leases else "",
        row.said.status if row.said else "",
    )
    return visible(", ".join(filter(None, parts)))


def explanation(row: Row, now_ns: int) -> Text:
    """Return why the mail of an agent waits at the moment NOW_NS, in full, or how mail reaches it: a line or two."""
    text = Text().append(f"{row.handle}: ", "bold")
    if row.problems:
        return text.append(visible(row.problems[0]), "red")
    if row.handle == USER:
        return text.append("your own mail: Enter on a message reads it" if row.agent.unread else "no unread mail")
    if row.why:
        return text.append(why_in_words(row.why, age), "red" if row.needs_user else "")
    if row.state and row.state.asks:
        return text.append(state_in_words(row.state, age), "red")
    way = f"it is {whereabouts(row, age, now_ns)}" if row.far else row.way.sentence() if row.way else ""
    return text.append(f"no unread mail; {way}" if way else "no unread mail")


def details(row: Row, entries: Sequence[Mapping[str, Any]], why_not: str, now_ns: int) -> Text:
    """Return all about an agent at the moment NOW_NS, and its ENTRIES in the journal of its notifier.

    WHY_NOT says why there are none.
    """
    agent, hosted, said = row.agent, row.hosted, row.said
    lines = [
        explanation(row, now_ns),
        *(Text(visible(problem), "red") for problem in row.problems[1:]),
        Text(f"State: {whereabouts(row, age, now_ns) or 'not known'}"),
        Text(visible(f"Status: {': '.join(filter(None, (said.status, said.note)))}")) if said and said.status else None,
        Text(f"Program: {' '.join(filter(None, (row.state.program, row.state.version)))}") if row.state else None,
        Text(f"Session: {visible(row.name)}") if row.name else None,
        Text(f"{'Carried' if row.far else 'Notified'} by: "
             f"{f'amq {visible(agent.notifier.how)} (pid {agent.notifier.pid})' if agent.notifier else 'nothing'}"),
        Text(f"Mail: {visible(row.way.sentence())}") if row.way else None,
        Text(f"Runs without asking: {visible(hosted.allowed)}") if hosted else None,
        *(Text(f"Lacks {visible(lack)}") for lack in (hosted.lacks if hosted else ())),
        Text(f"Leases: {visible(' '.join(row.leases))}") if row.leases else None,
        Text(f"Dead letters: {agent.dead_letters}; to look: amq dlq list --me {row.handle}", "red")
        if agent.dead_letters else None,
        Text(),
        Text("Attempts to notify it, the newest first:", "bold"),
        *(Text(history_line(entry)) for entry in reversed(entries)),
        Text(visible(why_not) if why_not else "" if entries else "none", "dim"),
    ]  # fmt: skip
    return Text("\n").join(line for line in lines if line is not None)


def message_cells(message: LoggedMessage, now_ns: int) -> tuple[Text, ...]:
    """Return the cells of a message, in the order of LOG_COLUMNS."""
    header = message.header
    subject = Text().append("! " if header.priority == "urgent" else "", "bold red")
    subject.append(f"{visible(header.kind)}: " if header.kind else "", "dim")
    subject.append(subject_line(header.subject), "bold" if _is_mine(message) else "")
    return Text(local_time(header.created_ns, now_ns), "dim"), _route(header), _where(message), subject


def _is_mine(message: LoggedMessage) -> bool:
    """Return whether it is unread mail of the user's."""
    return any(each.handle == USER and each.place is Place.UNREAD for each in message.recipients)


def _route(header: Summary) -> Text:
    return (
        Text().append(visible(header.sender), "cyan").append(" → ", "dim").append(visible(",".join(header.to)), "cyan")
    )


def _where(message: LoggedMessage) -> Text:
    """Return where a message is: of several recipients, how many are in the worst place."""
    count = Counter(each.place for each in message.recipients)
    worst = next((place for place in _WORST_FIRST if count[place]), Place.UNKNOWN)
    share = f"{count[worst]}/{len(message.recipients)} " if 0 < count[worst] < len(message.recipients) else ""
    return Text(f"{share}{_short(worst)}", _PLACES[worst])


def _short(place: Place) -> str:
    return "acked" if place is Place.ACKNOWLEDGED else place.value


def heading(message: LoggedMessage, now_ns: int) -> Text:
    """Return the header of a message that is read, a line for each field."""
    header = message.header
    to = Text(", ").join(
        Text().append(visible(each.handle), "cyan").append(f" ({each.place.value})", _PLACES[each.place])
        for each in message.recipients
    )
    fields: list[tuple[str, Text]] = [
        ("From", Text(visible(header.sender), "cyan")),
        ("To", to),
        ("Subject", Text(subject_line(header.subject), "bold")),
        ("Thread", Text(visible(header.conversation))),
        ("Kind", Text(", ".join(map(visible, filter(None, (header.kind, header.priority, *header.labels)))))),
        ("Sent", Text(f"{local_time(header.created_ns, now_ns)}   {visible(header.id)}", "dim")),
    ]
    return Text("\n").join(
        Text().append(f"{name:<8}", "dim").append_text(value) for name, value in fields if value.plain
    )


def body_text(body: Body) -> Text:
    """Return a body as it is shown: line by line, its tabs as blanks, and no more than the limits above."""
    if body.problem:
        return Text(f"The text cannot be read: {visible(body.problem)}", "red")
    shown = "".join(body.text[:MOST_BODY_CHARS].splitlines(keepends=True)[:MOST_BODY_LINES])
    text = Text(visible_lines(shown).expandtabs(8))
    more = len(body.text) - len(shown)
    return text.append(f"… {more:,} more characters: amq read shows them", "dim") if more else text


def title(root: str, snapshot: Snapshot) -> Text:
    """Return the first line of the screen: whose turn it is, and which queue this is."""
    if snapshot.gone:
        return Text(f"amq top: {visible(snapshot.gone)}", "bold red")
    waiting = [row.handle for row in snapshot.rows if row.needs_user and row.handle != USER]
    mine = sum(row.agent.unread for row in snapshot.rows if row.handle == USER)
    agents = sum(row.handle != USER for row in snapshot.rows)
    text = Text().append("amq top", "bold").append(f"  {number(agents, 'agent')}", "dim")
    if waiting:
        needs = "needs" if len(waiting) == 1 else "need"
        text.append("  ").append(f"{', '.join(waiting)} {needs} you", "bold red")
    if mine:
        text.append("  ").append(f"{mine} unread for you", "bold yellow")
    return text.append(f"  {visible(root)}", "dim")


def number(count: int, what: str) -> str:
    """Return COUNT with the noun WHAT, in the plural where that is due."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def problems(found: Iterable[str]) -> Text:
    """Return what cannot be read of the queue, in a line: the first problem, and how many there are."""
    listed = list(found)
    more = f" (and {len(listed) - 1} more: ? lists them)" if len(listed) > 1 else ""
    return Text(f"{visible(listed[0])}{more}", "red") if listed else Text()


def refusal(refused: Refused) -> Text:
    """Return why an action was not done, and what to do."""
    text = Text().append(refused.message, "red")
    return text.append(f"; {refused.hint}") if refused.hint else text


def result(done: Result) -> Text:
    """Return what an action has done, with its warnings, or why it was not done."""
    if isinstance(done, Refused):
        return refusal(done)
    text = Text().append(done.text, "green")
    return text.append("".join(f"; {each}" for each in done.warnings), "yellow")
