"""Ask before something is removed for good, or a file of the user's is changed."""

from __future__ import annotations

import sys

from amq.cli.output import stdin_is_terminal
from amq.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output


def add_confirmation(parser: ArgumentParser, what: str = "removed") -> None:
    """Add `--dry-run` and `--yes` to a command by which something is WHAT, a participle."""
    parser.add_argument("--dry-run", action="store_true", help=f"only show what would be {what}")
    parser.add_argument("--yes", action="store_true", help="skip the confirmation")


def require_answerer(args: Namespace, what: str = "remove") -> None:
    """Raise UsageError, before any work, if the command must ask whether to WHAT and there is no terminal."""
    if not (args.yes or args.dry_run or stdin_is_terminal()):
        raise UsageError(
            f"cannot ask whether to {what} files: there is no terminal",
            hint=f"add --yes to {what} them, or --dry-run to see which",
        )


def confirmed(args: Namespace, out: Output, question: str) -> bool:
    """Return whether to go on: with `--yes`, or if the user agrees. An empty answer means no."""
    if args.yes:
        return True
    out.note(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
