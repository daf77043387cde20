"""Agent APIs: the CLIs' own ways to take a text, for users that ask for them (`--native`).

With these the user's draft does not matter. A text that an agent API may have taken is never typed as well. Measured on
the versions that the profiles name.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import anyio.to_thread

from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.channels import Channel
from amq.runtime.policy.hook_delivery import FROM_AMQ
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.policy.wake_line import Notification

RECEIPT_WITHIN = 5.0  # seconds in which an idle session has to begin a turn
QUEUE_WITHIN = 30.0  # seconds for `codex queue`; it took 6 to 9 without its daemon
LOOK_EVERY = 0.05


class Native(Protocol):
    """An agent API: a CLI's own way to take a text."""

    way: str

    def is_there(self) -> bool:
        """Return whether the session is proven to be alive, and to take a text by this API."""

    def tell(self, text: str) -> End:
        """Send TEXT and wait for the answer. Return SENT, UNCERTAIN, or REFUSED if nothing can have been taken."""


class NativeFirst:
    """A channel that types only where the agent API is not available, or has refused."""

    def __init__(self, native: Native, typed: Channel) -> None:
        self._native = native
        self._typed = typed
        self._unsure = False
        self.way = typed.way

    def look(self) -> Readiness:
        """Return the typing channel's readiness, in which a draft does not block the agent API."""
        readiness = self._typed.look()
        if readiness.blocked_by is WaitReason.DRAFT and self._native.is_there():
            return replace(readiness, blocked_by=None, queues_input=True)
        return readiness

    def drained(self) -> None:
        """Note that mail has left the inbox: an uncertain notification has arrived."""
        self._unsure = False
        self._typed.drained()

    def tell_person(self) -> None:
        """Show the user by the typing channel that the agent does not read its mail."""
        self._typed.tell_person()

    async def attempt(self, line: Notification) -> End:
        """Notify by the agent API, and type only if it has refused; return the outcome.

        After an uncertain outcome nothing is sent until mail is drained: the agent may have the notification already.
        """
        if self._unsure:
            return End(Outcome.UNCERTAIN, "an earlier notification may have been accepted")
        if self._native.is_there():
            self.way = self._native.way
            end = await anyio.to_thread.run_sync(self._native.tell, line.text, abandon_on_cancel=True)
            self._unsure = end.outcome is Outcome.UNCERTAIN
            if end.outcome is not Outcome.REFUSED:
                return end
        self.way = self._typed.way
        return await self._typed.attempt(line)


class ClaudeSocket:
    """Claude Code's socket for messages to a session: one line of JSON in, and no answer.

    A turn that begins, or is under way, is taken for the receipt.
    """

    way = "claude socket"

    def __init__(self, agent_status: AgentStatus) -> None:
        self._agent_status = agent_status

    def is_there(self) -> bool:
        return bool(self._path())

    def tell(self, text: str) -> End:
        before = self._agent_status.session()
        message = f"{FROM_AMQ}{text}</cross-session-message>"
        line = json.dumps({"type": "user", "message": {"role": "user", "content": message}}) + "\n"
        with socket.socket(socket.AF_UNIX) as end:
            try:
                end.settimeout(RECEIPT_WITHIN)
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
        deadline = time.monotonic() + RECEIPT_WITHIN
        while time.monotonic() < deadline:
            if self._agent_status.session().get("statusUpdatedAt", status_since) != status_since:
                return True
            time.sleep(LOOK_EVERY)
        return False

    def _path(self) -> str:
        path = self._agent_status.session().get("messagingSocketPath", "")
        return path if isinstance(path, str) else ""


class CodexQueue:
    """The command `codex queue`.

    It exits with 0 for a session that has ended, too; so it is run only while the session's hooks are active. SESSION
    returns the session's id, which the hooks were given.
    """

    way = "codex queue"

    def __init__(
        self, agent_status: AgentStatus, session: Callable[[], str], program: str, environment: Mapping[str, str]
    ) -> None:
        self._agent_status = agent_status
        self._session = session
        self._program = program
        self._environment = dict(environment)

    def is_there(self) -> bool:
        return self._agent_status.hooked and bool(self._session())

    def tell(self, text: str) -> End:
        command = [self._program, "queue", "--thread", self._session(), "--message", text]
        try:
            done = subprocess.run(
                command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=QUEUE_WITHIN, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return End(Outcome.UNCERTAIN, "codex queue timed out")
        except OSError as error:
            return End(Outcome.REFUSED, str(error))
        if done.returncode == 0:
            return End(Outcome.SENT, "")
        return End(Outcome.REFUSED, f"codex queue exited with {done.returncode}")
