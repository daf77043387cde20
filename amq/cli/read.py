"""`amq read`: print one message, which is then read."""

from __future__ import annotations

from amq.cli.session import open_mailbox
from amq.message import header_object
from amq.text import visible_lines, with_final_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.message import Message

SUMMARY = "print one message, which then counts as read"
USAGE = "--id ID"
EXAMPLES = """\
  amq read --id 2026-…
  amq read --id 2026-… --json"""


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    parser.add_argument("--id", required=True, metavar="ID", help="a message of new, cur or sent")


def run(args: Namespace, out: Output) -> int:
    """Print it; a new one is held meanwhile, and moved once it has been shown."""
    mailbox = open_mailbox(args, out)
    message, box = mailbox.peek(args.id)
    if box != "new":
        _show(message, out)
        return 0
    with mailbox.drain(ack=False, only=[message.header.id]) as mail:
        for _ in mail.batches():
            _show(message, out)
            out.shown()
    if not mail.count:  # a drain that is at work shows and moves it too
        _show(message, out)
    return 0


def _show(message: Message, out: Output) -> None:
    if out.json:
        out.value({"header": header_object(message.header), "body": message.text})
    else:
        out.data(with_final_line_end(visible_lines(message.text)))
