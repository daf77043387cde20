"""Mail in all directions between real bridges and a real hub, while all of them are killed and the hub forgets.

    python -m tests.bridge.soak MESSAGES [SEED]

prints each minute how far it has come, and then what came of it, also where SIGINT or SIGTERM ends it early. Hosts are
queues and private directories on one machine. With root and `ip`, each bridge runs in a network namespace of its own,
links go down, too, and the last host's queue is on a small disk that fills up.
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
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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
MOST_WAITING = 200
"""The most messages that wait for one agent when a writer writes to it: a hub is slower than a disk."""
LARGEST_BURST = 25
"""The most messages that a writer sends without a look at how many wait."""
DISK = "1g"
PORT = 4222
SETTLES_WITHIN_S = 600.0
REPORT_S = 60.0
BRIDGES, HUB, LINKS, DISKS = 70, 200, 340, 270
"""Messages sent from the end of a disturbance of each kind to the next one, on average.

They come at random moments. Were it seconds, a slow machine would do nothing but start again.
"""
LONGEST_PAUSE_S = 15.0
"""Seconds after which the next one comes though fewer were sent."""
_BALLAST = b"x" * (1 << 20)


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
        return (
            f"{self.sent} sent in {self.took_s:.0f} s with {_kills(self.kills)}; "
            f"settled {self.settled_s:.1f} s after the last; lost {len(self.lost)}, doubled {len(self.doubled)}, "
            f"acknowledgements missing {len(self.unacknowledged)}, not settled {len(self.unsettled)}"
        )


def _kills(kills: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(kills.items()))


class Soak:
    """A soak of MESSAGES messages between the hosts FOUND, every tenth of which asks for an acknowledgement.

    Once ENOUGH is set it sends no more.
    """

    def __init__(
        self, found: Hosts, messages: int, seed: int, enough: threading.Event, network: Network | None = None
    ) -> None:
        self.hosts = found
        self.network = network
        self.random = random.Random(seed)
        self.messages = messages
        self.enough = enough
        self.outcome = Outcome()
        self.shown: Counter[tuple[str, str, str]] = Counter()
        self.sent: list[tuple[Host, str, Host, str, str, bool]] = []
        self._written = threading.Event()
        self._over = threading.Event()

    def run(self, say: Callable[[str], None]) -> Outcome:
        """Run it; return what came of it. SAY gets a line each minute. Raises what a thread of it has raised."""
        began, all_hosts = time.monotonic(), self.hosts.hosts.values()
        with ThreadPoolExecutor(len(all_hosts) * (1 + len(AGENTS)) + len(self._disturbances())) as pool:
            try:
                readers = [pool.submit(self._read, host, agent) for host in all_hosts for agent in AGENTS]
                writers = [pool.submit(self._write, host, self._chance()) for host in all_hosts]
                disturbers = [pool.submit(self._disturb, *each, self._chance()) for each in self._disturbances()]
                self._wait(writers, [*readers, *disturbers], lambda: say(self._so_far(time.monotonic() - began)))
                self._written.set()
                last = time.monotonic()
                self.outcome.sent, self.outcome.took_s = len(self.sent), last - began
                self._wait(disturbers, readers, lambda: None)
                while self._waiting() and time.monotonic() - last < SETTLES_WITHIN_S:
                    time.sleep(0.2)
                self.outcome.settled_s = time.monotonic() - last
            finally:
                self._written.set()
                self._over.set()
        self._judge()
        return self.outcome

    def _wait(self, ends: Sequence[Future[None]], others: Sequence[Future[None]], report: Callable[[], None]) -> None:
        """Return when ENDS have ended; REPORT each minute, and when one has. Raises what one of all has raised."""
        pending = {*ends, *others}
        while not pending.isdisjoint(ends):
            done, pending = wait(pending, REPORT_S, FIRST_COMPLETED)
            for each in done:
                each.result()
            report()

    def _chance(self) -> random.Random:
        return random.Random(self.random.random())

    def _so_far(self, seconds: float) -> str:
        return f"{seconds:.0f} s: {len(self.sent)} sent, {self.shown.total()} shown, {_kills(self.outcome.kills)}"

    def _write(self, host: Host, chance: random.Random) -> None:
        others = [other for other in self.hosts.hosts.values() if other is not host]
        left = self.messages // len(self.hosts.hosts)
        while left and not (self.enough.is_set() or self._over.is_set()):
            recipient, other = chance.choice(AGENTS), chance.choice(others)
            if len(os.listdir(host.queue.agent(f"{recipient}-{other.name}").inbox_new)) > MOST_WAITING:
                self._over.wait(0.05)
                continue
            for _ in range(min(left, chance.randint(1, LARGEST_BURST))):
                sender, ack = chance.choice(AGENTS), left % 10 == 0
                body = os.urandom(chance.choice([20, 200, 2000])).hex().encode()
                identifier = self._send(host, sender, f"{recipient}-{other.name}", body, ack=ack)
                self.sent.append((host, sender, other, recipient, identifier, ack))
                left -= 1

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

    def _disturbances(self) -> list[tuple[int, Callable[[random.Random], None]]]:
        """Return what is disturbed here, each with the messages between two times on average."""
        found: list[tuple[int, Callable[[random.Random], None]]] = [
            (BRIDGES, self._disturb_bridge), (HUB, self._kill_hub)
        ]  # fmt: skip
        return [*found, (LINKS, self._cut_link), (DISKS, self._fill_disk)] if self.network else found

    def _disturb(self, mean: int, disturb: Callable[[random.Random], None], chance: random.Random) -> None:
        """Disturb now and then while writers write; what is disturbed goes on in the end."""
        while not self._have_written(chance.expovariate(1 / mean)):
            disturb(chance)

    def _have_written(self, more: float) -> bool:
        """Wait until so many MORE messages are sent, but not for ever; return at once, and true, if all are."""
        sent, end = len(self.sent) + more, time.monotonic() + LONGEST_PAUSE_S
        while len(self.sent) < sent and time.monotonic() < end and not self._written.wait(0.02):
            pass
        return self._written.is_set()

    def _disturb_bridge(self, chance: random.Random) -> None:
        host = chance.choice(list(self.hosts.hosts.values()))
        assert host.running
        if chance.random() < 0.75:
            self.outcome.kills["bridge killed"] += 1
            host.kill()
            time.sleep(chance.uniform(0, 1))
            host.start()
        else:
            self.outcome.kills["bridge stopped"] += 1
            host.running.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0, 3))
            host.running.send_signal(signal.SIGCONT)

    def _kill_hub(self, chance: random.Random) -> None:
        self.hosts.kill_hub()
        if chance.random() < 0.5:
            self.outcome.kills["hub killed"] += 1
        else:
            self.outcome.kills["hub wiped"] += 1
            first, *_ = self.hosts.hosts.values()
            shutil.rmtree(f"{hub_files.hub_directory(first.bridge)}/jetstream")
        time.sleep(chance.uniform(0, 1))
        self.hosts.start_hub()

    def _cut_link(self, chance: random.Random) -> None:
        assert self.network
        self.outcome.kills["link cut"] += 1
        name = chance.choice(self.network.names[1:])
        self.network.connect(name, on=False)
        time.sleep(chance.uniform(0, 5))
        self.network.connect(name, on=True)

    def _fill_disk(self, chance: random.Random) -> None:
        """Leave no room on the last host's disk for a while."""
        self.outcome.kills["disk filled"] += 1
        *_, host = self.hosts.hosts.values()
        ballast = Path(host.root, ".ballast")
        with ballast.open("wb", buffering=0) as file, suppress(OSError):  # a buffer would be written at the end
            while True:
                file.write(_BALLAST)
        time.sleep(chance.uniform(0.5, 3))
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


def soak(
    place: Path,
    messages: int,
    seed: int,
    *names: str,
    say: Callable[[str], None],
    enough: threading.Event | None = None,
) -> Outcome:
    """Run a soak in PLACE between hosts of these NAMES; return what came of it.

    SAY gets a line each minute. Once ENOUGH is set, no more is sent, and what was sent is judged.
    """
    enough = enough or threading.Event()
    with ExitStack() as opened:
        if network.why_not() or os.geteuid() != 0:
            found = opened.enter_context(hosts.make(place, *names, agents=AGENTS))
            return Soak(found.start(), messages, seed, enough).run(say)
        net = opened.enter_context(Network(*names))
        opened.callback(subprocess.run, ["umount", _disk(place, names[-1])], check=True)
        inside = {name: net.inside(name) for name in names}
        url = f"tls://{network.HUB}:{PORT}"
        found = opened.enter_context(hosts.make(place, *names, agents=AGENTS, url=url, inside=inside))
        return Soak(found.start(), messages, seed, enough, net).run(say)


def _disk(place: Path, name: str) -> str:
    """Return the directory of the queue of the host NAME, on a small disk of its own."""
    path = place / f"queue-{name}"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "amq-soak", path], check=True)
    return str(path)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run one as the command line says."""
    messages, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    place = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="amq-soak-"))
    _say(f"seed {seed}, in {place}")
    enough = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: enough.set())
    outcome = soak(place, messages, seed, "a", "b", "c", say=_say, enough=enough)
    _say("\n".join(map(str, (outcome, *outcome.faults()[:20]))))
    if not outcome.faults():
        shutil.rmtree(place)
    sys.exit(bool(outcome.faults()))


if __name__ == "__main__":
    main()
