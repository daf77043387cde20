"""Facts about other processes.

They come from /proc, or else from ps(1), which does not show where a word with blanks in it ends, and from lsof(8).
"""

from __future__ import annotations

import os

from amq import procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LSOF = "/usr/sbin/lsof"  # where macOS has it


def command_lines() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield every process with its command line, as `words` returns it."""
    if procfs.exists():
        yield from ((pid, words(pid)) for pid in procfs.processes())
        return
    for line in _output("/bin/ps", "-axww", "-o", "pid=,args=").splitlines():
        number, *line_words = line.split()
        yield int(number), tuple(line_words)


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


def identity(pid: int) -> str:
    """Return the start time of PID, which a later process with its id does not share; "" if PID has ended.

    It is a word without a unit, and stays the same if the process runs another program.
    """
    try:
        return str(procfs.started_ticks(pid))
    except OSError:
        return _ps("lstart=", pid)


def owner(pid: int) -> int | None:
    """Return the effective user of PID; None if it has ended."""
    try:
        return procfs.owner(pid)
    except OSError:
        number = _ps("uid=", pid)
        return int(number) if number.isdecimal() else None


def terminal(pid: int) -> str:
    """Return the path of PID's controlling terminal; "" if it has none, or that is in no known place."""
    try:
        device = procfs.terminal(pid)
    except OSError:
        name = _ps("tty=", pid)
        return f"/dev/{name}" if name.strip("?-") else ""
    number = os.minor(device)
    return next((path for path in (f"/dev/pts/{number}", f"/dev/tty{number}") if _is_device(path, device)), "")


def foreground(pid: int) -> int:
    """Return the process group that reads from PID's controlling terminal; -1 if there is none."""
    try:
        return procfs.foreground(pid)
    except OSError:
        number = _ps("tpgid=", pid)
        return int(number) if number.isdecimal() else -1


def directory(pid: int) -> str:
    """Return the working directory of PID; "" if it is not known."""
    try:
        return procfs.directory(pid)
    except OSError:
        return next(iter(_lsof(pid, "-d", "cwd")), "")


def environment(pid: int) -> dict[str, str] | None:
    """Return the environment that PID was started with; None if it is not known."""
    try:
        entries = procfs.environment(pid)
    except OSError:
        return None
    pairs = (os.fsdecode(entry).partition("=") for entry in entries)
    return {name: value for name, sign, value in pairs if sign}


def open_files(pid: int) -> list[str]:
    """Return the paths of the files that PID has open, as far as they are known, among names of other things."""
    try:
        return procfs.open_files(pid)
    except OSError:
        return _lsof(pid)


def is_beside_us(pid: int) -> bool:
    """Return whether a path means the same file to PID as to us: it is in no container."""
    try:
        return procfs.mount_namespace(pid) == procfs.mount_namespace()
    except OSError:
        return not procfs.exists()


def _is_device(path: str, device: int) -> bool:
    try:
        return os.stat(path).st_rdev == device
    except OSError:
        return False


def _ps(field: str, pid: int) -> str:
    """Return FIELD of PID as ps(1) prints it; empty where there is a /proc, which has not listed the process."""
    return "" if procfs.exists() else _output("/bin/ps", "-ww", "-o", field, "-p", str(pid)).strip()


def _lsof(pid: int, *options: str) -> list[str]:
    """Return the names of PID's files that lsof(8) prints; none where there is a /proc."""
    printed = "" if procfs.exists() else _output(_LSOF, "-a", "-p", str(pid), *options, "-F", "n")
    return [line[1:] for line in printed.splitlines() if line.startswith("n")]


def _output(*command: str) -> str:
    """Return what COMMAND prints; "" if it cannot be run."""
    import subprocess  # `amq send` of a user asks for a parent

    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
    except OSError:
        return ""
