"""`amq bridge init`: make this host's keys for the bridge of a queue, and with `--hub` the hub."""

from __future__ import annotations

from amq.cli.bridge_setup import check_agents, directory_of, show, write_invitation
from amq.cli.options import handles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "--host NAME [--hub tls://ADDRESS] [--export A,B…] [--write FILE]"
EXAMPLES = """\
  amq bridge init --host laptop --hub tls://laptop.local:4222 --export claude
  amq bridge init --host laptop             write the invitation again"""
NOTES = """\
The first host makes the hub, with --hub and the address by which the others reach it: a name or a number. All other
hosts use `amq bridge join`. Keys are made here, and never leave the host; what is there stays. The invitation holds
public keys only. Run it again with another --hub to move the hub's address; the others then join again.

Agents on other hosts are called HANDLE-HOST: codex on desk is codex-desk, or codex@desk."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--host", required=True, metavar="NAME", help="this host: at most 16 of a-z and 0-9")
    parser.add_argument("--hub", default="", metavar="URL", help="make a hub here; others reach it by this address")
    parser.add_argument("--export", type=handles, default=[], metavar="A,B…", help="agents that may write to others")
    parser.add_argument("--write", default="", metavar="FILE", help="the invitation (default: NAME.bridge.toml here)")


def run(args: Namespace, out: Output) -> int:
    """Make what is missing, write the invitation, and print what there is and what to do on the other host."""
    from amq.bridge import membership
    from amq.quoting import shell

    root, directory = directory_of(args, out)
    check_agents(root, args.export)
    bridge = membership.set_up(directory, args.host, args.hub)
    if args.export:
        bridge = membership.export(directory, args.export, files=False)
    path = write_invitation(bridge, args.write)
    file = shell(path)
    after = (
        "amq bridge hub                    here, and leave it running",
        f"amq bridge join --host NAME {file}     on another host, with that file; it writes its own",
        "amq bridge join NAME.bridge.toml  here, with that host's file",
        "amq bridge run                    on both",
    )
    elsewhere = (f"amq bridge join {file}             on the hub's host, with that file; then join with its file here",)
    return show(bridge, out, invitation=path, after=after if args.hub else elsewhere if not bridge.hub else ())
