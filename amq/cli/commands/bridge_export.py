"""`amq bridge export`: let agents of this host write to other hosts, and be written to."""

from __future__ import annotations

from amq.cli.bridge_setup import check_agents, directory_of, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "HANDLE… [--files]"
EXAMPLES = """\
  amq bridge export claude reviewer
  amq bridge export --files claude      and its messages may carry files of this host"""
NOTES = """\
No agent is exported until you say so: mail from and to all others stays on this host, and is refused there. Without
--files, a message whose body was a file (`--body @FILE`) does not leave. Undo it: `amq bridge remove HANDLE`."""


def options(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("handles", metavar="HANDLE", nargs="+", help="an agent of this queue")
    parser.add_argument("--files", action="store_true", help="the files that it sends by @FILE may leave this host")


def run(args: Namespace, out: Output) -> int:
    """Export the agents, and print the bridge."""
    from amq.bridge import membership

    root, directory = directory_of(args, out)
    check_agents(root, args.handles)
    return show(membership.export(directory, args.handles, files=args.files), out)
