"""`amq dlq purge`: remove dead letters for good."""

from __future__ import annotations

from amq.cli.commands import dlq_list
from amq.cli.confirm import add_confirmation, confirmed, require_answerer
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import duration
from amq.mail.dead_letters import older_than
from amq.store import refused_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "[--older-than D] [--dry-run] [--yes]"
EXAMPLES = """\
  amq dlq purge --older-than 720h --dry-run
  amq dlq purge --yes"""
NOTES = "Files that were moved aside (`refused` in amq dlq list) stay: a valid message may be among them."


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--older-than", type=duration, metavar="D", help="only letters at least this old, such as 36h (default: all)"
    )
    add_confirmation(parser)


def run(args: Namespace, out: Output) -> int:
    """Remove dead letters after confirmation; print those removed, or with `--dry-run` those that would be."""
    require_answerer(args)
    mailbox = open_mailbox(args, out)
    listed = [letter for letter in mailbox.letters() if letter.box != refused_files.BOX]
    letters = older_than(listed, args.older_than, mailbox.account.clock())
    if not args.dry_run:
        agreed = letters and confirmed(args, out, f"remove {len(letters)} dead letter(s) for good?")
        letters = list(mailbox.purge(letters)) if agreed else []
    if out.json:
        out.value([dlq_list.item(letter) for letter in letters])
    elif args.dry_run:
        out.data("".join(f"{dlq_list.line(letter)}\n" for letter in letters))
        out.line(f"Would remove {len(letters)} dead letter(s).")
    else:
        out.line(f"Removed {len(letters)} dead letter(s).")
    return 0
