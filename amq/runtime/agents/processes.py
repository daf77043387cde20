"""What is known of another process: how it was called, whose child it is, since when it runs.

From /proc, else from ps(1), which cannot tell where a word with blanks in it ends.
"""

from __future__ import annotations

import subprocess

from amq import procfs


def words(pid: int) -> tuple[str, ...]:
    """What PID was called with; nothing if it has ended."""
    try:
        return tuple(word.decode("utf-8", "replace") for word in procfs.words(pid))
    except OSError:
        return tuple(_ps("args=", pid).split())


def parent(pid: int) -> int:
    """Whose child PID is; 0 if that is not known."""
    try:
        return procfs.parent(pid)
    except OSError:
        number = _ps("ppid=", pid)
        return int(number) if number.isdecimal() else 0


def started(pid: int) -> float:
    """When PID was started, in seconds since the epoch, rounded down; 0 if that is not known."""
    try:
        return procfs.started(pid)
    except OSError:
        return 0.0


def _ps(field: str, pid: int) -> str:
    """What ps(1) says; nothing where there is a /proc, which knows of no such process."""
    if procfs.exists():
        return ""
    asked = subprocess.run(["/bin/ps", "-o", field, "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()
