"""`amq group list`: show each group and its agents."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.store import groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq group list
  amq group list --json"""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Print one line for each group."""
    found = groups.read_groups(open_mailbox(args, out, anyone=True).account.queue)
    if out.json:
        out.value([{"name": name, "agents": agents} for name, agents in found.items()])
    elif not found:
        out.note("No groups.")
    else:
        out.data("".join(line(name, agents) for name, agents in found.items()))
    return 0


def line(name: str, agents: Sequence[str]) -> str:
    """Return a group on one line, as `--to` takes both."""
    return f"@{name}  {','.join(agents)}\n"
