"""The queue itself: its creation, its mailboxes, and the list of its agents."""

from __future__ import annotations

import os
import stat
from functools import lru_cache

from amq import jsontext
from amq.errors import AmqError, NotFound, UsageError
from amq.instants import format_seconds
from amq.layout import ROOT_NAME, AgentLayout, QueueLayout, RootedPath
from amq.names import USER, is_handle
from amq.store import durable, open_beneath
from amq.store.durable import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MAX_REGISTRY_BYTES = 1024 * 1024
_MOST_AGENTS = 1000
"""The most agents of a queue. Adding one makes all their mailboxes: a megabyte of names is 800,000 directories."""
_IGNORE = b"*\n"
_OF_GIT = {".gitignore", ".gitkeep"}
"""The files that a queue tracked by git may have in a fresh clone, where empty directories are missing."""


def read_registry(queue: QueueLayout) -> list[str] | None:
    """Return the registered handles, sorted; None if there is no registry. Raises AmqError if that is invalid."""
    try:
        with Directory(queue.meta) as meta:
            data = durable.read_regular(meta, "config.json", _MAX_REGISTRY_BYTES)
    except FileNotFoundError:
        return None
    try:
        return list(_handles(data or b""))
    except (ValueError, TypeError, KeyError) as error:
        raise AmqError(
            f"the registry {queue.registry} cannot be read: {error}",
            hint="fix or remove that file; `amq init --agents a,b --force` writes a new one",
        ) from None


@lru_cache(maxsize=1)
def _handles(data: bytes) -> tuple[str, ...]:
    """Return the handles in the bytes of a registry, sorted; raises ValueError, TypeError or KeyError.

    Cached because a process that sends repeatedly finds the same bytes each time. It still reads them each time: a
    file's size and times alone do not show whether another process changed it.
    """
    agents = jsontext.parse(data)["agents"]
    if type(agents) is not list or not all(type(agent) is str and is_handle(agent) for agent in agents):
        raise ValueError("agents is not a list of handles")
    if len(agents) > _MOST_AGENTS:
        raise ValueError(f"it names {len(agents)} agents, more than {_MOST_AGENTS}")
    return tuple(sorted(set(agents)))


def mailboxes(queue: QueueLayout, unusable: Callable[[str, OSError], None] = lambda *_: None) -> list[str]:
    """Return the handles that have a mailbox, sorted.

    UNUSABLE is called with each whose mailbox cannot be looked into, and the error. Raises OSError.
    """
    try:
        with Directory(queue.agents) as agents:
            found = [name for name in durable.entries(agents) if is_handle(name)]
    except FileNotFoundError:
        return []
    return [handle for handle in sorted(found) if _is_usable(queue.agent(handle), handle, unusable)]


def _is_usable(agent: AgentLayout, handle: str, unusable: Callable[[str, OSError], None]) -> bool:
    try:
        return _has(agent, "new")
    except OSError as error:
        unusable(handle, error)
        return False


def is_known(queue: QueueLayout, handle: str) -> bool:
    """Return whether HANDLE is the user's, registered, or has a mailbox. Raises OSError where that is not known.

    A registry that cannot be understood counts as empty here: the callers that need it report it.
    """
    if handle == USER or has_mailbox(queue.agent(handle)):
        return True
    try:
        return handle in (read_registry(queue) or ())
    except AmqError:
        return False


def has_mailbox(agent: AgentLayout) -> bool:
    """Return whether mail can be delivered to AGENT. Raises OSError where that is not known, UnsafePath for a link."""
    return _has(agent, "new", "tmp")


def _has(agent: AgentLayout, *names: str) -> bool:
    """Return whether its inbox has directories of these NAMES."""
    try:
        with Directory(agent.inbox) as inbox:
            return all(_has_directory(inbox, name) for name in names)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _has_directory(directory: Directory, name: str) -> bool:
    """Return whether there is a directory NAME; raises UnsafePath for a link."""
    try:
        found = durable.syscalls.look(directory, name)
    except FileNotFoundError:
        return False
    if open_beneath.is_link(found):
        raise open_beneath.link_found(f"{directory.path}{os.sep}{name}")
    return stat.S_ISDIR(found.st_mode)


def make_mailbox(queue: QueueLayout, handle: str) -> bool:
    """Make the missing directories of a mailbox, and return whether any was missing.

    `inbox/new`, which makes it a mailbox, is made once the others are on the disk, so that a power failure cannot leave
    half of one.
    """
    from amq.store import directories

    *others, last = queue.agent(handle).directories
    made = directories.make(others)
    return directories.make([last]) or made


def make_queue(queue: QueueLayout, *, tracked: bool, parents: bool = False) -> None:
    """Make the missing parts of a queue without agents; unless `tracked`, git is set to ignore a new one.

    With PARENTS, make the missing directories above it, too. Raises AmqError where that is not possible, and rather
    than put a queue among the files of something else.
    """
    from amq.store import directories

    if parents:
        directories.make_above(os.path.realpath(queue.root))
    fresh = not _is_queue(queue)
    queue = QueueLayout(os.path.realpath(queue.root))  # the root may be behind a link; inside, none is followed
    directories.make([RootedPath(queue.root)])
    if fresh and not tracked:
        _ignore(queue)
    directories.make(queue.directories)


def _ignore(queue: QueueLayout) -> None:
    """Make git ignore the queue, before it has mail. An existing `.gitignore` belongs to the user, and stays."""
    from contextlib import suppress

    from amq.store import directories

    with Directory(RootedPath(queue.root)) as root:
        with suppress(FileExistsError):
            durable.publish_new(root, directories.fresh_name(), root, ".gitignore", _IGNORE)
        durable.sync(root)


def _is_queue(queue: QueueLayout) -> bool:
    """Return whether there is a queue, complete or not; False if one can be made. Raises AmqError if it cannot."""
    from amq.store import directories

    try:
        found = set(os.listdir(queue.root))
    except FileNotFoundError:
        parent = os.path.dirname(queue.root)
        if not os.path.isdir(parent):
            from amq.quoting import shell

            raise NotFound(
                f"cannot create the queue: {parent} does not exist", hint=f"mkdir -p {shell(parent)}"
            ) from None
        return False
    except NotADirectoryError:
        raise UsageError(f"{queue.root} is not a directory", hint="name another --root") from None
    if found.isdisjoint(os.path.basename(path) for path in (queue.meta, queue.agents)):
        if any(name not in _OF_GIT and not name.startswith(directories.TEMPORARY) for name in found):
            from amq.quoting import shell

            inside = shell(os.path.join(queue.root, ROOT_NAME))
            raise UsageError(
                f"{queue.root} is not a queue and contains other files", hint=f"did you mean --root {inside}?"
            )
        return False
    return True


def register(queue: QueueLayout, handles: list[str], now: int, *, replace: bool = False) -> list[str]:
    """Add HANDLES to the registry (with `replace`, make it exactly these), make their mailboxes; return the new list.

    Safe against concurrent calls: it reads and writes under a lock. NOW is for a new registry, in nanoseconds since the
    epoch.
    """
    from amq.store.locks import lock_beside

    with lock_beside(queue.meta, ".lock"), Directory(queue.meta) as meta:
        agents = sorted({*handles, *([] if replace else read_registry(queue) or [])})
        if len(agents) > _MOST_AGENTS:
            raise UsageError(
                f"a queue has at most {_MOST_AGENTS} agents", hint="reduce them: `amq init --agents a,b --force`"
            )
        for handle in (*agents, USER):
            make_mailbox(queue, handle)
        before = _members(meta)
        after = {"version": 1, "created_utc": format_seconds(now), **before, "agents": agents}
        if after != before:
            _write(meta, after)
    return agents


def read_members(queue: QueueLayout) -> dict[str, Any]:
    """Return the registry's JSON object, keys of other programs included; empty if there is none.

    Raises AmqError if it is invalid.
    """
    if read_registry(queue) is None:
        return {}
    with Directory(queue.meta) as meta:
        return _members(meta)


def change_members(queue: QueueLayout, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Write what CHANGED returns for the registry's JSON object, safely beside others that do the same.

    Raises AmqError if the registry is invalid, NotFound if there is none, and what CHANGED raises.
    """
    from amq.store.locks import lock_beside

    with lock_beside(queue.meta, ".lock"), Directory(queue.meta) as meta:
        if read_registry(queue) is None:
            raise NotFound(f"there is no registry {queue.registry}", hint="write one: amq init --agents A,B")
        before = _members(meta)
        after = changed(before)
        if after != before:
            _write(meta, after)


def unregister(queue: QueueLayout, handle: str) -> None:
    """Take HANDLE off the registry, if it is there; the caller holds its lock. Raises AmqError if it is invalid."""
    agents = read_registry(queue) or []
    if handle in agents:
        with Directory(queue.meta) as meta:
            _write(meta, _members(meta) | {"agents": [each for each in agents if each != handle]})


def _write(meta: Directory, members: dict[str, Any]) -> None:
    from amq.store import directories

    data = jsontext.render(members) + "\n"
    durable.replace_file(meta, "config.json", directories.fresh_name(), data.encode())


def _members(meta: Directory) -> dict[str, Any]:
    """Return the registry's JSON object, unknown keys included; empty if it is missing or cannot be understood."""
    try:
        members = jsontext.parse(durable.read_regular(meta, "config.json", _MAX_REGISTRY_BYTES) or b"")
    except (FileNotFoundError, ValueError):
        return {}
    return members if type(members) is dict else {}
