"""What a user can do about a file of the queue that cannot be read. Loaded only when there is one."""

from __future__ import annotations

import errno
import os
import stat
from shlex import quote

from amq.store import durable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.store.durable import Directory

_FORBIDDEN = {errno.EACCES, errno.EPERM}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}


def remedy(directory: Directory, name: str, error: OSError) -> str:
    """Return what to do so that NAME in DIRECTORY can be read, which has failed with ERROR."""
    if error.errno in _TOO_MANY:
        return "close programs, or raise `ulimit -n`, and read it again"
    if error.errno not in _FORBIDDEN:
        return "read it again; if that fails too, look at the disk that it is on"
    if os.name == "nt":
        return "another program may have it open: read it again"
    path = quote(os.path.join(directory.path, name))
    try:
        found = durable.steps.look(directory, name)
    except OSError:
        return f"ls -l {path} shows whose it is"
    if found.st_uid != os.geteuid():
        return f'it belongs to {_user(found.st_uid)}: sudo chown "$(id -un)" {path}'
    if not found.st_mode & stat.S_IRUSR:
        return f"its mode forbids it: chmod u+r {path}"
    return f"it is yours and its mode allows it, so a label, an ACL or a sandbox forbids it: ls -lZ {path}"


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
