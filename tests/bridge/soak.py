"""Mail in all directions between real bridges and a real hub, while all of them are killed and the hub forgets.

    python -m tests.bridge.soak MESSAGES [SEED]

prints what came of it. Hosts are queues and private directories on one machine. With root and `ip`, each bridge runs in
a network namespace of its own, links go down, too, and the last host's queue is on a small disk that fills up.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from amq.bridge import hub as hub_files
from amq.errors import AmqError, Uncertain
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from tests.bridge import hosts, network
from tests.bridge.hosts import Host, Hosts
from tests.bridge.network import Network

AGENTS = ("claude", "codex")
MOST_WAITING = 150
"""The most messages that wait for one agent when a writer goes on: a hub is slower than a disk."""
DISK = "1g"
PORT = 4222
SETTLES_WITHIN_S = 600.0


@dataclass
class Outcome:
    """The outcome of a soak."""

    sent: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unacknowledged: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    took_s: float = 0.0
    settled_s: float = 0.0

    def faults(self) -> list[str]:
        """Return what must not be."""
        return [*self.lost, *self.doubled, *self.unacknowledged, *self.unsettled]

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {what}" for what, count in sorted(self.kills.items()))
        return (
            f"{self.sent} sent in {self.took_s:.0f} s with {kills}; settled {self.settled_s:.1f} s after the last; "
            f"lost {len(self.lost)}, doubled {len(self.doubled)}, acknowledgements missing {len(self.unacknowledged)}, "
            f"not settled {len(self.unsettled)}"
        )


class Soak:
    """A soak of MESSAGES messages between the HOSTS, every tenth of which asks for an acknowledgement."""

    def __init__(self, found: Hosts, messages: int, seed: int, network: Network | None = None) -> None:
        self.hosts = found
        self.network = network
        self.random = random.Random(seed)
        self.messages = messages
        self.outcome = Outcome()
        self.shown: Counter[tuple[str, str, str]] = Counter()
        self.sent: list[tuple[Host, str, Host, str, str, bool]] = []
        self._over = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> Outcome:
        """Run it; return what came of it."""
        began = time.monotonic()
        readers = [
            threading.Thread(target=self._read, args=(host, agent))
            for host in self.hosts.hosts.values()
            for agent in AGENTS
        ]
        writers = [threading.Thread(target=self._write, args=(host,)) for host in self.hosts.hosts.values()]
        for thread in (*readers, *writers):
            thread.start()
        while any(writer.is_alive() for writer in writers):
            self._disturb()
        last = time.monotonic()
        self.outcome.sent, self.outcome.took_s = len(self.sent), last - began
        while self._waiting() and time.monotonic() - last < SETTLES_WITHIN_S:
            time.sleep(0.2)
        self.outcome.settled_s = time.monotonic() - last
        self._over.set()
        for reader in readers:
            reader.join()
        self._judge()
        return self.outcome

    def _write(self, host: Host) -> None:
        chance = random.Random(self.random.random())
        others = [other for other in self.hosts.hosts.values() if other is not host]
        for number in range(self.messages // len(self.hosts.hosts)):
            sender, recipient, other = chance.choice(AGENTS), chance.choice(AGENTS), chance.choice(others)
            ack = number % 10 == 0
            body = os.urandom(chance.choice([20, 200, 2000])).hex().encode()
            to = f"{recipient}-{other.name}"
            while len(os.listdir(host.queue.agent(to).inbox_new)) > MOST_WAITING:
                time.sleep(0.05)
            identifier = self._send(host, sender, to, body, ack=ack)
            with self._lock:
                self.sent.append((host, sender, other, recipient, identifier, ack))

    def _send(self, host: Host, sender: str, to: str, body: bytes, *, ack: bool) -> str:
        """Send as an agent does: an error is tried again, with the same id if it may have been delivered."""
        identifier = ""
        while True:
            try:
                return Mailbox(host.root, sender).send([to], body, Draft(ack=ack, new_id=identifier)).id
            except AmqError as error:
                named = re.search(r"--new-id (\S+):", error.hint) if isinstance(error, Uncertain) else None
                identifier = named[1] if named else identifier
                time.sleep(0.2)

    def _read(self, host: Host, agent: str) -> None:
        while not self._over.is_set():
            with suppress(AmqError, OSError):  # on a full disk, what was shown is shown again, and says so
                self._drain(host, agent)
            self._over.wait(0.1)

    def _drain(self, host: Host, agent: str) -> None:
        with Mailbox(host.root, agent, warn=lambda _: None).drain(0) as mail:
            for item in mail:
                if not item.redelivered:
                    self.shown[host.name, agent, item.id] += 1

    def _disturb(self) -> None:
        """Kill something, and let it start again."""
        time.sleep(self.random.uniform(0.5, 2.5))
        kinds = {"bridge killed": 8, "hub killed": 2, "bridge stopped": 2, "hub wiped": 1}
        if self.network:
            kinds |= {"link cut": 3, "disk filled": 1}
        what = self.random.choices(list(kinds), list(kinds.values()))[0]
        host = self.random.choice(list(self.hosts.hosts.values()))
        self.outcome.kills[what] += 1
        if what == "bridge killed":
            host.kill()
            time.sleep(self.random.uniform(0, 1))
            host.start()
        elif what == "bridge stopped":
            assert host.running
            host.running.send_signal(signal.SIGSTOP)
            time.sleep(self.random.uniform(0, 3))
            host.running.send_signal(signal.SIGCONT)
        elif what == "link cut":
            assert self.network
            name = self.random.choice(self.network.names[1:])
            self.network.connect(name, on=False)
            time.sleep(self.random.uniform(0, 5))
            self.network.connect(name, on=True)
        elif what == "disk filled":
            self._fill_disk()
        else:
            self.hosts.kill_hub()
            if what == "hub wiped":
                first, *_ = self.hosts.hosts.values()
                shutil.rmtree(f"{hub_files.hub_directory(first.bridge)}/jetstream")
            time.sleep(self.random.uniform(0, 1))
            self.hosts.start_hub()

    def _fill_disk(self) -> None:
        """Leave no room on the last host's disk for a while."""
        *_, host = self.hosts.hosts.values()
        ballast = Path(host.root, ".ballast")
        with ballast.open("wb") as file, suppress(OSError):
            while True:
                file.write(b"x" * (1 << 20))
        time.sleep(self.random.uniform(0.5, 3))
        ballast.unlink()

    def _waiting(self) -> bool:
        """Return whether anything is on its way."""
        remote = [(host, mailbox) for host in self.hosts.hosts.values() for mailbox in host.remote()]
        return any(
            os.listdir(path)
            for host, mailbox in remote
            for path in (host.queue.agent(mailbox).inbox_new, host.queue.agent(mailbox).acks_received)
        )

    def _judge(self) -> None:
        outcome = self.outcome
        for host, sender, other, recipient, identifier, ack in self.sent:
            count = self.shown[other.name, recipient, identifier]
            what = f"{identifier} of {sender}@{host.name} to {recipient}@{other.name}"
            if count == 0:
                outcome.lost.append(f"{what} was not shown")
            if count > 1:
                outcome.doubled.append(f"{what} was shown {count} times")
            if not host.has(f"{recipient}-{other.name}", "inbox/cur", f"{identifier}.md"):
                outcome.unsettled.append(f"{what} does not count as drained")
            if ack and not host.has(sender, "acks/received", f"{identifier}.json"):
                outcome.unacknowledged.append(f"the acknowledgement of {what} did not come back")


def soak(place: Path, messages: int, seed: int, *names: str) -> Outcome:
    """Run a soak in PLACE between hosts of these NAMES; return what came of it."""
    with ExitStack() as opened:
        if network.why_not():
            found = opened.enter_context(hosts.make(place, *names, agents=AGENTS))
            return Soak(found.start(), messages, seed).run()
        net = opened.enter_context(Network(*names))
        opened.callback(subprocess.run, ["umount", _disk(place, names[-1])], check=True)
        inside = {name: net.inside(name) for name in names}
        url = f"tls://{network.HUB}:{PORT}"
        found = opened.enter_context(hosts.make(place, *names, agents=AGENTS, url=url, inside=inside))
        return Soak(found.start(), messages, seed, net).run()


def _disk(place: Path, name: str) -> str:
    """Return the directory of the queue of the host NAME, on a small disk of its own."""
    path = place / f"queue-{name}"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "amq-soak", path], check=True)
    return str(path)


def main() -> None:
    """Run one as the command line says."""
    messages, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    place = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="amq-soak-"))
    sys.stdout.write(f"seed {seed}, in {place}\n")
    sys.stdout.flush()
    outcome = soak(place, messages, seed, "a", "b", "c")
    sys.stdout.write("".join(f"{line}\n" for line in (outcome, *outcome.faults()[:20])))
    if not outcome.faults():
        shutil.rmtree(place)
    sys.exit(bool(outcome.faults()))


if __name__ == "__main__":
    main()
