"""Hints about files of the queue that cannot be read. Loaded only when there is one."""

from __future__ import annotations

import errno
import os
import stat

from amq import quoting
from amq.store import durable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.store.durable import Directory

FORBIDDEN = {errno.EACCES, errno.EPERM}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}


def what_to_do(directory: Directory, name: str, error: OSError) -> str:
    """Return how to make NAME in DIRECTORY readable, after reading it failed with ERROR."""
    if error.errno in _TOO_MANY:
        return "close programs or raise `ulimit -n`, then read it again"
    if error.errno not in FORBIDDEN:
        return "read it again; if that fails too, check its disk"
    if os.name == "nt":
        return "another program may have it open: read it again"
    path = os.path.join(directory.path, name)
    try:
        return _permission(durable.syscalls.look(directory, name), path, stat.S_IRUSR, "r")
    except OSError:
        return f"ls -l {quoting.shell(path)} shows its owner and mode"


def for_directory(error: OSError) -> str:
    """Return what to do about the directory that ERROR names, if it could not be opened; otherwise ""."""
    if error.errno not in FORBIDDEN or not isinstance(error.filename, str) or os.name == "nt":
        return ""
    try:
        found = os.lstat(error.filename)
    except OSError:
        return ""
    is_at_fault = stat.S_ISDIR(found.st_mode) and not _is_ours(found, stat.S_IRWXU)
    return _permission(found, error.filename, stat.S_IRWXU, "rwx") if is_at_fault else ""


def _is_ours(found: os.stat_result, needed: int) -> bool:
    return found.st_uid == os.geteuid() and found.st_mode & needed == needed


def _permission(found: os.stat_result, path: str, needed: int, letters: str) -> str:
    if found.st_uid != os.geteuid():
        return f'it belongs to {_user(found.st_uid)}: sudo chown "$(id -un)" {quoting.shell(path)}'
    if found.st_mode & needed != needed:
        return f"its mode forbids it: chmod u+{letters} {quoting.shell(path)}"
    return (
        f"it is yours and its mode allows it, so a label, an ACL or a sandbox forbids it: ls -lZ {quoting.shell(path)}"
    )


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
