"""Claude Code and Codex on two machines review through a hub: two networks with a link, each with its own queue."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from amq.certify.network import NoNetwork
from tests.bridge.rig import Hub, environment, needs_hub
from tests.real.agents import Agent
from tests.real.conftest import _unavailable
from tests.real.rig import Rig, offline_rig
from tests.real.terminal import Terminal, open_terminal, wait_until
from tests.real.user import AMQ, INPUT_ROW, User, notices, soak

pytestmark = [pytest.mark.timeout(240), needs_hub]
ADDRESSES = ("192.168.7.1", "192.168.7.2")


@dataclass
class Side:
    """A machine: its rig, the user there, and what runs on it."""

    rig: Rig
    user: User
    ends: ExitStack

    def amq(self, *words: str) -> None:
        """Run an `amq` command in the project."""
        subprocess.run([str(AMQ), *words], cwd=self.rig.project, check=True, capture_output=True)

    def start(self, ready: str, *words: str) -> Hub:
        """Start an `amq` command that goes on, in this machine's network; return when it says READY."""
        command = self.rig.network.inside([str(AMQ), *words])
        process = subprocess.Popen(command, cwd=self.rig.project, env=environment(), stderr=subprocess.PIPE, text=True)
        hub = self.ends.enter_context(Hub(process))
        hub.wait_for(ready)
        return hub

    def run(self, agent: Agent) -> Terminal:
        """Start AGENT under `amq run`."""
        command = self.rig.network.inside([str(AMQ), "run", "--no-plugin", "--", agent.program])
        socket = self.rig.directory / f"terminal-{agent.name}"
        terminal = open_terminal(socket, command, self.rig.project, self.rig.home(agent))
        return self.ends.enter_context(terminal)


@pytest.fixture
def sides() -> Iterator[tuple[Side, Side]]:
    """Return a laptop with claude and the hub, and a desk with codex; their bridges run."""
    with ExitStack() as ends:
        made = []
        for agent in ("claude", "codex"):
            place = tempfile.TemporaryDirectory(prefix="amq-", ignore_cleanup_errors=True)
            try:
                rig = ends.enter_context(offline_rig(Path(ends.enter_context(place))))
            except NoNetwork as error:
                _unavailable(str(error))
            side = Side(rig, User(rig.project), ends)
            side.user.amq("init", "--here", "--agents", f"user,{agent}")
            made.append(side)
        laptop, desk = made
        _link(laptop.rig, desk.rig)
        hub = f"tls://{ADDRESSES[0]}:4222"
        laptop.amq("bridge", "init", "--host", "laptop", "--hub", hub, "--export", "claude")
        invitation = laptop.rig.project / "laptop.bridge.toml"
        desk.amq("bridge", "join", str(invitation), "--host", "desk", "--export", "codex")
        laptop.amq("bridge", "join", str(desk.rig.project / "desk.bridge.toml"))
        yield laptop, desk


def _link(one: Rig, other: Rig) -> None:
    """Connect the networks of two rigs."""
    target = other.network.inside(["true"])
    pid = target[target.index("--target") + 1]
    steps = [(one, ["link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", pid])]
    for rig, address in zip((one, other), ADDRESSES, strict=True):
        steps += [(rig, ["address", "add", f"{address}/24", "dev", "eth0"]), (rig, ["link", "set", "eth0", "up"])]
    for rig, words in steps:
        done = subprocess.run(rig.network.inside(["ip", *words]), capture_output=True, text=True, check=False)
        if done.returncode:
            _unavailable(f"the networks cannot be connected: {done.stderr.strip()}")


def _kill(hub: Hub) -> None:
    """End the hub and its nats-server without a word, as a loss of power does."""
    found = subprocess.run(["pgrep", "-P", str(hub.process.pid)], capture_output=True, text=True, check=True).stdout
    for pid in (hub.process.pid, *map(int, found.split())):
        os.kill(pid, 9)
    hub.stop()


def _asks(laptop: Side) -> str:
    """Let claude ask the other machine's codex for a review; return the id."""
    words = ("--kind", "review_request", "--subject", "A review", "--body", "What is 6 times 7?")
    return str(laptop.user.amq("send", "--to", "codex@desk", *words, me="claude")["id"])


@soak
def test_a_review_goes_through_a_hub(sides: tuple[Side, Side], both: tuple[Agent, Agent]) -> None:
    laptop, desk = sides
    laptop.start("is ready at", "bridge", "hub")
    for side in sides:
        side.start("connected to", "bridge", "run")
    terminal, other = laptop.run(both[0]), desk.run(both[1])
    terminal.wait_for(INPUT_ROW)
    other.wait_for(INPUT_ROW)
    _asks(laptop)
    other.wait_for(r"Done: 1 replies\.")
    terminal.wait_for(r"Done: 0 replies\.")
    (there,), (here,) = notices(desk.rig), notices(laptop.rig)
    assert there.text.startswith("amq: 1 new message from claude-laptop")
    assert "From: codex-desk" in here.given


@soak
def test_a_review_outlives_the_hub(sides: tuple[Side, Side], both: tuple[Agent, Agent]) -> None:
    """The hub is killed before the request, and again before the answer; both wait until it is back."""
    laptop, desk = sides
    for side in sides:
        side.start("no hub at", "bridge", "run")
    terminal, other = laptop.run(both[0]), desk.run(both[1])
    terminal.wait_for(INPUT_ROW)
    other.wait_for(INPUT_ROW)
    identifier = _asks(laptop)
    hub = laptop.start("is ready at", "bridge", "hub")
    arrived = desk.rig.project / ".agent-mail" / "agents" / "codex" / "inbox"
    wait_until(lambda: any(arrived.glob(f"*/{identifier}.md")), other.screen, timeout=60)
    _kill(hub)
    other.wait_for(r"Done: 1 replies\.")
    laptop.start("is ready at", "bridge", "hub")
    terminal.wait_for(r"Done: 0 replies\.")
