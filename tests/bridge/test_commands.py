"""The commands that set up a bridge, with a real hub: what they print, and that a hub takes on what they change."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.errors import Error

from amq.bridge.certificates import pinned
from amq.bridge.config import Bridge, read_bridge
from amq.bridge.hub_conf import API
from amq.cli.commands import bridge_run
from amq.runtime.private_state import private_state
from tests.bridge.rig import WITHIN_S, Hub, environment, free_port, needs_hub, run, start_hub
from tests.conftest import Shell


class Machine:
    """A user's private directory, and a queue that one agent has."""

    def __init__(self, amq: Shell, monkeypatch: pytest.MonkeyPatch, place: Path, name: str, agent: str) -> None:
        self._amq = amq
        self._monkeypatch = monkeypatch
        self.state = place / f"state-{name}"
        self.root = place / name / ".agent-mail"
        self("init", "--agents", agent)

    def _here(self, words: tuple[str, ...]) -> tuple[str, ...]:
        self._monkeypatch.setenv("XDG_STATE_HOME", str(self.state))
        return (*words, "--root", str(self.root))

    def __call__(self, *words: str) -> str:
        """Call `amq` on this machine; return its output. Fail if it fails."""
        result = self._amq(*self._here(words), me=None)
        assert result.code == 0, result.err
        return result.out

    def fails(self, *words: str) -> str:
        """Call `amq` on this machine; return what it says on stderr. Fail if it does not fail."""
        result = self._amq(*self._here(words), me=None)
        assert result.code != 0
        return result.err

    @property
    def bridge(self) -> Bridge:
        """Return its bridge."""
        found = read_bridge(private_state({"XDG_STATE_HOME": str(self.state)}, ()), str(self.root))
        assert found
        return found


@pytest.fixture
def machines(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Machine, Machine]]:
    """Return a laptop with the agent claude, and a desk with codex."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as name:
        place = Path(name)
        pairs = (("laptop", "claude"), ("desk", "codex"))
        yield tuple(Machine(shell, monkeypatch, place, *pair) for pair in pairs)  # type: ignore[misc]


@needs_hub
def test_two_machines_by_six_commands(machines: tuple[Machine, Machine]) -> None:
    laptop, desk = machines
    url = f"tls://127.0.0.1:{free_port()}"
    said = laptop("bridge", "init", "--host", "laptop", "--hub", url, "--export", "claude")
    assert f"hub      {url}, on this host\n" in said
    assert "exports  claude\n" in said
    assert "amq bridge join --host NAME laptop.bridge.toml" in said
    words = [sys.executable, "-m", "amq", "bridge", "hub", "--root", str(laptop.root)]
    environ = environment(XDG_STATE_HOME=str(laptop.state))
    with Hub(subprocess.Popen(words, env=environ, stderr=subprocess.PIPE, text=True)) as hub:
        assert "for laptop" in hub.wait_for("is ready at")
        said = desk("bridge", "join", "laptop.bridge.toml", "--host", "desk", "--export", "codex")
        assert "remote   claude-laptop  is claude@laptop\n" in said
        assert "wrote    desk.bridge.toml\n" in said
        assert not run(gets_in(desk.bridge))
        said = laptop("bridge", "join", "desk.bridge.toml")
        assert "remote   codex-desk  is codex@desk\n" in said
        assert "for desk, laptop" in hub.wait_for("is ready at")
        assert run(gets_in(desk.bridge))
        broken = Path(laptop.bridge.directory, "bridge.toml")
        kept = broken.read_text()
        broken.write_text("host =")
        assert "is not TOML" in hub.wait_for("bridge.toml")
        assert run(gets_in(desk.bridge))
        broken.write_text(kept)
        laptop("bridge", "remove", "desk")
        assert "for laptop" in hub.wait_for("is ready at")
        assert not run(gets_in(desk.bridge))
        assert hub.stop() == 130


def test_printed_commands_can_be_pasted(machines: tuple[Machine, Machine]) -> None:
    laptop, desk = machines
    assert "amq bridge join 'it is.toml' " in desk("bridge", "init", "--host", "desk", "--write", "it is.toml")
    said = laptop("bridge", "init", "--host", "laptop", "--hub", "tls://127.0.0.1:4999", "--write", "it is.toml")
    assert "amq bridge join --host NAME 'it is.toml' " in said
    assert "amq bridge join 'mine too.toml' " in desk("bridge", "join", "it is.toml", "--write", "mine too.toml")


@pytest.mark.skipif(sys.platform == "darwin", reason="other lines on macOS")
def test_the_lines_that_keep_a_bridge_running() -> None:
    root = "/p/a b/${HOME}"
    service, tmux = ([*shlex.split(line)] for line in bridge_run.to_keep_it_running(root))
    assert service[-4:] == ["--root", root.replace("$", "$$"), "bridge", "run"]
    assert shlex.split(tmux[-1])[-4:] == ["--root", root, "bridge", "run"]
    assert os.access(shlex.split(tmux[-1])[0], os.X_OK)


@needs_hub
def test_a_port_in_use_ends_the_hub_with_the_reason(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amq.bridge.hub.PORT_WITHIN_S", 0.1)
    monkeypatch.setenv("PATH", environment()["PATH"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"tls://127.0.0.1:{taken.getsockname()[1]}"
        machines[0]("bridge", "init", "--host", "laptop", "--hub", url)
        said = machines[0].fails("bridge", "hub")
    port = url.rpartition(":")[2]
    assert f"port {port} is in use by process {os.getpid()}, {os.path.basename(sys.executable)}\n" in said
    assert "amq bridge init --host NAME --hub tls://ADDRESS:PORT" in said


@needs_hub
def test_a_second_hub_names_the_first_one(machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    laptop, _ = machines
    laptop("bridge", "init", "--host", "laptop", "--hub", f"tls://127.0.0.1:{free_port()}")
    monkeypatch.setattr("amq.bridge.hub.PORT_WITHIN_S", 0.1)
    monkeypatch.setenv("PATH", environment()["PATH"])
    with start_hub(laptop.bridge.directory):
        said = laptop.fails("bridge", "hub")
        assert "the hub of this queue runs already: process " in said
        monkeypatch.setattr("amq.procfs.PROC", "/nonexistent")
        assert "in use by another process\n     lsof -nP -iTCP:" in laptop.fails("bridge", "hub")


@needs_hub
def test_a_hub_that_was_killed_leaves_no_server_behind(machines: tuple[Machine, Machine]) -> None:
    laptop, _ = machines
    laptop("bridge", "init", "--host", "laptop", "--hub", f"tls://127.0.0.1:{free_port()}")
    for number in (signal.SIGKILL, signal.SIGHUP, signal.SIGTERM):
        with start_hub(laptop.bridge.directory) as hub:
            os.kill(hub.process.pid, number)
            assert hub.process.wait(WITHIN_S) != 0
            assert hub.process.stderr
            with hub.process.stderr:
                hub.process.stderr.read()  # to its end: nats-server has ended, too


async def gets_in(bridge: Bridge) -> bool:
    """Return whether the host of BRIDGE may use the hub."""
    client = Client()
    try:
        await client.connect(
            bridge.hub, tls=pinned(bridge.ca), nkeys_seed=bridge.seed, allow_reconnect=False, error_cb=_ignore,
            inbox_prefix=f"_INBOX_{bridge.host}".encode(),
        )  # fmt: skip
    except Error as error:
        assert "authorization" in str(error).lower()
        await client.close()
        return False
    info = await (await client.jetstream(prefix=API).pull_subscribe_bind(bridge.host, "AMQ")).consumer_info()
    assert info.name == bridge.host
    await client.close()
    return True


async def _ignore(_error: Exception) -> None:
    pass


def test_both_sides_print_one_fingerprint(machines: tuple[Machine, Machine]) -> None:
    laptop, desk = machines
    own = laptop("bridge", "init", "--host", "laptop", "--hub", "tls://127.0.0.1").splitlines()[0].split()[-1]
    assert f"peer     laptop  {own}\n" in desk("bridge", "join", "laptop.bridge.toml", "--host", "desk")


def test_what_is_there_stays(machines: tuple[Machine, Machine]) -> None:
    laptop, _ = machines
    words = ("bridge", "init", "--host", "laptop", "--hub", "tls://127.0.0.1", "--export", "claude")
    assert laptop(*words) == laptop(*words)
    before = Path("laptop.bridge.toml").read_text()
    laptop("bridge", "init", "--host", "laptop", "--write", "again.toml")
    assert Path("again.toml").read_text() == before


def test_an_invitation_comes_through_a_pipe(machines: tuple[Machine, Machine], amq: Shell) -> None:
    laptop, desk = machines
    laptop("bridge", "init", "--host", "laptop", "--hub", "tls://127.0.0.1")
    words = desk._here(("bridge", "join", "-", "--host", "desk", "--write", "d.toml"))
    assert amq(*words, me=None, stdin=Path("laptop.bridge.toml").read_bytes()).code == 0
    assert set(desk.bridge.peers) == {"laptop"}
    assert "stdin is not an invitation" in amq(*words, me=None, stdin=b"\x1b[31m").err


def test_files_leave_only_where_it_is_said(machines: tuple[Machine, Machine]) -> None:
    laptop, _ = machines
    laptop("bridge", "init", "--host", "laptop")
    assert "exports  claude\n" in laptop("bridge", "export", "claude")
    assert "exports  claude, with files\n" in laptop("bridge", "export", "claude", "--files")
    assert laptop.bridge.exports == {"claude": True}
    assert "exports" not in laptop("bridge", "remove", "claude")


def test_mistakes_are_answered(machines: tuple[Machine, Machine]) -> None:
    laptop, _ = machines
    laptop("bridge", "init", "--host", "laptop")
    Path("laptop.bridge.toml").rename("own.toml")
    calls = {
        ("bridge", "init", "--host", "My-Laptop"): "'My-Laptop' cannot be a host's name",
        ("bridge", "init", "--host", "laptop", "--hub", "nats://x"): "'nats://x' is not a hub's address",
        ("bridge", "init", "--host", "desk"): "this host is laptop for this queue, not desk",
        (
            "bridge",
            "init",
            "--host",
            "laptop",
            "--write",
            "/nowhere/x",
        ): "the invitation cannot be written: No such file",
        ("bridge", "export", "stranger"): "no agent stranger in this queue",
        ("bridge", "export", "../x"): "'../x' is not a handle",
        ("bridge", "join", "missing.toml"): "the invitation cannot be read: No such file",
        ("bridge", "join", "own.toml"): "this invitation is this host's own",
        ("bridge", "remove", "desk"): "desk is neither a host nor an exported agent",
        ("bridge", "hub"): "the hub is not on this host",
    }
    for words, said in calls.items():
        assert said in laptop.fails(*words), words


def test_a_first_join_names_the_host(machines: tuple[Machine, Machine]) -> None:
    laptop, desk = machines
    laptop("bridge", "init", "--host", "laptop", "--hub", "tls://127.0.0.1")
    assert "this host has no name yet" in desk.fails("bridge", "join", "laptop.bridge.toml")
    assert not desk.state.joinpath("amq", "queues").exists()


def test_a_file_that_was_changed_by_hand_is_named(machines: tuple[Machine, Machine]) -> None:
    laptop, _ = machines
    laptop("bridge", "init", "--host", "laptop")
    path = Path(laptop.bridge.directory, "bridge.toml")
    path.write_text(path.read_text().replace("host =", "hots ="))
    path.chmod(0o600)
    said = laptop.fails("bridge", "export", "claude")
    assert f"{path}: host is missing" in said
    assert "fix the line" in said


def test_without_the_extra_amq_says_how_to_get_it(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nkeys", "nacl.public", "cryptography.hazmat.primitives.asymmetric"):
        monkeypatch.setitem(sys.modules, name, None)
    said = machines[0].fails("bridge", "init", "--host", "laptop", "--hub", "tls://127.0.0.1")
    assert "which is not installed" in said
    assert "-m pip install cryptography 'nats-py[nkeys]' pynacl" in said
