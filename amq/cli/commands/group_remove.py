"""`amq group remove`: forget the name of several agents."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.mail.recipients import check_group
from amq.store import groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "NAME"
EXAMPLES = """\
  amq group remove reviewers     its agents and their mail stay"""


def options(parser: ArgumentParser) -> None:
    """Add the command's argument."""
    parser.add_argument("name", metavar="NAME", help="the group, with or without @")


def run(args: Namespace, out: Output) -> int:
    """Remove the group."""
    account = open_mailbox(args, out, anyone=True).account
    name = check_group(args.name.lower())
    agents = groups.remove_group(account.queue, name)
    if out.json:
        out.value({"name": name, "agents": agents})
    else:
        out.line(f"Removed @{name}; to undo this: amq group set {name} {','.join(agents)}")
    return 0
