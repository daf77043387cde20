"""Where the queue is and who is asking: options over environment over discovery. The only reader of the environment."""

from __future__ import annotations

import os
import stat

from amq.errors import NotFound, Unsafe, UsageError
from amq.layout import ROOT_NAME
from amq.names import PERSON, check_handle
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


_LONGEST_PATH = 8192  # bytes, with what stands before it in a `.git` file


@record
class Setting:
    """A value and where it came from: `--root`, `AM_ROOT`, `found`, …"""

    value: str
    source: str


def environment() -> dict[str, str]:
    """A copy of the process's environment."""
    return dict(os.environ)


def working_directory() -> str:
    """Where we are; raises NotFound if that has been removed meanwhile."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise NotFound("the working directory is gone", hint="cd to one that is there") from None


def debugging(environ: Mapping[str, str]) -> bool:
    """Whether a defect is to be shown with its traceback."""
    return environ.get("AMQ_DEBUG", "") not in ("", "0")


def wanted_root(option: str | None, environ: Mapping[str, str]) -> Setting:
    """The queue's path or name as asked for, not yet looked for. Raises UsageError for an empty option."""
    if option == "":
        raise UsageError("--root is empty", hint="give the queue's directory, or leave the option out")
    if option:
        return Setting(option, "--root")
    if environ.get("AM_ROOT"):
        return Setting(environ["AM_ROOT"], "AM_ROOT")
    return Setting(ROOT_NAME, "found")


def find_root(option: str | None, environ: Mapping[str, str], cwd: str) -> Setting | None:
    """The queue that is there, as an absolute path; None if none is."""
    wanted = wanted_root(option, environ)
    for place in _places(wanted.value, cwd):
        path = os.path.normpath(os.path.join(place, wanted.value))
        if os.path.isdir(path):
            return Setting(path, wanted.source)
    return None


def existing_root(option: str | None, environ: Mapping[str, str], cwd: str) -> Setting:
    """The same; raises NotFound if there is none, and says where it looked."""
    found = find_root(option, environ, cwd)
    if found is not None:
        return found
    wanted = wanted_root(option, environ)
    asked = "" if wanted.source == "found" else f" ({wanted.source})"
    where = "" if os.path.isabs(wanted.value) else f" in {cwd} or above it"
    fixed = wanted.source == "--root" or _is_one_place(wanted.value)
    there = f"with the same {wanted.source} makes one there" if fixed else "makes one in this project"
    raise NotFound(f"no queue {wanted.value}{where}{asked}", hint=f"`amq init --agents claude,codex` {there}")


def new_root(option: str | None, environ: Mapping[str, str], cwd: str, *, here: bool = False) -> Setting:
    """Where a new queue belongs, as an absolute path: the top of the git repository, else the working directory.

    A path such as `./mail` is meant from the working directory. With `here` it is that directory, whatever the
    environment says. Raises UsageError rather than choose the home directory or `/` without `--root`.
    """
    wanted = wanted_root(option, {} if here else environ)
    if os.path.isabs(wanted.value) or wanted.source == "--root":
        return Setting(os.path.normpath(os.path.join(cwd, wanted.value)), wanted.source)
    place = cwd if here or _is_one_place(wanted.value) else _project(cwd)
    if os.path.realpath(place) in (os.path.realpath(os.path.expanduser("~")), os.path.abspath(os.sep)):
        from amq.quoting import shell

        meant = shell(os.path.join(place, wanted.value))
        raise UsageError(
            f"a new queue would be made in {place}", hint=f"go to a project's directory, or say where: --root {meant}"
        )
    return Setting(os.path.normpath(os.path.join(place, wanted.value)), wanted.source)


def _project(cwd: str) -> str:
    """The top of the git repository, the main worktree's of a linked one; without a repository CWD."""
    top = next((place for place in _ancestors(cwd) if _is_repository(place)), cwd)
    return _main_worktree(top) or top


def _is_one_place(wanted: str) -> bool:
    """Whether it is a path to one place, and not a name to look for in the directories above."""
    return os.path.isabs(wanted) or wanted.split(os.sep)[0] in (os.curdir, os.pardir)


def _places(wanted: str, cwd: str) -> Iterator[str]:
    """Where a queue of that path or name may be, best first."""
    if _is_one_place(wanted):
        yield cwd
        return
    for place in _ancestors(cwd):
        yield place
    for place in _ancestors(cwd):
        main = _main_worktree(place)
        if main:
            yield main
            return


def _ancestors(path: str) -> Iterator[str]:
    while True:
        yield path
        above = os.path.dirname(path)
        if above == path:
            return
        path = above


def _is_repository(place: str) -> bool:
    """Whether PLACE is the top of a git repository. An empty `.git`, which some sandboxes leave about, makes none."""
    git = os.path.join(place, ".git")
    return os.path.isfile(git) or os.path.exists(os.path.join(git, "HEAD"))


def _main_worktree(place: str) -> str | None:
    """The main worktree, if PLACE is the top of a linked one (gitrepository-layout(5): a `.git` file, `commondir`)."""
    try:
        label, _, directory = _path_in(os.path.join(place, ".git")).partition(": ")
        git_directory = os.path.join(place, directory)
        shared = os.path.normpath(os.path.join(git_directory, _path_in(os.path.join(git_directory, "commondir"))))
    except (OSError, ValueError):
        return None
    return os.path.dirname(shared) if label == "gitdir" and os.path.basename(shared) == ".git" else None


def _path_in(file: str) -> str:
    """Return the path that git has written into FILE, as the system names it; a blank may be its last character."""
    with open(file, "rb") as written:
        return os.fsdecode(written.read(_LONGEST_PATH)).rstrip("\r\n")


def check_root(root: str, *, trusted: bool, complain: Callable[[str, str], None]) -> None:
    """Refuse a queue that another user owns, unless `trusted` or we are root; COMPLAIN (text, remedy) of loose modes.

    Raises Unsafe.
    """
    if os.name == "nt":
        return
    found = os.stat(root)
    if found.st_uid != os.geteuid() and os.geteuid() != 0 and not trusted:
        raise Unsafe(f"the queue {root} belongs to another user", hint="if you trust it, add --trust-root")
    if stat.S_IMODE(found.st_mode) & 0o022:
        from amq.quoting import shell

        complain(f"others can write to the queue {root}", f"chmod go-w {shell(root)}")


def resolve_me(option: str | None, environ: Mapping[str, str], *, person: bool) -> Setting:
    """Whose mailbox it is; `person` says that a terminal is there, so that nobody else can be meant.

    Raises UsageError: an agent that lost its environment must not become the person.
    """
    if option is not None:
        return Setting(check_handle(option, "--me"), "--me")
    if environ.get("AM_ME"):
        return Setting(check_handle(environ["AM_ME"], "AM_ME"), "AM_ME")
    if person:
        return Setting(PERSON, "terminal")
    raise UsageError("who are you? no --me, and AM_ME is not set", hint="add --me HANDLE, or export AM_ME=HANDLE")
