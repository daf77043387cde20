"""`amq reply`: answer a message."""

from __future__ import annotations

from amq.cli import message_options
from amq.cli.message_body import read_body
from amq.cli.open_mailbox import open_mailbox
from amq.cli.recipient_note import note_recipients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = f"--id ID {message_options.USAGE}"
EXAMPLES = """\
  amq reply --id 2026-… --body - <<'EOF'
  Looks good; one question: …
  EOF
  amq reply --id 2026-… --kind answer --body @answer.md"""
LIKELY_MISSING_OPTION = "--body"


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--id", required=True, metavar="ID", help="the message to answer, in new, cur or sent")
    message_options.add_message(parser, "the message's")


def run(args: Namespace, out: Output) -> int:
    """Send the answer."""
    if args.wait_for:
        from amq.cli.wait_for import wait_for  # before sending: once that is done, nothing may fail
    mailbox = open_mailbox(args, out)
    body, draft = read_body(args, out), message_options.draft_of(args)
    draft = message_options.with_check_of_file(mailbox, args, message_options.with_whole_refs(mailbox, draft))
    message_options.warn_of_refs(mailbox, draft.refs, out)
    with message_options.SignalsDeferred():
        replied = mailbox.reply(mailbox.find_id(args.id), body, draft, create=args.create)
        sent = replied.sent
        already = " (already delivered)" if sent.repeated else ""
        text = f"Replied {sent.id} to {','.join(sent.to)} (thread: {sent.thread}){already}"
        message_options.tell(sent, text, out, in_reply_to=replied.in_reply_to, original_box=replied.original_box)
    note_recipients(mailbox, sent.to, out)
    if args.wait_for:
        wait_for(mailbox, sent, args)
    return 0
