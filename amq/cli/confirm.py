"""Asking before something is removed for good."""

from __future__ import annotations

import sys

from amq.cli.output import stdin_is_terminal
from amq.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output


def add_confirmation(parser: ArgumentParser) -> None:
    """The options of a command that removes something."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def require_answerer(args: Namespace) -> None:
    """Raise UsageError, before anything is looked at, if a question is to be asked and nobody is there to answer."""
    if not (args.yes or args.dry_run or stdin_is_terminal()):
        raise UsageError(
            "nobody is there to ask whether to remove files",
            hint="--dry-run says what would be removed; --yes removes it without asking",
        )


def confirmed(args: Namespace, out: Output, question: str) -> bool:
    """Whether to go on: `--yes`, or the person says so. An empty answer is a no."""
    if args.yes:
        return True
    out.note(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
