"""The HTTP server of opencode as an agent API, against a server that answers as opencode does."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from amq.runtime.agents.opencode import server as opencode_server
from amq.runtime.agents.opencode.server import LOOPBACK, Server, choose
from amq.runtime.agents.profile import ApiServer
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness

BUSY = Readiness(busy=True)
PASSWORD = "a password"


@dataclass
class Opencode:
    """The state of the server: the sessions that work, what is known of each, and what was sent."""

    working: Any = field(default_factory=dict)
    sessions: dict[str, Any] = field(default_factory=dict)
    status: int = 204
    answers: bool = True
    sent: list[tuple[str, Any]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(opencode: Opencode) -> Iterator[int]:
    """Serve OPENCODE for the time of a block, on a port of loopback."""

    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            found = opencode.working if name == "status" else opencode.sessions.get(name)
            self._answer(200 if found is not None else 404, json.dumps(found).encode())

        def do_POST(self) -> None:
            opencode.sent.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            if opencode.answers:
                self._answer(opencode.status)
            else:
                opencode.stopped.wait()

        def _answer(self, status: int, body: bytes = b"") -> None:
            allowed = f"Basic {b64encode(f'opencode:{PASSWORD}'.encode()).decode()}"
            self.send_response(status if self.headers["Authorization"] == allowed else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Write nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Requests) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            opencode.stopped.set()
            server.shutdown()
            thread.join()


def at(port: int, password: str = PASSWORD) -> Server:
    return Server(ApiServer(port, "opencode", password, (), ()))


@contextmanager
def seen_at_work(opencode: Opencode) -> Iterator[Server]:
    """Yield the API of OPENCODE, whose session `ses_1` was seen at work."""
    opencode.working = {"ses_1": {"type": "busy"}}
    opencode.sessions.setdefault("ses_1", {"id": "ses_1"})
    with serving(opencode) as port:
        native = at(port)
        native.look(BUSY)
        yield native


def test_a_text_is_sent_to_the_session_that_was_seen_at_work() -> None:
    """It is for the agent and the model that the session has now, so that a plan stays a plan."""
    session = {"id": "ses_1", "agent": "plan", "model": {"id": "mock", "providerID": "anthropic", "variant": "x"}}
    opencode = Opencode(sessions={"ses_1": session})
    with seen_at_work(opencode) as native:
        assert native.is_there()
        assert native.tell("amq: 1 new message") == End(Outcome.SENT, "")
    body = {
        "parts": [{"type": "text", "text": "amq: 1 new message"}],
        "agent": "plan",
        "model": {"providerID": "anthropic", "modelID": "mock"},
    }
    assert opencode.sent == [("/session/ses_1/prompt_async", body)]


def test_one_that_has_worked_stays_known_and_a_subagents_is_never_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencode_server, "LOOK_EVERY_S", 0.0)
    opencode = Opencode(sessions={"ses_2": {"id": "ses_2", "parentID": "ses_1"}})
    with seen_at_work(opencode) as native:
        for name in ("ses_2", "gone"):
            opencode.working = {name: {}}
            native.look(BUSY)
        assert native.tell("x").outcome is Outcome.SENT
    assert opencode.sent == [("/session/ses_1/prompt_async", {"parts": [{"type": "text", "text": "x"}]})]


@pytest.mark.parametrize("working", [{}, [], None, {"elsewhere": {}}], ids=repr)
def test_before_a_session_has_worked_there_is_none(working: Any) -> None:
    opencode = Opencode(working=working)
    with serving(opencode) as port:
        native = at(port)
        native.look(BUSY)
        assert not native.is_there()


def test_while_it_idles_the_server_is_not_asked() -> None:
    """Sessions that another opencode runs are not in its answer, but one of this may be a command's."""
    opencode = Opencode(working={"ses_1": {}}, sessions={"ses_1": {}})
    with serving(opencode) as port:
        native = at(port)
        assert native.look(Readiness()) == Readiness()
        assert not native.is_there()


def test_it_is_asked_now_and_then() -> None:
    opencode = Opencode(sessions={"ses_2": {}})
    with seen_at_work(opencode) as native:
        opencode.working = {"ses_2": {}}
        native.look(BUSY)
        native.tell("x")
    assert opencode.sent[0][0] == "/session/ses_1/prompt_async"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [({"status": 400}, Outcome.REFUSED), ({"sessions": {}}, Outcome.REFUSED), ({"answers": False}, Outcome.UNCERTAIN)],
)
def test_a_text_that_may_have_been_taken_is_uncertain(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], outcome: Outcome
) -> None:
    monkeypatch.setattr(opencode_server, "TELL_WITHIN_S", 0.3)
    opencode = Opencode()
    with seen_at_work(opencode) as native:
        for name, value in change.items():
            setattr(opencode, name, value)
        assert native.tell("x").outcome is outcome


def test_one_that_is_gone_or_lets_no_one_in_is_not_there() -> None:
    opencode = Opencode()
    with seen_at_work(opencode) as native:
        pass
    assert not native.is_there()
    assert native.tell("x").outcome is Outcome.REFUSED
    with serving(Opencode(working={"ses_1": {}}, sessions={"ses_1": {}})) as port:
        stranger = at(port, "another password")
        stranger.look(BUSY)
        assert not stranger.is_there()


def test_a_draft_a_dialog_and_work_are_not_in_its_way() -> None:
    native = at(1)
    reached = {reason for reason in WaitReason if native.reaches(Readiness(blocked_by=reason))}
    assert reached == {WaitReason.DRAFT, WaitReason.DIALOG, WaitReason.BUSY}


def test_a_port_on_loopback_and_a_password_are_chosen() -> None:
    first, second = choose([], {}), choose(["--model", "x"], {})
    assert first
    assert second
    assert first.password != second.password
    assert first.arguments == ("--port", str(first.port), "--hostname", "127.0.0.1")
    assert first.variables == (("OPENCODE_SERVER_PASSWORD", first.password),)
    assert len(first.password) >= 32
    socket.create_server((LOOPBACK, first.port)).close()


def test_what_the_user_has_chosen_stays() -> None:
    mine = choose([], {"OPENCODE_SERVER_PASSWORD": "mine", "OPENCODE_SERVER_USERNAME": "me"})
    assert mine
    assert (mine.user, mine.password) == ("me", "mine")
    for own in (["--port", "1"], ["--hostname=x"], ["--mdns"], ["run", "x"], ["--model", "x", "--port=1"]):
        assert choose(own, {}) is None, own
