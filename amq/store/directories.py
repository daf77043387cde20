"""Making the directories of a queue, and looking at them; no link is followed on the way."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from amq.layout import RootedPath
from amq.store import durable
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.store.descent import Owner

TEMPORARY = ".amq-"
"""How the names of files begin that are being written beside those they are to replace."""


def exists(path: RootedPath) -> bool:
    """Whether there is a directory at PATH. Raises OSError where that is not known, UnsafePath for a link."""
    try:
        Directory(path).close()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def look(path: RootedPath) -> os.stat_result:
    """What the directory at PATH is, and when it changed. Raises OSError."""
    with Directory(path) as directory:
        return os.lstat(path) if directory.fd is None else durable.syscalls.stat(directory.fd)


def make(paths: list[RootedPath]) -> bool:
    """Make those of PATHS (parents first) that are missing, to the disk; whether any was."""
    made = [path for path in paths if _make_directory(path)]
    for parent in sorted({path.parent for path in made}):
        with Directory(parent) as directory:
            durable.sync(directory)
    return bool(made)


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
    if stat.S_IRWXU & ~durable.syscalls.look(parent, name).st_mode:  # a umask that takes rights from ourselves
        durable.syscalls.chmod_name(parent, name, durable.DIRECTORY_MODE)


def _make_for(owner: Owner, parent: Directory, name: str) -> None:
    """Make a directory that is OWNER's from the moment it has its name; raises FileExistsError."""
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
        with suppress(OSError):
            durable.syscalls.rmdir(parent, temporary)
        raise


def fresh_name() -> str:
    """A name that nobody else uses, not even a process that died: its pid may be ours now."""
    return f"{TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}"
