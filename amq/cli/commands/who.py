"""`amq who`: show every agent, its unread mail, and the process that notifies it."""

from __future__ import annotations

from amq.cli.commands.why import age, described, explain, session, way
from amq.cli.open_mailbox import open_mailbox
from amq.cli.table import table
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.agents_overview import Agent
    from amq.runtime.mail_way import MailWay
    from amq.runtime.session_info import SessionInfo
    from amq.runtime.why_waiting import Why
    from amq.store.notifier_info import Notifier

USAGE = ""
EXAMPLES = """\
  amq who
  amq who --json"""
NOTES = """\
"mail by" says how mail reaches an agent that amq run hosts: by its hooks, or typed as a line. Hooks that work badly are
named: not-called, ended, failing. "amq allowed" means that the agent's CLI runs amq's mail commands without asking you;
amq why HANDLE explains both."""
_HEADING = ("agent", "status", "unread", "oldest", "waits for", "dead letters", "mail by", "notified by")


def options(parser: ArgumentParser) -> None:
    """Add no options."""


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
