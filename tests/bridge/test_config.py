"""The bridge's file and keys: what is written is read back, and what a user breaks is named."""

from __future__ import annotations

import base64
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amq import git_repository
from amq.bridge.checked_table import BadBridge
from amq.bridge.config import (
    Bridge,
    Peer,
    bridge_directory,
    change_bridge,
    parse_bridge,
    read_bridge,
    read_bridge_in,
    read_key,
    render_bridge,
    write_key,
)
from amq.record import replace
from amq.runtime.private_state import NoPrivateDirectory, PrivateState
from amq.store.remote import Remote

DESK = Peer("U" + "A" * 55, bytes(range(32)))
BOX = base64.b64encode(DESK.box).decode()
TEXT = f"""\
host = "laptop"
hub = "tls://desk.local:4222"
[peers.desk]
nkey = "{DESK.nkey}"
box = "{BOX}"
[exports]
claude = {{files = true}}
reviewer = {{}}
[remote]
codex-desk = "codex@desk"
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a private directory that is not below the usual temporary one."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as path:
        yield Path(path)


def test_a_file_is_read() -> None:
    bridge = parse_bridge(TEXT, "/p")
    exports = {"claude": True, "reviewer": False}
    abroad = {"codex-desk": Remote("codex", "desk")}
    assert bridge == Bridge("/p", "laptop", "tls://desk.local:4222", {"desk": DESK}, exports, abroad)
    assert (bridge.seed, bridge.box_key, bridge.ca) == ("/p/host.nk", "/p/box.key", "/p/ca.pem")
    assert str(bridge.remote["codex-desk"]) == "codex@desk"


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('host = "laptop"', "", "host is missing"),
        ('host = "laptop"', 'host = "my-laptop"', "host is not a name of 1 to 16"),
        ('host = "laptop"', "host = 5", "host is not a name of 1 to 16"),
        ('host = "laptop"', 'host = ""', "host is not a name of 1 to 16"),
        ('host = "laptop"', 'host = "desk"', "peers.desk is this host itself"),
        ('host = "laptop"', 'host = "laptop', "is not TOML: Illegal character '\\n' (at line 1, column 15)"),
        ('host = "laptop"', 'hots = "laptop"\nhost = "laptop"', "hots is not known"),
        ("tls://desk.local:4222", "nats://desk.local:4222", "hub is not an address like tls://"),
        ("tls://desk.local:4222", "tls://desk.local:0", "hub has a port that is not in 1 to 65535"),
        ("tls://desk.local:4222", "tls://desk.local:70000", "hub has a port that is not in 1 to 65535"),
        ("tls://desk.local:4222", "tls://me:secret@desk.local", "hub is not an address"),
        ("[peers.desk]", "[peers.desk]\nkey = 1", "peers.desk.key is not known"),
        ("[peers.desk]", "[peers.Desk]", "peers.Desk is not a host"),
        (DESK.nkey, "S" + "A" * 55, "peers.desk.nkey is not a public nkey"),
        (f'nkey = "{DESK.nkey}"', "", "peers.desk.nkey is missing"),
        (BOX, BOX[4:], "peers.desk.box is not a key of 32 bytes"),
        (BOX, BOX[:-2] + "9=", "peers.desk.box is not a key of 32 bytes"),
        ("{files = true}", '{files = "yes"}', "exports.claude.files is neither true nor false"),
        ("{files = true}", "{file = true}", "exports.claude.file is not known"),
        ("{files = true}", "true", "exports.claude is not a table"),
        ("claude = ", "Claude = ", "exports.Claude is not a handle"),
        ("claude = ", "codex-desk = ", "exports.codex-desk is a remote mailbox"),
        ("codex@desk", "codex", "remote.codex-desk is not an agent elsewhere"),
        ("codex@desk", "codex@laptop", "remote.codex-desk is on this host"),
    ],
)
def test_a_wrong_line_is_named(line: str, instead: str, said: str) -> None:
    assert line in TEXT
    with pytest.raises(BadBridge) as caught:
        parse_bridge(TEXT.replace(line, instead), "/p")
    assert caught.value.message.startswith("/p/bridge.toml")
    assert said in caught.value.message
    assert "amq bridge join" in caught.value.hint


def test_two_hosts_cannot_have_one_key() -> None:
    with pytest.raises(BadBridge, match=r"peers\.other has a key of desk"):
        parse_bridge(f'{TEXT}[peers.other]\nnkey = "U{"B" * 55}"\nbox = "{BOX}"\n', "/p")


HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,15}", fullmatch=True)
HANDLES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
PEERS = st.tuples(st.from_regex(r"U[A-Z2-7]{55}", fullmatch=True), st.binary(min_size=32, max_size=32))


@settings(max_examples=25)
@given(
    st.dictionaries(HOSTS, PEERS, max_size=3),
    st.dictionaries(HANDLES, st.booleans()),
    st.dictionaries(HANDLES, HANDLES),
)
def test_what_is_rendered_is_read_back(
    peers: dict[str, tuple[str, bytes]], exports: dict[str, bool], remote: dict[str, str]
) -> None:
    others = {host: Peer(*keys) for host, keys in peers.items() if host != "laptop"}
    if len({each.nkey for each in others.values()} | {each.box for each in others.values()}) < 2 * len(others):
        return
    abroad = {name: Remote(handle, "desk") for name, handle in remote.items() if name not in exports}
    bridge = Bridge("/p", "laptop", "", others, exports, abroad)
    assert parse_bridge(render_bridge(bridge), "/p") == bridge


def test_a_change_is_kept_for_the_user_alone(place: Path) -> None:
    directory = f"{place}/bridge"
    first = Bridge(directory, "laptop", "", {}, {}, {})
    assert read_bridge_in(directory) is None
    assert change_bridge(directory, lambda before: before or first) == first
    change_bridge(directory, lambda before: replace(before or first, exports={"claude": False}))
    assert read_bridge_in(directory) == replace(first, exports={"claude": False})
    assert stat.S_IMODE((place / "bridge" / "bridge.toml").stat().st_mode) == 0o600


def test_what_would_not_count_replaces_nothing(place: Path) -> None:
    first = change_bridge(str(place), lambda _: Bridge(str(place), "laptop", "", {}, {}, {}))
    with pytest.raises(BadBridge, match="host is not a name"):
        change_bridge(str(place), lambda _: replace(first, host="No-Host"))
    assert read_bridge_in(str(place)) == first


def test_others_may_not_change_the_file(place: Path) -> None:
    change_bridge(str(place), lambda _: Bridge(str(place), "laptop", "", {}, {}, {}))
    (place / "bridge.toml").chmod(0o620)
    with pytest.raises(BadBridge, match="can be read or changed by other users") as caught:
        read_bridge_in(str(place))
    assert caught.value.hint == f"chmod 600 {place}/bridge.toml"


def test_a_link_is_refused(place: Path) -> None:
    (place / "elsewhere").write_text(TEXT)
    (place / "bridge.toml").symlink_to(place / "elsewhere")
    with pytest.raises(BadBridge, match="cannot be read"):
        read_bridge_in(str(place))


def test_a_key_is_for_the_user_alone(place: Path) -> None:
    path = place / "host.nk"
    write_key(str(path), "SUA\n")
    assert (read_key(str(path)), stat.S_IMODE(path.stat().st_mode)) == (b"SUA", 0o600)
    path.chmod(0o640)
    with pytest.raises(BadBridge, match="can be read or changed by other users"):
        read_key(str(path))
    with pytest.raises(BadBridge, match="cannot be read: No such file") as caught:
        read_key(f"{place}/box.key")
    assert "Key lost" in caught.value.hint


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_what_cannot_be_read_now_is_not_to_be_made_anew(
    place: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    change_bridge(str(place), lambda _: Bridge(str(place), "laptop", "", {}, {}, {}))
    write_key(str(place / "host.nk"), "SUA")

    def fail(path: str, *_: object, **__: object) -> bytes:
        raise OSError(code, os.strerror(code), path)

    monkeypatch.setattr(git_repository, "read_regular", fail)
    for read in (lambda: read_bridge_in(str(place)), lambda: read_key(str(place / "host.nk"))):
        with pytest.raises(BadBridge, match="cannot be read") as caught:
            read()
        assert caught.value.hint
        assert not any(word in caught.value.hint for word in ("fix", "another key", "init"))


def test_without_a_private_directory_there_is_no_bridge() -> None:
    nowhere = PrivateState("", "no place")
    assert read_bridge(nowhere, "/q") is None
    with pytest.raises(NoPrivateDirectory, match="no place"):
        bridge_directory(nowhere, "/q")
