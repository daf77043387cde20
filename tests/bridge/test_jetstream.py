"""One connection to a real hub: what it refuses, with which reason, and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from amq.bridge import hub_conf, wire
from amq.bridge.certificates import make_certificates
from amq.bridge.config import Bridge
from amq.bridge.crypto import new_seed
from amq.bridge.exchange import Failed, Published
from amq.bridge.jetstream import PULL_MESSAGES, Delivery, Hub, HubGone, NoHub, connect
from amq.bridge.ledger import HUB_FULL, MAIL, Epoch, Item
from amq.record import replace
from tests.bridge import hosts, rig
from tests.bridge.rig import administered, needs_hub, run

pytestmark = needs_hub
SUBJECT = wire.subject_of(Item(MAIL, "b", "codex", "m1"), "a")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hosts.Hosts]:
    """Two hosts and their hub; no bridge runs."""
    with hosts.make(tmp_path_factory.mktemp("hub"), "a", "b") as found:
        found.start_hub()
        yield found


@asynccontextmanager
async def connected(bridge: Bridge) -> AsyncIterator[Hub]:
    """Yield a connection of a host that has begun."""
    hub = await connect(bridge)
    try:
        await hub.begin()
        yield hub
    finally:
        await hub.close()


async def next_mail(hub: Hub) -> Delivery:
    """Return the next delivery of the message."""
    while True:
        for delivery in await hub.deliveries():
            if delivery.subject == SUBJECT:
                return delivery
            await delivery.taken()  # this host's own, by which it found out how far the stream is


def refused(bridge: Bridge) -> NoHub:
    """Return why the hub of BRIDGE cannot be used."""

    async def attempt() -> None:
        async with connected(bridge):
            pass

    with pytest.raises(NoHub) as caught:
        run(attempt())
    return caught.value


def copy_of(bridge: Bridge, place: Path) -> Bridge:
    """Return BRIDGE with its files copied to PLACE, so that a test can change them."""
    shutil.copytree(bridge.directory, place)
    return replace(bridge, directory=str(place))


def test_a_hub_that_is_not_there(two: hosts.Hosts) -> None:
    error = refused(replace(two["a"].bridge, hub=f"tls://127.0.0.1:{rig.free_port()}"))
    assert re.fullmatch(r"no hub at tls://127\.0\.0\.1:\d+: connection refused", error.message)
    assert "amq bridge hub" in error.hint


def test_a_hub_with_another_certificate(two: hosts.Hosts, tmp_path: Path) -> None:
    bridge = copy_of(two["a"].bridge, tmp_path / "a")
    os.unlink(bridge.ca)
    (tmp_path / "another").mkdir()
    make_certificates(str(tmp_path / "another"), bridge.ca, bridge.hub)
    assert refused(bridge).message.startswith("the hub's certificate is not the one that was pinned")


def test_a_host_that_the_hub_does_not_know(two: hosts.Hosts, tmp_path: Path) -> None:
    bridge = copy_of(two["a"].bridge, tmp_path / "a")
    Path(bridge.seed).write_text(new_seed())
    error = refused(bridge)
    assert error.message.endswith("know this host's key")  # the hub may end the connection before it says why
    assert "amq bridge join" in error.hint


def test_a_hub_that_may_forget_what_it_took(two: hosts.Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_conf, "OLDEST", (99, 0))
    assert "which may forget what it has taken" in refused(two["a"].bridge).message


def test_a_message_is_taken_once_and_delivered_until_it_is_taken(two: hosts.Hosts) -> None:
    async def attempt() -> None:
        async with connected(two["a"].bridge) as a, connected(two["b"].bridge) as b:
            first = await a.publish(SUBJECT, b"data", "once")
            assert isinstance(first, Published)
            assert await a.publish(SUBJECT, b"data", "once") == Published(first.seq, is_repeat=True)
            for again in (True, False):
                delivery = await next_mail(b)
                assert delivery.data == b"data"
                await (delivery.later(0.01) if again else delivery.taken())
            assert [each.subject for each in await b.deliveries(0.2) if each.subject == SUBJECT] == []
            assert a.epoch(Epoch()).last_seq < first.seq
            assert a.epoch(Epoch()).created != ""

    run(attempt())


def test_what_the_hub_says_of_an_earlier_request_does_not_end_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request that is open is made again when it has ended: one too many is one too many for ever."""
    requests, publish = [], Client.publish

    async def noted(client: Client, subject: str, *more: Any, **options: Any) -> None:
        requests.extend([subject] if "MSG.NEXT" in subject else [])
        await publish(client, subject, *more, **options)

    async def attempt(two: hosts.Hosts) -> None:
        async with connected(two["a"].bridge) as a, connected(two["b"].bridge) as b:
            for number in range(3 * PULL_MESSAGES - 1):  # one is b's own, by which it found out how far the stream is
                subject = wire.subject_of(Item(MAIL, "b", "codex", f"m{number}"), "a")
                assert isinstance(await a.publish(subject, b"data", subject), Published)
            monkeypatch.setattr(Client, "publish", noted)
            came = 0
            while came < 3 * PULL_MESSAGES:
                came += len(await b.deliveries())
            assert len(requests) == 3

    with hosts.make(tmp_path, "a", "b") as two:
        two.start_hub()
        run(attempt(two))


def test_a_hub_that_refuses_to_deliver_is_gone(tmp_path: Path) -> None:
    """Asked again, it would refuse again, thousands of times a second."""

    async def attempt(two: hosts.Hosts) -> None:
        async with administered(two["a"].bridge) as manager, connected(two["b"].bridge) as b:
            while await b.deliveries(0.2):
                pass
            waiting = asyncio.ensure_future(b.deliveries())
            await manager.delete_consumer(hub_conf.STREAM, hub_conf.consumer("b"))
            with pytest.raises(HubGone, match=r"refuses to deliver: (409 Consumer Deleted|503)"):
                await waiting
            with pytest.raises(HubGone, match="refuses to deliver: 503"):
                await b.deliveries()
        with pytest.raises(NoHub, match="keeps no mail for this host"):
            async with connected(two["b"].bridge):
                pass

    with hosts.make(tmp_path, "a", "b") as two:
        two.start_hub()
        run(attempt(two))


def test_what_is_too_large_for_the_hub_is_not_sent(two: hosts.Hosts) -> None:
    async def attempt() -> Published | Failed:
        async with connected(two["a"].bridge) as a:
            return await a.publish(SUBJECT, bytes(a.max_payload), "large")

    came = run(attempt())
    assert isinstance(came, Failed)
    assert came.reason.startswith("too large for the hub, which takes 12,582,912 bytes")
    assert not came.is_full


def test_a_full_hub_says_so_and_keeps_what_it_has(two: hosts.Hosts) -> None:
    bridge = two["a"].bridge

    async def attempt() -> None:
        async with administered(bridge) as manager, connected(bridge) as a:
            config = (await manager.stream_info(hub_conf.STREAM)).config
            whole = config.max_bytes
            try:
                await manager.update_stream(config, max_bytes=2000)
                assert await a.publish(SUBJECT, bytes(4000), "full") == Failed(HUB_FULL, is_full=True)
                async with connected(bridge) as again:
                    assert again.epoch(Epoch("x", 7)).last_seq > 0
            finally:
                await manager.update_stream(config, max_bytes=whole)
            assert isinstance(await a.publish(SUBJECT, bytes(4000), "full"), Published)

    run(attempt())


def test_each_wait_ends_with_the_connection(two: hosts.Hosts) -> None:
    async def attempt() -> None:
        async with connected(two["b"].bridge) as b:
            while await b.deliveries(0.2):
                pass
            waits = [asyncio.ensure_future(wait) for wait in (b.gone(), b.deliveries())]
            await asyncio.sleep(0)
            await asyncio.to_thread(two.kill_hub)
            await waits[0]
            with pytest.raises(HubGone):
                await waits[1]
            for attempt in (b.publish(SUBJECT, b"x", "gone"), b.say("here.b.a", b"x"), b.deliveries()):
                with pytest.raises(HubGone):
                    await attempt

    run(attempt())
    two.start_hub()
