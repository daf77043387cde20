"""The Box between two hosts: the hub reads nothing, changes nothing, and gives nothing another meaning."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from amq.bridge.checked_table import BadBridge
from amq.bridge.config import Peer
from amq.bridge.crypto import OVERHEAD_BYTES, Boxes, fingerprint, make_keys, public_box, public_nkey
from amq.errors import BadMessage

KEYS = {host: PrivateKey(bytes([number]) * 32) for number, host in enumerate("abcd", 1)}
PEERS = {host: Peer("U" + host.upper() * 55, bytes(key.public_key)) for host, key in KEYS.items()}
BOXES = {
    host: Boxes(bytes(key), {other: peer for other, peer in PEERS.items() if other not in (host, "d")})
    for host, key in KEYS.items()
}
SUBJECT = "amq.mail.b.a.codex.2026-11-30T12-00-00~000Z_pid1_00000000"


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a private directory that is not below the usual temporary one."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as path:
        yield Path(path)


def test_what_one_host_seals_the_other_opens() -> None:
    for data in (b"", b"mail", os.urandom(1 << 16)):
        sealed = BOXES["a"].seal("b", SUBJECT, data)
        assert BOXES["b"].open_from("a", SUBJECT, sealed) == data
        assert len(sealed) == len(SUBJECT) + len(data) + OVERHEAD_BYTES
    assert b"mail" not in sealed


@pytest.mark.parametrize(
    "subject",
    [
        SUBJECT.replace(".codex.", ".claude."),
        SUBJECT.replace(".mail.", ".rcpt."),
        SUBJECT.replace("00000000", "00000001"),
        SUBJECT.removesuffix("0"),
        f"{SUBJECT}0",
        "",
    ],
)
def test_the_hub_cannot_give_it_another_address_kind_or_id(subject: str) -> None:
    with pytest.raises(BadMessage, match="another purpose"):
        BOXES["b"].open_from("a", subject, BOXES["a"].seal("b", SUBJECT, b"mail"))


def test_the_hub_cannot_send_it_back_to_its_writer() -> None:
    """Box has the same key in both directions."""
    with pytest.raises(BadMessage, match="another purpose"):
        BOXES["a"].open_from("b", "amq.mail.a.b.codex.1", BOXES["a"].seal("b", SUBJECT, b"mail"))


def test_another_host_can_neither_read_nor_pretend() -> None:
    sealed = BOXES["a"].seal("b", SUBJECT, b"mail")
    with pytest.raises(BadMessage, match="a has not sealed this for this host"):
        BOXES["c"].open_from("a", SUBJECT, sealed)
    with pytest.raises(BadMessage, match="a has not sealed this for this host"):
        BOXES["b"].open_from("a", SUBJECT, BOXES["c"].seal("b", SUBJECT, b"mail"))


@pytest.mark.parametrize("at", [0, 23, 24, 39, 40, -1])
def test_a_changed_bit_is_seen(at: int) -> None:
    sealed = bytearray(BOXES["a"].seal("b", SUBJECT, b"mail"))
    sealed[at] ^= 1
    with pytest.raises(BadMessage, match="changed on the way"):
        BOXES["b"].open_from("a", SUBJECT, bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"x" * 23, b"x" * 40, b"amq1\0\0mail"])
def test_what_was_never_sealed_is_bad(sealed: bytes) -> None:
    with pytest.raises(BadMessage, match="has not sealed this"):
        BOXES["b"].open_from("a", SUBJECT, sealed)


def test_a_host_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(BadMessage, match="no keys of the host d are pinned here"):
        BOXES["a"].open_from("d", SUBJECT, BOXES["d"].seal("a", SUBJECT, b"mail"))
    with pytest.raises(BadMessage, match="no keys of the host d are pinned here"):
        BOXES["a"].seal("d", SUBJECT, b"mail")


def test_keys_are_made_once_for_the_user_alone(place: Path) -> None:
    make_keys(str(place))
    seed, box = place / "host.nk", place / "box.key"
    before = (seed.read_bytes(), box.read_bytes())
    make_keys(str(place))
    assert (seed.read_bytes(), box.read_bytes()) == before
    assert [stat.S_IMODE(path.stat().st_mode) for path in (seed, box)] == [0o600, 0o600]
    assert (public_nkey(str(seed))[0], len(public_box(str(box)))) == ("U", 32)


@pytest.mark.parametrize("text", ["", "SU", "SUA" * 20, "#" * 44, "AAAA"])
def test_a_broken_key_is_named(place: Path, text: str) -> None:
    path = place / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BadBridge, match=f"{path} holds no seed") as caught:
        public_nkey(str(path))
    assert "Key lost" in caught.value.hint
    with pytest.raises(BadBridge, match=f"{path} holds no key of 32 bytes"):
        public_box(str(path))


def test_a_fingerprint_stands_for_both_keys() -> None:
    one = PEERS["a"]
    assert fingerprint(one).count("-") == 4
    others = (Peer(one.nkey, PEERS["b"].box), Peer(PEERS["b"].nkey, one.box))
    assert len({fingerprint(each) for each in (one, *others)}) == 3
