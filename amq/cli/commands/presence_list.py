"""`amq presence list`: show every agent's status."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.store.presence import Presence

USAGE = ""
EXAMPLES = """\
  amq presence list
  amq presence list --json"""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Print one line for each agent that has set a status."""
    presences = open_mailbox(args, out, anyone=True).presences()
    if out.json:
        out.value([presence.wire() for presence in presences])
    else:
        out.data("".join(map(line, presences)))
    return 0


def line(presence: Presence) -> str:
    """Return an agent's status on one line, with the note last if there is one."""
    note = f"  {visible(presence.note)}" if presence.note else ""
    return f"{presence.handle}  {visible(presence.status)}  {presence.last_seen}{note}\n"
