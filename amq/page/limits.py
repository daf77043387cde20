"""Limit what one connection may take: a request of limited size, within limited time, and a reader that reads.

Uvicorn limits none of these but the number of connections and the size of headers. One connection carries one request
(`policy.HEADERS`), so that one timer covers it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 160
"""The most connections at one time; the next one is answered with 503."""
VIEWERS = 100
"""The most browsers that follow the queue at one time; the next one is answered with 503."""
HEADER_BYTES = 16 * 1024
BODY_BYTES = 1024 * 1024
REQUEST_S = 10.0
"""Seconds from the beginning of a connection until its request must be there, whole."""
STALLED_S = 20.0
"""Seconds for which a browser may leave what it was sent unread while more waits."""
SEND_BUFFER_BYTES = 64 * 1024
"""The most that the system keeps for a browser that does not read."""


class LimitedProtocol(H11Protocol):
    """A connection that ends when its request comes too slowly, or when its answer is not read."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._request_timer: asyncio.TimerHandle | None = None
        self._stalled_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the time for the request."""
        super().connection_made(transport)
        self._request_timer = self.loop.call_later(REQUEST_S, self._end_if_incomplete)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        for timer in (self._request_timer, self._stalled_timer):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin the time in which the browser must read on."""
        super().pause_writing()
        self._stalled_timer = self.loop.call_later(STALLED_S, self._drop)

    def resume_writing(self) -> None:
        """Go on: the browser has read."""
        super().resume_writing()
        if self._stalled_timer:
            self._stalled_timer.cancel()
            self._stalled_timer = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn calls it
        """Refuse what is not a request, with 431 if its headers are too large."""
        is_large = len(self.conn.trailing_data[0]) > HEADER_BYTES
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if is_large else HTTPStatus.BAD_REQUEST)

    def _end_if_incomplete(self) -> None:
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer with STATUS, unless an answer has begun, and end the connection without waiting for the reader."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            text = f"{status.phrase}\n"
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: text/plain\r\ncontent-length: {len(text)}\r\n"
            self.transport.write(f"{head}connection: close\r\n\r\n{text}".encode())
            self.transport.close()
            self.loop.call_later(1, self._drop)
        else:
            self._drop()

    def _drop(self) -> None:
        """End the connection at once; the system does not keep what it has not yet sent either."""
        with suppress(OSError):  # it has ended meanwhile
            own = self.transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
