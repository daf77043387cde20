"""Hosts, agents and a hub without time: every step of a bridge is taken when chance says so, or never.

A world runs a seeded schedule of sends, drains, acknowledgements, losses, repetitions, restarts and wiped hubs. Then it
is left alone until nothing moves. What must hold then is in `World.faults`.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from amq.bridge.exchange import (
    BUSY,
    Deliver,
    Exchange,
    Failed,
    Find,
    KeepAck,
    Later,
    Note,
    Publish,
    Published,
    Read,
    Send,
    Settle,
    Step,
    Taken,
)
from amq.bridge.ledger import ACK, CONFIRMED, DRAINED, MAIL, REFUSED, THERE, UNKNOWN, Epoch, Item, Outgoing
from amq.bridge.wire import Talk

if TYPE_CHECKING:
    from amq.bridge.exchange import Steps

REFUSING = "stranger"
"""An agent that every host refuses mail for."""


class Carried(NamedTuple):
    """A message in the hub: to whom, from whom, and what: an item with its data, or questions and receipts."""

    seq: int
    to: str
    sender: str
    content: Any


class Hub:
    """A stream with one consumer a host. It delivers each message at least once, in any order."""

    def __init__(self) -> None:
        self._made = itertools.count(1)
        self.wipe()

    def wipe(self) -> None:
        """Forget everything."""
        self.created, self.last_seq = f"made {next(self._made)}", 0
        self.waiting: dict[int, Carried] = {}
        self.known: dict[str, int] = {}
        self.delivered: set[int] = set()

    def save(self) -> tuple[Any, ...]:
        """Return what a backup has."""
        return self.created, self.last_seq, dict(self.waiting), dict(self.known)

    def restore(self, saved: tuple[Any, ...]) -> None:
        """Become what SAVED was."""
        self.created, self.last_seq, self.waiting, self.known = saved[0], saved[1], dict(saved[2]), dict(saved[3])
        self.delivered = set()

    def publish(self, name: str, to: str, sender: str, content: Any) -> Published:
        """Take a message, unless one of this NAME was taken before."""
        if name in self.known:
            return Published(self.known[name], is_repeat=True)
        self.last_seq += 1
        self.known[name] = self.last_seq
        self.waiting[self.last_seq] = Carried(self.last_seq, to, sender, content)
        return Published(self.last_seq)


class Host:
    """A host's files, and its bridge while that runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.outbox: dict[Item, str] = {}  # in remote mailboxes: what has not ended
        self.ended: dict[Item, str] = {}
        self.inbox: dict[tuple[str, str, str], str] = {}  # (handle, id, from) -> new or cur
        self.acks: set[Item] = set()
        self.hints: list[tuple[Item, int]] = []
        self.hinted_epoch = Epoch()
        self.bridge: Exchange | None = None
        self.running: list[tuple[Steps, Any, Carried | None]] = []
        self.speaks: Steps | None = None
        self.is_connected = False
        self.epoch_of_connection = ""
        self.is_full = False


class World:
    """A world of HOSTS whose chances come from SEED."""

    def __init__(self, seed: int, hosts: str = "ab") -> None:
        self.random = random.Random(seed)
        self.hub = Hub()
        self.hosts = {name: Host(name) for name in hosts}
        self.shown: Counter[tuple[str, str]] = Counter()
        self.clock = 0.0
        self.is_calm = False
        self.sends = 0
        self.publications = 0
        self._saved = self.hub.save()
        self._names = itertools.count(1)

    # -- what happens --------------------------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        """Take STEPS steps by chance, then let the world come to rest."""
        acts = [self.send, self.drain, self.acknowledge, self.work, self.crash, self.start, self.cut, self.wipe]
        weights = [20, 6, 3, 150, 2, 6, 2, 0.3]
        acts += [self.redeliver, self.forget_names, self.save, self.restore, self.fill, self.wrong_hint, self.jump]
        weights += [6, 1, 1, 0.2, 1, 0.5, 1]
        for act in self.random.choices(acts, weights, k=steps):
            act(self._any_host())
        self.rest()

    def rest(self, most: int = 3000) -> None:
        """Let everything be delivered and read, until nothing moves; fail if it moves for ever."""
        self.is_calm = True
        for host in self.hosts.values():
            host.is_full = False
        for _ in range(most):
            before = self.state()
            for host in self.hosts.values():
                self.start(host)
                for _ in range(8):
                    self.work(host)
                self.drain(host)
                self.acknowledge(host)
            self.redeliver(self._any_host())
            self.clock += 60
            if self.state() == before and self.is_idle():
                return
        raise AssertionError("the world does not come to rest")

    def is_idle(self) -> bool:
        """Return whether nothing is under way."""
        bridges = [host.bridge for host in self.hosts.values() if host.bridge]
        speaks = any(bridge.outgoing.questions(1) or bridge.incoming.untold(1) for bridge in bridges)
        return not (self.hub.waiting or speaks or any(host.outbox for host in self.hosts.values()))

    def state(self) -> Any:
        """Return what changes when something moves."""
        return [(dict(host.outbox), dict(host.inbox), len(host.running)) for host in self.hosts.values()], len(
            self.hub.waiting
        )

    def _any_host(self) -> Host:
        return self.random.choice(list(self.hosts.values()))

    def send(self, host: Host) -> None:
        """Let an agent write to one of another host."""
        other = self.random.choice([name for name in self.hosts if name != host.name])
        handle = REFUSING if self.random.random() < 0.05 else self.random.choice(["codex", "grok"])
        self.sends += 1
        host.outbox[Item(MAIL, other, handle, f"m{next(self._names)}")] = "new"

    def drain(self, host: Host) -> None:
        """Let the agents of HOST read what they have."""
        for key, box in host.inbox.items():
            if box == "new" and (self.is_calm or self.random.random() < 0.5):
                self.shown[host.name, key[1]] += 1
                host.inbox[key] = "cur"

    def acknowledge(self, host: Host) -> None:
        """Let agents acknowledge what they have read: by a file in the remote mailbox of the sender."""
        for (_, identifier, sender), box in host.inbox.items():
            item = Item(ACK, sender, "claude", identifier)
            if box == "cur" and item not in host.ended and (self.is_calm or self.random.random() < 0.3):
                host.outbox[item] = "new"

    def crash(self, host: Host) -> None:
        """End the bridge of HOST between two steps. The last hints may not be on the disk."""
        host.bridge, host.running, host.is_connected = None, [], False
        keep = self.random.randint(0, 3)
        if keep and host.hints:
            del host.hints[-keep:]

    def start(self, host: Host) -> None:
        """Start the bridge of HOST, unless it runs, and connect it."""
        if host.bridge is None:
            outgoing = Outgoing(host.hinted_epoch, dict(host.hints))
            host.bridge = Exchange(host.name, outgoing, lambda: f"w{next(self._names)}")
        if not host.is_connected or host.epoch_of_connection != self.hub.created:
            self.connect(host)

    def connect(self, host: Host) -> None:
        """Connect the bridge of HOST, which looks whether the hub has forgotten."""
        assert host.bridge
        host.running, host.is_connected, host.epoch_of_connection = [], True, self.hub.created
        host.bridge.outgoing.cut_off()
        is_other = host.bridge.outgoing.hub(Epoch(self.hub.created, self.hub.last_seq))
        host.bridge.connected(is_other_hub=is_other)
        if is_other:
            host.hints, host.hinted_epoch = [], Epoch(self.hub.created)

    def cut(self, host: Host) -> None:
        """End the connection of HOST: its steps on the hub may have been taken or not."""
        host.running, host.is_connected = [], False

    def wipe(self, _: Host) -> None:
        """Remove the hub's store, and end every connection."""
        self.hub.wipe()
        self.cut_all()

    def cut_all(self) -> None:
        """End every connection, as a hub that starts again does."""
        for host in self.hosts.values():
            self.cut(host)

    def save(self, _: Host) -> None:
        """Make a backup of the hub."""
        self._saved = self.hub.save()

    def restore(self, _: Host) -> None:
        """Restore the hub from its backup."""
        self.hub.restore(self._saved)
        self.cut_all()

    def fill(self, host: Host) -> None:
        """Fill the disk of HOST, or make room on it again."""
        host.is_full = not host.is_full

    def redeliver(self, _: Host) -> None:
        """Let the hub deliver again all that was not taken."""
        self.hub.delivered.clear()

    def forget_names(self, _: Host) -> None:
        """End the time in which the hub knows a message again."""
        self.hub.known.clear()

    def wrong_hint(self, host: Host) -> None:
        """Give HOST a wrong hint."""
        if host.outbox:
            host.hints.append((self.random.choice(list(host.outbox)), 0))

    def jump(self, _: Host) -> None:
        """Let the clock jump."""
        self.clock += self.random.choice([-1000, 5, 1000])

    # -- what a bridge does --------------------------------------------------------------------------------------------

    def work(self, host: Host) -> None:
        """Let the bridge of HOST take one step, or begin something."""
        bridge = host.bridge
        if bridge is None:
            return
        if not host.running or (len(host.running) < 4 and self.random.random() < 0.4):
            self._begin(host, bridge)
        if host.running:
            at = self.random.randrange(len(host.running))
            self._step(host, *host.running.pop(at))

    def _begin(self, host: Host, bridge: Exchange) -> None:
        if not host.is_connected:
            return
        for other in self.hosts.values():
            if other.bridge is not None and self.random.random() < 0.3:
                bridge.outgoing.heard(other.name, other.bridge.boot)
        for key in dict.fromkeys(item[:3] for item in (*host.outbox, *(item for item, _ in bridge.outgoing.items()))):
            bridge.outgoing.look(*key, [item.name for item in host.outbox if item[:3] == key])
        for item, salt in bridge.outgoing.take(self.clock, 2):
            host.running.append((bridge.publish(item, salt, lambda: self.clock), None, None))
        mine = [each for each in self.hub.waiting.values() if each.to == host.name]
        mine = [each for each in mine if each.seq not in self.hub.delivered]
        if mine:
            came = self.random.choice(mine)
            self.hub.delivered.add(came.seq)
            host.running += [(steps, None, came) for steps in [self._handle(bridge, came)] if steps]
        for handle in bridge.incoming.watching():
            new = [key[1] for key, box in host.inbox.items() if key[0] == handle and box == "new"]
            host.running.append((bridge.inbox(handle, new), None, None))
        if not any(steps is host.speaks for steps, _, _ in host.running):
            host.speaks = bridge.speak()
            host.running.append((host.speaks, None, None))

    def _handle(self, bridge: Exchange, came: Carried) -> Steps:
        if not isinstance(came.content, Talk):
            item, data = came.content
            here = Item(item.kind, came.sender, item.handle, item.name)
            return bridge.mail(here, data) if item.kind == MAIL else bridge.acknowledged(here, data)
        talk = came.content
        asked = [Item(item.kind, came.sender, item.handle, item.name) for item in talk.questions]
        told = [receipt._replace(item=receipt.item._replace(host=came.sender)) for receipt in talk.receipts]
        return bridge.talk(came.sender, talk.boot, told, asked)

    def _step(self, host: Host, steps: Steps, came: Any, carried: Carried | None) -> None:
        try:
            step = steps.send(came)
        except StopIteration:
            return
        host.running.append((steps, self._take(host, step, carried), carried))

    def _take(self, host: Host, step: Step, carried: Carried | None) -> Any:
        """Take STEP in this world, as far as chance lets it; return what comes of it."""
        if isinstance(step, Read):
            return b"data" if step.item in host.outbox else None
        if isinstance(step, Publish):
            self.publications += 1
            name = f"{host.name}{step.item}{step.salt}"
            return self._publish(name, step.item.host, host, (step.item, step.data))
        if isinstance(step, Note):
            host.hints.append((step.item, step.seq))
            return None
        if isinstance(step, Deliver):
            return self._deliver(host, step.item)
        if isinstance(step, KeepAck):
            if host.is_full:
                return BUSY, "full"
            return CONFIRMED, ""
        if isinstance(step, Find):
            return [(self._find(host, item), "") for item in step.items]
        if isinstance(step, Settle):
            return self._settle(host, step)
        if isinstance(step, Send):
            assert host.bridge
            talk = Talk(host.bridge.boot, step.questions, step.receipts)
            return isinstance(self._publish(f"n{next(self._names)}", step.host, host, talk), Published)
        if isinstance(step, Taken) and carried and (self.is_calm or self.random.random() < 0.9):
            self.hub.waiting.pop(carried.seq, None)
        assert isinstance(step, Taken | Later)
        return None

    def _publish(self, name: str, to: str, host: Host, content: Any) -> Published | Failed:
        chance = 1.0 if self.is_calm else self.random.random()
        if chance < 0.03:
            return Failed("lost on the way")
        if chance < 0.06:
            return Failed("full", is_full=True)
        came = self.hub.publish(name, to, host.name, content)
        return Failed("its answer was lost") if chance < 0.09 else came

    def _deliver(self, host: Host, item: Item) -> tuple[str, str]:
        if item.handle == REFUSING:
            return REFUSED, "not exported"
        state = self._find(host, item)
        if state != UNKNOWN:
            return state, ""
        if host.is_full:
            return BUSY, "full"
        host.inbox[item.handle, item.name, item.host] = "new"
        return THERE, ""

    def _find(self, host: Host, item: Item) -> str:
        if item.kind == ACK:
            return UNKNOWN
        box = host.inbox.get((item.handle, item.name, item.host))
        return {None: UNKNOWN, "new": THERE, "cur": DRAINED}[box]

    def _settle(self, host: Host, step: Settle) -> bool:
        if host.is_full:
            return False
        for receipt in step.receipts:
            if host.outbox.pop(receipt.item, None):
                host.ended[receipt.item] = receipt.state
        return True

    # -- what must hold ------------------------------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """Return what has been lost, doubled, or is still waiting."""
        found = [f"{name} shown {count} times" for name, count in self.shown.items() if count != 1]
        for host in self.hosts.values():
            found += [f"{item} still waits on {host.name}" for item in host.outbox]
            for item, state in host.ended.items():
                if item.kind == MAIL and state == DRAINED and not self.shown[item.host, item.name]:
                    found.append(f"{item} counts as drained, and was not shown")
                if item.kind == MAIL and (state == REFUSED) != (item.handle == REFUSING):
                    found.append(f"{item} ended as {state}")
                if item.kind == MAIL and state == DRAINED:
                    acked = Item(ACK, host.name, "claude", item.name)
                    if self.hosts[item.host].ended.get(acked) != CONFIRMED:
                        found.append(f"the acknowledgement of {item} did not come back")
        ended = sum(item.kind == MAIL for host in self.hosts.values() for item in host.ended)
        return [*found, *([] if ended == self.sends else [f"{self.sends} sent, {ended} ended"])]
