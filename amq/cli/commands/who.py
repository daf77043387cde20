"""`amq who`: show every agent, what it does, its unread mail, and the process that notifies it."""

from __future__ import annotations

import time

from amq.cli.commands.why import described
from amq.cli.open_mailbox import open_mailbox, private_directory
from amq.cli.options import add_color
from amq.cli.table import table
from amq.cli.terminal import BOLD, FAINT, RED, WIDE, Cell, terminal
from amq.instants import SECOND_NS, age, format_instant, short_age
from amq.names import USER
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from amq.bridge.status import FarAgent
    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.dashboard.agents import Row
    from amq.mail.agents_overview import Agent

USAGE = "[--watch] [--color WHEN]"
EXAMPLES = """\
  amq who
  amq who --watch             redraw when something changes; Ctrl-C ends it
  amq who --json"""
NOTES = """\
The state is what the process that notifies an agent sees of it: idle, working, asks you, draft (you have typed
something and not sent it), starting, stopped, unknown, or not running (amq run hosted it, and does so no longer). The
time is how long that has been so. With --watch, a terminal shows the table anew; other programs get a line, with --json
an object on a line, for each agent that has changed.

"mail by" says how mail reaches an agent that amq run hosts: by its hooks, or typed as a line. Hooks that work badly are
named: not-called, ended, failing. "not certified" names what amq certify has shown to fail in its version.
"not as known" means that its program no longer looks or acts as amq knows it. "amq allowed" means that the agent's CLI
runs amq's mail commands without asking you; amq why HANDLE explains all. "session" is the name that the CLI shows for
it, where amq knows that (Claude Code; Codex once it has called its hooks). At a terminal, agents are marked that are
not registered, so that mail to @all does not reach them, or that did nothing for a week. amq agent remove HANDLE
removes one and keeps its mail."""
UNSEEN_S = 7 * 86_400
"""Seconds after which an agent is marked that has done nothing."""
MOST_CHARS = 30
"""The most characters of a session's name in the table."""
_MOST_LEASES = 2
_HEADING = ("agent", "state", "status", "unread", "oldest", "waits for", "dead letters", "mail by", "notified by")


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--watch", action="store_true", help="go on, and show each change, until interrupted")
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """Print one line for each agent, below a heading."""
    if args.watch:
        from amq.cli.who_watch import watch

        return watch(args, out)
    from amq.dashboard.agents import rows

    account = open_mailbox(args, out, anyone=True).account
    found = rows(account, private_directory(account.queue.root))
    if out.json:
        out.value([item(row) for row in found])
    elif found and (user := terminal(args, out)):
        out.data(for_user(found, user))
    elif found:
        out.data(table(_table(found)))
    return 0


def _cells(row: Row) -> tuple[str, ...]:
    from amq.dashboard.agents import whereabouts

    agent = row.agent
    return (
        agent.handle,
        whereabouts(row, short_age, time.time_ns()) or "-",
        visible(_status(row)) or "-",
        unread(agent),
        "-" if agent.oldest_s is None else short_age(agent.oldest_s),
        "-" if row.why is None else row.why.waits_for.value,
        str(agent.dead_letters),
        "-" if row.way is None else row.way.short(),
        _notified_by(row),
    )


def _status(row: Row) -> str:
    return row.said.status if row.said else ""


def _table(found: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return heading and lines; there is a column for leases only while an agent has one."""
    if not any(row.leases for row in found):
        return [_HEADING, *map(_cells, found)]
    return [(*_HEADING, "leases"), *((*_cells(row), _leases_in_short(row) or "-") for row in found)]


def _leases_in_short(row: Row) -> str:
    more = f" +{len(row.leases) - _MOST_LEASES}" if len(row.leases) > _MOST_LEASES else ""
    return f"{' '.join(map(visible, row.leases[:_MOST_LEASES]))}{more}"


def for_user(found: Sequence[Row], user: Terminal) -> str:
    """Return the table for a terminal."""
    headings = ("agent", "state", "unread", "oldest", "waits for", "dead", "mail by", "notified by", "remark")
    return user.table((*headings, "leases", "status"), [_user_cells(row, user) for row in found])


def _user_cells(row: Row, user: Terminal) -> tuple[str | Cell, ...]:
    from amq.dashboard.agents import whereabouts

    *_, mail_by, notified_by = ("" if cell == "-" else cell for cell in _cells(row))
    agent = row.agent
    if agent.notifier and user.columns < WIDE:  # then the state, and what is asked, need the room more
        mail_by = f"{agent.notifier.how}, failed" if _has_failed(row) else mail_by or agent.notifier.how
        notified_by = ""
    return (
        Cell(agent.handle, BOLD if agent.unread else ""),
        Cell(whereabouts(row, age, user.now_ns), RED if row.state and row.state.asks else ""),
        Cell(unread(agent) if agent.unread else "", BOLD),
        "" if agent.oldest_s is None else age(agent.oldest_s),
        "" if row.why is None else row.why.waits_for.value,
        Cell(str(agent.dead_letters or ""), RED),
        mail_by,
        notified_by,
        Cell("" if row.far else _remark(agent, user.now_ns), FAINT),
        _leases_in_short(row),
        _status(row),
    )


def _remark(agent: Agent, now_ns: int) -> str:
    """Return what makes an agent one that could be removed, in words; nothing for the user, and for one that runs."""
    if agent.handle == USER or agent.notifier:
        return ""
    unseen_s = 0 if agent.seen_ns is None else (now_ns - agent.seen_ns) / SECOND_NS
    marks = (
        "" if agent.registered else "unregistered",
        f"idle {age(unseen_s)}" if unseen_s >= UNSEEN_S else "",
    )
    return ", ".join(filter(None, marks))


def _notified_by(row: Row) -> str:
    """Return what notifies the agent, and its session's name.

    A process that has failed at it, as `why` says, notifies it no longer.
    """
    notifier, hosted = row.agent.notifier, row.hosted
    if notifier is None:
        return "-"
    if _has_failed(row):
        return f"- (amq {visible(notifier.how)}, pid {notifier.pid}, has failed)"
    allowed = "" if not (hosted and hosted.allowed) else ", amq allowed" if hosted.is_allowed else ", amq not allowed"
    named = f', session "{visible(_cut(row.name))}"' if row.name else ""
    return f"amq {visible(notifier.how)} (pid {notifier.pid}{allowed}{named})"


def _has_failed(row: Row) -> bool:
    return row.why is not None and row.why.waits_for.value == "no-channel"


def _cut(called: str) -> str:
    return called if len(called) <= MOST_CHARS else f"{called[: MOST_CHARS - 1]}…"


def unread(agent: Agent) -> str:
    """Return the number of unread messages, and of those that cannot be read."""
    lost = len(agent.unreadable)
    return f"{agent.unread} ({lost} cannot be read)" if lost else str(agent.unread)


def _far_item(far: FarAgent) -> dict[str, Any]:
    """Return where an agent on another host is, and its state there, as far as that is known."""
    times = {key: format_instant(ns) for key, ns in (("heard", far.heard_ns), ("seen", far.seen_ns)) if ns}
    return {"host": far.host, **({"status_there": far.status} if far.status else {}), **times}


def item(row: Row) -> dict[str, Any]:
    """Return a row as JSON."""
    agent = row.agent
    item: dict[str, Any] = {"handle": agent.handle, "unread": agent.unread, "dead_letters": agent.dead_letters}
    if row.state:
        item |= row.state.wire()
    if agent.unreadable:
        item["unreadable"] = len(agent.unreadable)
    if agent.presence:
        item["presence"] = agent.presence.wire()
    if agent.oldest_s is not None:
        item["oldest_age_s"] = round(agent.oldest_s, 3)
    if row.why:
        item |= described(row.why)
    if agent.notifier:
        item["notifier"] = {"pid": agent.notifier.pid, "how": agent.notifier.how}
    if row.hosted:
        item |= row.hosted.wire()
    if row.way:
        item |= row.way.wire()
    if row.name:
        item["session_name"] = row.name
    if row.far:
        item |= _far_item(row.far)
    if row.leases:
        item["leases"] = list(row.leases)
    return item
