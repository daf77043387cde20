"""The keys of a host, and the Box in which all mail and receipts travel.

A Box (X25519, XSalsa20, Poly1305; libsodium) is between two pinned hosts: the hub can neither read nor change what is
in it. Box has one key for both directions, and no memory. So the subject, which says what it is, for whom, from whom
and with which id, is in the Box, too: the hub cannot send a message back to its writer, to another agent, or under
another id. What it sends twice is a duplicate by its id.
"""

from __future__ import annotations

import base64
import os
import sys

from amq import quoting
from amq.bridge.checked_table import KEY_BYTES, BadBridge
from amq.bridge.config import Bridge, Peer, read_key, write_key
from amq.errors import AmqError, BadMessage
from amq.runtime.private_state import is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from nacl.public import Box

_VERSION = b"amq1"
_LENGTH_BYTES = 2
"""The size of the number that says how long the subject in a Box is."""
OVERHEAD_BYTES = 40 + len(_VERSION) + _LENGTH_BYTES
"""The length that sealing adds to the subject and the data together."""
_PACKAGES = ("cryptography", "nats-py[nkeys]", "pynacl")
"""The packages of the extra `bridge`."""


class NoBridgeExtra(AmqError):
    """A library of the extra `bridge` that is missing."""

    code = "no_bridge_extra"

    def __init__(self, error: ImportError) -> None:
        super().__init__(f"amq bridge needs {error.name}, which is not installed", hint=how_to_get_packages())


def how_to_get_packages() -> str:
    """Return what installs the packages of the extra `bridge` into the environment that amq runs in."""
    return f"install them: {quoting.shell_line((sys.executable, '-m', 'pip', 'install', *_PACKAGES))}"


def make_keys(directory: str) -> None:
    """Make the two keys of a host in DIRECTORY; one that is there stays. Raises OSError, or NoBridgeExtra."""
    made = {"host.nk": new_seed, "box.key": _new_box_key}
    for name, new in made.items():
        path = f"{directory}/{name}"
        if not is_there(path):
            write_key(path, f"{new()}\n")


def new_seed() -> str:
    """Return the seed of a new nkey for a user of the hub."""
    try:
        import nkeys
    except ImportError as error:
        raise NoBridgeExtra(error) from error
    seed: bytes = nkeys.encode_seed(os.urandom(KEY_BYTES), nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def public_nkey(path: str) -> str:
    """Return the public half of the nkey whose seed is in the file PATH. Raises BadBridge, or NoBridgeExtra."""
    try:
        import nkeys
    except ImportError as error:
        raise NoBridgeExtra(error) from error
    try:
        pair = nkeys.from_seed(bytearray(read_key(path)))
        public: str = pair.public_key.decode()
    except (ValueError, nkeys.NkeysError) as error:
        raise BadBridge(f"{path} holds no seed of an nkey", hint=_BAD_KEY) from error
    return public


def public_box(path: str) -> bytes:
    """Return the public half of the Box key in the file PATH. Raises BadBridge, or NoBridgeExtra."""
    try:
        from nacl.public import PrivateKey
    except ImportError as error:
        raise NoBridgeExtra(error) from error
    return bytes(PrivateKey(_secret(path)).public_key)


_BAD_KEY = "bring it back from a backup, or make another key: docs/bridge.md, Key lost"


def _new_box_key() -> str:
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def _secret(path: str) -> bytes:
    try:
        secret = base64.b64decode(read_key(path), validate=True)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise BadBridge(f"{path} holds no key of {KEY_BYTES} bytes", hint=_BAD_KEY)
    return secret


def fingerprint(peer: Peer) -> str:
    """Return 20 hexadecimal digits in groups of four, for users to compare: they stand for both keys of PEER."""
    from hashlib import sha256

    digits = sha256(peer.nkey.encode() + peer.box).hexdigest()[:20]
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _head(subject: str) -> bytes:
    """Return what precedes the data in a Box: the version of this form, and SUBJECT with its length."""
    named = subject.encode()
    return b"".join((_VERSION, len(named).to_bytes(_LENGTH_BYTES), named))


class Boxes:
    """The Boxes between this host and each of PEERS; SECRET is this host's key, 32 bytes."""

    def __init__(self, secret: bytes, peers: Mapping[str, Peer]) -> None:
        self._secret = secret
        self._peers = peers
        self._boxes: dict[str, Box] = {}

    @classmethod
    def of(cls, bridge: Bridge) -> Boxes:
        """Return the Boxes of BRIDGE. Raises BadBridge if its secret key cannot be read."""
        return cls(_secret(bridge.box_key), bridge.peers)

    def seal(self, peer: str, subject: str, data: bytes) -> bytes:
        """Return DATA, sent to the host PEER under SUBJECT, as only that host can open it. Raises BadMessage."""
        key = self._box(peer).shared_key()
        from nacl.bindings import crypto_box_easy_afternm, crypto_box_NONCEBYTES

        nonce = os.urandom(crypto_box_NONCEBYTES)
        sealed: bytes = crypto_box_easy_afternm(_head(subject) + data, nonce, key)
        return nonce + sealed  # what Box.encrypt returns, which copies 10 MiB in 13 ms once more

    def open_from(self, peer: str, subject: str, sealed: bytes) -> bytes:
        """Return the data that the host PEER has SEALED for this one under SUBJECT.

        Raises BadMessage if PEER is not pinned, or has not sealed it, or not for this host or not for this subject.
        """
        from nacl.exceptions import CryptoError

        box = self._box(peer)
        try:
            inside: bytes = box.decrypt(sealed)
        except (CryptoError, ValueError) as error:
            raise BadMessage(f"{peer} has not sealed this for this host, or it was changed on the way") from error
        head = _head(subject)
        if not inside.startswith(head):
            raise BadMessage(f"{peer} has sealed this for another purpose than {subject}")
        return inside[len(head) :]

    def _box(self, peer: str) -> Box:
        if peer not in self._boxes:
            known = self._peers.get(peer)
            if known is None:
                raise BadMessage(f"no keys of the host {peer} are pinned here")
            try:
                from nacl.public import Box, PrivateKey, PublicKey
            except ImportError as error:
                raise NoBridgeExtra(error) from error
            self._boxes[peer] = Box(PrivateKey(self._secret), PublicKey(known.box))
        return self._boxes[peer]
