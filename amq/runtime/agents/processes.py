"""What is known of another process: how it was called, whose child it is, since when it runs.

From /proc (proc(5)), else from ps(1), which cannot tell where a word with blanks in it ends.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PROC = Path("/proc")
_PARENT, _STARTED = 1, 19  # fields of /proc/PID/stat behind the name


def words(pid: int) -> tuple[str, ...]:
    """What PID was called with; nothing if it has ended."""
    try:
        line = PROC.joinpath(str(pid), "cmdline").read_bytes()
    except OSError:
        return () if _has_proc() else tuple(_ps("args=", pid).split())
    return tuple(word.decode("utf-8", "replace") for word in line.rstrip(b"\0").split(b"\0"))


def parent(pid: int) -> int:
    """Whose child PID is; 0 if that is not known."""
    fields = _stat(pid)
    number = fields[_PARENT] if fields else _ps("ppid=", pid)
    return int(number) if number.isdecimal() else 0


def started(pid: int) -> float:
    """When PID was started, in seconds since the epoch, rounded down; 0 if that is not known."""
    fields = _stat(pid)
    if not fields:
        return 0.0
    booted = next(line for line in PROC.joinpath("stat").read_text().splitlines() if line.startswith("btime "))
    return int(booted.split()[1]) + int(fields[_STARTED]) // os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    try:
        return PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _has_proc() -> bool:
    return PROC.joinpath("self").exists()


def _ps(field: str, pid: int) -> str:
    if _has_proc():
        return ""
    asked = subprocess.run(["/bin/ps", "-o", field, "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()
