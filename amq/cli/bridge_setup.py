"""The part that the commands share which set up a bridge: where its files are, and what they print."""

from __future__ import annotations

import os

from amq.cli.open_mailbox import find_queue, known_in, private_directory
from amq.errors import AmqError, NotFound, why
from amq.names import check_handle
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Mapping
    from typing import Any

    from amq.bridge.config import Bridge
    from amq.cli.output import Output


def directory_of(args: Namespace, out: Output) -> tuple[str, str]:
    """Return the queue and the directory of its bridge, which may be missing."""
    from amq.bridge.config import bridge_directory

    root = find_queue(args, out)
    return root, bridge_directory(private_directory(root), root)


def check_agents(root: str, handles: Iterable[str]) -> None:
    """Raise NotFound unless all HANDLES are agents of the queue ROOT."""
    is_known = known_in(root)
    for handle in handles:
        if not is_known(check_handle(handle)):
            raise NotFound(f"no agent {handle} in this queue", hint=f"add it: amq init --agents {handle}")


def write_invitation(bridge: Bridge, path: str) -> str:
    """Write this host's invitation to PATH, or if that is empty to the working directory; return the path."""
    from amq.bridge import membership
    from amq.runtime.private_state import write_private

    path = path or f"{bridge.host}.bridge.toml"
    try:
        write_private(path, membership.invitation(bridge))
    except OSError as error:
        what = f"the invitation cannot be written: {why(error)}"
        raise AmqError(what, hint="name another file: --write FILE") from error
    return path


def overview(bridge: Bridge) -> dict[str, Any]:
    """Return BRIDGE as `--json` prints it: public values only."""
    from amq.bridge import hub, membership
    from amq.bridge.crypto import fingerprint

    return {
        "host": bridge.host,
        "fingerprint": fingerprint(membership.keys_of(bridge)),
        "hub": bridge.hub,
        "hub_is_here": hub.is_here(bridge),
        "peers": [{"host": host, "fingerprint": fingerprint(peer)} for host, peer in sorted(bridge.peers.items())],
        "exports": [{"handle": handle, "files": files} for handle, files in sorted(bridge.exports.items())],
        "remote": [{"mailbox": name, "agent": str(abroad)} for name, abroad in sorted(bridge.remote.items())],
    }


def show_agents(found: Mapping[str, Any], out: Output) -> None:
    """Print the agents of this host and of others in what `overview` FOUND."""
    for export in found["exports"]:
        out.line(f"exports  {export['handle']}{', with files' if export['files'] else ''}")
    for remote in found["remote"]:
        out.line(f"remote   {remote['mailbox']}  is {remote['agent']}")


def show(bridge: Bridge, out: Output, *, invitation: str = "", after: tuple[str, ...] = ()) -> int:
    """Print BRIDGE, the path of the INVITATION that was written, and the commands to run AFTERwards; return 0."""
    found = overview(bridge)
    if out.json:
        out.value(found | ({"invitation": os.path.abspath(invitation)} if invitation else {}))
        return 0
    there = "no hub yet" if not bridge.hub else f"{bridge.hub}{', on this host' if found['hub_is_here'] else ''}"
    out.line(f"host     {bridge.host}  {found['fingerprint']}")
    out.line(f"hub      {there}")
    for peer in found["peers"]:
        out.line(f"peer     {peer['host']}  {peer['fingerprint']}")
    show_agents(found, out)
    if invitation:
        out.line(f"wrote    {invitation}")
    if after:
        out.data("".join(("\nNext:\n", *(f"  {visible(line)}\n" for line in after))))
    return 0
