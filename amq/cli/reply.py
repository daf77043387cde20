"""`amq reply`: answer a message."""

from __future__ import annotations

from amq.cli import compose
from amq.cli.body import read_body
from amq.cli.session import open_mailbox
from amq.cli.wait_for import wait_for

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
    compose.add_message(parser)


def run(args: Namespace, out: Output) -> int:
    """Send the answer."""
    mailbox = open_mailbox(args, out)
    replied = mailbox.reply(args.id, read_body(args), compose.draft_of(args), create=args.create)
    sent = replied.sent
    if sent.outbox_error:
        out.warn(f"sent, but no copy was kept: {sent.outbox_error}")
    if out.json:
        out.value({
            "id": sent.id,
            "in_reply_to": replied.in_reply_to,
            "original_box": replied.original_box,
            "thread": sent.thread,
            "to": sent.to,
            "subject": sent.subject,
            "outbox": compose.outbox(sent),
        })  # fmt: skip
    else:
        already = " (already delivered)" if sent.repeated else ""
        out.line(f"Replied {sent.id} to {','.join(sent.to)} (thread: {sent.thread}){already}")
    wait_for(mailbox, sent, args)
    return 0
