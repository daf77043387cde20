"""`amq bridge run`: carry mail between this host and the others."""

from __future__ import annotations

from amq.cli.bridge_setup import directory_of
from amq.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq bridge run                               until Ctrl-C
  tmux new -d -s amq-bridge amq bridge run     in the background"""
NOTES = """\
It connects to the hub, and again whenever the connection ends. Mail for agents on other hosts waits in their mailboxes
here until they have read it there. At its start it prints how to keep it running. amq bridge status shows what it does;
amq why HANDLE says what the mail of one agent waits for."""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Carry mail until interrupted."""
    from amq.bridge.config import read_bridge_in
    from amq.cli.open_mailbox import private_directory
    from amq.layout import QueueLayout

    root, directory = directory_of(args, out)
    bridge = read_bridge_in(directory)
    if bridge is None:
        raise NotFound("this queue has no bridge", hint="set one up: amq bridge init --host NAME, then amq bridge join")
    try:
        from amq.bridge.daemon import carry
    except ImportError as error:
        from amq.bridge.crypto import NoBridgeExtra

        raise NoBridgeExtra(error) from error
    for line in to_keep_it_running(root):
        out.note(line)
    carry(QueueLayout(root), bridge, private_directory(root), out.note)
    return 0


def to_keep_it_running(root: str) -> list[str]:
    """Return how the user can keep the bridge of the queue ROOT running, a line for each way that this system has."""
    import sys

    from amq import config
    from amq.quoting import shell, shell_line, systemd
    from amq.runtime.path_shim import own_command

    command, words = own_command(config.environment()) or sys.argv[0], ["--root", root, "bridge", "run"]
    line = shell_line((command, *words))
    if sys.platform == "darwin":
        return [f"to keep it running: launchctl submit -l amq-bridge -- {line}"]
    unit = shell_line((command, *map(systemd, words)))
    return [
        f"to keep it running: systemd-run --user --unit amq-bridge -p Restart=always {unit}",
        f"or: tmux new -d -s amq-bridge {shell(line)}",
    ]
