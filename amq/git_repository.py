"""Find the git repository that a directory is in, and the one directory that all of its worktrees share.

git is never run; only its files are read. Source: gitrepository-layout(5), git-worktree(1), gitsubmodules(7).
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_PATH_BYTES = 8192  # including the `gitdir: ` before it in a `.git` file
_LONGEST_CONFIG_BYTES = 16 << 20
_WORKTREE = r"(?m)^[ \t]*worktree[ \t]*=[ \t]*\"?([^\"\r\n]+?)\"?[ \t]*$"
_BARE = r"(?mi)^[ \t]*bare[ \t]*(=[ \t]*\"?(true|yes|on|1)\"?[ \t]*)?$"
"""Patterns for git's config; not compiled, because that would cost every command 0.2 ms and few need them."""


def upwards(path: str) -> Iterator[str]:
    """Yield PATH, an absolute one, and every directory above it."""
    while True:
        yield path
        above = os.path.dirname(path)
        if above == path:
            return
        path = above


def top_of(path: str) -> str | None:
    """Return the top of the work tree that contains PATH; None if there is none.

    An empty `.git`, which some sandboxes leave behind, does not make a repository.
    """
    return next((place for place in upwards(path) if _is_top(place)), None)


def git_directory(top: str) -> str | None:
    """Return the git directory of the work tree TOP; None if its `.git` does not lead to one."""
    git = os.path.join(top, ".git")
    if os.path.isfile(git):
        label, _, directory = _path_in(git).partition(": ")
        git = os.path.join(top, directory)
        if label != "gitdir":
            return None
    return git if os.path.lexists(os.path.join(git, "HEAD")) else None


def is_top(place: str) -> bool:
    """Return whether PLACE is the top of a work tree, as for `top_of`. Raises OSError where that is not known."""
    git = os.path.join(place, ".git")
    try:
        return stat.S_ISREG(os.stat(git).st_mode) or bool(os.lstat(os.path.join(git, "HEAD")))
    except (FileNotFoundError, NotADirectoryError):
        return False


def has_work_tree(top: str) -> bool:
    """Return whether TOP, which has a `.git`, is a work tree, not just the directory around a bare repository."""
    git = git_directory(top)
    if git is None:
        return False
    common = common_directory(git)
    is_linked = os.path.realpath(git) != common  # of a bare repository's worktrees too
    return is_linked or not re.search(_BARE, _text(os.path.join(common, "config"), _LONGEST_CONFIG_BYTES))


def home_of(top: str) -> str:
    """Return the directory that represents the repository of the work tree TOP; all of its worktrees give the same.

    It is the main work tree, or for a bare repository the directory around it whose `.git` leads to it. Where there is
    neither, it is the repository's own directory.
    """
    git = git_directory(top)
    if git is None:
        return top
    common = common_directory(git)
    around = os.path.dirname(common)
    for place in (around, *_configured(common)):
        found = git_directory(place)
        if found is not None and common_directory(found) == common:
            return place
    return common


def superproject_of(top: str) -> str | None:
    """Return the top of the work tree that has TOP as a submodule; None if TOP is not a submodule."""
    git, outer = git_directory(top), top_of(os.path.dirname(top))
    around = git_directory(outer) if outer else None
    if git is None or around is None:
        return None
    # git keeps a submodule of a linked worktree below that worktree's own directory
    holders = (common_directory(around), os.path.realpath(around))
    inside = tuple(os.path.join(holder, "modules") + os.sep for holder in holders)
    return outer if os.path.realpath(git).startswith(inside) else None


def _is_top(place: str) -> bool:
    try:
        return is_top(place)
    except (OSError, ValueError):
        return False


def common_directory(git: str) -> str:
    """Return the real path of the directory that worktrees share; GIT is the git directory of any of them."""
    return os.path.realpath(os.path.join(git, _path_in(os.path.join(git, "commondir"))))


def read_regular(path: str, most: int = sys.maxsize, *, follow: bool = True) -> bytes:
    """Return up to MOST bytes of the file PATH, without ever waiting for a FIFO or a device. Raises OSError.

    Without FOLLOW, a symbolic link in place of the file is an error.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return file.read(min(most, found.st_size))


def _configured(common: str) -> list[str]:
    """Return the work tree that the repository's config names (`core.worktree`), as for a submodule."""
    found = re.findall(_WORKTREE, _text(os.path.join(common, "config"), _LONGEST_CONFIG_BYTES))
    return [os.path.normpath(os.path.join(common, path)) for path in found]


def _path_in(file: str) -> str:
    """Return the path that git wrote into FILE, decoded as file names are; "" if it cannot be read."""
    return _text(file, _LONGEST_PATH_BYTES).rstrip("\r\n")  # a path may end with a space


def _text(path: str, most: int) -> str:
    """Return the contents of the file PATH, decoded as file names are; "" if unreadable or if they contain NUL."""
    try:
        text = os.fsdecode(read_regular(path, most))
    except OSError:
        return ""
    return "" if "\0" in text else text
