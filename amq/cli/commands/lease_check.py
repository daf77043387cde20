"""`amq lease check`: say whether others have leases on paths."""

from __future__ import annotations

from amq.cli.leased_paths import item, line, paths, place, seen
from amq.cli.open_mailbox import open_mailbox
from amq.mail import leasing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "PATH…"
EXAMPLES = """\
  amq lease check src/parse.py && "$EDITOR" src/parse.py"""
NOTES = """\
Prints each lease of another agent that has a file in common with these paths. Exit code 1 if one counts: its holder
works, in this work tree, or if leases cannot be read now. It changes nothing."""


def options(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a directory or a pattern in the repository")


def run(args: Namespace, out: Output) -> int:
    """Print the leases in the way; raises Conflict if one counts."""
    mailbox = open_mailbox(args, out)
    where = place(mailbox)
    found = leasing.in_the_way(mailbox.account, where, paths(args.paths, where), seen(mailbox), surely=True)
    if out.json:
        out.value([item(state) for state in found])
    else:
        out.data("".join(map(line, found)))
    if any(state.counts for state in found):
        raise leasing.conflict(found)
    return 0
