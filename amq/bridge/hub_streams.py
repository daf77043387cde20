"""The hub's own process makes the stream, and a consumer for each host."""

from __future__ import annotations

import asyncio
import logging

from amq.bridge import hub_conf
from amq.bridge.certificates import pinned
from amq.bridge.crypto import NoBridgeExtra
from amq.errors import AmqError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nats.aio.client import Client
    from nats.js import JetStreamContext

WITHIN_S = 20.0
"""The time that nats-server may take to answer after its start."""
_AGAIN_S = 0.1
_ABOVE = "it has printed the reason above"


class HubFailed(AmqError):
    """The hub does not run, or not as it should."""

    code = "hub_failed"


def prepare(
    address: tuple[str, int], name: str, ca: str, seed: str, hosts: Iterable[str], runs: Callable[[], bool]
) -> None:
    """Make the stream and a consumer for each of HOSTS on the hub at ADDRESS; remove those of other hosts.

    What is there stays as it is, with what waits in it. NAME is what the hub's certificate names, CA the file of its
    authority, SEED that of the key of the hub's own process. RUNS says whether nats-server still runs.
    Raises HubFailed, BadBridge, or NoBridgeExtra.
    """
    try:
        from nats.errors import Error
    except ImportError as error:
        raise NoBridgeExtra(error) from error
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns at each end of a connection with TLS
    try:
        asyncio.run(_prepare(address, name, ca, seed, frozenset(hosts), runs))
    except (Error, TimeoutError) as error:
        reason = getattr(error, "description", "") or str(error) or type(error).__name__
        raise HubFailed(f"nats-server refuses what the bridge needs: {reason}", hint=_ABOVE) from error


async def _prepare(
    address: tuple[str, int], name: str, ca: str, seed: str, hosts: frozenset[str], runs: Callable[[], bool]
) -> None:
    client = await _connected(address, name, ca, seed, runs)
    try:
        stream = client.jetstream()
        await _make_stream(stream)
        for info in await stream.consumers_info(hub_conf.STREAM):
            if info.name not in hosts:
                await stream.delete_consumer(hub_conf.STREAM, info.name)
                await stream.purge_stream(hub_conf.STREAM, subject=hub_conf.filter_of(info.name))
        for host in sorted(hosts):
            await _make_consumer(stream, host)
    finally:
        await client.close()


async def _connected(address: tuple[str, int], name: str, ca: str, seed: str, runs: Callable[[], bool]) -> Client:
    """Return a connection to the hub, which may still be starting."""
    from nats.aio.client import Client
    from nats.errors import Error

    host, port = address
    url = f"tls://[{host}]:{port}" if ":" in host else f"tls://{host}:{port}"
    loop, failure = asyncio.get_running_loop(), ""
    end = loop.time() + WITHIN_S
    while loop.time() < end:
        if not runs():  # what answers there is another one
            raise HubFailed("nats-server has ended", hint=_ABOVE)
        client = Client()
        try:
            await client.connect(
                url, tls=pinned(ca), tls_hostname=name, nkeys_seed=seed, error_cb=_ignore,
                allow_reconnect=False, reconnect_time_wait=_AGAIN_S,  # type: ignore[arg-type]
            )  # fmt: skip
            return client
        except (Error, OSError, TimeoutError) as error:
            failure = str(error) or type(error).__name__
            await client.close()
        await asyncio.sleep(_AGAIN_S)
    raise HubFailed(f"the hub does not answer at {url}: {failure}", hint=_ABOVE)


async def _ignore(_error: Exception) -> None:
    """Take note of nothing: what fails is raised where it is called."""


async def _make_stream(stream: JetStreamContext) -> None:
    from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
    from nats.js.errors import NotFoundError

    config = StreamConfig(
        name=hub_conf.STREAM,
        subjects=[hub_conf.SUBJECTS],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=hub_conf.STREAM_BYTES,
        duplicate_window=hub_conf.DUPLICATES_S,
    )
    try:
        await stream.stream_info(hub_conf.STREAM)
    except NotFoundError:
        await stream.add_stream(config)


async def _make_consumer(stream: JetStreamContext, host: str) -> None:
    from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
    from nats.js.errors import NotFoundError

    config = ConsumerConfig(
        durable_name=hub_conf.consumer(host),
        filter_subject=hub_conf.filter_of(host),
        ack_policy=AckPolicy.EXPLICIT,
        deliver_policy=DeliverPolicy.ALL,
        ack_wait=hub_conf.ACK_WAIT_S,
        max_deliver=-1,
        max_ack_pending=hub_conf.MOST_UNACKNOWLEDGED,
    )
    try:
        await stream.consumer_info(hub_conf.STREAM, hub_conf.consumer(host))
    except NotFoundError:
        await stream.add_consumer(hub_conf.STREAM, config)
