"""Set up which hosts are in a bridge: what they learn of each other, and what none can make another believe."""

from __future__ import annotations

import errno
import os
import ssl
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amq.bridge import hub, membership
from amq.bridge.certificates import is_certificate, make_certificates, pinned
from amq.bridge.checked_table import BadBridge
from amq.bridge.config import Bridge, Peer, read_bridge_in
from amq.bridge.crypto import fingerprint
from amq.bridge.hub import find_server
from amq.bridge.hub_streams import HubFailed
from amq.bridge.invitation import LARGEST_BYTES, Invitation, parse_invitation
from amq.errors import Conflict, NotFound, UsageError
from amq.record import replace
from amq.store.remote import Remote
from tests.bridge.rig import bridged, invite

OWN_PEER = f'[peers.a]\nnkey = "U{"A" * 55}"\nbox = "{"A" * 43}="\n'


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a private directory that is not below the usual temporary one."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as path:
        yield Path(path)


def bridge_of(place: Path, host: str) -> Bridge:
    found = read_bridge_in(str(place / host))
    assert found
    return found


def invited(bridge: Bridge) -> Invitation:
    return parse_invitation(membership.invitation(bridge).encode(), "a file")


def no_agent(_handle: str) -> bool:
    return False


def test_hosts_that_joined_know_each_other(place: Path) -> None:
    found = bridged(place, "a", "b", "c")
    known = {host: set(bridge.peers) for host, bridge in found.items()}
    assert known == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}  # b and c by the hub's host
    assert len({bridge.hub for bridge in found.values()}) == 1
    assert fingerprint(found["b"].peers["c"]) == fingerprint(membership.keys_of(found["c"]))
    assert invite(found["a"].directory, found["b"].directory) == []


def test_an_invitation_holds_no_secret(place: Path) -> None:
    found = bridged(place, "a", "b")
    for bridge in found.values():
        text = membership.invitation(bridge)
        for path in Path(bridge.directory).rglob("*"):
            if path.suffix in (".nk", ".key"):
                secret = path.read_text()
                assert not [line for line in secret.splitlines() if line and line in text]
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "[hub]" in membership.invitation(found["a"])
    assert "[hub]" not in membership.invitation(found["b"])
    assert "[peers." not in membership.invitation(found["b"])


def test_the_hub_admits_whom_its_own_host_has_pinned(place: Path) -> None:
    found = bridged(place, "a", "b", "c")
    conf = Path(found["a"].directory, "hub", "nats.conf")
    for host in "abc":
        assert membership.keys_of(found[host]).nkey in conf.read_text()
    membership.remove(found["a"].directory, "b")
    assert membership.keys_of(found["b"]).nkey not in conf.read_text()
    assert "host_b" not in conf.read_text()


@pytest.mark.parametrize("lost", ["host.nk", "box.key"])
def test_a_lost_key_is_replaced_on_all_hosts(place: Path, lost: str) -> None:
    """As docs/bridge.md says it."""
    found = bridged(place, "a", "b")
    old = membership.keys_of(found["b"])
    Path(found["b"].directory, lost).unlink()
    new = membership.keys_of(membership.set_up(found["b"].directory, "b", ""))
    assert (new != old, new.nkey != old.nkey, new.box != old.box) == (True, lost == "host.nk", lost == "box.key")
    membership.remove(found["a"].directory, "b")
    assert invite(found["b"].directory, found["a"].directory) == ["b"]
    assert bridge_of(place, "a").peers["b"] == new
    assert new.nkey in Path(found["a"].directory, "hub", "nats.conf").read_text()


def test_a_stolen_authority_is_replaced_on_all_hosts(place: Path) -> None:
    found = bridged(place, "a", "b")
    old = Path(found["b"].ca).read_bytes()
    Path(found["a"].directory, "hub", "ca.key").unlink()
    Path(found["a"].ca).unlink()
    membership.set_up(found["a"].directory, "a", found["a"].hub)
    assert invite(found["a"].directory, found["b"].directory) == []
    assert Path(found["b"].ca).read_bytes() == Path(found["a"].ca).read_bytes() != old


def test_only_the_hubs_host_introduces_others(place: Path) -> None:
    found = bridged(place, "a", "b")
    text = membership.invitation(found["b"]) + '[peers.evil]\nnkey = "U' + "A" * 55 + f'"\nbox = "{"A" * 43}="\n'
    with pytest.raises(BadBridge, match="peers may come from the hub's host only"):
        parse_invitation(text.encode(), "b.bridge.toml")


def test_a_pinned_key_is_not_replaced(place: Path) -> None:
    found = bridged(place, "a", "b")
    forged = replace(invited(found["b"]), keys=Peer("U" + "A" * 55, bytes(32)))
    with pytest.raises(Conflict, match="b has other keys") as caught:
        membership.join(found["a"].directory, forged, no_agent)
    assert "amq bridge remove b" in caught.value.hint
    assert bridge_of(place, "a") == found["a"]
    membership.remove(found["a"].directory, "b")
    assert membership.join(found["a"].directory, forged, no_agent)[1] == ["b"]


def test_two_hosts_cannot_have_one_name(place: Path) -> None:
    found = bridged(place, "a", "b")
    membership.set_up(str(place / "other"), "a", "")
    with pytest.raises(Conflict, match="another host is also named a"):
        membership.join(found["a"].directory, invited(bridge_of(place, "other")), no_agent)


def test_one_hub_is_enough(place: Path) -> None:
    found = bridged(place, "a", "b")
    membership.set_up(str(place / "c"), "c", "tls://c.local")
    with pytest.raises(Conflict, match="the hub is on this host, and c has one, too"):
        membership.join(found["a"].directory, invited(bridge_of(place, "c")), no_agent)
    with pytest.raises(Conflict, match="this host uses the hub"):
        membership.set_up(found["b"].directory, "b", "tls://b.local")


class FullDisk:
    """A disk with room for so many files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, files: int) -> None:
        self._left = files
        monkeypatch.setattr(os, "replace", self._replace)

    def _replace(self, old: str, new: str) -> None:
        if not self._left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), new)
        self._left -= 1
        os.rename(old, new)


def test_a_set_up_that_was_cut_off_anywhere_is_finished_by_another(place: Path) -> None:
    """The disk is full at each file in turn."""
    for last in range(1, 20):
        directory = str(place / f"h{last}")
        with pytest.MonkeyPatch.context() as patched:
            FullDisk(patched, last)
            with suppress(OSError):
                membership.set_up(directory, "a", "tls://a.local")
                break
        made = membership.set_up(directory, "a", "tls://a.local")
        assert (made.hub, hub.is_here(made)) == ("tls://a.local", True)
    assert last > 6


class Unseen:
    """A disk on which these files cannot be looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        look = os.lstat

        def fail(path: str, **more: int | None) -> os.stat_result:
            if str(path).endswith(names):
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)
            return look(path, **more)

        monkeypatch.setattr(os, "lstat", fail)


@pytest.mark.parametrize("name", ["host.nk", "box.key", "hub/admin.nk", "hub/ca.key", "hub/nats.conf"])
def test_what_cannot_be_seen_is_not_made_anew(place: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    directory = Path(bridged(place, "a")["a"].directory)
    kept = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file() and path.stem != "server"}
    with monkeypatch.context() as patched:
        Unseen(patched, name)
        with pytest.raises((OSError, BadBridge), match="Input/output error"):
            membership.set_up(str(directory), "a", "tls://a.local")
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_hub_that_cannot_be_seen_is_not_elsewhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a join would take another host's authority in place of its own, which all other hosts have pinned."""
    found = bridged(place, "a", "b")
    ca = Path(found["a"].ca).read_bytes()
    other = membership.set_up(str(place / "c"), "c", "tls://c.local")
    with monkeypatch.context() as patched:
        Unseen(patched, "a/hub/nats.conf")
        with pytest.raises(BadBridge, match=r"nats.conf cannot be read: Input/output error"):
            membership.join(found["a"].directory, invited(other), no_agent)
    assert (bridge_of(place, "a"), Path(found["a"].ca).read_bytes()) == (found["a"], ca)


def test_a_host_has_one_name(place: Path) -> None:
    bridged(place, "a")
    with pytest.raises(Conflict, match="this host is a for this queue, not b"):
        membership.set_up(str(place / "a"), "b", "")
    for wrong in ("A", "a-b", "", "1a", "a" * 17):
        with pytest.raises(UsageError, match="cannot be a host's name"):
            membership.set_up(str(place / "x"), wrong, "")
    with pytest.raises(UsageError, match="is not a hub's address"):
        membership.set_up(str(place / "x"), "x", "nats://a")
    assert not (place / "x").exists()


def test_keys_and_authority_stay_when_the_hub_moves(place: Path) -> None:
    found = bridged(place, "a", "b")
    before, ca = membership.keys_of(found["a"]), Path(found["a"].ca).read_bytes()
    moved = membership.set_up(found["a"].directory, "a", "tls://[::1]:4333")
    assert (membership.keys_of(moved), Path(moved.ca).read_bytes()) == (before, ca)
    assert 'listen: "[::1]:4333"' in Path(moved.directory, "hub", "nats.conf").read_text()
    invite(moved.directory, found["b"].directory)
    assert bridge_of(place, "b").hub == "tls://[::1]:4333"


def test_a_remote_mailbox_takes_no_agents_name(place: Path) -> None:
    found = bridged(place, "a", "b")
    membership.export(found["b"].directory, ["codex"], files=False)
    text = invited(bridge_of(place, "b"))
    with pytest.raises(Conflict, match="an agent here has the name codex-b, which means codex of b"):
        membership.join(found["a"].directory, text, lambda handle: handle == "codex-b")
    membership.join(found["a"].directory, text, no_agent)
    assert bridge_of(place, "a").remote == {"codex-b": Remote("codex", "b")}
    membership.join(found["a"].directory, text, lambda handle: handle == "codex-b")  # it has a mailbox by now
    with pytest.raises(UsageError, match="codex-b is an agent of another host"):
        membership.export(found["a"].directory, ["codex-b"], files=False)


def test_exports_are_taken_back(place: Path) -> None:
    directory = bridged(place, "a")["a"].directory
    assert membership.export(directory, ["claude", "codex"], files=True).exports == {"claude": True, "codex": True}
    assert membership.export(directory, ["codex"], files=False).exports == {"claude": True, "codex": False}
    assert membership.remove(directory, "claude").exports == {"codex": False}
    with pytest.raises(NotFound, match="claude is neither a host nor an exported agent") as caught:
        membership.remove(directory, "claude")
    assert caught.value.hint == "those that are: codex"


def test_without_a_bridge_nothing_is_changed(place: Path) -> None:
    with pytest.raises(NotFound, match="this queue has no bridge"):
        membership.export(str(place / "a"), ["claude"], files=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-8], "is not an invitation: "),
        (lambda text: "\xff\xfe" + text, "is not an invitation: "),
        (lambda text: text + "#" * LARGEST_BYTES, "is larger than"),
        (lambda text: "a = [" * 2000 + text, "is not an invitation: "),
        (lambda text: text.replace('host = "a"', 'host = "../a"'), "host is not a host"),
        (lambda text: text.replace('host = "a"', 'host = "a\\u001b[31m"'), "host is not a host"),
        (lambda text: text.replace("exports = []", 'exports = ["../x"]'), "exports is not a list of handles"),
        (lambda text: text.replace("exports = []", "exports = 3"), "exports is not a list of handles"),
        (lambda text: text.replace("exports = []", "more = []"), "more is not known"),
        (lambda text: text.replace("[hub]", "[hub]\nmore = 1"), "hub.more is not known"),
        (lambda text: text.replace("tls://127", "https://127"), "hub.url is not an address"),
        (lambda text: text.replace("CERTIFICATE", "SOMETHING"), "hub needs both"),
        (lambda text: text[: text.index("ca = ")], "hub needs both"),
        (lambda text: text + OWN_PEER, "peers.a is the host that invites"),
    ],
)  # fmt: skip
def test_a_wrong_invitation_is_refused(place: Path, change: object, said: str) -> None:
    text = membership.invitation(bridged(place, "a")["a"])
    changed = change(text)  # type: ignore[operator]
    assert changed != text
    with pytest.raises(BadBridge) as caught:
        parse_invitation(changed.encode("latin-1"), "a file")
    assert said in caught.value.message
    assert "amq bridge init" in caught.value.hint


def test_a_servers_certificate_cannot_sign(place: Path) -> None:
    make_certificates(str(place), str(place / "ca.pem"), "tls://desk.local")
    assert is_certificate((place / "ca.pem").read_text())
    assert not is_certificate((place / "server.pem").read_text())
    assert not is_certificate("")
    (place / "ca.pem").write_text("")
    with pytest.raises(BadBridge, match=r"ca\.pem cannot be read"):
        pinned(str(place / "ca.pem"))
    with pytest.raises(BadBridge, match=r"ca\.pem holds no certificate"):
        make_certificates(str(place), str(place / "ca.pem"), "tls://desk.local")


def test_certificates_hold_for_years_and_for_slow_clocks(place: Path) -> None:
    from cryptography import x509

    now = datetime(2026, 1, 1, tzinfo=UTC)
    make_certificates(str(place), str(place / "ca.pem"), "tls://10.0.0.7:4222", now)
    for name, years in (("ca.pem", 20), ("server.pem", 10)):
        found = x509.load_pem_x509_certificate((place / name).read_bytes())
        assert found.not_valid_before_utc == now - timedelta(days=1)
        assert found.not_valid_after_utc > now + timedelta(days=365 * years)
    assert pinned(str(place / "ca.pem")).verify_mode == ssl.CERT_REQUIRED
    assert pinned(str(place / "ca.pem")).check_hostname


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo nats-server: v2.9.10", "is 2.9: it may confirm mail that it has not yet synced"),
        ("echo hello", "does not say its version"),
        ("exit 1", "does not say its version"),
    ],
)
def test_an_old_server_is_refused(place: Path, script: str, said: str) -> None:
    program = place / "nats-server"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(HubFailed, match=said) as caught:
        find_server({"PATH": str(place)})
    assert "https://github.com/nats-io/nats-server/releases" in caught.value.hint


def test_without_a_server_amq_says_how_to_get_it(place: Path) -> None:
    with pytest.raises(NotFound, match="nats-server is not on the PATH") as caught:
        find_server({"PATH": str(place)})
    assert "brew install nats-server" in caught.value.hint
