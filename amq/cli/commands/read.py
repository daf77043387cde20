"""`amq read`: print one message and file it as read."""

from __future__ import annotations

from amq import config, jsontext
from amq.cli.open_mailbox import as_agent, open_mailbox
from amq.cli.options import add_budget, count
from amq.errors import UsageError
from amq.message import header_object
from amq.output_budget import UNLIMITED
from amq.text import visible_lines, with_final_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.mail.draining import Drained
    from amq.message import Message

USAGE = "--id ID [--from N] [--max-chars N]"
EXAMPLES = """\
  amq read --id 2026-…
  amq read --id 2026-… --from 20000     the rest of a long message
  amq read --id 2026-… --json"""
NOTES = """\
It prints the whole body unless AMQ_MAX_CHARS or --max-chars limits it (not with --json). A cut body ends with the
command for the rest. To save a whole body to a file, add --max-chars 0. --from N counts characters as shown."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--id", required=True, metavar="ID", help="a message in new, cur or sent")
    parser.add_argument("--from", dest="start", type=count, default=0, metavar="N", help="skip the first N characters")
    add_budget(parser)


def run(args: Namespace, out: Output) -> int:
    """Print a message; hold a new one meanwhile, and move it once it has been shown."""
    if out.json and args.start:
        raise UsageError("--from does not work with --json", hint="drop --from: --json always prints the whole body")
    mailbox = open_mailbox(args, out)
    message, box = mailbox.peek(mailbox.find_id(args.id))
    text = jsontext.render(_item(message)) + "\n" if out.json else _text(message, args, mailbox.account.me)
    if box != "new":
        out.data(text)
        return 0
    with mailbox.drain(ack=False, only=[message.header.id]) as mail:
        for batch in mail.batches():
            _tell_marks(batch[0], out)
            out.data(text)
            out.shown()
    if mail.unreadable:  # a moment ago it could be read: nothing says now that it has been shown
        raise mail.unreadable[0]
    if mail.elsewhere:
        out.note("a drain that is running shows this message too")
    if not mail.count:  # that drain files it, or it is filed already
        out.data(text)
    return 0


def _tell_marks(item: Drained, out: Output) -> None:
    """Say on stderr, since stdout has only the message, that it may have been shown before."""
    if item.redelivered:
        out.note("redelivered: this message may have been shown before")
    if item.on_its_way:
        out.note("on its way: a hook has given this message to your CLI too")


def _item(message: Message) -> dict[str, Any]:
    return {"header": header_object(message.header), "body": message.text}


def _text(message: Message, args: Namespace, me: str) -> str:
    """Return the body from `--from` on, as far as it fits, and the command by which ME reads the rest.

    Raises UsageError if `--from` is past its end.
    """
    lines = visible_lines(message.text)
    if args.start > len(lines):
        raise UsageError(f"--from {args.start} is past the end: the body has {len(lines)} characters")
    budget = args.max_chars or config.output_budget(config.environment()) or UNLIMITED
    text = with_final_line_end(lines[args.start :])
    if not budget.most or budget.size(text) <= budget.most:
        return text
    from amq.mail.truncation import part

    command = as_agent(args, me)
    return part(lines, args.start, message.header.id, budget, budget.most, with_final_line_end, command)
