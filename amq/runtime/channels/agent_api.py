"""Ways of an agent's program's own to be told something, for those who asked for them (`--native`).

Their gain is that a half-typed line of the person's does not matter. What one of them may have taken is never typed as
well. Measured on the versions that the profiles name.
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

RECEIPT_WITHIN = 5.0  # seconds in which a session that idles has to begin a turn
QUEUE_WITHIN = 30.0  # seconds for `codex queue`; without its daemon 6 to 9 were measured
LOOK_EVERY = 0.05


class Native(Protocol):
    """One such way."""

    way: str

    def is_there(self) -> bool:
        """Whether the session is proven to live, and to take it."""

    def tell(self, text: str) -> End:
        """SENT, UNCERTAIN, or REFUSED if nothing can have been taken. Waits for the answer."""


class NativeFirst:
    """A channel that types only where the program's own way is not there, or has refused."""

    def __init__(self, native: Native, typed: Channel) -> None:
        self._native = native
        self._typed = typed
        self._unsure = False
        self.way = typed.way

    def look(self) -> Readiness:
        """The same, but a draft does not matter."""
        readiness = self._typed.look()
        if readiness.blocked_by is WaitReason.DRAFT and self._native.is_there():
            return replace(readiness, blocked_by=None, queues_input=True)
        return readiness

    def drained(self) -> None:
        """What was uncertain has come out well."""
        self._unsure = False
        self._typed.drained()

    def tell_person(self) -> None:
        """As where nothing is native."""
        self._typed.tell_person()

    async def attempt(self, line: Notification) -> End:
        """By the program's own way; what it may have taken is not made sure of by another."""
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
    """Claude Code's socket for messages to a session: one line of JSON, and nothing comes back."""

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
    """`codex queue`, which exits with 0 for a session that has ended, too: so it is asked only while its hooks live.

    SESSION tells the session's id, as the hooks were given it.
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
