"""The set-up of the bridge of one queue: one readable file and two keys, in the user's private directory.

    queues/PROJECT-DIGEST/bridge/
        bridge.toml   this host's name, the hub, the peers and their public keys, what is exported, remote mailboxes
        host.nk       the seed of the key by which the hub knows this host
        box.key       the secret key for what only a peer may read
        ca.pem        the authority whose certificate the hub must have

    host = "laptop"
    hub = "tls://desk.local:4222"

    [peers.desk]
    nkey = "UAL…"
    box = "pmJ…="

    [exports]                  # agents of this host that others may write to, and that may write to others
    claude = {files = false}   # whether the files that an agent names by `@FILE` may leave this host

    [remote]                   # mailboxes here that stand for agents elsewhere
    codex-desk = "codex@desk"

All of it is in a place that agents cannot write to, because it decides whose mail is taken and what leaves the host.
"""

from __future__ import annotations

import base64
import os
import stat

from amq import git_repository, quoting
from amq.bridge.checked_table import HOST, NKEY, BadBridge, Table
from amq.errors import remedy_for_file, why
from amq.layout import RootedPath
from amq.record import record
from amq.runtime.private_state import NoPrivateDirectory, PrivateState, make_directory, write_private
from amq.store.locks import lock_beside
from amq.store.remote import Remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DIRECTORY, FILE, SEED, BOX_KEY, CA = "bridge", "bridge.toml", "host.nk", "box.key", "ca.pem"
_LOCK, _LOCK_WITHIN_S = "bridge.lock", 5.0
_LARGEST_BYTES = 1 << 20
_HANDLE = r"[a-z0-9][a-z0-9_-]{0,63}"
_ABROAD = rf"{_HANDLE}@{HOST}"
_HINT = "fix the line; if you do not know what was there, `amq bridge init` and `amq bridge join` write it again"
_HEADING = "# amq writes this file (`amq bridge init`, `join`, `export`, `remove`); comments are not kept.\n"


@record
class Peer:
    """Another host: the public NKEY by which the hub knows it, and the public key of its BOX, 32 bytes, pinned."""

    nkey: str
    box: bytes


@record
class Bridge:
    """The bridge of one queue, as the files in DIRECTORY, an absolute path, have it.

    `hub` is "" on a host that has not joined one. `peers` are by host. `exports` are the handles that may send and
    receive, each with whether files may leave this host. `remote` are the mailboxes here of agents elsewhere.
    """

    directory: str
    host: str
    hub: str
    peers: Mapping[str, Peer]
    exports: Mapping[str, bool]
    remote: Mapping[str, Remote]

    @property
    def ca(self) -> str:
        """Return the path of the hub's certificate authority."""
        return f"{self.directory}/{CA}"

    @property
    def seed(self) -> str:
        """Return the path of the nkey's seed."""
        return f"{self.directory}/{SEED}"

    @property
    def box_key(self) -> str:
        """Return the path of the secret key of this host's Box."""
        return f"{self.directory}/{BOX_KEY}"


def bridge_directory(private: PrivateState, root: str) -> str:
    """Return the directory of the bridge of the queue ROOT, which may be missing. Raises NoPrivateDirectory."""
    if not private.directory:
        raise NoPrivateDirectory(
            f"the bridge has no place for its keys ({private.why_not})",
            hint="set XDG_STATE_HOME to your own directory",
        )
    return f"{private.of_queue(root).directory}/{DIRECTORY}"


def read_bridge(private: PrivateState, root: str) -> Bridge | None:
    """Return the bridge of the queue ROOT; None if there is none. Raises BadBridge if its file does not count."""
    return read_bridge_in(bridge_directory(private, root)) if private.directory else None


def read_bridge_in(directory: str) -> Bridge | None:
    """Return the bridge whose files are in DIRECTORY, as `read_bridge` does."""
    path = f"{directory}/{FILE}"
    try:
        _check_mode(path, 0o022, f"chmod 600 {quoting.shell(path)}")
        text = git_repository.read_regular(path, _LARGEST_BYTES, follow=False).decode()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadBridge(f"{path} cannot be read: {why(error)}", hint=remedy_for_file(error, _HINT)) from error
    return parse_bridge(text, directory)


def parse_bridge(text: str, directory: str) -> Bridge:
    """Return the bridge in TEXT, a `bridge.toml` of DIRECTORY. Raises BadBridge, which names the line or the key."""
    import tomllib

    path = f"{directory}/{FILE}"
    try:
        found = Table(tomllib.loads(text), path, _HINT)
    except (ValueError, RecursionError) as error:
        raise BadBridge(f"{path} is not TOML: {error}", hint=_HINT) from error
    host = found.text("host", HOST, "a name of 1 to 16 of a-z and 0-9, starting with a letter")
    hub = found.url("hub", "")
    peers = read_peers(found.table("peers"))
    if host in peers:
        raise found.bad(f"peers.{host}", "is this host itself")
    exports = _exports(found.table("exports"))
    remote = _remote(found.table("remote"), host)
    if both := sorted(exports.keys() & remote.keys()):
        raise found.bad(f"exports.{both[0]}", "is a remote mailbox: what came from a host is not sent on")
    found.end()
    return Bridge(directory, host, hub, peers, exports, remote)


def read_peers(table: Table) -> dict[str, Peer]:
    """Return the peers in TABLE by their hosts. Raises BadBridge."""
    peers: dict[str, Peer] = {}
    for host in table.names(HOST, "a host: 1 to 16 of a-z and 0-9, starting with a letter"):
        one = table.table(host)
        peer = Peer(one.text("nkey", NKEY, "a public nkey, U and 55 of A-Z and 2-7"), one.key("box"))
        one.end()
        for other, known in peers.items():
            if peer.nkey == known.nkey or peer.box == known.box:
                raise table.bad(host, f"has a key of {other}: each host makes its own")
        peers[host] = peer
    return peers


def _exports(table: Table) -> dict[str, bool]:
    exports = {}
    for handle in table.names(_HANDLE, "a handle"):
        one = table.table(handle)
        exports[handle] = one.flag("files")
        one.end()
    return exports


def _remote(table: Table, host: str) -> dict[str, Remote]:
    remote = {}
    for mailbox in table.names(_HANDLE, "a handle"):
        handle, _, there = table.text(mailbox, _ABROAD, "an agent elsewhere: HANDLE@HOST").partition("@")
        if there == host:
            raise table.bad(mailbox, "is on this host")
        remote[mailbox] = Remote(handle, there)
    return remote


def render_bridge(bridge: Bridge) -> str:
    """Return BRIDGE as the text of its file."""
    exports = [f"{handle} = {{files = {'true' if files else 'false'}}}" for handle, files in bridge.exports.items()]
    remote = [f"{mailbox} = {quoting.toml(str(abroad))}" for mailbox, abroad in bridge.remote.items()]
    return "\n".join((
        f"{_HEADING}host = {quoting.toml(bridge.host)}", *([f"hub = {quoting.toml(bridge.hub)}"] if bridge.hub else []),
        *render_peers(bridge.peers), "\n[exports]", *exports, "\n[remote]", *remote, "",
    ))  # fmt: skip


def render_peers(peers: Mapping[str, Peer]) -> list[str]:
    """Return PEERS as lines of TOML, by hosts."""
    return [
        f"\n[peers.{host}]\nnkey = {quoting.toml(peer.nkey)}\nbox = {quoting.toml(base64.b64encode(peer.box).decode())}"
        for host, peer in sorted(peers.items())
    ]


def change_bridge(directory: str, change: Callable[[Bridge | None], Bridge]) -> Bridge:
    """Write what CHANGE makes of the bridge in DIRECTORY, None if there is none yet; return it.

    One process at a time does so. What is written has been read back: nothing that would not count replaces what does.
    Raises BadBridge, or OSError.
    """
    make_directory(directory)
    with lock_beside(RootedPath(directory), _LOCK, _LOCK_WITHIN_S):
        after = change(read_bridge_in(directory))
        text = render_bridge(after)
        if parse_bridge(text, directory) != after:
            raise BadBridge(f"{directory}/{FILE} cannot hold this", hint="nothing was changed")
        write_private(f"{directory}/{FILE}", text)
        return after


def write_key(path: str, text: str) -> None:
    """Write a secret key, TEXT, to the file PATH, for the user alone. Raises OSError."""
    write_private(path, text)


def read_key(path: str) -> bytes:
    """Return the text in the file PATH of a secret key, without white space around it.

    Raises BadBridge if it cannot be read, or if anyone but the user may read or change it.
    """
    try:
        _check_mode(path, 0o077, f"chmod 600 {quoting.shell(path)}; if others may have read it, make another key")
        return git_repository.read_regular(path, _LARGEST_BYTES, follow=False).strip()
    except OSError as error:
        hint = "bring it back from a backup, or make another key: docs/bridge.md, Key lost"
        raise BadBridge(f"the key {path} cannot be read: {why(error)}", hint=remedy_for_file(error, hint)) from error


def _check_mode(path: str, forbidden: int, hint: str) -> None:
    """Raise BadBridge if the file PATH is another user's, or has one of the bits FORBIDDEN; OSError as it comes."""
    found = os.lstat(path)
    if os.name == "nt":
        return
    if found.st_uid not in (0, os.geteuid()):
        raise BadBridge(f"{path} belongs to another user", hint="remove it, and set the bridge up again")
    if stat.S_ISREG(found.st_mode) and found.st_mode & forbidden:
        raise BadBridge(f"{path} can be read or changed by other users", hint=hint)
