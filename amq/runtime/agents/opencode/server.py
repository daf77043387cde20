"""The HTTP server of opencode, which takes a text for a session, measured on 1.18.33.

amq picks its port, on loopback, and a password. A text is read when the session idles, at the end of a turn, or after a
dialog is answered; the row, a draft in it and the dialog stay as they are. It is for the session that this opencode ran
last: others of the project are in its list, too. Before its first turn the line is typed.

A program with the password can also answer opencode's dialogs. The commands that its model runs have it in their
environment. So the server is only for a user who asks for it.
"""

from __future__ import annotations

import json
import socket
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

from amq.runtime.agents.profile import ApiServer
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness

LOOPBACK = "127.0.0.1"
LOOK_WITHIN_S = 0.5  # for the server to answer while others wait
TELL_WITHIN_S = 10.0  # for it to take a text
LOOK_EVERY_S = 2.0  # while it works
_USER, _PASSWORD = "OPENCODE_SERVER_USERNAME", "OPENCODE_SERVER_PASSWORD"
_OWN = ("--port", "--hostname", "--mdns")
_LONGEST = 1 << 20  # bytes of an answer
_REACHED = (WaitReason.DRAFT, WaitReason.DIALOG, WaitReason.BUSY)


def choose(own: Sequence[str], environment: Mapping[str, str]) -> ApiServer | None:
    """Return the server for a start with the user's OWN arguments; None if they choose its address, or it has no TUI.

    A name and a password in the user's ENVIRONMENT stay.
    """
    if any(word.startswith(_OWN) for word in own) or (own and not own[0].startswith("-")):
        return None
    with socket.create_server((LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
    password = environment.get(_PASSWORD) or token_urlsafe(24)
    return ApiServer(
        port,
        environment.get(_USER) or "opencode",
        password,
        ("--port", str(port), "--hostname", LOOPBACK),
        ((_PASSWORD, password),),
    )


class Server:
    """The agent API of the opencode that was started with SERVER."""

    way = "opencode server"

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._session = ""
        self._looked = float("-inf")

    def is_there(self) -> bool:
        """Return whether the session is known, and the server answers."""
        return bool(self._session) and self._running() is not None

    def look(self, readiness: Readiness) -> Readiness:
        """Return READINESS. While the program works, the session is noted: the server lists it then."""
        now = time.monotonic()
        if readiness.busy and now - self._looked >= LOOK_EVERY_S:
            self._looked = now
            self._session = next(filter(self._is_main, self._running() or ()), self._session)
        return readiness

    def reaches(self, readiness: Readiness) -> bool:
        return readiness.blocked_by in _REACHED

    def tell(self, text: str) -> End:
        """Send TEXT to the session, for the agent and the model that it has now."""
        try:
            session = self._get(self._path())
        except (OSError, HTTPException, ValueError) as error:
            return End(Outcome.REFUSED, f"opencode server: {error}")
        body = {"parts": [{"type": "text", "text": text}], **_chosen(session)}
        try:
            status, _ = self._ask("POST", f"{self._path()}/prompt_async", TELL_WITHIN_S, json.dumps(body))
        except ConnectionRefusedError as error:
            return End(Outcome.REFUSED, f"opencode server: {error}")
        except (OSError, HTTPException) as error:
            return End(Outcome.UNCERTAIN, f"opencode server: {error}")
        if status == 204:
            return End(Outcome.SENT, "")
        return End(Outcome.REFUSED, f"opencode server: status {status}")

    def _path(self) -> str:
        return f"/session/{quote(self._session, safe='')}"

    def _running(self) -> list[str] | None:
        """Return the ids of the sessions that work; None if the server does not say."""
        try:
            return list(self._get("/session/status"))
        except (OSError, HTTPException, ValueError):
            return None

    def _is_main(self, session: str) -> bool:
        """Return whether SESSION is one of the user's, and not a subagent's."""
        try:
            return "parentID" not in self._get(f"/session/{quote(session, safe='')}")
        except (OSError, HTTPException, ValueError):
            return False

    def _get(self, path: str) -> dict[str, Any]:
        """Return the JSON object at PATH. Raises OSError, HTTPException, or ValueError for any other answer."""
        status, answer = self._ask("GET", path, LOOK_WITHIN_S)
        if status != 200:
            raise ValueError(f"status {status}")
        found = json.loads(answer)
        if not isinstance(found, dict):
            raise ValueError("it is not an object")
        return found

    def _ask(self, method: str, path: str, within_s: float, body: str | None = None) -> tuple[int, bytes]:
        """Return the status and the body of an answer. Raises OSError or HTTPException."""
        server = self._server
        word = b64encode(f"{server.user}:{server.password}".encode()).decode()
        headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}
        connection = HTTPConnection(LOOPBACK, server.port, timeout=within_s)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST)
        finally:
            connection.close()


def _chosen(session: Mapping[str, Any]) -> dict[str, Any]:
    """Return the agent and the model of SESSION for a prompt: without them it would take the usual ones."""
    chosen: dict[str, Any] = {}
    if isinstance(agent := session.get("agent"), str):
        chosen["agent"] = agent
    match session.get("model"):
        case {"id": str(model), "providerID": str(provider)}:
            chosen["model"] = {"providerID": provider, "modelID": model}
    return chosen
