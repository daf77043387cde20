"""Hosts on one machine: each with its queue, its private directory and `amq bridge run`, and one real hub."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from amq.bridge.config import change_bridge
from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.record import replace
from amq.store import registry
from amq.store.remote import read_remote
from tests.bridge import rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from amq.bridge.config import Bridge

_RUN = """
import asyncio, sys
from amq.bridge.config import read_bridge_in
from amq.bridge.daemon import Daemon
from amq.layout import QueueLayout
from amq.runtime.private_state import PrivateState
root, directory = sys.argv[1:]
daemon = Daemon(QueueLayout(root), read_bridge_in(directory), PrivateState(""), lambda line: print(line, flush=True))
asyncio.run(daemon.run())
"""
WITHIN_S = 60.0


@dataclass
class Host:
    """A host: its queue at ROOT, the agents AGENTS, which it exports, and its bridge while that runs."""

    name: str
    root: str
    bridge: Bridge
    log: Path
    inside: tuple[str, ...] = ()
    running: subprocess.Popen[bytes] | None = None
    sent: list[str] = field(default_factory=list)

    @property
    def queue(self) -> QueueLayout:
        """The layout of its queue."""
        return QueueLayout(self.root)

    def mailbox(self, me: str) -> Mailbox:
        """Return the mailbox of the agent ME."""
        return Mailbox(self.root, me)

    def start(self) -> None:
        """Start its bridge."""
        with self.log.open("ab") as log:
            words = [*self.inside, sys.executable, "-c", _RUN, self.root, self.bridge.directory]
            self.running = subprocess.Popen(words, stdout=log, stderr=log)

    def kill(self) -> None:
        """End its bridge without a word."""
        if self.running:
            self.running.kill()
            self.running.wait()
            self.running = None

    def knows_all(self, hosts: Iterable[Host]) -> Callable[[], bool]:
        """Return a function that says whether it has a mailbox for each agent of the other HOSTS."""
        remote = [f"{agent}-{other.name}" for other in hosts if other is not self for agent in other.bridge.exports]
        return lambda: all(registry.has_mailbox(self.queue.agent(each)) for each in remote)

    def remote(self) -> list[str]:
        """Return the mailboxes here that stand for agents of other hosts."""
        return [each for each in registry.mailboxes(self.queue) if read_remote(self.queue.agent(each))]

    def send(self, sender: str, to: str, body: bytes = b"hello\n", **more: object) -> str:
        """Send a message; return its id."""
        identifier = self.mailbox(sender).send([to], body, Draft(**more)).id  # type: ignore[arg-type]
        self.sent.append(identifier)
        return identifier

    def has(self, handle: str, box: str, identifier: str) -> bool:
        """Return whether the agent HANDLE has a message in its BOX, such as `inbox/new`."""
        return os.path.exists(f"{self.queue.agent(handle).home}/{box}/{identifier}")

    def drain(self, me: str) -> list[str]:
        """Let the agent ME read its mail; return the ids."""
        with self.mailbox(me).drain(0) as mail:
            return [item.id for item in mail]


@dataclass
class Hosts:
    """Several hosts, and the hub of the first."""

    hosts: dict[str, Host]
    hub: rig.Hub | None = None

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.hosts.values():
            host.kill()
        if self.hub:
            self.hub.stop()

    def start_hub(self) -> None:
        """Start the hub, which is the first host's."""
        first, *_ = self.hosts.values()
        self.hub = rig.start_hub(first.bridge.directory, first.inside)

    def kill_hub(self) -> None:
        """End the hub's processes without a word, as a loss of power does."""
        assert self.hub
        hub = self.hub.process.pid
        supervisors = _children(hub)  # first, or they would end nats-server as a user does
        for pid in (*supervisors, *(each for supervisor in supervisors for each in _children(supervisor)), hub):
            os.kill(pid, signal.SIGKILL)
        self.hub.stop()

    def start(self) -> Self:
        """Start the hub and every bridge; return when all have heard of each other."""
        self.start_hub()
        for host in self.hosts.values():
            host.start()
        for host in self.hosts.values():
            until(host.knows_all(self.hosts.values()))
        return self


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(each) for each in found.stdout.split()]


def until(holds: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Return once HOLDS returns true; fail if it does not WITHIN_S."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def make(
    place: Path,
    *names: str,
    agents: tuple[str, ...] = ("claude", "codex"),
    url: str = "",
    inside: Mapping[str, tuple[str, ...]] | None = None,
) -> Hosts:
    """Return hosts below PLACE, with AGENTS in each one's queue, all of them exported.

    URL is the hub's, else one on loopback. INSIDE has the words that run a command on each host.
    """
    hosts = {}
    for name, bridge in rig.bridged(place, *names, url=url).items():
        queue = QueueLayout(str(place / f"queue-{name}"))
        registry.make_queue(queue, tracked=False)
        registry.register(queue, list(agents), 0)
        found = export(bridge.directory, agents)
        hosts[name] = Host(name, queue.root, found, place / f"log-{name}", (inside or {}).get(name, ()))
    return Hosts(hosts)


def export(directory: str, handles: Iterable[str]) -> Bridge:
    """Let the bridge in DIRECTORY export HANDLES, and no others, without files; return it."""

    def change(before: Bridge | None) -> Bridge:
        assert before
        return replace(before, exports=dict.fromkeys(handles, False))

    return change_bridge(directory, change)
