"""`codex queue`, which gives a session a line to work on. It needs the session's id."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping

from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness

QUEUE_WITHIN_S = 30.0  # seconds for it; without the daemon of Codex 6 to 9 were measured


class QueueCommand:
    """The command for one session. It succeeds even if the session has ended, so IS_ALIVE is asked first.

    SESSION returns the session's id, "" if it is not known.
    """

    way = "codex queue"

    def __init__(
        self, is_alive: Callable[[], bool], session: Callable[[], str], program: str, environment: Mapping[str, str]
    ) -> None:
        self._is_alive = is_alive
        self._session = session
        self._program = program
        self._environment = dict(environment)

    def is_there(self) -> bool:
        return self._is_alive() and bool(self._session())

    def look(self, readiness: Readiness) -> Readiness:
        return readiness

    def reaches(self, readiness: Readiness) -> bool:
        return readiness.blocked_by is WaitReason.DRAFT

    def tell(self, text: str) -> End:
        if not (session := self._session()):
            return End(Outcome.REFUSED, "the session's id is not known")
        command = [self._program, "queue", "--thread", session, "--message", text]
        try:
            done = subprocess.run(
                command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=QUEUE_WITHIN_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return End(Outcome.UNCERTAIN, "codex queue timed out")
        except OSError as error:
            return End(Outcome.REFUSED, str(error))
        if done.returncode == 0:
            return End(Outcome.SENT, "")
        return End(Outcome.REFUSED, f"codex queue exited with {done.returncode}")
