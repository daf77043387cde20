"""Claude Code's socket for messages to a session, from 2.1.224."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Sequence

from amq.runtime.agents.claude.session_file import SessionFile
from amq.runtime.agents.registry import NoApiError
from amq.runtime.policy.hook_decision import FROM_AMQ
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.runtime.agents.status_sources import StatusFile

_NAME_BYTES = 4  # of a random name
RECEIPT_WITHIN_S = 5.0  # seconds in which a session that idles has to begin a turn
LOOK_EVERY_S = 0.05


_IN_BYPASS_MODE = ("--dangerously-skip-permissions", "bypassPermissions")  # how an argument ends that chooses it


def open_socket(file: StatusFile | None, words: Sequence[str]) -> SessionSocket:
    """Return the socket of a session that amq has not started, with that status FILE and command line WORDS.

    Raises NoApiError. In its bypass mode Claude Code shows the user a question first, whose default is no.
    """
    if not isinstance(file, SessionFile) or not SessionSocket(file).is_there():
        raise NoApiError("it has published no socket: it is older than 2.1.224, or asks whether to trust its directory")
    if any(word.endswith(_IN_BYPASS_MODE) for word in words):
        raise NoApiError("in its bypass mode Claude Code would ask you before it takes a text")
    return SessionSocket(file)


class SessionSocket:
    """The message socket of one session. It takes a line of JSON and never answers; a new turn shows in the file."""

    way = "claude socket"

    def __init__(self, session: SessionFile) -> None:
        self._session = session

    def is_there(self) -> bool:
        return bool(self._path())

    def look(self, readiness: Readiness) -> Readiness:
        return readiness

    def reaches(self, readiness: Readiness) -> bool:
        return readiness.blocked_by is WaitReason.DRAFT

    def tell(self, text: str) -> End:
        before = self._session.read()
        # Claude Code drops a text that it has had before, and takes nothing more
        name = os.urandom(_NAME_BYTES).hex()
        message = f"{FROM_AMQ}{text}\n(notification {name})</cross-session-message>"
        line = json.dumps({"type": "user", "message": {"role": "user", "content": message}}) + "\n"
        with socket.socket(socket.AF_UNIX) as end:
            try:
                end.settimeout(RECEIPT_WITHIN_S)
                end.connect(self._path())
            except OSError as error:
                return End(Outcome.REFUSED, str(error))
            try:
                end.sendall(line.encode())
            except OSError as error:
                return End(Outcome.UNCERTAIN, str(error))
        if before.get("status") == "busy" or self._begins_a_turn(before.get("statusUpdatedAt")):
            return End(Outcome.SENT, "")
        return End(Outcome.UNCERTAIN, "no turn began")

    def _begins_a_turn(self, status_since: object) -> bool:
        deadline = time.monotonic() + RECEIPT_WITHIN_S
        while time.monotonic() < deadline:
            if self._session.read().get("statusUpdatedAt", status_since) != status_since:
                return True
            time.sleep(LOOK_EVERY_S)
        return False

    def _path(self) -> str:
        path = self._session.read().get("messagingSocketPath", "")
        return path if isinstance(path, str) else ""
