"""`amq who`: every agent, what waits for it, and who tells it so."""

from __future__ import annotations

from amq.cli.session import open_mailbox
from amq.cli.table import table
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.roster import Agent

SUMMARY = "every agent: what it says, its unread mail and dead letters, and who notifies it"
USAGE = ""
EXAMPLES = """\
  amq who
  amq who --json"""
_HEADING = ("agent", "status", "unread", "oldest", "dead letters", "notified by")


def options(parser: ArgumentParser) -> None:
    """It has none of its own."""


def run(args: Namespace, out: Output) -> int:
    """One line an agent, below a heading."""
    agents = open_mailbox(args, out).who()
    if out.json:
        out.value([_item(agent) for agent in agents])
    elif agents:
        out.data(table([_HEADING, *map(_cells, agents)]))
    return 0


def _cells(agent: Agent) -> tuple[str, ...]:
    notifier = agent.notifier
    return (
        agent.handle,
        visible(agent.presence.status) if agent.presence else "-",
        str(agent.unread),
        "-" if agent.oldest_s is None else _age(agent.oldest_s),
        str(agent.dead_letters),
        f"amq {visible(notifier.how)} (pid {notifier.pid})" if notifier else "nobody",
    )


def _age(seconds: float) -> str:
    """An age as a person says it: its largest unit, and nothing below."""
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"


def _item(agent: Agent) -> dict[str, Any]:
    item: dict[str, Any] = {"handle": agent.handle, "unread": agent.unread, "dead_letters": agent.dead_letters}
    if agent.presence:
        item["presence"] = agent.presence.wire()
    if agent.oldest_s is not None:
        item["oldest_age_s"] = round(agent.oldest_s, 3)
    if agent.notifier:
        item["notifier"] = {"pid": agent.notifier.pid, "how": agent.notifier.how}
    return item
