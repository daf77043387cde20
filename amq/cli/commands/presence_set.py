"""`amq presence set`: set your status."""

from __future__ import annotations

from amq.cli.commands.presence_list import line
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import as_utf8

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "--status S [--note TEXT]"
EXAMPLES = """\
  amq presence set --status busy --note "rewriting the parser"
  amq presence set --status idle"""
LIKELY_MISSING_OPTION = "--note"


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--status", type=as_utf8, required=True, metavar="S", help="any word, such as busy, idle or away"
    )
    parser.add_argument(
        "--note", type=as_utf8, default="", metavar="TEXT", help="one line; without it, the earlier note is removed"
    )


def run(args: Namespace, out: Output) -> int:
    """Set the status and print it."""
    presence = open_mailbox(args, out).set_presence(args.status, args.note)
    if out.json:
        out.value(presence.wire())
    else:
        out.data(line(presence))
    return 0
