"""`amq ack`: acknowledge a message by hand."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "--id ID"
EXAMPLES = """\
  amq ack --id 2026-…"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--id", required=True, metavar="ID", help="a message in your inbox")


def run(args: Namespace, out: Output) -> int:
    """Acknowledge the message to its sender; a second time changes nothing."""
    mailbox = open_mailbox(args, out)
    ack = mailbox.acknowledge(mailbox.find_id(args.id))
    if out.json:
        out.value(ack.wire())
    else:
        out.line(f"Acked {visible(ack.id)}")
    return 0
