"""`amq bridge run`: carry mail between the files of this host and the hub, until it is stopped.

It waits for three things: names that come and go in directories, what the hub delivers, and what the ledger has for the
hub. Files are touched in one thread, so that no two steps on them overlap. Decisions are made in `exchange` and
`ledger`; the daemon takes their steps.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from amq import __version__
from amq.bridge import agents_here, state, wire
from amq.bridge.config import FILE, Bridge, read_bridge_in
from amq.bridge.crypto import Boxes
from amq.bridge.exchange import (
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
    Taken,
)
from amq.bridge.files import Files
from amq.bridge.hints import FILE as HINTS
from amq.bridge.hints import Hints
from amq.bridge.jetstream import Delivery, Hub, HubGone, NoHub, connect
from amq.bridge.ledger import ACK, MAIL, Outgoing
from amq.errors import AmqError, BadMessage, why
from amq.record import record
from amq.runtime import notifier_lock
from amq.runtime.directory_events import DirectoryEvents
from amq.runtime.resource_limits import first
from amq.runtime.stat_polling import hint
from amq.store.locks import open_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from typing import Any

    from amq.bridge.exchange import Step, Steps
    from amq.bridge.wire import Presence
    from amq.layout import QueueLayout
    from amq.runtime.notifier_lock import Claim
    from amq.runtime.private_state import PrivateState

DELIVERERS = 8
"""The most messages that are written at the same time: the disk syncs several as fast as one."""
WINDOW = 32
"""The most items that are on their way to the hub."""
HERE_S = 5.0
"""Seconds between two presences."""
SWEEP_S = 30.0
"""Seconds after which all directories are looked at without an event, because filesystems lie."""
LATER_S = 15.0
"""Seconds until the hub delivers again what could not be taken."""
WRONG_S = 120.0
"""Seconds until that, where a user must put something right first: a key, a version."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
"""Seconds between two attempts to reach the hub: doubled each time, up to the longest."""
WRITE_S, WRITE_SHARE = 0.5, 20.0
"""Seconds between two writes of the state, and how many times as long as one write takes this is at least."""
_QUIET_S = 0.002
_LARGE_BYTES = 1 << 20


@record
class Heard:
    """The last presence of a host, and when it was heard, in nanoseconds since the epoch."""

    presence: Presence
    at_ns: int


def carry(queue: QueueLayout, bridge: Bridge, private: PrivateState, say: Callable[[str], None]) -> None:
    """Carry mail until interrupted, or asked to end. The arguments are those of `Daemon`. Raises what `run` raises."""

    async def run() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        await Daemon(queue, bridge, private, say).run()

    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns at each end of a connection with TLS
    with suppress(asyncio.CancelledError):
        asyncio.run(run())


class Daemon:
    """The bridge of QUEUE, as BRIDGE has set it up. PRIVATE is the user's private directory; SAY prints a line."""

    def __init__(self, queue: QueueLayout, bridge: Bridge, private: PrivateState, say: Callable[[str], None]) -> None:
        self._queue = queue
        self._private = private
        self._say = say
        self._files = Files(queue, bridge)
        self._boxes = Boxes.of(bridge)
        self._hints = Hints(f"{bridge.directory}/{HINTS}")
        self._exchange = Exchange(bridge.host, Outgoing(*self._hints.load()), lambda: os.urandom(8).hex())
        self._events = DirectoryEvents()
        self._pool = ThreadPoolExecutor(1, "files")
        self._deliverers = ThreadPoolExecutor(DELIVERERS, "deliver")
        self._claims: dict[str, Claim] = {}
        self._heard: dict[str, Heard] = {}
        self._dirty: set[str] = set()
        self._trouble: dict[str, str] = {}
        self._hub_reason = "not connected yet"
        self._since_ns = time.time_ns()
        self._sent = 0
        self._read_at: tuple[int, ...] | None = None
        self._woken, self._more, self._talk, self._changed, self._here = (asyncio.Event() for _ in range(5))

    @property
    def _bridge(self) -> Bridge:
        return self._files.bridge

    async def run(self) -> None:
        """Carry mail until cancelled. Raises Conflict if another bridge runs for this queue."""
        with state.running(self._bridge.directory):
            asyncio.get_running_loop().add_reader(self._events.descriptor, self._woken.set)
            try:
                await self._io(self._prepare)
                self._mark_all()
                async with asyncio.TaskGroup() as group:
                    for task in (self._follow_files, self._follow_hub, self._publish_state):
                        group.create_task(task())
            finally:
                asyncio.get_running_loop().remove_reader(self._events.descriptor)
                self._pool.shutdown()
                self._deliverers.shutdown()
                self._hints.close()
                self._events.close()
                for claim in self._claims.values():
                    claim.release()

    async def _io(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what FUNCTION returns, called in the thread of files."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *arguments))

    def _wrong(self, what: str, reason: str = "") -> None:
        """Show a REASON for trouble with WHAT in the status, until it is empty again."""
        if reason and self._trouble.get(what) != reason:
            self._say(f"{what}: {reason}")
        if reason:
            self._trouble[what] = reason
        else:
            self._trouble.pop(what, None)
        self._changed.set()

    # -- files --------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Make what remote mailboxes lack, hold their notifier's locks, and watch all directories."""
        for mailbox, abroad in self._bridge.remote.items():
            try:
                self._files.make_mailbox(abroad.host, abroad.handle)
                if mailbox not in self._claims:
                    agent = self._queue.agent(mailbox)
                    open_state(agent, agent.state).close()
                    self._claims[mailbox] = notifier_lock.claim(agent.state, "bridge")
            except notifier_lock.TakenError as error:
                self._trouble[mailbox] = f"it is notified by {error.who}, which must not read its mail"
            except (AmqError, OSError) as error:
                self._trouble[mailbox] = why(error)
        self._events.follow(self._directories())

    def _directories(self) -> dict[str, str]:
        """Return the directories to watch, each with what is to be looked at when it has changed."""
        found = {self._bridge.directory: FILE}
        for name in (*self._bridge.remote, *self._bridge.exports):
            agent = self._queue.agent(name)
            found[agent.inbox_new] = name
            if name in self._bridge.remote:
                found[agent.acks_received] = name
        return found

    def _mark_all(self) -> None:
        self._dirty.update((FILE, *self._bridge.remote, *self._bridge.exports))
        self._woken.set()

    def _mark(self, paths: Container[str]) -> None:
        """Take note of what has changed: an agent's directory, or this bridge's own."""
        for path, name in self._directories().items():
            if path in paths and (name != FILE or self._stamp() != self._read_at):  # its own state is there, too
                self._dirty.add(name)

    def _stamp(self) -> tuple[int, ...]:
        """Return what changes when the bridge's file is written."""
        return hint(f"{self._bridge.directory}/{FILE}")

    async def _follow_files(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._woken.wait(), SWEEP_S)
            except TimeoutError:
                await self._io(self._prepare)
                self._mark_all()
            self._woken.clear()
            self._mark(self._events.changed())
            began = time.monotonic()
            for name in sorted(self._dirty):
                self._dirty.discard(name)
                try:
                    await self._look(name)
                except (AmqError, OSError) as error:
                    self._wrong(name, why(error))
            # a look at much mail may not come at each change of it
            await asyncio.sleep(max(_QUIET_S, time.monotonic() - began))

    async def _look(self, name: str) -> None:
        """Take note of what is in a mailbox now, or in the file that the user has changed."""
        if name == FILE:
            await self._read_again()
            return
        if abroad := self._bridge.remote.get(name):
            mail, acknowledgements = await self._io(self._files.standing, name)
            self._exchange.outgoing.look(MAIL, abroad.host, abroad.handle, mail)
            self._exchange.outgoing.look(ACK, abroad.host, abroad.handle, acknowledgements)
            self._more.set()
            self._talk.set()
        elif name in self._exchange.incoming.watching():
            await self._drive(self._exchange.inbox(name, await self._io(self._files.new, name)))
            self._talk.set()
            self._here.set()
        self._changed.set()

    async def _read_again(self) -> None:
        """Use what the user has changed in the bridge's file; what does not count leaves all as it was."""
        self._read_at = self._stamp()
        try:
            found = await self._io(read_bridge_in, self._bridge.directory)
        except AmqError as error:
            self._wrong(FILE, error.message)
            return
        self._wrong(FILE)
        if found is not None and found != self._bridge:
            self._files.follow(found)
            self._boxes = Boxes.of(found)
            await self._io(self._prepare)
            self._mark_all()
            self._here.set()

    # -- the hub ------------------------------------------------------------------------------------------------------

    async def _follow_hub(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                hub = await self._connected()
            except (AmqError, OSError) as error:
                hint = getattr(error, "hint", "")
                self._say_hub(f"{why(error)}{'; ' if hint else ''}{hint}")
            else:
                begun = time.monotonic()
                self._say_hub("")
                self._say_hub(await self._until_gone(hub))
                if time.monotonic() - begun > LONGEST_PAUSE_S:
                    pause = FIRST_PAUSE_S
            await asyncio.sleep(pause * (0.5 + int.from_bytes(os.urandom(1)) / 255))
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _until_gone(self, hub: Hub) -> str:
        """Use the connection to HUB, and close it; return why it has ended."""
        reason = ""
        try:
            await self._use(hub)
        except* HubGone as ended:
            reason = why(first(ended))
        finally:
            await hub.close()
        return reason

    def _say_hub(self, reason: str) -> None:
        if reason != self._hub_reason:
            self._say(reason or f"connected to {self._bridge.hub} as {self._bridge.host}")
            self._hub_reason, self._since_ns = reason, time.time_ns()
        self._changed.set()

    async def _connected(self) -> Hub:
        if not self._bridge.hub:
            raise NoHub("this host has joined no hub", hint="amq bridge join FILE, or amq bridge init --hub tls://…")
        hub = await connect(self._bridge)
        try:
            await hub.begin()
        except BaseException:
            await hub.close()
            raise
        return hub

    async def _use(self, hub: Hub) -> None:
        """Use the connection to HUB until it ends, which raises HubGone, or groups of it."""
        outgoing = self._exchange.outgoing
        outgoing.cut_off()
        epoch = hub.epoch(outgoing.epoch)
        is_other = outgoing.hub(epoch)
        self._exchange.connected(is_other_hub=is_other)
        if is_other:
            await self._io(self._hints.begin, epoch)
        await hub.listen(wire.presence_subject(self._bridge.host, "*"), self._hear)
        for event in (self._more, self._talk, self._here):
            event.set()
        async with asyncio.TaskGroup() as group:
            for task in (self._fetch(hub), self._publish(hub, group), self._speak(hub), self._say_here(hub)):
                group.create_task(task)
            await hub.gone()
            raise HubGone("the connection to the hub has ended")

    async def _fetch(self, hub: Hub) -> None:
        while True:
            mail: dict[str, asyncio.Task[None]] = {}
            async with asyncio.TaskGroup() as group:
                for delivery in await hub.deliveries():
                    if wire.is_mail(delivery.subject) and delivery.subject not in mail:
                        mail[delivery.subject] = group.create_task(self._handle(hub, delivery))
                    else:  # it may ask about the mail before it, or be one of these again
                        await asyncio.gather(*mail.values())
                        await self._handle(hub, delivery)
            self._talk.set()

    async def _handle(self, hub: Hub, delivery: Delivery) -> None:
        """Take one message of the hub. One that is bad is not tried again for ever; one that cannot be taken now is."""
        try:
            to, sender, item = wire.address(delivery.subject)
            if sender == to:  # this host's own: it has said how far the stream is
                await delivery.taken()
                return
        except BadMessage as error:
            self._wrong("hub", error.message)
            await delivery.taken()
            return
        try:
            data = self._boxes.open_from(sender, delivery.subject, delivery.data)
            self._wrong(sender)
        except BadMessage as error:
            self._wrong(sender, error.message)
            await delivery.later(WRONG_S)
            return
        try:
            if item is None:
                talk = wire.parse_talk(data, sender)
                steps = self._exchange.talk(sender, talk.boot, talk.receipts, talk.questions)
            else:
                steps = (self._exchange.mail if item.kind == MAIL else self._exchange.acknowledged)(item, data)
        except wire.OtherForm as error:
            self._wrong(sender, error.message)
            await delivery.later(WRONG_S)
        except BadMessage as error:
            self._wrong(sender, error.message)
            await delivery.taken()
        else:
            await self._drive(steps, hub, delivery)
            self._changed.set()

    async def _publish(self, hub: Hub, group: asyncio.TaskGroup) -> None:
        """Publish what waits, a window of it at a time."""
        active: set[asyncio.Task[None]] = set()
        outgoing = self._exchange.outgoing

        def ended(task: asyncio.Task[None]) -> None:
            active.discard(task)
            self._more.set()

        while True:
            for item, salt in outgoing.take(time.monotonic(), WINDOW - len(active)):
                task = group.create_task(self._drive(self._exchange.publish(item, salt, time.monotonic), hub))
                active.add(task)
                task.add_done_callback(ended)
            pause = outgoing.pause_s(time.monotonic()) if len(active) < WINDOW else None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait(), None if pause is None else max(_QUIET_S, pause))
            self._more.clear()
            self._talk.set()

    async def _speak(self, hub: Hub) -> None:
        """Send receipts and questions as they come; what comes while others are on their way goes together."""
        while True:
            await self._talk.wait()
            self._talk.clear()
            sent = self._sent
            await self._drive(self._exchange.speak(), hub)
            if self._exchange.incoming.untold(1) or self._exchange.outgoing.questions(1):
                if self._sent == sent:  # the hub does not take it
                    await asyncio.sleep(1)
                self._talk.set()

    # -- presence -----------------------------------------------------------------------------------------------------

    async def _say_here(self, hub: Hub) -> None:
        while True:
            agents = await self._io(agents_here.look, self._queue, self._bridge.exports, self._private)
            presence = wire.Presence(self._exchange.boot, time.time_ns(), __version__, agents)
            data = wire.render_presence(presence)
            for host in self._bridge.peers:
                subject = wire.presence_subject(host, self._bridge.host)
                await hub.say(subject, self._boxes.seal(host, subject, data))
            await asyncio.sleep(_QUIET_S * 100)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._here.wait(), HERE_S)
            self._here.clear()

    def _hear(self, subject: str, data: bytes) -> None:
        """Take note of a host's presence."""
        host = subject
        try:
            host = wire.presence_sender(subject)
            presence = wire.parse_presence(self._boxes.open_from(host, subject, data))
        except BadMessage as error:
            self._wrong(host, error.message)
            return
        is_new = host not in self._heard or self._heard[host].presence.boot != presence.boot
        self._heard[host] = Heard(presence, time.time_ns())
        self._exchange.outgoing.heard(host, presence.boot)
        if is_new:
            self._here.set()
        self._talk.set()
        if any(not self._files.mailbox(host, handle) for handle in presence.agents):
            self._background = asyncio.ensure_future(self._meet(host, list(presence.agents)))
        self._changed.set()

    async def _meet(self, host: str, handles: list[str]) -> None:
        """Make mailboxes for agents that HOST exports."""
        for handle in handles:
            try:
                await self._io(self._files.make_mailbox, host, handle)
                self._wrong(f"{handle}@{host}")
            except (AmqError, OSError) as error:
                self._wrong(f"{handle}@{host}", why(error))
        await self._io(self._prepare)
        self._mark_all()

    # -- steps --------------------------------------------------------------------------------------------------------

    async def _drive(self, steps: Steps, hub: Hub | None = None, delivery: Delivery | None = None) -> None:
        """Take STEPS one after the other, each with what came of the one before."""
        came: Any = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration:
                return
            came = await self._take(step, hub, delivery)

    async def _take(self, step: Step, hub: Hub | None, delivery: Delivery | None) -> Any:
        match step:
            case Read(item):
                return await self._io(self._files.read, item)
            case Find(items):
                return await self._io(self._files.find, items)
            case Note(item, seq):
                self._hints.add(item, seq)
            case Deliver(item, data):
                known = len(self._bridge.remote)
                loop = asyncio.get_running_loop()
                came = await loop.run_in_executor(self._deliverers, self._files.deliver, item, data)
                if len(self._bridge.remote) != known:
                    await self._io(self._prepare)
                self._here.set()
                return came
            case KeepAck(item, data):
                return await self._io(self._files.keep_ack, item, data)
            case Settle(receipts):
                return await self._io(self._files.settle, receipts)
            case Publish() | Send():
                assert hub
                return await self._to_hub(hub, step)
            case Taken():
                assert delivery
                self._wrong("mail")
                await delivery.taken()
            case Later(reason):
                assert delivery
                self._wrong("mail", reason)
                await delivery.later(LATER_S)
        return None

    async def _to_hub(self, hub: Hub, step: Publish | Send) -> Any:
        """Seal what STEP has, and give it to HUB; return what `exchange` is to know of it."""
        if isinstance(step, Publish):
            to, subject = step.item.host, wire.subject_of(step.item, self._bridge.host)
            name, data = wire.message_name(subject, step.salt), step.data
        else:
            to, subject = step.host, wire.subject_of_receipts(step.host, self._bridge.host)
            self._sent += 1
            name = wire.message_name(subject, f"{self._exchange.boot} {self._sent}")
            data = wire.render_talk(wire.Talk(self._exchange.boot, step.questions, step.receipts))
        try:
            sealed = await self._io(self._boxes.seal, to, subject, data) if len(data) > _LARGE_BYTES else (
                self._boxes.seal(to, subject, data)
            )  # fmt: skip
        except BadMessage as error:
            self._wrong(to, error.message)
            return Failed(error.message) if isinstance(step, Publish) else True
        came = await hub.publish(subject, sealed, name)
        if isinstance(came, Failed):
            self._wrong("hub", came.reason)
        else:
            self._wrong("hub")
        return came if isinstance(step, Publish) else isinstance(came, Published)

    # -- status -------------------------------------------------------------------------------------------------------

    async def _publish_state(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            began = time.monotonic()
            try:
                await self._io(state.write_state, self._bridge.directory, self._state())
            except OSError as error:
                self._say(f"the state cannot be written: {why(error)}")
            # with much mail on its way, this counts for long
            await asyncio.sleep(max(WRITE_S, WRITE_SHARE * (time.monotonic() - began)))

    def _state(self) -> dict[str, Any]:
        """Return what the commands show."""
        mailboxes: dict[str, dict[str, Any]] = {}
        for item, progress in self._exchange.outgoing.items():
            of_mailbox = mailboxes.setdefault(self._files.mailbox(item.host, item.handle), {})
            of_kind = of_mailbox.setdefault(item.kind, {})
            of_kind[progress.stage] = of_kind.get(progress.stage, 0) + 1
            if progress.reason:
                of_mailbox["reason"] = progress.reason
        hosts = {
            host: {
                "heard_ns": heard.at_ns,
                "clock_ahead_ns": heard.presence.clock_ns - heard.at_ns,
                "version": heard.presence.version,
                "agents": {handle: vars(agent) for handle, agent in heard.presence.agents.items()},
            }
            for host, heard in self._heard.items()
            if host in self._bridge.peers
        }
        return {
            "pid": os.getpid(), "hub": self._bridge.hub, "hub_reason": self._hub_reason, "since_ns": self._since_ns,
            "trouble": self._trouble, "hosts": hosts, "mailboxes": mailboxes,
        }  # fmt: skip
