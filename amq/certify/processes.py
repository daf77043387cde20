"""The processes that a session has started, also those that have left their parents.

On Linux this process becomes the parent of those whose own has ended. Elsewhere one that has left at once is not found.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress

from amq import procfs
from amq.runtime.agents.processes import words

_SET_CHILD_SUBREAPER = 36  # prctl(2)


def adopt_orphans() -> None:
    """Make this process the parent of all below it whose own parent ends, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)


class Processes:
    """The processes that came after this was made: below this one, and in its network if that is private."""

    def __init__(self, *, private_network: bool) -> None:
        self._network = procfs.network() if private_network else ""
        self._before = self._now()
        self._seen: set[int] = set()

    def look(self) -> list[int]:
        """Return those that run; a process that was seen once is known even when its parent has ended."""
        self._seen |= self._now() - self._before
        self._seen = {process for process in self._seen if _runs(process)}
        return sorted(self._seen)

    def kill(self) -> None:
        """Kill those that run."""
        for process in self.look():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)

    def _now(self) -> set[int]:
        return _descendants(os.getpid()) | set(procfs.in_network(self._network) if self._network else ())


def name_of(process: int) -> str:
    """Return the name of PROCESS's program, "" if it has ended."""
    return os.path.basename(next(iter(words(process)), ""))


def _runs(process: int) -> bool:
    """Return whether PROCESS has not ended; a zombie has."""
    try:
        return procfs.state(process) != b"Z"
    except (OSError, IndexError):
        state = "" if procfs.exists() else _ps("-o", "stat=", "-p", str(process))
        return bool(state) and not state.startswith("Z")


def _descendants(root: int) -> set[int]:
    """Return every process below ROOT."""
    parents = _parents()
    found: set[int] = set()
    below = {root}
    while below:
        below = {pid for pid, parent in parents.items() if parent in below} - found
        found |= below
    return found


def _parents() -> dict[int, int]:
    """Return the parent of each process."""
    if not procfs.exists():
        listed = [line.split() for line in _ps("-A", "-o", "pid=,ppid=").splitlines()]
        return {int(pid): int(parent) for pid, parent in listed}
    found = {}
    for process in procfs.processes():
        with suppress(OSError, IndexError):
            found[process] = procfs.parent(process)
    return found


def _ps(*words: str) -> str:
    try:
        return subprocess.run(["/bin/ps", *words], capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""
