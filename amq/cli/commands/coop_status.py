"""`amq coop status`: show the state of a project's agents."""

from __future__ import annotations

from amq import config
from amq.cli.open_mailbox import find_queue, private_directory
from amq.cli.table import table
from amq.errors import AmqError

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

    root, environ = find_queue(args, out, hosting=True), config.environment()
    coop = Coop(root, environ, private_directory(root))
    places, saved = coop.status(), _saved(environ, root, out)
    if out.json:
        agents = [item(place) | {"unread": place.unread} for place in places]
        out.value({"root": root, "agents": agents, **({"saved": saved} if saved else {})})
        return 0
    if places:
        out.data(table([_HEADING, *map(_cells, places)]))
    if saved:
        options = f"{' --continue' if saved['continue'] else ''}{' --deny-leased' if saved['deny_leased'] else ''}"
        out.line(f"saved for amq coop up: {saved['agents']}{options} ({saved['file']})")
    return 0


def _saved(environ: dict[str, str], root: str, out: Output) -> dict[str, Any]:
    """Return what `coop up --save` has kept, as JSON; nothing if there is none, or if it does not count."""
    from amq.setup.projects import project_path, read_project

    try:
        found = read_project(environ, root, config.where_agents_write(root))
    except AmqError as error:
        out.warn(error.message)
        return {}
    if found is None:
        return {}
    kept = {"agents": found.agents, "continue": found.resumes, "deny_leased": found.denies_leased}
    return kept | {"file": project_path(environ, root)}


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
    if place.state is State.MISSING:
        return f"not running: {place.program} is not installed"
    if place.state is State.UNKNOWN:
        return "unknown: its mailbox cannot be read"
    return f"{place.state.value} (process {place.pid})"
