"""The checks of the queue itself."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from amq import config, git_repository, quoting
from amq.errors import AmqError, why
from amq.layout import QueueLayout, RootedPath
from amq.mail.agents_overview import Agent
from amq.mail.mailbox import Mailbox
from amq.names import USER, is_handle
from amq.runtime.agents.registry import WITH_OPEN_SESSIONS
from amq.runtime.drift_file import read_drift
from amq.runtime.hooks.script import SETTINGS_NAME
from amq.runtime.launch import remove_old_settings
from amq.runtime.policy.drift import sentence
from amq.runtime.private_state import PrivateState, make_directory, private_state, write_private
from amq.runtime.session_info import read_session
from amq.runtime.state_file import is_stopped
from amq.runtime.trust import why_untrusted
from amq.setup.clis import CLIS, is_missing, program_of
from amq.setup.finding import Environment, Finding
from amq.store import directories, durable, registry
from amq.store.durable import Directory
from amq.text import visible

LITTLE_BYTES = 16 * 1024 * 1024  # bytes; a busy queue may need them before the next check
FEW = 100  # files
_CLEAN_NOTED = "git-clean-noted"
_LONGEST_IGNORE_BYTES = 1 << 20
LONG_S = 600.0  # seconds that mail may be unread before it is reported
UNTESTED = {
    "9p", "afs", "ceph", "cifs", "drvfs", "fuse.sshfs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "vboxsf",
}  # fmt: skip


def queue(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that the queue exists, belongs to the user, is complete, and can be written to."""
    layout, owner = QueueLayout(root), os.stat(root).st_uid
    if machine.uid not in (0, owner):
        yield Finding(
            f"it belongs to another user ({owner})",
            f"take ownership, if it should be yours: sudo chown -R $(id -un) {quoting.shell(root)}",
        )
    if not (os.access(root, os.W_OK | os.X_OK) or _is_read_only(root, machine)):
        yield Finding("you cannot write to it", f"chmod u+rwx {quoting.shell(root)}")
    missing = [path for path in layout.directories if not directories.exists(path)]
    if missing:
        yield Finding(
            f"it is incomplete: missing {', '.join(missing)}",
            "amq init",
            fix=partial(registry.make_queue, layout, tracked=False),
        )


def _is_read_only(root: str, machine: Environment) -> bool:
    """Return whether the filesystem is, which another check reports."""
    return bool(machine.statvfs(root).f_flag & os.ST_RDONLY)


def permissions(root: str, _: Environment) -> Iterator[Finding]:
    """Check that no other user can write to the queue, or read it."""
    loose = [(path, mode) for path, mode in _modes(root) if mode & 0o077]
    writable = [path for path, mode in loose if mode & 0o022]
    for paths, verb in ((writable, "write to"), ([path for path, _ in loose], "read")):
        if paths:
            yield Finding(
                f"other users can {verb} {len(paths)} of its files and directories, such as {visible(paths[0])}",
                f"chmod -R go-rwx {quoting.shell(root)}",
                wrong=verb == "write to",
                fix=partial(_tighten, [path for path, _ in loose]),
            )
            return


def registered(root: str, _: Environment) -> Iterator[Finding]:
    """Check that every registered agent has a mailbox, and the other way round."""
    layout = QueueLayout(root)
    present = [handle for handle in registry.mailboxes(layout) if handle != USER]
    try:
        agents = registry.read_registry(layout)
    except AmqError as error:
        yield Finding(error.message, error.hint)
        return
    if agents is None:
        yield Finding(
            "the registry is missing, so mail to @all reaches no agent",
            f"amq init --agents {','.join(present) or 'claude,codex'}",
            fix=_register(layout, present),
        )
        return
    for handle in sorted({*present} - {*agents}):
        yield Finding(
            f"{handle} has a mailbox but is not registered, so mail to @all does not reach it",
            f"amq init --agents {handle}",
            fix=_register(layout, [handle]),
        )
    for handle in (handle for handle in agents if _lacks_home(layout, handle)):
        yield Finding(
            f"{handle} is registered but has no mailbox", f"amq init --agents {handle}", fix=_register(layout, [handle])
        )


def mailboxes(root: str, _: Environment) -> Iterator[Finding]:
    """Check that every mailbox has all its directories, and a valid handle as its name."""
    layout = QueueLayout(root)
    for name in _names(layout.agents):
        if not is_handle(name):
            yield Finding(
                f"{visible(name)} in {layout.agents} is not a handle: no agent can write to it",
                "move it away unless you know what it is",
                wrong=False,
            )
        else:
            yield from _mailbox(layout, name, is_writable=os.access(root, os.W_OK))


def _mailbox(layout: QueueLayout, name: str, *, is_writable: bool) -> Iterator[Finding]:
    """Check one mailbox; whether it can be written to only if the queue is writable, of which another check reports."""
    agent = layout.agent(name)
    try:
        missing = [path for path in agent.directories if not directories.exists(path)]
        for path in (agent.state, agent.drains, agent.refused):  # these may be missing, but must not be links
            directories.exists(path)
    except OSError as error:
        yield Finding(
            f"the mailbox of {name} cannot be read: {why(error)}",
            getattr(error, "hint", "") or f"ls -la {quoting.shell(agent.home)}",
        )
        return
    closed = [path for path in agent.directories if path not in missing and not os.access(path, os.W_OK | os.X_OK)]
    if closed and is_writable:
        yield Finding(
            f"you cannot write to the mailbox of {name}, so mail to it fails or is never filed: {visible(closed[0])}",
            f"chmod -R u+rwX {quoting.shell(agent.home)}",
        )
    if missing:
        at_need = all("acks" in path.names for path in missing)
        yield Finding(
            f"the mailbox of {name} is incomplete: missing {missing[0]}{', which is made at need' if at_need else ''}",
            f"amq init --agents {name}",
            wrong=not at_need,
            fix=partial(registry.make_mailbox, layout, name),
        )


def trust(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that agents are notified of the queue's mail: it is the user's own, or trusted."""
    reason = why_untrusted(root, private_of(root, machine))
    if reason:
        yield Finding(f"agents are not notified of its mail: {reason}", "to trust it: amq trust")


def private(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that there is a private directory, and that nothing private is in the project."""
    state = private_of(root, machine)
    if not state.directory:
        yield Finding(
            f"no private directory: agents get neither hooks nor their own amq, and `amq why` has no records "
            f"({state.why_not})",
            "make ~/.local/state (or XDG_STATE_HOME) writable only by you",
        )
    layout = QueueLayout(root)
    for handle in registry.mailboxes(layout):
        agent = layout.agent(handle)
        if os.path.lexists(os.path.join(agent.state, SETTINGS_NAME)):
            yield Finding(
                f"an older amq left a copy of settings, which may contain keys, in {visible(agent.state)}",
                f"rm {quoting.shell(os.path.join(agent.state, SETTINGS_NAME))}",
                fix=partial(remove_old_settings, agent),
            )


def private_of(root: str, machine: Environment) -> PrivateState:
    return private_state(machine.environ, config.project_directories(root))


def git(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that git ignores the queue; if it does, note once that `git clean -x` removes it.

    For a queue that a repository tracks, the check of trust says more.
    """
    path = os.path.realpath(root)
    top = git_repository.top_of(path)
    if top is None or not git_repository.has_work_tree(top) or why_untrusted(root, private_of(root, machine)):
        return
    name = os.path.relpath(path, top)
    if not _is_ignored(path, top):
        yield Finding(
            "git does not ignore it: git add -A adds its mail, and git clean -fd and git stash -u remove it",
            f"to have git ignore it: echo '*' > {quoting.shell(os.path.join(root, '.gitignore'))}",
            wrong=False,
        )
        return
    noted = private_of(root, machine).of_queue(root)
    if noted.directory and os.path.exists(f"{noted.directory}/{_CLEAN_NOTED}"):
        return
    yield Finding(
        f"git clean -fdx and git stash -a in {visible(top)} remove this queue and its mail, like all ignored "
        "files (reported once)",
        f"to keep it: git clean -fdx -e {quoting.shell(name)}; to have it elsewhere: amq init --root DIR",
        wrong=False,
        said=partial(_note_clean, noted.directory),
    )


def _is_ignored(root: str, top: str) -> bool:
    """Return whether the queue or the repository ignores it, from their files: git is not run."""
    own = _lines(os.path.join(root, ".gitignore"))
    excluded = os.path.join(git_repository.common_directory(git_repository.git_directory(top) or ""), "info", "exclude")
    others = [*_lines(os.path.join(top, ".gitignore")), *_lines(excluded)]
    name = os.path.basename(root)
    return "*" in own or any(name in line and not line.startswith(("#", "!")) for line in others)


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return git_repository.read_regular(path, _LONGEST_IGNORE_BYTES).decode("utf-8", "replace").splitlines()
    return []


def _note_clean(directory: str) -> None:
    if directory:
        make_directory(directory)
        write_private(f"{directory}/{_CLEAN_NOTED}", "")


def filesystem(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that the filesystem was tested with amq, can be written to, and has room."""
    kind = _kind(os.path.realpath(root), machine.mounts())
    if kind in UNTESTED:
        yield Finding(
            f"the queue is on {kind}, where amq is untested",
            "create the queue on a local disk: amq init --root DIR, and export AM_ROOT=DIR",
            wrong=False,
        )
    room = machine.statvfs(root)
    if room.f_flag & os.ST_RDONLY:
        yield Finding("the filesystem is read-only", "remount it read-write, or create the queue elsewhere")
        return
    if room.f_bavail * room.f_frsize < LITTLE_BYTES:
        yield Finding(f"the disk is full: {room.f_bavail * room.f_frsize // 1024} KiB are left", "free space on it")
    if room.f_files and room.f_favail < FEW:
        yield Finding(f"the disk has room for only {room.f_favail} more files", "remove files that you no longer need")


def watching(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that the system reports new mail; without that, amq polls twice a second."""
    try:
        machine.watch(root)
    except UnicodeEncodeError:
        text = "the queue's path is not UTF-8, so amq checks for new mail twice a second"
        yield Finding(text, "no mail is lost; to let amq watch it, rename the directory", wrong=False)
    except OSError as error:
        yield Finding(
            f"directories cannot be watched, so amq checks twice a second: {error}",
            "raise fs.inotify.max_user_watches and max_user_instances (sysctl), or close programs that watch files",
        )


def notifiers(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that every notifier is running, not stopped, and that the program of each looks as amq knows it."""
    private = private_of(root, machine)
    for agent in _agents(root):
        hosted = read_session(private.of_agent(root, agent.handle, make=False).directory, agent.notifier)
        if hosted and (changed := sentence(read_drift(hosted.files))):
            yield Finding(
                f"{agent.handle}: {visible(changed)}",
                "try its version: amq certify; if all is well there, look at its screen for what is in the way",
                wrong=False,
            )
        if agent.notifier and is_stopped(QueueLayout(root).agent(agent.handle), agent.notifier):
            yield Finding(
                f"amq {visible(agent.notifier.how)} of {agent.handle} (process {agent.notifier.pid}) is stopped",
                f"resume it: fg in its shell, or kill -CONT {agent.notifier.pid}",
            )


def mail(root: str, machine: Environment) -> Iterator[Finding]:
    """Check that agents with unread mail are notified, and that there are no unreadable files or dead letters.

    An agent whose CLI is not installed is reported by another check.
    """
    for agent in _agents(root):
        if agent.unread and not agent.notifier:
            if is_missing(program_of(agent.handle), machine.environ):
                continue
            yield Finding(
                f"{agent.unread} unread for {agent.handle}, and nothing notifies it",
                f"start it (amq why {agent.handle} says more): amq run --as {agent.handle} -- {_program(agent.handle)}"
                f"{_or_notify_open(agent.handle)}",
            )
        elif agent.oldest_s is not None and agent.oldest_s > LONG_S:
            yield Finding(
                f"{agent.handle} is notified, but has not read its mail for {int(agent.oldest_s) // 60} min",
                f"find what it waits for, such as an unsent draft or a dialog: amq why {agent.handle}",
                wrong=False,
            )
        if agent.unreadable:
            first = agent.unreadable[0]
            yield Finding(
                f"{len(agent.unreadable)} unread for {agent.handle} cannot be read, such as {visible(first.message)}",
                first.hint,
            )
        if moved := _moved_aside(root, agent.handle):
            yield Finding(
                f"{agent.handle} has {len(moved)} files in .amq/refused: they could not become dead letters",
                f"list them: amq dlq list --me {agent.handle}; deliver valid ones: amq dlq retry",
                wrong=False,
            )
        if letters := agent.dead_letters - len(moved):
            yield Finding(
                f"{agent.handle} has {letters} dead letters: files in its inbox that were not messages",
                f"list them: amq dlq list --me {agent.handle}",
                wrong=False,
            )


def _program(handle: str) -> str:
    """Return the program to start for HANDLE; a word for it if the handle suggests none."""
    program = program_of(handle)
    return program if program in CLIS else "PROGRAM"


def _or_notify_open(handle: str) -> str:
    """Return the command that notifies HANDLE in a session that is open already, as a clause; "" if there is none."""
    program = program_of(handle)
    return f"; if it runs: amq wake --me {handle} --session {program}" if program in WITH_OPEN_SESSIONS else ""


def _agents(root: str) -> list[Agent]:
    """Return every agent but the user; none where the queue is incomplete, which another check reports."""
    if not directories.exists(QueueLayout(root).agents):
        return []
    return [agent for agent in Mailbox(root, USER).who() if agent.handle != USER]


def _moved_aside(root: str, handle: str) -> list[str]:
    """Return the names in .amq/refused; none where they are not known, which another check reports."""
    try:
        return _names(QueueLayout(root).agent(handle).refused)
    except OSError:
        return []


def _lacks_home(layout: QueueLayout, handle: str) -> bool:
    """Return whether HANDLE has no directory; False where that is not known, which another check reports."""
    try:
        return not directories.exists(layout.agent(handle).home)
    except OSError:
        return False


def _names(path: RootedPath) -> list[str]:
    """Return the names in the directory PATH, sorted; none if it is missing."""
    try:
        with Directory(path) as directory:
            return sorted(name for name in durable.entries(directory))
    except FileNotFoundError:
        return []


def _modes(root: str) -> Iterator[tuple[RootedPath, int]]:
    """Yield every directory and plain file of the queue, with its mode; no link is followed, here or later."""
    top = os.path.realpath(root)
    yield RootedPath(top), stat.S_IMODE(os.stat(top).st_mode)
    waiting = [RootedPath(top)]
    while waiting:
        place = waiting.pop()
        with suppress(FileNotFoundError), Directory(place) as directory:
            for name in durable.entries(directory):
                with suppress(FileNotFoundError):
                    mode = durable.syscalls.look(directory, name).st_mode
                    if stat.S_ISDIR(mode):
                        waiting.append(place.below(name))
                    if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                        yield place.below(name), stat.S_IMODE(mode)


def _tighten(paths: list[RootedPath]) -> None:
    """Remove other users' rights to these files, through descriptors, so that no link is followed.

    Root skips files that do not belong to the queue's owner: they may be from elsewhere, with a second name here.
    """
    for path in paths:
        with suppress(FileNotFoundError), Directory(path.parent) as directory:
            fd = durable.syscalls.open(directory, path.name, os.O_RDONLY)
            try:
                found = durable.syscalls.stat(fd)
                if directory.owner is None or found.st_uid == directory.owner[0]:
                    durable.syscalls.chmod(fd, stat.S_IMODE(found.st_mode) & ~0o077)
            finally:
                durable.close(fd)


def _register(layout: QueueLayout, handles: list[str]) -> Callable[[], object]:
    return partial(registry.register, layout, handles, time.time_ns())


def _kind(path: str, mounts: str) -> str:
    """Return the kind of filesystem of PATH from the table MOUNTS (proc(5)); empty if that is not known."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, place, found, *_ = (*line.split(" "), "", "", "")
        place = place.replace("\\040", " ")
        if len(place) >= len(best) and f"{path}/".startswith(f"{place.rstrip('/')}/"):
            best, kind = place, found
    return kind


CHECKS: dict[str, Callable[[str, Environment], Iterator[Finding]]] = {
    "queue": queue,
    "permissions": permissions,
    "registry": registered,
    "mailboxes": mailboxes,
    "trust": trust,
    "private": private,
    "git": git,
    "filesystem": filesystem,
    "watching": watching,
    "notifiers": notifiers,
    "mail": mail,
}
"""The checks by name. Each gets the queue's path, and the machine to examine."""
