"""`amq send`: deliver a message."""

from __future__ import annotations

from amq.cli import message_options
from amq.cli.message_body import read_body
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import handles
from amq.cli.recipient_note import note_recipients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = f"--to A[,B…] {message_options.USAGE}"
EXAMPLES = """\
  amq send --to codex --subject "Review" --kind review_request --body 'Please look at src/parse.py'
  git diff | amq send --to codex --kind review_request --subject "This change"
  amq send --to claude,gemini --thread plan/cache --priority urgent --body @plan.md
  amq send --to @all --thread status --kind status --body 'The tests are green'
  amq send --to codex --kind question --body '…' --wait-for drained --wait-timeout 5m
"""
LIKELY_MISSING_OPTION = "--body"


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    what = "handles; @all: every agent but me; @GROUP: see amq group set; '@review-*': by pattern"
    parser.add_argument("--to", type=handles, required=True, metavar="A[,B…]", help=what)
    message_options.add_message(parser)


def run(args: Namespace, out: Output) -> int:
    """Send the message."""
    if args.wait_for:
        from amq.cli.wait_for import wait_for  # before sending: once that is done, nothing may fail
    mailbox = open_mailbox(args, out)
    body, draft = read_body(args, out), message_options.draft_of(args)
    draft = message_options.with_check_of_file(mailbox, args, message_options.with_whole_refs(mailbox, draft))
    message_options.warn_of_refs(mailbox, draft.refs, out)
    with message_options.SignalsDeferred():
        sent = mailbox.send(args.to, body, draft, create=args.create)
        to = ",".join(sent.to)
        text = f"{sent.id}: already delivered to {to}" if sent.repeated else f"Sent {sent.id} to {to}"
        message_options.tell(sent, text, out)
    if mailbox.account.me in sent.to:
        out.warn(f"{mailbox.account.me} is your own handle: this message is in your own inbox")
    note_recipients(mailbox, sent.to, out)
    if args.wait_for:
        wait_for(mailbox, sent, args)
    return 0
