"""Wake an idle Claude Code by a hook that waits in the background: no key is pressed, and no screen is read.

A hook with `asyncRewake` runs beside the session. When it exits with 2, what it has printed to stderr begins a turn.
A draft, a menu or a view does not keep that turn from beginning; a dialog does. A turn that the user has interrupted
does not, so the caller must. Measured on the versions that the profile names; docs/decisions/mail-by-hooks.md.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress

from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.hooks.script import PIPE_NAME, WAITER_NAME, WAKE_LINE_NAME
from amq.runtime.policy.injection import End
from amq.runtime.policy.reasons import Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.private_state import write_private

TAKEN_WITHIN_S = 1.0  # for the hook to read the word to go
READS_WITHIN_S = 10.0  # from noting its id, for a hook to read the pipe
BEGUN_WITHIN_S = 5.0  # for the turn to begin, which calls a hook
LOOK_EVERY_S = 0.005
_GO = b"\n"
_IN_ITS_WAY = (
    WaitReason.DRAFT, WaitReason.UNKNOWN_SCREEN, WaitReason.UNKNOWN_LOOK, WaitReason.NOT_CERTIFIED,
)  # fmt: skip
"""The reasons that keep amq from typing at an agent that says it is idle, and do not keep a turn from beginning."""


class BackgroundHook:
    """The waiting hook of one session. FILES is the directory of its run, which has the pipe that the hook reads.

    The pipe is open here as long as this process lives, so the hook ends with it. AGENT_STATUS knows whether the
    session has been moved to another process: the hook still waits then, and begins no turn.
    """

    way = "background hook"

    def __init__(self, files: str, agent_status: AgentStatus) -> None:
        self._agent_status = agent_status
        self._pipe = f"{files}/{PIPE_NAME}"
        self._line = f"{files}/{WAKE_LINE_NAME}"
        self._waiter = f"{files}/{WAITER_NAME}"
        self._end = self._write_end()

    def is_there(self) -> bool:
        """Return whether a hook of the session waits at the pipe."""
        if self._end is None or self._agent_status.is_detached():
            return False
        try:
            os.close(os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # ENXIO: no process reads it
            self._forget_waiter()
            return False
        return True

    def _forget_waiter(self) -> None:
        """Remove the id of a hook that was killed: another process may have it now, and no other hook would wait."""
        with suppress(OSError):
            if time.time() - os.stat(self._waiter).st_mtime > READS_WITHIN_S:
                write_private(self._waiter, "")

    def look(self, readiness: Readiness) -> Readiness:
        return readiness

    def reaches(self, readiness: Readiness) -> bool:
        """Return whether a turn would begin although amq must not type: the agent says that it is idle."""
        return readiness.idle and readiness.blocked_by in _IN_ITS_WAY

    def tell(self, text: str) -> End:
        """Let the hook begin a turn with TEXT; refused if no hook has read it, or if no turn has begun in time.

        Claude Code no longer listens to the hooks of a session that its list of agents has moved, and is still moving.
        """
        before = self._agent_status.noted_bytes
        if self._end is None:
            return End(Outcome.REFUSED, "its pipe cannot be opened")
        try:
            write_private(self._line, f"{text}\n")
            os.write(self._end, _GO)
        except OSError as error:
            return End(Outcome.REFUSED, str(error))
        deadline = time.monotonic() + TAKEN_WITHIN_S
        while self._unread(take_back=False):
            if time.monotonic() > deadline and self._unread(take_back=True):
                return End(Outcome.REFUSED, "no hook has read its pipe")
            time.sleep(LOOK_EVERY_S)
        deadline = time.monotonic() + BEGUN_WITHIN_S
        while self._agent_status.noted_bytes == before:
            if time.monotonic() > deadline or self._agent_status.is_detached():
                return End(Outcome.REFUSED, "no turn has begun")
            time.sleep(LOOK_EVERY_S)
        return End(Outcome.SENT, "")

    def _write_end(self) -> int | None:
        """Return a descriptor for the end to write to; None if there is no pipe. It needs a reader to be opened."""
        with suppress(OSError):
            reader = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
            try:
                return os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            finally:
                os.close(reader)
        return None

    def _unread(self, *, take_back: bool) -> bool:
        """Return whether the word to go is still in the pipe; with TAKE_BACK, remove it."""
        try:
            reader = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            is_there = bool(select.select([reader], [], [], 0)[0])
            return bool(os.read(reader, 1)) if is_there and take_back else is_there
        except BlockingIOError:  # a hook has read it just now
            return False
        finally:
            os.close(reader)
