"""Make and examine the directories of a queue; no link is followed on the way."""

from __future__ import annotations

import errno
import os
import stat

from amq.instants import MILLISECOND_NS
from amq.layout import RootedPath
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.store.open_beneath import Owner

TEMPORARY = ".amq-"
"""The prefix of names of files that are being written beside the ones they replace."""
SETTLED_NS = 50 * MILLISECOND_NS
"""The time after which a change of a directory leaves another time, on a usual filesystem."""


def exists(path: RootedPath) -> bool:
    """Return whether there is a directory at PATH. Raises OSError where that is not known, UnsafePath for a link."""
    try:
        Directory(path).close()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def look(path: RootedPath) -> os.stat_result:
    """Return the stat result of the directory at PATH. Raises OSError."""
    with Directory(path) as directory:
        return os.lstat(path) if directory.fd is None else durable.syscalls.stat(directory.fd)


def settled_times(path: RootedPath, now_ns: int) -> tuple[int, ...] | None:
    """Return the identity and the times of the directory PATH: while they stay, no entry comes or goes.

    None if it may still change without getting others, at the instant NOW_NS. Raises OSError.
    """
    found = times(path)
    return found if is_settled(found, now_ns) else None


def times(path: RootedPath) -> tuple[int, ...]:
    """Return the identity of the directory PATH, device and inode, and its times. Raises OSError."""
    found = look(path)
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def is_settled(times: tuple[int, ...], now_ns: int) -> bool:
    """Return whether a directory with these TIMES gets others if it changes at the instant NOW_NS or later."""
    return times[2] + SETTLED_NS < now_ns


def make(paths: list[RootedPath]) -> bool:
    """Make those of PATHS (parents first) that are missing, to the disk, and return whether any was."""
    made = [path for path in paths if _make_directory(path)]
    for parent in sorted({path.parent for path in made}):
        with Directory(parent) as directory:
            durable.sync(directory)
    return bool(made)


def make_above(path: str) -> None:
    """Make the missing directories above PATH, an absolute one, to the disk; they get the owner of the one above them.

    Raises OSError.
    """
    missing = []
    while not os.path.isdir(path := os.path.dirname(path)):
        missing.append(RootedPath(path))
    make(missing[::-1])


def _make_directory(path: RootedPath) -> bool:
    with Directory(path.parent) as parent:
        try:
            if parent.owner is None:
                _make_ours(parent, path.name)
            else:
                _make_for(parent.owner, parent, path.name)
        except FileExistsError:
            return False
    return True


def _make_ours(parent: Directory, name: str) -> None:
    durable.syscalls.mkdir(parent, name)
    if stat.S_IRWXU & ~durable.syscalls.look(parent, name).st_mode:  # a umask may take rights from the owner
        durable.syscalls.chmod_name(parent, name, durable.DIRECTORY_MODE)


def _make_for(owner: Owner, parent: Directory, name: str) -> None:
    """Make a directory that belongs to OWNER from the moment it has its name; raises FileExistsError."""
    if durable.exists(parent, name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    temporary = fresh_name()
    durable.syscalls.mkdir(parent, temporary)
    try:
        fd = durable.syscalls.open(parent, temporary, os.O_RDONLY | os.O_DIRECTORY)
        try:
            durable.give(owner, fd)
            durable.syscalls.chmod(fd, durable.DIRECTORY_MODE)
        finally:
            durable.close(fd)
        durable.move(parent, temporary, parent, name)
    except BaseException:
        from contextlib import suppress

        with suppress(OSError):
            durable.syscalls.rmdir(parent, temporary)
        raise


def fresh_name() -> str:
    """Return a unique name; the pid alone is not enough, since a process that died may have had ours."""
    return f"{TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}"
