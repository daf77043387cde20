"""The user's own command for notices. It runs beside the waking, which it can neither hold up nor fail.

It gets words of closed lists and a handle, by its environment. No text of a peer reaches it, and no question.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time

from amq.runtime.programs import find_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amq.runtime.policy.notices import Notice
    from amq.runtime.policy.reasons import Activity

WITHIN_S = 10.0  # seconds for the command to end
AT_END_S = 1.0  # seconds for a command that runs when its host ends


class NoticeCommand:
    """The command WORDS, about the agent ME. LOG gets a line for the first failure, in any thread."""

    def __init__(
        self,
        words: Sequence[str],
        me: str,
        environment: Mapping[str, str],
        log: Callable[[str], None],
        within_s: float = WITHIN_S,
    ) -> None:
        self._words = words
        self._me = me
        self._environment = environment
        self._log = log
        self._within_s = within_s
        self._has_failed = False
        self._threads: list[threading.Thread] = []
        self._children: set[subprocess.Popen[bytes]] = set()

    def start(self, notice: Notice, activity: Activity) -> None:
        """Run the command for NOTICE, while the agent's state is ACTIVITY, without waiting for it."""
        said = {"AMQ_NOTICE": notice.value, "AMQ_AGENT": self._me, "AMQ_STATE": activity.value}
        thread = threading.Thread(target=self._run, args=({**self._environment, **said},), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            self._fail(str(error))
            return
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]

    def close(self) -> None:
        """Kill what still runs in AT_END_S seconds: nothing would kill it later."""
        end = time.monotonic() + AT_END_S
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        for child in list(self._children):
            _kill(child)

    def _run(self, environment: dict[str, str]) -> None:
        program = find_program(self._words[0], self._environment)
        if program is None:
            self._fail("there is no such program in the absolute directories of PATH")
            return
        try:
            child = subprocess.Popen(
                [program, *self._words[1:]], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._fail(str(error))
            return
        self._children.add(child)
        try:
            if status := child.wait(self._within_s):
                self._fail(f"it ended with status {status}")
        except subprocess.TimeoutExpired:
            _kill(child)
            self._fail(f"it was killed after {self._within_s:g} s")
        self._children.discard(child)

    def _fail(self, why: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._log(f"the command for notices, {self._words[0]}, has failed: {why}")


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill CHILD and what it has started, all in a process group of its own."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
