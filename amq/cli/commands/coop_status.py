"""`amq coop status`: show the state of a project's agents."""

from __future__ import annotations

from amq import config
from amq.cli.open_mailbox import find_queue
from amq.cli.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.setup.coop import AgentPlacement

USAGE = ""
EXAMPLES = """\
  amq coop status
  amq coop status --json"""
_HEADING = ("agent", "state", "in tmux", "unread")


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Print one line for each agent, below a heading."""
    from amq.setup.coop import Coop

    coop = Coop(find_queue(args, out, hosting=True), config.environment())
    places = coop.status()
    if out.json:
        out.value({"root": coop.root, "agents": [item(place) | {"unread": place.unread} for place in places]})
    elif places:
        out.data(table([_HEADING, *map(_cells, places)]))
    return 0


def item(place: AgentPlacement) -> dict[str, Any]:
    """Return an agent as JSON: handle, state, and the other fields that are known."""
    known = {"pid": place.pid, "where": place.where, "status": place.status}
    return {
        "handle": place.handle,
        "state": place.state.value,
        **{name: value for name, value in known.items() if value not in (None, "")},
    }


def _cells(place: AgentPlacement) -> tuple[str, ...]:
    return place.handle, _state(place), place.where or "-", str(place.unread)


def _state(place: AgentPlacement) -> str:
    from amq.setup.coop import State

    if place.state is State.ENDED:
        return "ended" if place.status is None else f"ended with status {place.status}"
    if place.state is State.ABSENT:
        return "not running"
    return f"{place.state.value} (process {place.pid})"
