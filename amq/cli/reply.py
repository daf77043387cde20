"""`amq reply`: answer a message."""

from __future__ import annotations

from amq.cli import compose
from amq.cli.body import read_body
from amq.cli.session import open_mailbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

SUMMARY = "answer a message, in its thread"
USAGE = f"--id ID {compose.USAGE}"
EXAMPLES = """\
  amq reply --id 2026-… --body "Looks good; one question: …"
  amq reply --id 2026-… --kind answer --body @answer.md"""
STRAY = "--body"


def options(parser: ArgumentParser) -> None:
    """The options of its own."""
    parser.add_argument("--id", required=True, metavar="ID", help="the message to answer, from new, cur or sent")
    compose.add_message(parser, "that of the message")


def run(args: Namespace, out: Output) -> int:
    """Send the answer."""
    mailbox = open_mailbox(args, out)
    replied = mailbox.reply(args.id, read_body(args), compose.draft_of(args), create=args.create)
    sent = replied.sent
    already = " (already delivered)" if sent.repeated else ""
    text = f"Replied {sent.id} to {','.join(sent.to)} (thread: {sent.thread}){already}"
    origin = {"in_reply_to": replied.in_reply_to, "original_box": replied.original_box}
    compose.tell(mailbox, sent, text, args, out, **origin)
    return 0
