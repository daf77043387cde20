"""Find the conversation ("thread") of a Codex that amq has not started, by the files that are open.

As measured on 0.171.0 and 0.169.0: a process that works on a thread keeps `thread-writer-locks/ID.lock` of Codex's home
open, and from the first turn on `sessions/YYYY/MM/DD/rollout-…-ID.jsonl`. With `--no-daemon` that is the program at the
terminal. Else it is the daemon, which serves all of them, and keeps threads that no terminal shows any more. So a
thread is known only where one alone is open.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from amq.runtime.agents import processes
from amq.runtime.agents.foreground import program_names

SAME_FOR_S = 2.0  # for which a look is not repeated
_LOCK = re.compile(r"(/.+)/thread-writer-locks/([0-9a-f-]{36})\.lock")
_STATE = re.compile(r"(/.+)/state_[0-9]+\.sqlite")
_DAEMON = "app-server"


class OpenThread:
    """The thread of the Codex at a terminal whose process is PID."""

    def __init__(self, pid: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._pid = pid
        self._clock = clock
        self._looked_at = -float("inf")
        self._id = ""

    def id(self) -> str:
        """Return its id; "" if it is not known, or no turn of it has begun. It is SAME_FOR_S seconds old at most."""
        if self._clock() >= self._looked_at + SAME_FOR_S:
            self._looked_at = self._clock()
            self._id = _id(self._pid)
        return self._id


def _id(pid: int) -> str:
    files = _open_files(pid)
    threads = _threads(files)
    if not threads:
        home = next((found[1] for found in map(_STATE.fullmatch, files) if found), "")
        others = [(other, words) for other, words in processes.command_lines() if "codex" in program_names(words)]
        daemons = [other for other, words in others if _DAEMON in words]
        at_terminals = [other for other, _ in others if other not in daemons and _is_of(_open_files(other), home)]
        if at_terminals != [pid]:
            return ""
        files = [path for other in daemons for path in _open_files(other)]
        threads = {(place, thread) for place, thread in _threads(files) if place == home}
    if len(threads) != 1:
        return ""
    ((_, thread),) = threads
    return thread if any(path.endswith(f"-{thread}.jsonl") for path in files) else ""


def _threads(files: Iterable[str]) -> set[tuple[str, str]]:
    """Return the homes and ids of the threads on which processes work that have FILES open."""
    return {(found[1], found[2]) for found in map(_LOCK.fullmatch, files) if found}


def _is_of(files: Iterable[str], home: str) -> bool:
    return any(found[1] == home for found in map(_STATE.fullmatch, files) if found)


def _open_files(pid: int) -> list[str]:
    with suppress(OSError):
        return processes.open_files(pid)
    return []
