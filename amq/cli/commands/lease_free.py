"""`amq lease free`: give leases back."""

from __future__ import annotations

from amq.cli.leased_paths import paths, place_if_any
from amq.cli.open_mailbox import open_mailbox
from amq.errors import UsageError
from amq.mail import leasing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "[PATH…] [--all]"
EXAMPLES = """\
  amq lease free src/parse.py
  amq lease free --all"""
NOTES = """\
Name the paths as you took them. --all frees all of your leases, in every work tree. The user may free another's:
amq lease free --all --me codex."""


def options(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a path that you have a lease on")
    parser.add_argument("--all", action="store_true", help="free all of your leases")


def run(args: Namespace, out: Output) -> int:
    """Free the leases and print their paths."""
    account = (mailbox := open_mailbox(args, out)).account
    if bool(args.paths) == args.all:
        raise UsageError("name the paths to free, or give --all")
    where = place_if_any(mailbox)
    freed = leasing.free(account, where, None if args.all else paths(args.paths, where))
    if out.json:
        out.value({"freed": [lease.path for lease in freed]})
    elif freed:
        out.line(f"Freed {', '.join(lease.path for lease in freed)}")
    return 0
