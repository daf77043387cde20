"""`amq doctor` on a bridge: each broken set-up has its own finding."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amq import __version__
from amq.bridge import membership
from amq.bridge.certificates import SERVER_DAYS, make_certificates
from amq.bridge.checked_table import BadBridge
from amq.bridge.config import bridge_directory
from amq.layout import QueueLayout
from amq.runtime.private_state import private_state
from amq.setup import checks_bridge, checks_queue, doctor
from amq.setup.doctor import Context
from amq.setup.finding import Finding
from amq.store import registry
from tests.bridge.rig import invite

NOW = 1_700_000_000_000_000_000


@dataclass
class Place:
    """A queue with the agents claude and codex, and a bridge whose hub is here and on which nothing is wrong."""

    root: str
    environ: dict[str, str]

    @property
    def bridge(self) -> Path:
        """Return the directory of the bridge."""
        return Path(bridge_directory(private_state(self.environ, ()), self.root))

    def findings(self) -> list[Finding]:
        """Return what the check finds."""
        machine = doctor.this_machine(self.environ, os.path.dirname(self.root), __version__)
        return list(checks_bridge.bridge(self.root, machine))

    def server(self, version: str) -> None:
        """Let `nats-server` have VERSION."""
        program = Path(self.environ["PATH"], "nats-server")
        program.write_text(f"#!/bin/sh\necho nats-server: v{version}\n")
        program.chmod(0o755)


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as name:
        root, path = f"{name}/project/.agent-mail", f"{name}/bin"
        os.makedirs(os.path.dirname(root))
        os.mkdir(path)
        registry.make_queue(QueueLayout(root), tracked=False)
        registry.register(QueueLayout(root), ["claude", "codex"], NOW)
        found = Place(root, {"XDG_STATE_HOME": f"{name}/state", "PATH": path, "HOME": name})
        membership.set_up(str(found.bridge), "laptop", "tls://127.0.0.1")
        membership.export(str(found.bridge), ["claude"], files=False)
        found.server("2.15.1")
        yield found


def test_nothing_is_wrong_with_a_good_one(place: Place) -> None:
    assert place.findings() == []


def test_a_queue_without_a_bridge_has_no_findings(place: Place) -> None:
    place.environ["XDG_STATE_HOME"] += "-other"
    assert place.findings() == []


def _remove_key(place: Place) -> None:
    (place.bridge / "host.nk").unlink()


def _spoil_key(place: Place) -> None:
    (place.bridge / "box.key").write_text("x")


def _open_key(place: Place) -> None:
    (place.bridge / "box.key").chmod(0o644)


def _export_stranger(place: Place) -> None:
    membership.export(str(place.bridge), ["gone"], files=False)


def _remove_server(place: Place) -> None:
    Path(place.environ["PATH"], "nats-server").unlink()


def _old_server(place: Place) -> None:
    place.server("2.9.10")


def _no_hub(place: Place) -> None:
    text = (place.bridge / "bridge.toml").read_text()
    (place.bridge / "bridge.toml").write_text(text.replace('hub = "tls://127.0.0.1"', ""))


def _old_certificate(place: Place) -> None:
    then = datetime.now(UTC) - timedelta(days=SERVER_DAYS - 10)
    make_certificates(str(place.bridge / "hub"), str(place.bridge / "ca.pem"), "tls://127.0.0.1", then)


def _no_certificate(place: Place) -> None:
    (place.bridge / "hub" / "server.pem").write_text("")


def _clash(place: Place) -> None:
    desk = str(place.bridge) + "-desk"
    membership.set_up(desk, "desk", "")
    membership.export(desk, ["codex"], files=False)
    invite(desk, str(place.bridge))
    registry.register(QueueLayout(place.root), ["codex-desk"], NOW)


@pytest.mark.parametrize(
    ("spoil", "said", "remedy"),
    [
        (_remove_key, "the key {bridge}/host.nk cannot be read: No such file", "Key lost"),
        (_spoil_key, "{bridge}/box.key holds no key of 32 bytes", "Key lost"),
        (_open_key, "{bridge}/box.key can be read or changed by other users", "chmod 600 {bridge}/box.key"),
        (_export_stranger, "the bridge exports gone, which is not an agent here", "amq bridge remove gone"),
        (_remove_server, "nats-server is not on the PATH", "nats-io/nats-server/releases"),
        (_old_server, "nats-server is 2.9", "nats-io/nats-server/releases"),
        (_no_hub, "the bridge has no hub", "amq bridge join FILE"),
        (_old_certificate, "the hub's certificate ends on 20", "amq bridge init --host NAME --hub tls://127.0.0.1"),
        (_no_certificate, "server.pem holds no certificate", "every host then joins again"),
        (_clash, "codex-desk is an agent here, and the mailbox of codex@desk", "amq agent remove codex-desk"),
    ],
)
def test_each_fault_is_found(place: Place, spoil: Callable[[Place], None], said: str, remedy: str) -> None:
    spoil(place)
    (finding,) = place.findings()
    assert said.format(bridge=place.bridge) in finding.text
    assert remedy.format(bridge=place.bridge) in finding.remedy


def test_a_line_that_was_changed_by_hand_is_a_finding(place: Place) -> None:
    (place.bridge / "bridge.toml").write_text("host = 5\n")
    with pytest.raises(BadBridge, match="host is not a name"):
        place.findings()
    context = Context(doctor.this_machine(place.environ, "/", __version__), place.root)
    assert [each.finding.text for each in doctor.examine(context) if each.check == "bridge"] == [
        f"{place.bridge}/bridge.toml: host is not a name of 1 to 16 of a-z and 0-9, starting with a letter"
    ]
    assert "bridge" in doctor.checks(context)
    assert "bridge" not in checks_queue.CHECKS


def test_a_missing_library_is_a_finding(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_bridge, "_LIBRARIES", ("nacl", "nats_is_missing"))
    (finding,) = place.findings()
    assert finding.text == "the bridge needs nats_is_missing, which cannot be imported"
    assert "-m pip install cryptography 'nats-py[nkeys]' pynacl" in finding.remedy
