"""Serve the page to this machine alone, until the user ends it or its terminal goes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping

import uvicorn

from amq.errors import AmqError
from amq.page import policy
from amq.page.access import Access
from amq.page.app import Action, Question, application
from amq.page.limits import CONNECTIONS, HEADER_BYTES, SEND_BUFFER_BYTES, LimitedProtocol
from amq.page.viewers import Viewers

ADDRESS = "127.0.0.1"
PARENT_EVERY_S = 1.0
"""Seconds between two looks whether the process that started this one is there: its shell, and so its terminal."""
_END_WITHIN_S = 1


def bound(port: int) -> socket.socket:
    """Return a socket on PORT of this machine's own address; 0 is any free one. Raises AmqError if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError as error:
        listener.close()
        hint = "leave out --port, and amq page takes a free one"
        raise AmqError(f"cannot use port {port}: {error.strerror}", hint=hint) from None
    return listener


def serve(
    listener: socket.socket,
    access: Access,
    viewers: Viewers,
    questions: Mapping[str, Question],
    actions: Mapping[str, Action],
    has_parent: Callable[[], bool],
) -> None:
    """Serve until a signal comes, or HAS_PARENT says that the shell has gone. Raises KeyboardInterrupt at Ctrl-C."""
    config = uvicorn.Config(
        application(access, viewers, questions, actions),
        http=LimitedProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        headers=list(policy.HEADERS.items()),
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_config=None,
        log_level="critical",
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_graceful_shutdown=_END_WITHIN_S,
    )
    asyncio.run(_serve(_Server(config, viewers), listener, has_parent))


class _Server(uvicorn.Server):
    """A server that ends its viewers' streams before it waits for connections to end."""

    def __init__(self, config: uvicorn.Config, viewers: Viewers) -> None:
        super().__init__(config)
        self._viewers = viewers

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all connections."""
        self._viewers.close()
        await super().shutdown(sockets)


async def _serve(server: _Server, listener: socket.socket, has_parent: Callable[[], bool]) -> None:
    watching = asyncio.create_task(_end_without(server, has_parent))
    try:
        await server.serve(sockets=[listener])
    finally:
        watching.cancel()


async def _end_without(server: uvicorn.Server, has_parent: Callable[[], bool]) -> None:
    while has_parent():
        await asyncio.sleep(PARENT_EVERY_S)
    server.should_exit = True
