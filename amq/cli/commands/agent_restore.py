"""`amq agent restore`: bring back an agent that was removed."""

from __future__ import annotations

from amq.cli.open_mailbox import open_mailbox
from amq.store import archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "HANDLE"
EXAMPLES = """\
  amq agent restore gemini     its mailbox as it was when amq agent remove took it away"""
NOTES = "If it was removed several times, the last mailbox comes back. The others stay in removed/ in the queue."


def options(parser: ArgumentParser) -> None:
    """Add the command's argument."""
    parser.add_argument("handle", metavar="HANDLE", help="the agent")


def run(args: Namespace, out: Output) -> int:
    """Restore the agent's mailbox and register it."""
    account = open_mailbox(args, out, anyone=True).account
    handle = account.named(args.handle, "HANDLE")
    archived = archive.restore(account.queue, handle, account.clock())
    if out.json:
        out.value({"handle": handle, "archived": archived})
    else:
        out.line(f"Restored {handle} from {archived}")
    return 0
