"""Facts about another process: its command line, its parent and its start time.

They come from /proc, or else from ps(1), which does not show where a word with blanks in it ends.
"""

from __future__ import annotations

from amq import procfs


def words(pid: int) -> tuple[str, ...]:
    """Return the command line of PID as words; empty if it has ended."""
    try:
        return tuple(word.decode("utf-8", "replace") for word in procfs.words(pid))
    except OSError:
        return tuple(_ps("args=", pid).split())


def parent(pid: int) -> int:
    """Return the process id of PID's parent; 0 if unknown."""
    try:
        return procfs.parent(pid)
    except OSError:
        number = _ps("ppid=", pid)
        return int(number) if number.isdecimal() else 0


def started(pid: int) -> float:
    """Return the start time of PID in seconds since the epoch, rounded down; 0 if unknown."""
    try:
        return procfs.started(pid)
    except OSError:
        return 0.0


def _ps(field: str, pid: int) -> str:
    """Return FIELD of PID as ps(1) prints it; empty where there is a /proc, which has not listed the process."""
    if procfs.exists():
        return ""
    import subprocess  # `amq send` of a user asks for a parent

    asked = subprocess.run(["/bin/ps", "-o", field, "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()
