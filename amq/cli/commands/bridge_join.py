"""`amq bridge join`: take another host's invitation."""

from __future__ import annotations

from amq.cli.bridge_setup import check_agents, directory_of, show, write_invitation
from amq.cli.open_mailbox import known_in
from amq.cli.options import handles
from amq.errors import NotFound, UsageError, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = "FILE [--host NAME] [--export A,B…] [--write FILE]"
EXAMPLES = """\
  amq bridge join --host desk --export codex laptop.bridge.toml     on desk; it writes desk.bridge.toml
  amq bridge join desk.bridge.toml                                  on laptop, where the hub is"""
NOTES = """\
Both sides take the other's file: the hub admits only hosts whose file was taken on its host, and mail is opened only
with keys that were pinned. Carry the file as you would a key: who can change it on its way can pose as that host. The
fingerprints that both sides print are to be the same. Only the hub's host also names other hosts in its file.

--host is this host's name, for its first join. A pinned key is not replaced: `amq bridge remove HOST` forgets it."""


def options(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="the invitation; - for stdin")
    parser.add_argument("--host", default="", metavar="NAME", help="this host: at most 16 of a-z and 0-9")
    parser.add_argument("--export", type=handles, default=[], metavar="A,B…", help="agents that may write to others")
    parser.add_argument("--write", default="", metavar="FILE", help="its own (default: NAME.bridge.toml here)")


def run(args: Namespace, out: Output) -> int:
    """Pin the keys, use the hub if the file names one, write this host's own invitation, and print what there is."""
    from amq.bridge import hub, membership
    from amq.bridge.config import read_bridge_in
    from amq.bridge.invitation import parse_invitation
    from amq.quoting import shell

    root, directory = directory_of(args, out)
    check_agents(root, args.export)
    invited = parse_invitation(_read(args.file), "stdin" if args.file == "-" else args.file)
    before = read_bridge_in(directory)
    if before is None and not args.host:
        raise UsageError("this host has no name yet", hint="name it: --host NAME")
    if args.host:
        membership.set_up(directory, args.host, "")
    bridge, new = membership.join(directory, invited, known_in(root))
    if args.export:
        bridge = membership.export(directory, args.export, files=False)
    for host in new:
        out.note(f"pinned the keys of {host}; compare its fingerprint with what {host} prints")
    path = write_invitation(bridge, args.write)
    back = f"amq bridge join {shell(path)}     on the hub's host, with that file"
    after = (*(() if hub.is_here(bridge) else (back,)), "amq bridge run     on both hosts, and leave it running")
    return show(bridge, out, invitation=path, after=after if new else ())


def _read(path: str) -> bytes:
    from amq.bridge.invitation import LARGEST_BYTES

    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            return file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise NotFound(f"the invitation cannot be read: {why(error)}", hint="copy it from the other host") from error
