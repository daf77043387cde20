"""Set up and change which hosts are in a bridge, and which agents."""

from __future__ import annotations

from amq.bridge import hub
from amq.bridge.checked_table import is_hub_url
from amq.bridge.config import Bridge, Peer, change_bridge
from amq.bridge.crypto import fingerprint, make_keys, public_box, public_nkey
from amq.bridge.invitation import Invitation, invitation_of, render_invitation
from amq.bridge.names import HOST, abroad
from amq.errors import Conflict, NotFound, UsageError
from amq.names import check_handle
from amq.record import replace
from amq.runtime.private_state import make_directory, write_private
from amq.store.remote import Remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def set_up(directory: str, host: str, url: str) -> Bridge:
    """Make this host HOST, with keys of its own in DIRECTORY; with URL, make a hub there, or move it there.

    What is there stays. Raises UsageError, Conflict if this host already has another name or another hub, OSError,
    BadBridge, or NoBridgeExtra.
    """
    if not HOST.fullmatch(host):
        raise UsageError(f"{host!r} cannot be a host's name", hint="use 1 to 16 of a-z and 0-9, a letter first")
    if url and not is_hub_url(url):
        raise UsageError(f"{url!r} is not a hub's address", hint="for example --hub tls://desk.local:4222")

    def change(before: Bridge | None) -> Bridge:
        if before is not None and before.host != host:
            hint = "to rename it, see docs/bridge.md, Host renamed"
            raise Conflict(f"this host is {before.host} for this queue, not {host}", hint=hint)
        bridge = before or Bridge(directory, host, "", {}, {}, {})
        if not url:
            return bridge
        if bridge.hub and not hub.is_here(bridge):
            hint = "one hub is enough; to have another, leave this one: amq bridge remove HOST of its host"
            raise Conflict(f"this host uses the hub {bridge.hub} of another host", hint=hint)
        after = replace(bridge, hub=url)
        hub.make_hub(after)  # first: a file that names a hub which is not here means another host's
        return after

    make_directory(directory)
    make_keys(directory)
    return change_bridge(directory, change)


def keys_of(bridge: Bridge) -> Peer:
    """Return this host's own public keys. Raises BadBridge, or NoBridgeExtra."""
    return Peer(public_nkey(bridge.seed), public_box(bridge.box_key))


def invitation(bridge: Bridge) -> str:
    """Return the text of this host's invitation. Raises BadBridge, NoBridgeExtra, or OSError."""
    ca = ""
    if hub.is_here(bridge):
        with open(bridge.ca, encoding="ascii") as file:
            ca = file.read()
    return render_invitation(invitation_of(bridge, keys_of(bridge), ca))


def join(directory: str, invited: Invitation, is_agent: Callable[[str], bool]) -> tuple[Bridge, list[str]]:
    """Pin the keys in INVITED, and use its hub if it has one; return the bridge, and the hosts that are new in it.

    A key that is pinned already is never replaced: Conflict is raised, and nothing is changed. IS_AGENT says whether a
    handle is an agent's here, which a remote mailbox must not be. Raises OSError, BadBridge, or NoBridgeExtra, too.
    """
    new: list[str] = []

    def change(before: Bridge | None) -> Bridge:
        bridge = _required(before)
        is_here = hub.is_here(bridge)  # also where it does not matter: what is not known must not change anything
        if invited.hub and invited.hub != bridge.hub and is_here:
            hint = "keep one of the two: docs/bridge.md, Hub moved"
            raise Conflict(f"the hub is on this host, and {invited.host} has one, too", hint=hint)
        peers = _pinned(bridge, invited)
        new.extend(sorted(peers.keys() - bridge.peers.keys()))
        remote = {**bridge.remote, **_remote(bridge, invited, is_agent)}
        return replace(bridge, peers=peers, hub=invited.hub or bridge.hub, remote=remote)

    bridge = change_bridge(directory, change)
    if hub.is_here(bridge):
        hub.write_conf(bridge)
    elif invited.ca:
        write_private(bridge.ca, invited.ca)
    return bridge, new


def _pinned(bridge: Bridge, invited: Invitation) -> dict[str, Peer]:
    """Return the peers of BRIDGE with those in INVITED. Raises Conflict if one has other keys than are known."""
    own, peers = keys_of(bridge), dict(bridge.peers)
    if (invited.host, invited.keys) == (bridge.host, own):
        raise UsageError("this invitation is this host's own", hint="take it to another host")
    for host, keys in {**invited.peers, invited.host: invited.keys}.items():
        known = own if host == bridge.host else peers.get(host)
        if known is not None and known != keys:
            _refuse(host, bridge.host, known, keys)
        if known is None:
            peers[host] = keys
    return peers


def _remote(bridge: Bridge, invited: Invitation, is_agent: Callable[[str], bool]) -> dict[str, Remote]:
    """Return the agents that INVITED exports, by their mailboxes here. Raises Conflict for a name that is taken."""
    remote = {}
    for handle in invited.exports:
        name = abroad(handle, invited.host)
        if is_agent(name) and name not in bridge.remote:
            hint = f"rename that agent, or let {invited.host} not export {handle}"
            raise Conflict(f"an agent here has the name {name}, which means {handle} of {invited.host}", hint=hint)
        remote[name] = Remote(handle, invited.host)
    return remote


def _refuse(host: str, own: str, known: Peer, keys: Peer) -> None:
    if host == own:
        raise Conflict(f"another host is also named {host}", hint="docs/bridge.md, Host renamed")
    raise Conflict(
        f"{host} has other keys ({fingerprint(keys)}) than those that are pinned here ({fingerprint(known)})",
        hint=f"if {host} has made new keys: amq bridge remove {host}, then join again; else someone poses as it",
    )


def export(directory: str, handles: Iterable[str], *, files: bool) -> Bridge:
    """Let HANDLES write to other hosts and be written to; with FILES, the files that they name may leave, too."""

    def change(before: Bridge | None) -> Bridge:
        bridge = _required(before)
        exports = dict(bridge.exports)
        for handle in handles:
            if check_handle(handle) in bridge.remote:
                raise UsageError(f"{handle} is an agent of another host", hint="export it there")
            exports[handle] = files
        return replace(bridge, exports=exports)

    return change_bridge(directory, change)


def remove(directory: str, name: str) -> Bridge:
    """Take the host or the exported handle NAME out of the bridge. Raises NotFound if it is neither.

    Remote mailboxes of a host stay, with the mail in them: no agent here takes their names meanwhile.
    """

    def change(before: Bridge | None) -> Bridge:
        bridge = _required(before)
        if name in bridge.peers:
            return replace(bridge, peers={host: peer for host, peer in bridge.peers.items() if host != name})
        if name in bridge.exports:
            return replace(bridge, exports={each: files for each, files in bridge.exports.items() if each != name})
        known = ", ".join((*bridge.peers, *bridge.exports)) or "none"
        raise NotFound(f"{name} is neither a host nor an exported agent", hint=f"those that are: {known}")

    bridge = change_bridge(directory, change)
    if hub.is_here(bridge):
        hub.write_conf(bridge)
    return bridge


def _required(bridge: Bridge | None) -> Bridge:
    if bridge is None:
        raise NotFound("this queue has no bridge", hint="make one: amq bridge init --host NAME")
    return bridge
