"""An invitation: one host's public keys and agents, in a file that the user carries to another. It holds no secret.

    host = "laptop"
    nkey = "UAL…"
    box = "pmJ…="
    exports = ["claude"]

    [hub]                  # only from the hub's own host
    url = "tls://laptop.local:4222"
    ca = '''…'''

    [peers.desk]           # likewise: the other hosts, so that each need not invite each
    nkey = "UBC…"
    box = "k0Q…="

Who can change the file on its way can pose as one of its hosts: it is carried as keys are, by scp or a stick, and both
sides print the fingerprint of what they have pinned.
"""

from __future__ import annotations

import base64

from amq import quoting
from amq.bridge.certificates import is_certificate
from amq.bridge.checked_table import HOST, NKEY, BadBridge, Table
from amq.bridge.config import Bridge, Peer, read_peers, render_peers
from amq.errors import why
from amq.names import is_handle
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_BYTES = 1 << 20
_HINT = "let the host that wrote it write it again: amq bridge init"


@record
class Invitation:
    """The host HOST: its public keys, its exported handles, the hub with its authority's certificate, its own peers.

    `hub` and `ca` are "" if the hub is elsewhere.
    """

    host: str
    keys: Peer
    exports: tuple[str, ...]
    hub: str
    ca: str
    peers: Mapping[str, Peer]


def render_invitation(invitation: Invitation) -> str:
    """Return INVITATION as the text of a file."""
    keys, hub = invitation.keys, []
    if invitation.hub:
        hub = [f"\n[hub]\nurl = {quoting.toml(invitation.hub)}\nca = '''\n{invitation.ca.strip()}\n'''"]
    return "\n".join((
        f"# The public keys of {invitation.host}, for `amq bridge join` on another host. It holds no secret.",
        f"host = {quoting.toml(invitation.host)}",
        f"nkey = {quoting.toml(keys.nkey)}",
        f"box = {quoting.toml(base64.b64encode(keys.box).decode())}",
        f"exports = [{', '.join(map(quoting.toml, invitation.exports))}]",
        *hub, *render_peers(invitation.peers), "",
    ))  # fmt: skip


def parse_invitation(data: bytes, name: str) -> Invitation:
    """Return the invitation in DATA, which came from the file NAME. Raises BadBridge."""
    import tomllib

    try:
        if len(data) > LARGEST_BYTES:
            raise ValueError(f"it is larger than {LARGEST_BYTES} bytes")
        found = Table(tomllib.loads(data.decode()), name, _HINT)
    except (ValueError, RecursionError) as error:
        raise BadBridge(f"{name} is not an invitation: {why(error)}", hint=_HINT) from error
    host = found.text("host", HOST, "a host: 1 to 16 of a-z and 0-9, starting with a letter")
    keys = Peer(found.text("nkey", NKEY, "a public nkey, U and 55 of A-Z and 2-7"), found.key("box"))
    exports = found.texts("exports", is_handle, "a list of handles")
    hub = found.table("hub")
    url = hub.url("url", "")
    ca = hub.text("ca", r"[\x20-\x7e\n]+", "a certificate in PEM form", "")
    hub.end()
    if bool(url) != bool(ca) or (ca and not is_certificate(ca)):
        raise found.bad("hub", "needs both an address and a certificate authority in PEM form")
    peers = read_peers(found.table("peers"))
    if host in peers:
        raise found.bad(f"peers.{host}", "is the host that invites")
    if peers and not url:
        raise found.bad("peers", "may come from the hub's host only, which admits them")
    found.end()
    return Invitation(host, keys, exports, url, ca, peers)


def invitation_of(bridge: Bridge, keys: Peer, ca: str) -> Invitation:
    """Return the invitation of BRIDGE, whose own public KEYS these are; CA is "" unless the hub is on this host."""
    exports = tuple(sorted(bridge.exports))
    return Invitation(bridge.host, keys, exports, bridge.hub if ca else "", ca, bridge.peers if ca else {})
