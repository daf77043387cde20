"""The only code that changes queue files: every step that has to survive a crash is taken here.

`syscalls` is the seam. All system calls on queue files go through it, one method each, so that a test can count them,
make any one of them fail, or die at it. The functions below build the store's few safe moves on it: write a new file,
publish it without replacing anything, move it between directories, replace a small file.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from amq.errors import UnsafePath
from amq.store import open_beneath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Self, TypeVar

    from amq.layout import RootedPath
    from amq.store.open_beneath import Owner

    T = TypeVar("T")

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700

# Never follow a link, never wait for the other end of a FIFO. Python itself keeps the descriptor from children.
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
_LOCKED = 0x7FFF_FFFF  # the byte locked on Windows, where others cannot read a locked byte: behind any content
_NO_FULL_SYNC = {errno.ENOTSUP, errno.ENOTTY, errno.EINVAL}


class Directory:
    """An open directory of a queue; a context manager. Raises OSError, as UnsafePath for a link on the way.

    `owner` is the user and group that new files in it must belong to; None for the caller.
    """

    __slots__ = ("fd", "owner", "path")

    def __init__(self, path: RootedPath) -> None:
        self.path = path
        self.fd, self.owner = syscalls.descend(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd is not None:  # not on Windows
            close(self.fd)
            self.fd = None

    def at(self, name: str) -> str:
        """Return what to call NAME in a system call that also gets `fd`."""
        return name if self.fd is not None else os.path.join(self.path, name)


class Syscalls:
    """The system calls on queue files. Each raises OSError as the system does."""

    def descend(self, path: RootedPath) -> tuple[int | None, Owner | None]:
        """Return descriptor and owner for a `Directory`: one step however many names, since it changes nothing."""
        return open_beneath.descend(path)

    def open(self, directory: Directory, name: str, flags: int) -> int:
        """Return a descriptor for NAME, made with the file mode if FLAGS create it. An error names the whole path."""
        if sys.platform == "win32":  # only on Windows
            from amq.store.windows_open import open_shared

            return open_shared(directory.at(name), flags)
        try:
            return os.open(directory.at(name), flags | _SAFE, FILE_MODE, dir_fd=directory.fd)
        except OSError as error:
            error.filename = os.path.join(directory.path, name)
            raise

    def close(self, fd: int) -> None:
        """Close a descriptor, which also releases its lock."""
        os.close(fd)

    def read(self, fd: int, most: int) -> bytes:
        """Return up to MOST bytes, none at the end of the file."""
        return os.read(fd, most)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """Write DATA and return how many bytes of it were written."""
        return os.write(fd, data)

    def touch(self, directory: Directory, name: str) -> None:
        """Set the file's time to now, never following a link, except on Windows, which cannot avoid it."""
        os.utime(directory.at(name), dir_fd=directory.fd, follow_symlinks=directory.fd is None)

    def fsync(self, fd: int) -> None:
        """Return when the file is on the disk. On macOS only F_FULLFSYNC ensures that, where the filesystem has it."""
        if sys.platform == "darwin":  # only on macOS
            import fcntl

            try:
                fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
                return
            except OSError as error:
                if error.errno not in _NO_FULL_SYNC:
                    raise
        os.fsync(fd)

    def chmod(self, fd: int, mode: int) -> None:
        """Set the mode of a descriptor's file, whatever the umask was, where there are modes."""
        if sys.platform != "win32":  # not on Windows
            os.chmod(fd, mode)

    def chmod_name(self, directory: Directory, name: str, mode: int) -> None:
        """Set the mode of NAME, even if it cannot be opened; never follow a link."""
        try:
            os.chmod(directory.at(name), mode, dir_fd=directory.fd, follow_symlinks=False)
        except (NotImplementedError, ValueError):  # glibc before 2.32
            raise OSError(
                errno.ENOTSUP, "the umask denies the owner access", os.path.join(directory.path, name)
            ) from None

    def chown(self, fd: int, owner: Owner) -> None:
        """Give a descriptor's file to another user and group."""
        os.chown(fd, *owner)

    def stat(self, fd: int) -> os.stat_result:
        """Return the stat result of an open file."""
        return os.fstat(fd)

    def may_read(self, directory: Directory, name: str) -> bool:
        """Return whether owner, mode and the like let this process read NAME; False if it is not there, and on Windows.

        Windows answers yes for a file that another program has locked.
        """
        return directory.fd is not None and os.access(name, os.R_OK, dir_fd=directory.fd)

    def look(self, directory: Directory, name: str) -> os.stat_result:
        """Return the stat result of NAME, never following a link."""
        return os.stat(directory.at(name), dir_fd=directory.fd, follow_symlinks=False)

    def names(self, directory: Directory) -> list[str]:
        """Return the names in a directory."""
        return os.listdir(directory.path if directory.fd is None else directory.fd)

    def entries(self, directory: Directory, known: Collection[str] = ()) -> dict[str, int]:
        """Return the names in a directory, each with its inode if it is a regular file, else with 0.

        Names that are KNOWN are left out. On Windows, where the inode needs another call for each, every regular file
        has 1.
        """
        with os.scandir(directory.path if directory.fd is None else directory.fd) as found:
            entries = (entry for entry in found if entry.name not in known) if known else found
            if directory.fd is None:
                return {entry.name: int(entry.is_file(follow_symlinks=False)) for entry in entries}
            return {entry.name: entry.is_file(follow_symlinks=False) and entry.inode() for entry in entries}

    def scan(self, directory: Directory) -> Iterator[tuple[str, int]]:
        """Yield what `entries` returns, a name at a time: memory does not grow with the directory."""
        with os.scandir(directory.path if directory.fd is None else directory.fd) as found:
            for entry in found:
                is_file = entry.is_file(follow_symlinks=False)
                yield entry.name, int(is_file) if directory.fd is None else is_file and entry.inode()

    def mkdir(self, directory: Directory, name: str) -> None:
        """Make one directory. An error names the whole path."""
        try:
            os.mkdir(directory.at(name), DIRECTORY_MODE, dir_fd=directory.fd)
        except OSError as error:
            error.filename = os.path.join(directory.path, name)
            raise

    def rmdir(self, directory: Directory, name: str) -> None:
        """Remove an empty directory."""
        os.rmdir(directory.at(name), dir_fd=directory.fd)

    def link(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
        """Give a file a second name; never replaces one."""
        os.link(source.at(name), target.at(new_name), src_dir_fd=source.fd, dst_dir_fd=target.fd, follow_symlinks=False)

    def move(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
        """Rename in one step without replacing; ENOSYS where the system has no such call."""
        from amq.store.rename_noreplace import rename_noreplace

        rename_noreplace(source.at(name), target.at(new_name), source_fd=source.fd, target_fd=target.fd)

    def replace(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
        """Rename, replacing what is there."""
        os.replace(source.at(name), target.at(new_name), src_dir_fd=source.fd, dst_dir_fd=target.fd)

    def unlink(self, directory: Directory, name: str) -> None:
        """Remove a name."""
        os.unlink(directory.at(name), dir_fd=directory.fd)

    def lock(self, fd: int) -> bool:
        """Try to take the exclusive lock on an open file; return whether it is held now. Never waits."""
        try:
            if sys.platform == "win32":  # only on Windows
                import msvcrt

                at = os.lseek(fd, 0, os.SEEK_CUR)
                os.lseek(fd, _LOCKED, os.SEEK_SET)
                try:
                    msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
                finally:
                    os.lseek(fd, at, os.SEEK_SET)
            else:
                import fcntl

                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True


syscalls = Syscalls()


def entries(directory: Directory, known: Collection[str] = ()) -> dict[str, int]:
    """Return the names in a directory, each with its inode if it is a regular file, else with 0.

    Names that are KNOWN are left out.
    """
    found, *again = _scanned(directory, lambda: syscalls.entries(directory, known))
    for each in again:
        found.update(each)
    return found


def names(directory: Directory) -> list[str]:
    """Return the names in a directory, in no order: for a large one, in two thirds of the time of `entries`."""
    found, *again = _scanned(directory, lambda: syscalls.names(directory))
    return list(set(found).union(*again)) if again else found


def is_regular(directory: Directory, name: str) -> bool:
    """Return whether NAME is a regular file; False if it is not there."""
    try:
        return stat.S_ISREG(syscalls.look(directory, name).st_mode)
    except FileNotFoundError:
        return False


def scans(directory: Directory) -> Iterator[Iterator[tuple[str, int]]]:
    """Return the names in a directory with their inodes, as `entries`, but one at a time: a scan, or two if it changed.

    What is in either of them counts.
    """
    return _scanned(directory, lambda: syscalls.scan(directory))


def _scanned(directory: Directory, scan: Callable[[], T]) -> Iterator[T]:
    """Yield what SCAN finds in a directory, and once more if it changed before the first was used.

    A scan can miss a file that is renamed while it runs.
    """
    before = None if directory.fd is None else syscalls.stat(directory.fd).st_mtime_ns  # None only on Windows
    yield scan()
    if directory.fd is not None and syscalls.stat(directory.fd).st_mtime_ns != before:
        yield scan()


def read_regular(directory: Directory, name: str, most: int, largest: int = sys.maxsize) -> bytes | None:
    """Return up to MOST bytes from the start of a regular file; None for anything else, such as a link or a FIFO.

    Raises OSError(EFBIG) if the file is larger than LARGEST bytes.
    """
    try:
        fd = syscalls.open(directory, name, os.O_RDONLY)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            return None
        raise
    try:
        found = syscalls.stat(fd)
        if not stat.S_ISREG(found.st_mode):
            return None
        if found.st_size > largest:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
        return read_all(fd, min(most, found.st_size))
    finally:
        close(fd)


def read_all(fd: int, size: int) -> bytes:
    """Return the rest of an open file, up to SIZE bytes."""
    data = syscalls.read(fd, size)
    while data and len(data) < size and (more := syscalls.read(fd, size - len(data))):
        data += more
    return data


def write_new(directory: Directory, name: str, data: bytes, mode: int = FILE_MODE) -> int:
    """Write a file that does not exist yet, to the disk; return its descriptor, which holds its lock.

    The lock shows a sweep that the writer lives. On an error nothing is left behind, and the error is raised.
    """
    fd = syscalls.open(directory, name, CREATE)
    try:
        give(directory.owner, fd)
        syscalls.chmod(fd, mode)
        syscalls.lock(fd)
        fill(fd, data)
        syscalls.fsync(fd)
    except BaseException:
        close(fd)
        discard(directory, name)
        raise
    return fd


def close(fd: int) -> None:
    """Close a descriptor, which also releases its lock; errors are ignored.

    Everything that must reach the disk was synced before, so an error here means nothing: the descriptor is gone
    anyway.
    """
    try:  # noqa: SIM105  `suppress` costs as much again as closing
        syscalls.close(fd)
    except OSError:
        pass


def fill(fd: int, data: bytes) -> None:
    """Write all of DATA, however many calls it takes."""
    written = syscalls.write(fd, data)
    while written < len(data):
        written += syscalls.write(fd, memoryview(data)[written:])


def discard(directory: Directory, name: str) -> None:
    """Remove a name while handling a failure; if that fails, the sweep does it later."""
    try:  # noqa: SIM105  as in `close`
        syscalls.unlink(directory, name)
    except OSError:
        pass


def link(source: Directory, name: str, target: Directory, new_name: str) -> bool:
    """Give a file a second name; False between two owners, and where there are no links. Raises FileExistsError."""
    if source.owner != target.owner:
        return False
    try:
        syscalls.link(source, name, target, new_name)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        return False
    return True


def move(source: Directory, name: str, target: Directory, new_name: str) -> None:
    """Rename in one step; raises FileExistsError rather than replace anything.

    Where the system has no such call it checks first, which is safe only under a lock that all writers of TARGET hold.
    """
    try:
        syscalls.move(source, name, target, new_name)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        if exists(target, new_name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new_name) from None
        syscalls.replace(source, name, target, new_name)


def publish_new(staging: Directory, temporary: str, target: Directory, name: str, data: bytes) -> None:
    """Write a small file, to the disk, under a name that is free; raises FileExistsError.

    TEMPORARY is a free name in STAGING. The caller syncs TARGET. On an error nothing is left behind.
    """
    fd = write_new(staging, temporary, data)
    try:
        if target.owner != staging.owner:
            give(target.owner, fd)
        if link(staging, temporary, target, name):
            discard(staging, temporary)
        else:
            move(staging, temporary, target, name)
    except BaseException:
        discard(staging, temporary)
        raise
    finally:
        close(fd)


def move_exclusive(source: Directory, name: str, target: Directory) -> bool:
    """Move NAME in one step without replacing; False if another process was faster. Raises FileExistsError.

    Where both names are one file, as a crashed program may leave them, the one in SOURCE goes. The caller holds the
    mailbox's lock, for systems that can only check first and rename then.
    """
    try:
        try:
            move(source, name, target, name)
        except FileExistsError:
            if not os.path.samestat(syscalls.look(source, name), syscalls.look(target, name)):
                raise
            syscalls.unlink(source, name)
    except FileNotFoundError:
        return False
    return True


def exists(directory: Directory, name: str) -> bool:
    """Return whether NAME exists, as anything."""
    try:
        syscalls.look(directory, name)
    except FileNotFoundError:
        return False
    return True


def sync(directory: Directory) -> None:
    """Return when the directory's names are on the disk. Windows has no such call, and does not need one."""
    if directory.fd is not None:  # not on Windows
        syscalls.fsync(directory.fd)


def give(owner: Owner | None, fd: int) -> None:
    """Give a file that was just made to the OWNER of its directory, before it is published; None is the caller.

    Only root can. Raises UnsafePath for other callers, unless the filesystem already made it that owner's.
    """
    if owner is None:
        return
    if os.geteuid() == 0:
        syscalls.chown(fd, owner)
    elif syscalls.stat(fd).st_uid != owner[0]:
        hint = f"run amq as that user: sudo -u '#{owner[0]}' amq …"
        raise UnsafePath(f"this user cannot write files for another user ({owner[0]}) to read", hint=hint)


def replace_file(
    directory: Directory,
    name: str,
    temporary: str,
    data: bytes,
    *,
    staging: Directory | None = None,
    mode: int = FILE_MODE,
) -> None:
    """Replace the file NAME by DATA in one step, to the disk; TEMPORARY is a free name beside it, or in STAGING."""
    beside = staging or directory
    fd = write_new(beside, temporary, data, mode)
    try:
        syscalls.replace(beside, temporary, directory, name)
    except BaseException:
        discard(beside, temporary)
        raise
    finally:
        close(fd)
    sync(directory)
