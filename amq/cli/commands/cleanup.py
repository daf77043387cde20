"""`amq cleanup`: remove temporary files of dead writers."""

from __future__ import annotations

from amq.cli.confirm import add_confirmation, confirmed, require_answerer
from amq.cli.open_mailbox import open_mailbox
from amq.cli.options import duration
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "--tmp-older-than D [--dry-run] [--yes]"
EXAMPLES = """\
  amq cleanup --tmp-older-than 36h --dry-run
  amq cleanup --tmp-older-than 36h --yes"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--tmp-older-than", type=duration, required=True, metavar="D", help="only files at least this old, such as 36h"
    )
    add_confirmation(parser)


def run(args: Namespace, out: Output) -> int:
    """Remove the files after confirmation."""
    require_answerer(args)
    mailbox = open_mailbox(args, out, anyone=True)
    candidates = mailbox.sweep(args.tmp_older_than, remove=False)
    removed = 0
    if candidates and not args.dry_run and confirmed(args, out, f"remove {len(candidates)} tmp file(s)?"):
        removed = len(mailbox.sweep(args.tmp_older_than, remove=True))
    if out.json:
        out.value({"candidates": candidates, "count": len(candidates), "removed": removed})
    elif args.dry_run:
        out.data("".join(f"{visible(path)}\n" for path in candidates))
        out.line(f"Would remove {len(candidates)} tmp file(s).")
    else:
        out.line(f"Removed {removed} tmp file(s).")
    return 0
