"""`amq bridge hub`: run the hub on this host."""

from __future__ import annotations

from amq import config
from amq.cli.bridge_setup import directory_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq bridge hub                               until Ctrl-C
  tmux new -d -s amq-hub amq bridge hub        in the background"""
NOTES = """\
It needs nats-server 2.10 or newer on the PATH, and runs it with what `amq bridge init --hub` has made: TLS, a key for
each host, and what each may do. Every message is on the disk before it is confirmed. When a host joins or is removed,
it starts again, in a second. What waits on the hub may be lost without harm: each sender keeps it until it was read."""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Run nats-server until interrupted."""
    from amq.bridge import hub

    _, directory = directory_of(args, out)
    hub.serve(directory, config.environment(), out.note)
    return 0
