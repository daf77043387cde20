"""`amq bridge remove`: take a host or an exported agent out of the bridge."""

from __future__ import annotations

from amq.cli.bridge_setup import directory_of, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "HOST | HANDLE"
EXAMPLES = """\
  amq bridge remove desk        forget the keys of desk; the hub lets it in no more
  amq bridge remove claude      claude neither writes to other hosts nor is written to"""
NOTES = """\
Mail stays where it is: what was for the host waits in its mailboxes here. Run it on each host that knows the host;
on the hub's host it ends the host's connection."""


def options(parser: ArgumentParser) -> None:
    """Add the command's argument."""
    parser.add_argument("name", metavar="HOST|HANDLE", help="a peer, or an exported agent")


def run(args: Namespace, out: Output) -> int:
    """Remove it, and print the bridge."""
    from amq.bridge import membership

    _, directory = directory_of(args, out)
    return show(membership.remove(directory, args.name), out)
