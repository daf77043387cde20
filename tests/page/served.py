"""A page of a queue, served within this process on a port of its own, and requests to it."""

from __future__ import annotations

import os
import select
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from unittest.mock import patch

from amq.dashboard.actions import Actions
from amq.dashboard.overview import Dashboard
from amq.mail.mailbox import Mailbox
from amq.page import server
from amq.page.access import Access
from amq.page.queue_view import NEWEST, QueueView
from amq.page.viewers import Viewers
from amq.runtime.private_state import private_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

    from amq.page.viewers import Events

    Watch = Callable[[threading.Event], Iterator[Events]]

READING, WRITING = "r" * 48, "w" * 48
WITHIN_S = 20


@dataclass(frozen=True)
class Answer:
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Served:
    """A page at a port."""

    port: int
    view: QueueView

    @property
    def address(self) -> str:
        """The address to open in a browser, for reading and writing."""
        return f"{self.origin}/#{READING}.{WRITING}"

    @property
    def origin(self) -> str:
        """The page's origin."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, token: str = READING, method: str = "GET", body: str = "", **headers: str) -> Answer:
        """Return the answer to a request; in the names of HEADERS, `_` is `-`."""
        given = {"Authorization": f"Bearer {token}"} if token else {}
        given |= {"Origin": self.origin} if method == "POST" else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        connection.request(method, path, body or None, given)
        answer = connection.getresponse()
        found = Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        connection.close()
        return found

    def post(self, path: str, body: str, token: str = WRITING, **headers: str) -> Answer:
        """Return the answer to a command."""
        return self.ask(path, token, "POST", body, **headers)

    def raw(self, data: bytes = b"", receive_bytes: int = 0) -> socket.socket:
        """Return a connection that has sent DATA; with RECEIVE_BYTES, its system keeps no more than that unread."""
        made = socket.socket()
        if receive_bytes:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made.settimeout(WITHIN_S)
        made.connect(("127.0.0.1", self.port))
        made.sendall(data)
        return made

    def follow(self, receive_bytes: int = 0) -> Follower:
        """Return a connection that has asked for events."""
        head = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {READING}\r\n\r\n"
        return Follower(self.raw(head.encode(), receive_bytes))


class Follower:
    """A connection that follows the queue."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def until(self, wanted: str) -> str:
        """Return what comes up to WANTED, with it; fails if the connection ends before."""
        while wanted not in self._text:
            piece = self._connection.recv(65536)
            assert piece, self._text[-500:]
            self._text += piece.decode(errors="replace")
        before, _, self._text = self._text.partition(wanted)
        return before + wanted

    def was_dropped(self) -> bool:
        """Return whether the server ends the connection, without reading from it."""
        poll = select.poll()
        poll.register(self._connection, 0)  # errors and ends alone
        return bool(poll.poll(WITHIN_S * 1000))


def queue_view(root: str | Path, me: str = "user") -> QueueView:
    """Return what a page shows of the queue ROOT."""
    mailboxes = [Mailbox(str(root), me) for _ in range(3)]
    private = private_state(os.environ, ())
    live, asked = (Dashboard(each, private, NEWEST) for each in mailboxes[:2])
    return QueueView("project", live, asked, Actions(mailboxes[2]))


@contextmanager
def served(root: str | Path, writing: str = WRITING, watch: Watch | None = None) -> Iterator[Served]:
    """Serve the queue ROOT for the time of a block, or in place of its events those of WATCH."""
    view, over, listener = queue_view(root), threading.Event(), server.bound(0)
    viewers = Viewers(watch or view.watch)
    arguments = listener, Access(READING, writing), viewers, view.questions, view.actions, lambda: not over.is_set()
    with patch.object(server, "PARENT_EVERY_S", 0.05):
        thread = threading.Thread(target=server.serve, args=arguments, daemon=True)
        thread.start()
        try:
            yield Served(listener.getsockname()[1], view)
        finally:
            over.set()
            thread.join(WITHIN_S)
            assert not thread.is_alive()


def rest_of(connection: socket.socket) -> bytes:
    """Return all that still comes through CONNECTION; a reset is an end."""
    text = b""
    try:
        while piece := connection.recv(65536):
            text += piece
    except ConnectionResetError:
        pass
    return text
