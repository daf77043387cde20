"""Find the queue and the caller: options over environment over discovery. The only reader of the environment."""

from __future__ import annotations

import os
import stat

from amq.errors import NotFound, Unsafe, UsageError
from amq.layout import ROOT_NAME
from amq.names import USER, typed_handle
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from amq.output_budget import Budget


_FROM_PYTHON = ("C.UTF-8", "C.utf8", "UTF-8")

RUN = "AMQ_RUN"
"""The variable that names a run to what `amq run` hosts: a random word, also in the notifier's lock, or empty."""
ALLOWED_IN = "AMQ_ALLOWED_IN"
"""The variable of a session whose CLI does not ask before amq's mail commands: the project that they are kept to."""
ALLOWED_ROOT = "AMQ_ALLOWED_ROOT"
"""The variable of such a session that names its queue, the only one that these commands use."""
MAIL_COMMANDS = ("drain", "send", "reply", "list", "read", "thread", "watch", "why", "who")
"""The commands that a CLI may run without asking: none of them starts a program or changes anything but mail."""
ABOVE = "above"
"""The source of a queue that was found above the repository around the working directory."""


@record
class Setting:
    """A value and where it came from: `--root`, `AM_ROOT`, `found`, …"""

    value: str
    source: str


def environment() -> dict[str, str]:
    """Return a copy of the environment that this process was started with.

    In the C locale Python adds LC_CTYPE to it (PEP 538), which programs that amq starts must not get.
    """
    found = dict(os.environ)
    if found.get("LC_CTYPE") in _FROM_PYTHON and not _was_given("LC_CTYPE"):
        del found["LC_CTYPE"]
    return found


def variables() -> Mapping[str, str]:
    """Return the environment as it is, to look single variables up: a copy costs 0.01 of `python -c pass`.

    It is not for programs that amq starts: they get `environment`.
    """
    return os.environ


def _was_given(name: str) -> bool:
    """Return whether the variable NAME was set when this process was started; True where the system cannot say."""
    from amq import procfs

    try:
        return any(entry.startswith(f"{name}=".encode()) for entry in procfs.given_environment())
    except OSError:
        return True


def working_directory() -> str:
    """Return the working directory; raises NotFound if it has been removed."""
    return _required(cwd_or_empty())


def cwd_or_empty() -> str:
    """Return the working directory; "" if it has been removed, as the worktree of an agent that still runs may be."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def _required(cwd: str) -> str:
    if not cwd:
        raise NotFound("the working directory no longer exists", hint="cd to a directory that exists")
    return cwd


def output_budget(environ: Mapping[str, str]) -> Budget | None:
    """Return the limit in AMQ_MAX_CHARS on what a command shows of mail; None if unset. Raises UsageError."""
    from amq.output_budget import parse_budget

    wanted = environ.get("AMQ_MAX_CHARS")
    if not wanted:
        return None
    try:
        return parse_budget(wanted)
    except ValueError as error:
        raise UsageError(f"AMQ_MAX_CHARS: {error}", hint="0 means no limit; unset it to use the default") from None


def allowed_in() -> str:
    """Return the project that this session's mail commands are kept to, since its CLI does not ask; "" elsewhere."""
    return os.environ.get(ALLOWED_IN, "")


def debugging(environ: Mapping[str, str]) -> bool:
    """Return whether an internal error is to be shown with its traceback."""
    return environ.get("AMQ_DEBUG", "") not in ("", "0")


def wanted_root(option: str | None, environ: Mapping[str, str]) -> Setting:
    """Return the queue's path or name as asked for, without looking for it. Raises UsageError for an empty option."""
    if option == "":
        raise UsageError("--root is empty", hint="name the queue's directory, or drop the option")
    if option:
        return Setting(option, "--root")
    if environ.get("AM_ROOT"):
        return Setting(environ["AM_ROOT"], "AM_ROOT")
    return Setting(ROOT_NAME, "found")


def find_root(option: str | None, environ: Mapping[str, str], cwd: str) -> Setting | None:
    """Return the existing queue as an absolute path; None if there is none.

    A name is looked for up to the top of the repository, and in the directory that all of its worktrees share. A queue
    above the repository counts if the user owns it; its source is then ABOVE. An empty directory, which a sandbox may
    leave behind, counts only if the repository has no other. CWD is the working directory, "" if it is gone; then
    NotFound is raised unless an absolute path names the queue. Raises OSError where a disk fails: no queue above takes
    the place of one that cannot be seen.
    """
    wanted = wanted_root(option, environ)
    if not os.path.isabs(wanted.value):
        _required(cwd)
    empty = None
    for place, is_above in _places(wanted.value, cwd):
        if is_above and empty:
            break
        path = os.path.normpath(os.path.join(place, wanted.value))
        if _is_directory(path) and (not is_above or _is_own(path)):
            found = Setting(path, ABOVE if is_above else wanted.source)
            if not _is_empty(path):
                return found
            empty = empty or found
    return empty


def _is_empty(path: str) -> bool:
    """Return whether the directory PATH has nothing in it; what cannot be looked at may have."""
    try:
        return not os.listdir(path)
    except OSError:
        return False


def existing_root(option: str | None, environ: Mapping[str, str], cwd: str) -> Setting:
    """Return the existing queue like `find_root`; raises NotFound, which says where it looked, if there is none."""
    found = find_root(option, environ, cwd)
    if found is not None:
        return found
    wanted = wanted_root(option, environ)
    asked = "" if wanted.source == "found" else f" ({wanted.source})"
    where = "" if os.path.isabs(wanted.value) else f" in {cwd} or above it"
    fixed = wanted.source == "--root" or _is_one_place(wanted.value)
    there = f"create one with the same {wanted.source}" if fixed else "create one in this project"
    raise NotFound(f"no queue {wanted.value}{where}{asked}", hint=f"{there}: `amq init --agents claude,codex`")


def new_root(option: str | None, environ: Mapping[str, str], cwd: str, *, here: bool = False) -> Setting:
    """Return the absolute path for a new queue: at the top of the git repository, else in the working directory.

    A path such as `./mail` is relative to the working directory. With `here` the queue goes there, whatever the
    environment says. Raises UsageError rather than choose the home directory or `/` without `--root`.
    """
    wanted = wanted_root(option, {} if here else environ)
    if os.path.isabs(wanted.value) or (wanted.source == "--root" and _required(cwd)):
        return Setting(os.path.normpath(os.path.join(cwd, wanted.value)), wanted.source)
    place = cwd if here or _is_one_place(wanted.value) else _project(_required(cwd))
    if _is_no_project(place):
        from amq.quoting import shell

        meant = shell(os.path.join(place, wanted.value))
        raise UsageError(
            f"refused to create a queue in {place}", hint=f"cd to a project, or name the place: --root {meant}"
        )
    return Setting(os.path.normpath(os.path.join(place, wanted.value)), wanted.source)


def _is_no_project(place: str) -> bool:
    return os.path.realpath(place) in (os.path.realpath(os.path.expanduser("~")), os.path.abspath(os.sep))


def _project(cwd: str) -> str:
    """Return the directory that represents the git repository around CWD (for a submodule, the outer one); else CWD."""
    from amq import git_repository

    top = git_repository.top_of(cwd)
    while top and (outer := git_repository.superproject_of(top)):
        top = outer
    return git_repository.home_of(top) if top else cwd


def project_directories(root: str) -> list[str]:
    """Return the directory that holds the queue ROOT and the top of the repository around it: agents work there.

    The list never has `/` or the home directory, where a queue for all projects may be.
    """
    place = os.path.dirname(os.path.realpath(root))
    return [each for each in (place, _project(place)) if not _is_no_project(each)]


def where_agents_work() -> list[str]:
    """Return the working directory and the top of the repository around it; nothing where it has been removed.

    A repository that is the home directory, with the user's settings in it, does not count: agents do not work in it.
    """
    place = cwd_or_empty()
    return [place, *(each for each in [_project(place)] if not _is_no_project(each))] if place else []


def where_agents_write(root: str) -> list[str]:
    """Return where agents work, from here and from the queue ROOT: what lies there may be theirs, not the user's."""
    return [*where_agents_work(), *project_directories(root)]


def own_project() -> str:
    """Return the top of the repository around the working directory, else that directory itself, without links.

    Neither `/` nor the home directory is a project: then "" is returned, and where the directory has been removed.
    """
    from amq import git_repository

    place = cwd_or_empty()
    top = git_repository.top_of(place) if place else None
    found = [each for each in (top, place) if each and not _is_no_project(each)]
    return os.path.realpath(found[0]) if found else ""


def _is_one_place(wanted: str) -> bool:
    """Return whether WANTED is a path to one place, not a name to look for in the directories above."""
    return os.path.isabs(wanted) or wanted.split(os.sep)[0] in (os.curdir, os.pardir)


def _places(wanted: str, cwd: str) -> Iterator[tuple[str, bool]]:
    """Yield where a queue of that path or name may be, best first, and whether that is above the repository around CWD.

    A repository has one queue for all of its worktrees. A submodule may use the outer repository's queue.
    """
    if _is_one_place(wanted):
        yield cwd, False
        return
    from amq import git_repository  # agents name their queue by a path and do not need it

    start, top = cwd, git_repository.top_of(cwd)
    while top:
        for place in git_repository.upwards(start):
            yield place, False
            if place == top:
                break
        yield git_repository.home_of(top), False
        start, outer = os.path.dirname(top), git_repository.superproject_of(top)
        if outer is None:
            break
        top = outer
    for place in git_repository.upwards(start):
        yield place, top is not None


def _is_directory(path: str) -> bool:
    """Return whether there is a directory PATH that can be reached. Raises OSError where that is not known."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # the latter above a sandbox, for ever
        return False


def _is_own(path: str) -> bool:
    return os.name == "nt" or os.stat(path).st_uid == os.geteuid()


def check_root(root: str, *, trusted: bool, complain: Callable[[str, str], None], hosting: bool = False) -> int | None:
    """Refuse another user's queue at ROOT unless `trusted`; COMPLAIN (text, remedy) if others can write to it.

    Root may use another user's queue if that user also owns the directory that holds it and the working directory. This
    applies to a queue that is yet to be made, too, but not to `hosting` programs. Returns the queue's owner; None if
    there is no queue yet. Raises Unsafe.
    """
    if os.name == "nt":
        return None
    try:
        found = os.stat(root)
    except FileNotFoundError:
        if not trusted and os.geteuid() == 0:
            _check_place(os.path.dirname(os.path.realpath(root)), hosting=hosting)
        return None
    if not (trusted or found.st_uid == os.geteuid() or (not hosting and _is_at_home(root, found.st_uid))):
        raise _anothers(f"the queue {root}")
    if stat.S_IMODE(found.st_mode) & 0o022:
        from amq.quoting import shell

        complain(f"other users can write to the queue {root}", f"chmod go-w {shell(root)}")
    return found.st_uid


def _check_place(place: str, *, hosting: bool) -> None:
    """Refuse to make a queue in PLACE that would be refused as another user's once it was there.

    PLACE, an absolute path, may be missing: what counts is the directory in which it would be made.
    """
    while not os.path.exists(place):
        place = os.path.dirname(place)
    owner = os.stat(place).st_uid
    if owner != 0 and (hosting or _owner_of_working_directory() != owner):
        raise _anothers(f"{place}, where the queue would be created,")


def _is_at_home(root: str, owner: int) -> bool:
    """Return whether this is root, and OWNER owns the directory that holds the queue and the working directory."""
    if os.geteuid() != 0:
        return False
    holder = os.stat(os.path.dirname(os.path.realpath(root))).st_uid
    return holder == owner == _owner_of_working_directory()


def _owner_of_working_directory() -> int | None:
    """Return the owner's uid; None if the working directory is gone."""
    try:
        return os.stat(os.getcwd()).st_uid
    except OSError:
        return None


def _anothers(what: str) -> Unsafe:
    """Return the error about WHAT, which belongs to another user."""
    way = "run amq as that user, or" if os.geteuid() == 0 else "if you trust it,"
    return Unsafe(f"{what} belongs to another user", hint=f"{way} add --trust-root")


def resolve_me(
    option: str | None,
    environ: Mapping[str, str],
    *,
    why_not_user: Callable[[], str],
    is_known: Callable[[str], bool] = lambda _: False,
) -> Setting:
    """Return the handle of the caller, and its source.

    WHY_NOT_USER returns why a caller without a name cannot be the user, as a clause, "" if it is: an agent that lost
    its environment must not become the user. IS_KNOWN says which agents may be named in capitals. Raises UsageError.
    """
    if option is not None:
        return Setting(typed_handle(option, is_known, "--me"), "--me")
    if environ.get("AM_ME"):
        return Setting(typed_handle(environ["AM_ME"], is_known, "AM_ME"), "AM_ME")
    if reason := why_not_user():
        raise UsageError(
            f"who are you? no --me, AM_ME is not set, and {reason}",
            hint=f"an agent: add --me HANDLE, or export AM_ME=HANDLE; the user: add --me {USER}",
        )
    return Setting(USER, "terminal")
