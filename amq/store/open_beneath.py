"""Open a directory of a queue by way of the descriptors of those above it, so that no link is followed.

O_NOFOLLOW guards only the last name of a path. So the root is opened, which may be reached through links, and from
there one name after the other. Whatever happens to the names meanwhile, an open directory stays the same.
"""

from __future__ import annotations

import errno
import os
import stat

from amq.errors import UnsafePath
from amq.layout import RootedPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Owner = tuple[int, int]
    """The user and the group that a file must belong to."""

HAS_DIRECTORY_FDS = os.open in os.supports_dir_fd
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_ON_THE_WAY = getattr(os, "O_PATH", 0) | _DIRECTORY
"""Flags for a directory that is only passed through; O_PATH, where there is one, needs no right to list it."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_MAY_BE_LINKS = {errno.ENOTDIR, errno.ELOOP, errno.EMLINK}
"""The errors that O_NOFOLLOW causes for a link on Linux, macOS, FreeBSD."""
_NAME_SURROGATE = 0x2000_0000  # on Windows the bit of a reparse tag that makes it a kind of link, such as a junction


class Guard:
    """The demands on a root and each directory below it: it is the caller's or the queue owner's.

    Another user's directory is refused unless `trusted`. OWNER is the owner of the queue that was accepted; None if any
    will do. COMPLAIN gets the path of each directory that others can write to.
    """

    def __init__(
        self, *, trusted: bool = False, owner: int | None = None, complain: Callable[[str], None] = lambda _: None
    ) -> None:
        self.trusted = trusted
        self.complain = complain
        self._owner = owner

    def check_root(self, path: str, found: os.stat_result) -> None:
        """Raise UnsafePath if the root's owner is not the accepted one: it was replaced meanwhile."""
        if self._owner not in (None, found.st_uid) and not self.trusted:
            raise UnsafePath(f"{path} now belongs to another user ({found.st_uid})", hint="find out what replaced it")

    def check(self, path: RootedPath, found: os.stat_result, allowed: tuple[int, int]) -> None:
        """Raise UnsafePath unless the directory at PATH belongs to one of the users ALLOWED.

        Complain if others can write to it.
        """
        if found.st_uid not in allowed and not self.trusted:
            from amq.quoting import shell

            hint = f"sudo chown -R {allowed[1]} {shell(path)}; or if you trust that user, add --trust-root"
            raise UnsafePath(f"{path} belongs to another user ({found.st_uid})", hint=hint)
        if found.st_mode & 0o022:
            self.complain(path)


guard = Guard()
"""The trust that the command line asks for, one for the whole process."""


def descend(path: RootedPath) -> tuple[int | None, Owner | None]:
    """Return a descriptor for the directory at PATH, and the owner for new files in it, None for the caller.

    That owner is the queue's if the caller is root, otherwise the directory's. Windows has neither such descriptors nor
    owners. Raises UnsafePath or OSError.
    """
    if not HAS_DIRECTORY_FDS:  # only on Windows
        _walk(path)
        return None, None
    names, me, depth = path.names, os.geteuid(), 0
    fd = os.open(path.root, _ON_THE_WAY if names else _DIRECTORY)
    try:
        found = top = os.fstat(fd)
        if top.st_uid != me:
            guard.check_root(path.root, top)
        for depth, name in enumerate(names, 1):
            how = _ON_THE_WAY if depth < len(names) else _DIRECTORY
            above, fd = fd, os.open(name, how | _NO_LINK, dir_fd=fd)
            os.close(above)
            found = os.fstat(fd)
            if found.st_uid != me or found.st_mode & 0o022:
                guard.check(RootedPath(path.root, *names[:depth]), found, (me, top.st_uid))
    except BaseException as error:
        _fail(error, RootedPath(path.root, *names[:depth]), fd)
        raise
    owner = top if me == 0 else found
    if owner.st_uid == me or (me != 0 and not names):  # users may make their own queue in another user's directory
        return fd, None
    return fd, (owner.st_uid, owner.st_gid)


def _fail(error: BaseException, path: RootedPath, fd: int) -> None:
    """Close FD, from which PATH could not be opened, and put PATH into ERROR. Raises UnsafePath if PATH is a link."""
    try:
        if isinstance(error, OSError) and isinstance(error.filename, str):
            error.filename = str(path)
            if error.errno in _MAY_BE_LINKS and is_link(os.stat(path.name, dir_fd=fd, follow_symlinks=False)):
                raise link_found(path) from None
    finally:
        os.close(fd)


def _walk(path: RootedPath) -> None:  # only on Windows
    """Raise UnsafePath, or OSError, unless PATH is a directory and no name below its root is a link."""
    for depth in range(len(path.names) + 1):
        at = RootedPath(path.root, *path.names[:depth])
        found = os.lstat(at) if depth else os.stat(at)
        if is_link(found):
            raise link_found(at)
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), at)


def is_link(found: os.stat_result) -> bool:
    """Return whether FOUND leads elsewhere: a symbolic link, or on Windows a junction."""
    return stat.S_ISLNK(found.st_mode) or bool(getattr(found, "st_reparse_tag", 0) & _NAME_SURROGATE)


def link_found(path: str) -> UnsafePath:
    """Return the error for a link at PATH, which was not followed."""
    hint = "replace it with a directory; only the queue's root may be a link"
    return UnsafePath(f"{path} is a link; amq follows no link inside a queue", hint=hint)
