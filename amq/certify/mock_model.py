"""A mock model: it answers the streaming protocols of the agent CLIs, as a plain Python function decides.

The function gets a `Turn` and returns an answer such as `Say` or `Call`. `use_amq` is such a function: it plays an
agent that reads its mail and replies to its questions. `reads_given` plays one that is content with mail that a hook
gave, and drains otherwise.
"""

from __future__ import annotations

import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from amq.certify.protocols import DIALECTS, Answer, Call, Dialect, Fail, Json, Say, Script, Turn

_NOTICE = re.compile(r"amq: .*[Rr]un: ((\S+) drain.*)")
_QUESTION = re.compile(r"^ {2}ID: (\S+)$(?:\n {2}.*)*?\n {2}Kind: (?:question|review_request)$", re.MULTILINE)


def use_amq(turn: Turn) -> Say | Call:
    """Reply once to each question and review request in the mail that came along; if none did, drain first."""
    notice = _NOTICE.search(turn.text)
    if not (notice or turn.given):
        return Say("Ready.")
    drain, amq = notice.groups() if notice else ("", "amq")
    if not (turn.given or turn.results):
        return Call(drain)
    questions = _QUESTION.findall(turn.given or turn.results[0])
    replies = len(turn.results) - (not turn.given)
    if replies < len(questions):
        return Call(f'{amq} reply --id {questions[replies]} --body "The answer is 42."')
    return Say(f"Done: {replies} replies.")


def reads_given(turn: Turn) -> Say | Call:
    """Answer at once to mail that a hook gave, and drain otherwise as a notification says."""
    return Say("Read.") if turn.given else use_amq(turn)


class MockModel:
    """The model's server. `requests` is every request's body and `turns` the script's answers, oldest first.

    `times` is when each request came, by the monotonic clock. `aborted` counts answers that were not read to the end.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Json] = []
        self.times: list[float] = []
        self.aborted = 0
        self.turns: list[tuple[Turn, Answer | Fail]] = []
        self._numbers = itertools.count(1)
        self._keeping = threading.Lock()

    def answer(self, dialect: Dialect, request: Json) -> Iterator[Json] | Fail:
        """Return the events that answer REQUEST. For a side request any text does."""
        reply: Answer | Fail = Say("A title")
        with self._keeping:
            self.times.append(time.monotonic())
            self.requests.append(request)
        if dialect.is_main(request):
            turn = dialect.turn(request)
            reply = self.script(turn)
            self.turns.append((turn, reply))
        return reply if isinstance(reply, Fail) else dialect.events(reply, next(self._numbers), request)

    def times_of(self, text: str, since: int = 0) -> list[float]:
        """Return when the main requests with TEXT in them came, of those from number SINCE on."""
        escaped = json.dumps(text)[1:-1]
        came = zip(self.times[since:], self.requests[since:], strict=False)
        return [at for at, request in came if request.get("tools") and escaped in json.dumps(request)]


@contextmanager
def mock_model(listener: socket.socket, script: Script) -> Iterator[MockModel]:
    """Serve a `MockModel` on LISTENER for the time of a block."""
    model = MockModel(script)
    server = _Server(listener, model)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, model: MockModel) -> None:
        super().__init__(listener.getsockname(), _Requests, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.model = model


class _Requests(BaseHTTPRequestHandler):
    server: _Server

    def do_HEAD(self) -> None:
        self._start("text/plain")

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        for dialect in DIALECTS:
            if path.endswith(dialect.path):
                answer = self.server.model.answer(dialect, request)
                return self._refuse(answer) if isinstance(answer, Fail) else self._stream(answer)
        return self.send_error(404)

    def _refuse(self, failure: Fail) -> None:
        said = {"type": "error", "error": dict(failure.error)}
        self._start("application/json", failure.status, failure.headers)
        self.wfile.write(json.dumps(said).encode())

    def _start(self, content_type: str, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", content_type), *headers):
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, events: Iterator[Json]) -> None:
        self._start("text/event-stream")
        try:
            for event in events:
                name = f"event: {event['type']}\n" if "type" in event else ""
                self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
        except (BrokenPipeError, ConnectionResetError):  # the user has stopped the agent, or it was killed
            self.server.model.aborted += 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Write nothing to stderr: the requests are kept."""
