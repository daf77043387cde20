"""The hub, as one connection to NATS JetStream. The only module that knows nats-py.

A connection is not repaired: when it ends, all that waits on it ends with `HubGone`, and the bridge makes another one,
which looks first whether the hub has forgotten. nats-py's own reconnection would hide that.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from contextlib import contextmanager, suppress

import nats.errors
from nats.aio.client import Client
from nats.js.api import Header

from amq.bridge import hub_conf, wire
from amq.bridge.certificates import pinned
from amq.bridge.exchange import Failed, Published
from amq.bridge.ledger import HUB_FULL, Epoch
from amq.errors import AmqError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from nats.aio.msg import Msg

    from amq.bridge.config import Bridge

CONNECT_WITHIN_S = 10
ANSWER_WITHIN_S = 30.0
"""Seconds after which an answer of the hub counts as lost. Publishing again is harmless: the hub knows the name."""
PING_S = 10
"""Seconds between two pings; two without an answer end the connection."""
BEGIN_WITHIN_S = 10.0
CLOSE_WITHIN_S = 1.0
PULL_MESSAGES, PULL_BYTES = 32, 16 << 20
"""The most messages, and bytes, that are delivered before they are taken."""
PULL_S = 20.0
_AT_ONCE_S = 0.005
_ENDS = "404", "408", "409 batch completed", "409 message size exceeds"
"""Beginnings of the statuses of a request whose messages were all sent, or whose time is over (NATS, ADR-37)."""
_FULL = {10077, 10047, 10023, 10028}
"""JetStream's numbers for what means that a stream or the server has no room: by bytes, storage, resources, memory."""


_ADD_IT = "on the hub's host, add this host: amq bridge join FILE"


class NoHub(AmqError):
    """The hub cannot be reached, or cannot be used; the message says why."""

    code = "no_hub"


class HubGone(AmqError):
    """The connection has ended."""

    code = "hub_gone"


@contextmanager
def _gone_if_it_fails() -> Iterator[None]:
    """Raise HubGone for what nats-py raises in the block: after an error, another connection is made."""
    try:
        yield
    except (nats.errors.NoRespondersError, TimeoutError):
        raise  # an answer that did not come
    except (nats.errors.Error, OSError) as error:
        raise HubGone(_in_words(error)) from error


class Delivery:
    """A message that the hub has delivered, until it is taken."""

    def __init__(self, message: Msg) -> None:
        self._message = message
        self.subject = message.subject
        self.data = message.data

    async def taken(self) -> None:
        """Take it off the hub. If that is lost, the hub delivers it again."""
        with _gone_if_it_fails():
            await self._message.ack()

    async def later(self, seconds: float) -> None:
        """Ask the hub to deliver it again after SECONDS."""
        with _gone_if_it_fails():
            await self._message.nak(delay=seconds)


class Hub:
    """A connection to the hub. Its methods raise HubGone when that ends."""

    def __init__(self, client: Client, host: str, gone: asyncio.Event) -> None:
        self._client = client
        self._host = host
        self._gone = gone
        self._pulled: Any = None
        self._pulls = f"{hub_conf.inbox(host)}.pull.{client._nuid.next().decode()}"
        self._asked = ""
        self._owed = 0
        self._created = ""
        self._last_seq: int | None = None

    @property
    def max_payload(self) -> int:
        """The size of the largest message that the hub takes, in bytes."""
        return int(self._client.max_payload)

    def epoch(self, earlier: Epoch) -> Epoch:
        """Return the hub's epoch after `begin`; a hub that is full gives no number: then that of EARLIER."""
        return Epoch(self._created, earlier.last_seq if self._last_seq is None else self._last_seq)

    async def gone(self) -> None:
        """Return when the connection has ended."""
        await self._gone.wait()

    async def close(self) -> None:
        """End the connection."""
        await _close(self._client)

    # -- sending ------------------------------------------------------------------------------------------------------

    async def publish(self, subject: str, data: bytes, name: str) -> Published | Failed:
        """Give DATA to the hub under SUBJECT; return once that has it on the disk. It takes one NAME once."""
        if len(data) > self.max_payload - len(subject) - len(name) - 200:
            return Failed(f"too large for the hub, which takes {self.max_payload:,} bytes (max_payload)")
        try:
            message = await self._or_gone(
                self._client.request(subject, data, timeout=ANSWER_WITHIN_S, headers={Header.MSG_ID: name})
            )
        except nats.errors.NoRespondersError:
            return Failed(f"the hub has no stream {hub_conf.STREAM}", is_full=True)
        except TimeoutError:
            return Failed("the hub did not answer", is_full=True)
        return _outcome(message.data)

    async def say(self, subject: str, data: bytes) -> None:
        """Send DATA to the host that listens, if it does so now."""
        with _gone_if_it_fails():
            await self._client.publish(subject, data)

    # -- getting ------------------------------------------------------------------------------------------------------

    async def listen(self, subject: str, heard: Callable[[str, bytes], None]) -> None:
        """Call HEARD with the subject and the data of each message under SUBJECT."""

        async def came(message: Msg) -> None:
            heard(message.subject, message.data)

        with _gone_if_it_fails():
            await self._client.subscribe(subject, cb=came)

    async def begin(self) -> None:
        """Find this host's consumer, and how far the stream is. Raises NoHub.

        A host may not ask how the stream is. The number that it gets for a message to itself says as much.
        """
        try:
            self._pulled = await self._or_gone(self._client.subscribe(f"{self._pulls}.*"))
            answer = await self._or_gone(self._client.request(self._api("CONSUMER.INFO"), b"", timeout=BEGIN_WITHIN_S))
            found = json.loads(answer.data)
            if "error" in found:
                raise NoHub(
                    "the hub keeps no mail for this host", hint="on the hub's host, start `amq bridge hub` again"
                )
            name = f"{self._host} begins {self._client._nuid.next().decode()}"
            last = await self.publish(wire.subject_of_receipts(self._host, self._host), b"", name)
        except (nats.errors.Error, TimeoutError) as error:
            raise NoHub(f"the hub does not answer: {_in_words(error)}") from error
        if isinstance(last, Failed) and not last.is_full:
            raise NoHub(last.reason)
        self._created, self._last_seq = found["created"], last.seq if isinstance(last, Published) else None

    def _api(self, what: str) -> str:
        """Return the subject of a request to JetStream about this host's consumer."""
        return f"{hub_conf.API}.{what}.{hub_conf.STREAM}.{hub_conf.consumer(self._host)}"

    async def deliveries(self, most_s: float = PULL_S) -> list[Delivery]:
        """Return the messages that are there, or the first ones that come within MOST_S seconds; none if none come.

        The hub is asked again only when it has sent all that it was asked for, or has said that it will not. Each time
        it answers to another subject: it may also say that an earlier request has ended, behind the last message.

        A refused request, such as one for a consumer that is gone, ends the connection. The next would be refused
        at once.
        """
        if not self._owed:
            wanted = {"batch": PULL_MESSAGES, "max_bytes": PULL_BYTES, "expires": int(most_s * 1e9)}
            self._asked = f"{self._pulls}.{self._client._nuid.next().decode()}"
            asked = self._client.publish(self._api("CONSUMER.MSG.NEXT"), json.dumps(wanted).encode(), self._asked)
            await self._or_gone(asked)
            self._owed = PULL_MESSAGES
        found: list[Delivery] = []
        try:
            while self._owed:
                # what came with the first message is there already
                message = await self._or_gone(self._pulled.next_msg(timeout=_AT_ONCE_S if found else most_s + PING_S))
                if message.headers and "Status" in message.headers and not message.data:
                    if message.subject == self._asked:
                        self._owed = 0
                        _check_end(message.headers)  # what came before it is not taken yet, so it comes again
                else:
                    self._owed -= 1
                    found.append(Delivery(message))
        except TimeoutError:
            self._owed = self._owed if found else 0
        return found

    async def _or_gone(self, doing: Any) -> Any:
        """Return what comes of the coroutine DOING; raises HubGone if the connection ends first."""
        work = asyncio.ensure_future(doing)
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio complains of it
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise HubGone("the connection to the hub has ended")
            with _gone_if_it_fails():
                return work.result()
        finally:
            gone.cancel()
            work.cancel()


def _check_end(headers: Mapping[str, str]) -> None:
    """Raise HubGone where the HEADERS of a status say that a request was refused, not that it has ended."""
    said = f"{headers['Status']} {headers.get('Description', '')}".strip()
    if not said.lower().startswith(_ENDS):
        raise HubGone(f"the hub refuses to deliver: {said}")


async def connect(bridge: Bridge) -> Hub:
    """Return a connection to the hub of BRIDGE. Raises NoHub, or BadBridge."""
    gone = asyncio.Event()

    async def ended() -> None:
        gone.set()

    async def failed(error: Exception) -> None:
        """Keep it as the reason if no connection is made. Later, what matters ends the connection, or is an answer."""
        failures.append(error)

    failures: list[Exception] = []
    client = Client()
    try:
        connecting = client.connect(
            bridge.hub,
            tls=pinned(bridge.ca),
            nkeys_seed=bridge.seed,
            name=f"amq {bridge.host}",
            inbox_prefix=hub_conf.inbox(bridge.host),
            allow_reconnect=False,
            max_reconnect_attempts=1,  # it tries again for ever at 0
            reconnect_time_wait=0,
            connect_timeout=CONNECT_WITHIN_S,
            ping_interval=PING_S,
            closed_cb=ended,
            disconnected_cb=ended,
            error_cb=failed,
        )
        await asyncio.wait_for(connecting, CONNECT_WITHIN_S)
    except (OSError, nats.errors.Error, TimeoutError, ValueError) as error:
        await _close(client)
        raise NoHub(*_refusal(bridge.hub, failures[-1] if failures else error)) from error
    version = client.connected_server_version
    if (version.major, version.minor) < hub_conf.OLDEST:
        await _close(client)
        raise NoHub(
            f"the hub is nats-server {version.major}.{version.minor}, which may forget what it has taken",
            hint="install nats-server 2.10 or newer on the hub's host",
        )
    return Hub(client, bridge.host, gone)


async def _close(client: Client) -> None:
    """Close the connection of CLIENT; after a handshake that failed, nats-py waits for its end for ever."""
    with suppress(Exception):
        await asyncio.wait_for(client.close(), CLOSE_WITHIN_S)


def _outcome(data: bytes) -> Published | Failed:
    answer = json.loads(data)
    if error := answer.get("error"):
        is_full = error.get("err_code") in _FULL
        reason = HUB_FULL if is_full else f"the hub refuses it: {error.get('description')}"
        return Failed(reason, is_full=is_full)
    return Published(answer["seq"], is_repeat=bool(answer.get("duplicate")))


def _refusal(url: str, error: BaseException) -> tuple[str, str]:
    """Return why the hub at URL cannot be used, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message.rstrip(".").lower()
        return f"the hub's certificate is not the one that was pinned ({reason})", "join again, if the hub is a new one"
    said = _in_words(error)
    if "authorization" in said.lower():
        return "the hub does not know this host's key", _ADD_IT
    if isinstance(error, BrokenPipeError | ConnectionResetError) or "eof" in said:
        return "the hub ended the connection: it may not know this host's key", _ADD_IT
    return f"no hub at {url}: {said}", "is it running, and is its port reachable? amq bridge hub"


def _in_words(error: BaseException) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if isinstance(error, OSError) and error.errno and said.startswith("Connect call failed"):
        said = os.strerror(error.errno)  # asyncio says only at which address
    return said.removeprefix("nats: ").lower()
