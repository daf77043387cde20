"""A host that forges, listens or administers: the real nats-server refuses each of its attempts."""

from __future__ import annotations

import asyncio
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.js.api import ConsumerConfig, StreamConfig

from amq.bridge.certificates import pinned
from amq.bridge.config import Bridge
from amq.bridge.hub import hub_directory
from amq.bridge.hub_conf import API, inbox
from tests.bridge.rig import WITHIN_S, bridged, needs_hub, run, start_hub

pytestmark = needs_hub
MAIL_TO_A = "amq.a.b.mail.codex.1"
NEXT = json.dumps({"batch": 1, "expires": 10**9}).encode()


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Bridge]]:
    """Return the bridges of a, b and c, whose hub, on a, runs."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as place:
        found = bridged(Path(place), "a", "b", "c")
        hub = start_hub(found["a"].directory)
        yield found
        hub.stop()


@asynccontextmanager
async def connected(bridge: Bridge, seed: str = "", **more: Any) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """Yield a connection of a host to the hub, and an event that a refusal by the hub sets."""
    refused = asyncio.Event()

    async def note(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            refused.set()

    options = {"tls": pinned(bridge.ca), "allow_reconnect": False, "error_cb": note} | more
    prefix = inbox(bridge.host).encode()
    client = await nats.connect(bridge.hub, nkeys_seed=seed or bridge.seed, inbox_prefix=prefix, **options)
    try:
        yield client, refused
    finally:
        await client.close()


async def stored(bridges: dict[str, Bridge]) -> dict[str, bytes]:
    """Return what the stream holds, by subject, as the hub's own process sees it."""
    found = {}
    async with connected(bridges["a"], f"{hub_directory(bridges['a'])}/admin.nk") as (admin, _):
        stream = admin.jetstream()
        state = (await stream.stream_info("AMQ")).state
        for seq in range(state.first_seq, state.last_seq + 1):
            with suppress(Error):
                message = await stream.get_msg("AMQ", seq)
                found[str(message.subject)] = message.data or b""
        await stream.purge_stream("AMQ")
    return found


def test_mail_goes_from_host_to_host(hosts: dict[str, Bridge]) -> None:
    """Without this, an attempt could fail for another reason."""

    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, told_b), connected(hosts["a"]) as (a, told_a):
            first = await b.jetstream().publish(MAIL_TO_A, b"mail", headers={"Nats-Msg-Id": "1"})
            again = await b.jetstream().publish(MAIL_TO_A, b"mail", headers={"Nats-Msg-Id": "1"})
            assert (first.duplicate, again.duplicate) == (None, True)
            inbox = await a.jetstream(prefix=API).pull_subscribe_bind(durable="a", stream="AMQ")
            (message,) = await inbox.fetch(1, timeout=WITHIN_S)
            assert (message.subject, message.data) == (MAIL_TO_A, b"mail")
            await message.ack_sync(timeout=WITHIN_S)
            info = await inbox.consumer_info()
            assert (info.num_pending, info.num_ack_pending, info.created is None) == (0, 0, False)
            assert not (told_a.is_set() or told_b.is_set())

    run(attempt())


def test_a_host_says_how_its_agents_are(hosts: dict[str, Bridge]) -> None:
    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, _), connected(hosts["a"]) as (a, _):
            heard = await a.subscribe("here.*.a")
            await a.flush()
            message = None
            while message is None:  # it is said again and again, since one may get lost; `run` has a limit
                await b.publish("here.b.a", b"idle")
                with suppress(TimeoutError):
                    message = await heard.next_msg(0.5)
            assert (message.subject, message.data) == ("here.b.a", b"idle")

    run(attempt())


@pytest.mark.parametrize(
    "subject",
    [
        "amq.a.c.mail.codex.1",  # as another host
        "amq.a.c.rcpt",
        "amq.a.b",  # not as agreed
        "amq.c.a.mail.codex.1",
        "here.c.a",  # another's state
        "$JS.API.STREAM.DELETE.AMQ",
        "$JS.API.STREAM.PURGE.AMQ",
        "$JS.API.STREAM.UPDATE.AMQ",
        "$JS.API.STREAM.CREATE.mine",
        "$JS.API.STREAM.INFO.AMQ",  # the subjects that wait, of all hosts
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.MSG.GET.AMQ",  # another's mail
        "$JS.API.STREAM.MSG.DELETE.AMQ",
        "$JS.API.DIRECT.GET.AMQ",
        "$JS.API.STREAM.SNAPSHOT.AMQ",
        "$JS.API.CONSUMER.MSG.NEXT.AMQ.a",
        f"{API}.CONSUMER.MSG.NEXT.AMQ.a",
        f"{API}.CONSUMER.INFO.AMQ.a",
        f"{API}.STREAM.INFO.AMQ",
        "$JS.API.CONSUMER.DELETE.AMQ.a",
        "$JS.API.CONSUMER.DELETE.AMQ.b",
        "$JS.API.CONSUMER.PAUSE.AMQ.a",
        "$JS.API.CONSUMER.CREATE.AMQ.b.amq.b.>",
        "$JS.API.CONSUMER.CREATE.AMQ.other.amq.a.>",
        "$JS.API.CONSUMER.DURABLE.CREATE.AMQ.other",
        "$JS.ACK.AMQ.a.1.1.1.1796047159194549046.0",  # as if another had taken its mail
        "$JS.API.ACCOUNT.PURGE.HUB",
        "$SYS.REQ.SERVER.PING",
        "$SYS.REQ.ACCOUNT.PING.CONNZ",
        "_R_.x",
    ],
)
def test_a_host_may_not_publish(hosts: dict[str, Bridge], subject: str) -> None:
    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, refused):
            answers = await b.subscribe("_INBOX_b.x")
            await b.publish(subject, NEXT, reply="_INBOX_b.x")
            await b.flush()
            await refused.wait()
            assert answers.pending_msgs == 0
        if subject.startswith("amq."):
            assert subject not in await stored(hosts)

    run(attempt())


@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "amq.>",
        "amq.a.>",
        "amq.b.>",
        "here.>",
        "here.*",
        "here.*.a",
        "$JS.>",
        "$SYS.>",
        "$JS.ACK.>",
        "_R_.>",
        "*",
    ],
)
def test_a_host_may_not_listen(hosts: dict[str, Bridge], subject: str) -> None:
    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, refused):
            await b.subscribe(subject)
            await b.flush()
            await refused.wait()

    run(attempt())


@pytest.mark.parametrize("reply", ["amq.a.c.mail.codex.9", "amq.a.c.rcpt", "here.c.a", "$JS.API.STREAM.PURGE.AMQ"])
@pytest.mark.parametrize("through", [MAIL_TO_A, "amq.b.b.mail.codex.1", f"{API}.CONSUMER.MSG.NEXT.AMQ.b"])
def test_the_hub_publishes_nothing_for_a_host_by_a_reply(hosts: dict[str, Bridge], through: str, reply: str) -> None:
    """The hub does not check replies: only an account of its own keeps a host's answers to itself."""

    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, _), connected(hosts["a"]) as (a, _):
            heard = await a.subscribe("here.*.a")
            await a.flush()
            await b.jetstream().publish("amq.b.b.mail.codex.0", b"forged")
            await b.publish(through, b"x" if "mail" in through else NEXT, reply=reply)
            await b.jetstream().publish("amq.b.b.mail.codex.2", b"after it")
            await a.flush()
            assert heard.pending_msgs == 0
        found = await stored(hosts)
        assert "amq.b.b.mail.codex.2" in found
        assert not [subject for subject in found if ".c." in subject]

    run(attempt())


def test_a_host_hears_no_answer_to_another(hosts: dict[str, Bridge]) -> None:
    """And if it could name another's inbox, that would be one in its own account."""

    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, _), connected(hosts["a"]) as (a, _):
            await b.subscribe("_INBOX_a.>")
            heard = await b.subscribe("_INBOX_b.>")
            await b.flush()
            await a.jetstream(prefix=API).publish("amq.b.a.mail.codex.1", b"to b")
            await (await a.jetstream(prefix=API).pull_subscribe_bind(durable="a", stream="AMQ")).consumer_info()
            await b.flush()
            assert heard.pending_msgs == 0
        await stored(hosts)

    run(attempt())


def test_a_host_cannot_make_a_stream_of_its_own(hosts: dict[str, Bridge]) -> None:
    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, _):
            stream = b.jetstream(timeout=0.3)
            with pytest.raises(Error):
                await stream.add_stream(StreamConfig(name="mine", subjects=["here.>"]))
            with pytest.raises(Error):
                await stream.add_consumer("AMQ", ConsumerConfig(durable_name="b", filter_subject="amq.a.>"))

    run(attempt())


def test_mail_that_is_too_large_is_refused(hosts: dict[str, Bridge]) -> None:
    async def attempt() -> None:
        async with connected(hosts["b"]) as (b, _):
            assert b.max_payload == 12 << 20
            with pytest.raises(Error):
                await b.publish(MAIL_TO_A, bytes(b.max_payload + 1))

    run(attempt())


def test_only_keys_of_hosts_get_in(hosts: dict[str, Bridge]) -> None:
    from amq.bridge.config import write_key
    from amq.bridge.crypto import new_seed

    async def attempt() -> None:
        stranger = f"{hosts['b'].directory}/stranger.nk"
        write_key(stranger, new_seed())
        with pytest.raises(Exception, match=r"(?i)authorization"):
            async with connected(hosts["b"], stranger):
                pass
        with pytest.raises(Exception, match=r"(?i)authorization|required"):
            await nats.connect(hosts["b"].hub, tls=pinned(hosts["b"].ca), allow_reconnect=False)

    run(attempt())


def test_only_the_pinned_hub_is_used(hosts: dict[str, Bridge], tmp_path: Path) -> None:
    from amq.bridge.certificates import make_certificates

    make_certificates(str(tmp_path), str(tmp_path / "other.pem"), hosts["b"].hub)

    async def attempt() -> None:
        with pytest.raises(ssl.SSLError, match="certificate verify failed"):
            async with connected(hosts["b"], tls=pinned(str(tmp_path / "other.pem"))):
                pass
        with pytest.raises(ssl.SSLError, match=r"(?i)mismatch"):
            async with connected(hosts["b"], tls_hostname="elsewhere.local"):
                pass

    run(attempt())
