"""`amq man`: print the manual page."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq man > ~/.local/share/man/man1/amq.1     where `man amq` finds it, if ~/.local/bin is on your PATH"""
NOTES = "scripts/install.sh does this."


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(_args: Namespace, out: Output) -> int:
    """Print the page."""
    from amq.cli.man_page import man_page

    out.data(man_page())
    return 0
