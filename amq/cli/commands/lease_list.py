"""`amq lease list`: show all leases."""

from __future__ import annotations

from amq.cli.leased_paths import item, line, place_if_any, seen
from amq.cli.open_mailbox import open_mailbox
from amq.mail import leasing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq lease list
  amq lease list --json"""
NOTES = """\
"lapsed": the holder was not seen at work for the lease's time; "gone": it no longer runs. Such leases only warn."""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Print one line for each lease."""
    mailbox = open_mailbox(args, out, anyone=True)
    found = leasing.all_leases(mailbox.account, place_if_any(mailbox), seen(mailbox))
    if out.json:
        out.value([item(state) for state in found])
    else:
        out.data("".join(map(line, found)))
    return 0
