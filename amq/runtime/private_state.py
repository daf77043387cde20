"""The user's private directory on this machine, for everything that is run or decides what is typed.

    DIRECTORY/
        queues/PROJECT-DIGEST/HANDLE/   what notifiers and hooks remember of one agent: wakes.jsonl, run.log, hook.json,
                                        session.json
        queues/PROJECT-DIGEST/.caches/  what lists and searches need not read again; it may be removed at any time
        r/DIGEST/                       the files of one `amq run`: bin/amq, hook, settings.json, hook.event
        trust.json                      the queues that the user trusts

A queue is not a place for these: it may come with a clone, and a sandboxed agent can write to it. The directory's place
follows the XDG Base Directory Specification; one that other users or sandboxed agents can write to is not used.

`amq hook` imports this, so it is kept as light as a short command.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress

from amq import git_repository
from amq.errors import AmqError, why
from amq.layout import RootedPath
from amq.record import record
from amq.store.durable import DIRECTORY_MODE, FILE_MODE
from amq.store.locks import lock_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LOCK_WITHIN_S = 2.0  # for another `amq run` to make its directory
PROGRAM_MODE = 0o700  # of a file that is run
_RUN_LOCK = "lock"
_RUNS, _OLDER_RUNS = "r", "runs"  # the latter of older versions
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # missing on Windows
_TEMPORARY_DIRECTORIES = ("/tmp", "/private/tmp")  # noqa: S108  never used: sandboxed agents write there


class NoPrivateDirectory(AmqError):
    """No directory is private enough; the message names each that was tried, and why it is not used."""

    code = "no_private_directory"


@record
class PrivateState:
    """The private directory, or one in it: an absolute path, or "" if there is none; `why_not` says why."""

    directory: str
    why_not: str = ""

    def of_queue(self, root: str) -> PrivateState:
        """Return the private directory of the queue ROOT, which may be missing."""
        return PrivateState(f"{self.directory}/queues/{queue_name(root)}") if self.directory else self

    def of_agent(self, root: str, handle: str, *, make: bool = True) -> PrivateState:
        """Return the private directory of one agent of the queue ROOT; with MAKE, create it if it is missing."""
        if not self.directory:
            return self
        path = f"{self.of_queue(root).directory}/{handle}"
        try:
            if make:
                make_directory(path)
        except OSError as error:
            return PrivateState("", why(error))
        return PrivateState(path)


def private_state(environ: Mapping[str, str], shared: Iterable[str]) -> PrivateState:
    """Find the private directory, and create it if it is missing. SHARED are directories that agents may write to.

    Never raises: amq works without a private directory, with fewer features.
    """
    reasons = []
    for name, base in _bases(environ):
        try:
            reason = why_not_private(base, environ, shared)
            if not reason:
                return PrivateState(_make(base))
        except OSError as error:
            reason = why(error)
        reasons.append(f"{name}: {reason}")
    return PrivateState("", "; ".join(reasons) or "neither HOME, XDG_STATE_HOME nor XDG_RUNTIME_DIR is set")


def _bases(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the directories that may hold the private one, best first, each with the variable that names it."""
    if environ.get("XDG_STATE_HOME"):
        yield "XDG_STATE_HOME", environ["XDG_STATE_HOME"]
    if environ.get("HOME"):
        yield "HOME", os.path.join(environ["HOME"], ".local", "state")
    if os.name == "nt" and environ.get("LOCALAPPDATA"):
        yield "LOCALAPPDATA", environ["LOCALAPPDATA"]
    if environ.get("XDG_RUNTIME_DIR"):
        yield "XDG_RUNTIME_DIR", environ["XDG_RUNTIME_DIR"]


def why_not_private(base: str, environ: Mapping[str, str], shared: Iterable[str]) -> str:
    """Return why the directory BASE cannot hold what agents must not change; "" if it can. Raises OSError.

    SHARED are directories that agents may write to, besides those for temporary files.
    """
    return _why_not(base, [*shared, *_TEMPORARY_DIRECTORIES, environ.get("TMPDIR", "")])


def _why_not(base: str, shared: Iterable[str]) -> str:
    """Return why the directory BASE, which may be missing, cannot hold private files; "" if it can. Raises OSError."""
    if not os.path.isabs(base):
        return f"{base} is not an absolute path"
    path = os.path.realpath(base)
    if os.pathsep in path or not path.isprintable():
        return f"{path} cannot be part of a PATH"
    public = [found for place in shared if place and (found := _stat(place))]
    for place in git_repository.upwards(path):
        found = _stat(place)
        if found and any(os.path.samestat(found, other) for other in public):
            return f"{path} is below {place}, where agents can write"
        if found and (reason := _looseness(found)):
            return f"{place} {reason}"
    return ""


def _make(base: str) -> str:
    path = os.path.join(os.path.realpath(base), "amq")
    make_directory(path)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or _is_shared(found):
        raise PermissionError(None, "not a directory that only you can use", path)
    _hide_from_git(path)
    return path


def _hide_from_git(path: str) -> None:
    """Make git ignore the private directory PATH, in case the home directory is a repository."""
    ignore = f"{path}/.gitignore"
    with suppress(OSError):
        if not os.path.lexists(ignore):
            write_private(ignore, "*\n")


def make_directory(path: str) -> None:
    """Make the directory PATH and missing ones above it, for the user alone whatever the umask is."""
    above = os.path.dirname(path)
    if not os.path.isdir(above):
        make_directory(above)
    with suppress(FileExistsError):  # if it is a file, using it as a directory fails
        _make_new_directory(path)


def _make_new_directory(path: str) -> None:
    """Make the directory PATH, for the user alone whatever the umask is. Raises FileExistsError."""
    os.mkdir(path, DIRECTORY_MODE)
    os.chmod(path, DIRECTORY_MODE)


def _is_shared(found: os.stat_result) -> bool:
    return os.name != "nt" and (found.st_uid != os.geteuid() or bool(found.st_mode & 0o022))


def _looseness(found: os.stat_result) -> str:
    """Return why others could replace a directory below FOUND; "" if only the user and root could."""
    if os.name == "nt":
        return ""
    me = os.geteuid()
    if found.st_uid not in (0, me) and not _is_root_unseen(found):
        return "belongs to another user"
    if found.st_mode & stat.S_ISVTX:
        return ""
    # a user's own group has the user's number; with it, a umask of 002 is usual
    group_is_private = found.st_gid in (0, me)
    loose = found.st_mode & (0o002 if group_is_private else 0o022)
    return "can be changed by other users" if loose else ""


def _is_root_unseen(found: os.stat_result) -> bool:
    """Return whether FOUND may be root's, as a user namespace without root shows it.

    Another's would look alike. The root directory is root's, so what looks like it may be.
    """
    from amq import procfs

    try:
        return procfs.hides_root() and found.st_uid == procfs.unmapped_user() == os.stat("/").st_uid
    except OSError:
        return False


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def queue_name(root: str) -> str:
    """Return a file name for the queue at ROOT alone, which also shows the project to the user."""
    project = os.path.basename(os.path.dirname(os.path.realpath(root)))
    readable = "".join(sign for sign in project if sign.isascii() and sign.isalnum())[:32]
    return f"{readable or 'queue'}-{_digest(root)}"


def _digest(root: str) -> str:
    try:
        from _blake2 import blake2b
    except ImportError:  # a Python that was built without it
        from hashlib import blake2b  # which loads OpenSSL: a tenth of a short command
    return blake2b(os.fsencode(os.path.realpath(root)), digest_size=8).hexdigest()


@contextmanager
def run_directory(
    state: PrivateState, root: str, handle: str, shared: Iterable[str], *, alone: bool
) -> Iterator[PrivateState]:
    """Make a directory for the files of one `amq run`, and remove it at the end of the block.

    Directories left by killed runs are removed, too. An agent of the queue ROOT that is hosted ALONE gets the same path
    each time, by which Codex remembers the hooks that the user trusts. If no directory can be made, the path is empty
    and `why_not` says why. SHARED are more directories that agents may write to, such as the one it is started in.
    """
    path, lock, reason = "", -1, state.why_not
    if state.directory:
        try:
            reason = _why_not(state.directory, shared)
            if not reason:
                path, lock = _new_run(state.directory, _run_name(root, handle, alone=alone))
        except (AmqError, OSError) as error:
            reason = why(error)
    try:
        yield PrivateState(path, reason)
    finally:
        if path:
            _remove(path)
            os.close(lock)


def planned_run(state: PrivateState, root: str, handle: str) -> PrivateState:
    """Return the directory that `run_directory` would make, without making it, for `--explain`."""
    name = _run_name(root, handle, alone=True)
    return PrivateState(f"{state.directory}/{_RUNS}/{name}" if state.directory else "", state.why_not)


def _run_name(root: str, handle: str, *, alone: bool) -> str:
    """Return the name of a run directory. It is short, because the path may have to be typed: handles may be long."""
    return _digest(os.path.join(os.path.realpath(root), handle))[:8] if alone else os.urandom(6).hex()


def _new_run(private: str, name: str) -> tuple[str, int]:
    """Make a run directory NAME; return its path, and a descriptor that holds its lock.

    The lock dies with this process, and so shows that the run is alive.
    """
    made = f"{private}/{_RUNS}"
    make_directory(made)
    with lock_beside(RootedPath(private), "runs.lock", LOCK_WITHIN_S):  # a directory is never seen without its lock
        for runs in (made, f"{private}/{_OLDER_RUNS}"):
            for left in os.listdir(runs) if os.path.isdir(runs) else ():
                _remove_if_left(f"{runs}/{left}")
        path = f"{made}/{name}"
        _make_new_directory(path)
        return path, _locked(path)


def _locked(path: str) -> int:
    """Lock the run directory PATH; return the descriptor. Raises BlockingIOError if another process has the lock."""
    import fcntl

    descriptor = os.open(f"{path}/{_RUN_LOCK}", os.O_RDWR | os.O_CREAT | _NO_LINK, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _remove_if_left(path: str) -> None:
    with suppress(OSError):
        descriptor = _locked(path)
        _remove(path)
        os.close(descriptor)


def _remove(path: str) -> None:
    from shutil import rmtree

    rmtree(path, ignore_errors=True)


def make_pipe(path: str) -> None:
    """Make a named pipe PATH for the user alone. Raises OSError."""
    os.mkfifo(path, FILE_MODE)


def write_private(path: str, text: str | Iterable[str], mode: int = FILE_MODE) -> None:
    """Write TEXT, or its parts in their order, to the file PATH, for the user alone, whole or not at all.

    Raises OSError.

    All files in the private directory are written by this function, except logs, which grow, and locks. It does not
    wait for the disk: what a power cut loses belongs to a run that it ended, or is asked, noted or exported again.
    """
    beside = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"  # containers number processes alike
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, mode)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            os.chmod(beside, mode)  # whatever the umask is
            file.writelines((text,) if isinstance(text, str) else text)
        os.replace(beside, path)
    except BaseException:
        remove_private(beside)
        raise


def is_there(path: str) -> bool:
    """Return whether there is anything at PATH, also a link. Raises OSError where that is not known."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def remove_private(path: str) -> None:
    """Remove the file PATH in the private directory, if it is there and that is possible."""
    with suppress(OSError):
        os.unlink(path)
