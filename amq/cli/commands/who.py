"""`amq who`: show every agent, its unread mail, and the process that notifies it."""

from __future__ import annotations

from amq.cli.commands.why import age, described, explain, session, way
from amq.cli.open_mailbox import open_mailbox
from amq.cli.table import table
from amq.cli.terminal import BOLD, FAINT, RED, Cell, add_color, terminal
from amq.cli.terminal import age as age_in_words
from amq.instants import SECOND_NS
from amq.names import USER
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from amq.cli.output import Output
    from amq.cli.terminal import Terminal
    from amq.mail.agents_overview import Agent
    from amq.runtime.mail_way import MailWay
    from amq.runtime.session_info import SessionInfo
    from amq.runtime.why_waiting import Why
    from amq.store.notifier_info import Notifier

    _Row = tuple[Agent, Why | None, SessionInfo | None, MailWay | None]

USAGE = "[--color WHEN]"
EXAMPLES = """\
  amq who
  amq who --json"""
NOTES = """\
"mail by" says how mail reaches an agent that amq run hosts: by its hooks, or typed as a line. Hooks that work badly are
named: not-called, ended, failing. "not certified" names what amq certify has shown to fail in its version.
"not as known" means that its program no longer looks or acts as amq knows it. "amq allowed" means that the agent's CLI
runs amq's mail commands without asking you; amq why HANDLE explains all. At a terminal, agents are marked that are not
registered, so that mail to @all does not reach them, or that did nothing for a week. amq agent remove HANDLE removes
one and keeps its mail."""
UNSEEN_S = 7 * 86_400
"""Seconds after which an agent is marked that has done nothing."""
_HEADING = ("agent", "status", "unread", "oldest", "waits for", "dead letters", "mail by", "notified by")


def options(parser: ArgumentParser) -> None:
    """Add the command's option."""
    add_color(parser)


def run(args: Namespace, out: Output) -> int:
    """Print one line for each agent, below a heading."""
    mailbox = open_mailbox(args, out, anyone=True)
    agents = []
    for agent in mailbox.who():
        hosted = session(mailbox, agent.handle, agent.notifier)
        found = explain(mailbox, agent.handle)[1] if agent.unread else None
        agents.append((agent, found, hosted, way(mailbox, agent.handle, hosted)))
    if out.json:
        out.value([_item(*row) for row in agents])
    elif agents and (user := terminal(args, out)):
        out.data(_for_user(agents, user))
    elif agents:
        out.data(table([_HEADING, *(_cells(*row) for row in agents)]))
    return 0


def _cells(agent: Agent, why: Why | None, hosted: SessionInfo | None, mail_way: MailWay | None) -> tuple[str, ...]:
    return (
        agent.handle,
        visible(agent.presence.status) if agent.presence else "-",
        _unread(agent),
        "-" if agent.oldest_s is None else age(agent.oldest_s),
        "-" if why is None else why.waits_for.value,
        str(agent.dead_letters),
        "-" if mail_way is None else mail_way.short(),
        _notified_by(agent.notifier, hosted, why),
    )


def _for_user(agents: Sequence[_Row], user: Terminal) -> str:
    headings = ("agent", "unread", "oldest", "waits for", "dead", "mail by", "notified by", "remark", "status")
    return user.table(headings, [_user_cells(*each, user) for each in agents])


def _user_cells(
    agent: Agent, why: Why | None, hosted: SessionInfo | None, mail_way: MailWay | None, user: Terminal
) -> tuple[str | Cell, ...]:
    *_, mail_by, notified_by = ("" if cell == "-" else cell for cell in _cells(agent, why, hosted, mail_way))
    return (
        Cell(agent.handle, BOLD if agent.unread else ""),
        Cell(_unread(agent) if agent.unread else "", BOLD),
        "" if agent.oldest_s is None else age_in_words(agent.oldest_s),
        "" if why is None else why.waits_for.value,
        Cell(str(agent.dead_letters or ""), RED),
        mail_by,
        notified_by,
        Cell(_remark(agent, user.now_ns), FAINT),
        agent.presence.status if agent.presence else "",
    )


def _remark(agent: Agent, now_ns: int) -> str:
    """Return what makes an agent one that could be removed, in words; nothing for the user, and for one that runs."""
    if agent.handle == USER or agent.notifier:
        return ""
    unseen_s = 0 if agent.seen_ns is None else (now_ns - agent.seen_ns) / SECOND_NS
    marks = (
        "" if agent.registered else "unregistered",
        f"idle {age_in_words(unseen_s)}" if unseen_s >= UNSEEN_S else "",
    )
    return ", ".join(filter(None, marks))


def _notified_by(notifier: Notifier | None, hosted: SessionInfo | None, why: Why | None) -> str:
    """Return what notifies the agent; a process that has failed at it, as WHY says, does so no longer."""
    if notifier is None:
        return "-"
    if why and why.waits_for.value == "no-channel":
        return f"- (amq {visible(notifier.how)}, pid {notifier.pid}, has failed)"
    allowed = "" if hosted is None else ", amq allowed" if hosted.is_allowed else ", amq not allowed"
    return f"amq {visible(notifier.how)} (pid {notifier.pid}{allowed})"


def _unread(agent: Agent) -> str:
    lost = len(agent.unreadable)
    return f"{agent.unread} ({lost} cannot be read)" if lost else str(agent.unread)


def _item(agent: Agent, why: Why | None, hosted: SessionInfo | None, mail_way: MailWay | None) -> dict[str, Any]:
    item: dict[str, Any] = {"handle": agent.handle, "unread": agent.unread, "dead_letters": agent.dead_letters}
    if agent.unreadable:
        item["unreadable"] = len(agent.unreadable)
    if agent.presence:
        item["presence"] = agent.presence.wire()
    if agent.oldest_s is not None:
        item["oldest_age_s"] = round(agent.oldest_s, 3)
    if why:
        item |= described(why)
    if agent.notifier:
        item["notifier"] = {"pid": agent.notifier.pid, "how": agent.notifier.how}
    if hosted:
        item |= hosted.wire()
    if mail_way:
        item |= mail_way.wire()
    return item
