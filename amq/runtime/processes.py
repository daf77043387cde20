"""Other programs: which one has a terminal's keyboard, and how it was called. From /proc, else from ps(1)."""

from __future__ import annotations

import subprocess
from pathlib import Path

PROC = Path("/proc")
AFTER_NAME = ("state", "ppid", "pgrp", "session", "tty_nr", "tpgid")  # of /proc/PID/stat, proc(5)


def foreground(pid: int) -> int | None:
    """The leader of the process group in the foreground of the terminal of PID; None if there is none."""
    try:
        stat = PROC.joinpath(str(pid), "stat").read_text()
    except OSError:
        return _number(_ps("tpgid=", pid)) if not PROC.joinpath("self").exists() else None
    fields = dict(zip(AFTER_NAME, stat.rpartition(")")[2].split(), strict=False))
    return _number(fields.get("tpgid", ""))


def words(pid: int) -> list[str]:
    """What PID was called with; [] if it has ended. Where only ps(1) knows, a word with blanks comes in pieces."""
    try:
        line = PROC.joinpath(str(pid), "cmdline").read_bytes()
    except OSError:
        return _ps("args=", pid).split() if not PROC.joinpath("self").exists() else []
    return [word.decode("utf-8", "replace") for word in line.split(b"\0")][:-1]


def _number(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if number > 0 else None


def _ps(field: str, pid: int) -> str:
    asked = subprocess.run(["ps", "-o", field, "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()
