"""The queue itself: making it and its mailboxes, and the list of its agents."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache

from amq import jsontext
from amq.errors import AmqError, NotFound, UsageError
from amq.instants import format_seconds
from amq.layout import ROOT_NAME, AgentLayout, QueueLayout
from amq.names import PERSON, is_handle
from amq.store import durable
from amq.store.durable import Directory
from amq.store.locks import lock_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_REGISTRY_BYTES = 1024 * 1024
_IGNORE = b"*\n"
_TEMPORARY = ".amq-"
_OF_GIT = {".gitignore", ".gitkeep"}
"""What a queue that git tracks may hold in a fresh clone, where empty directories are missing."""


def read_registry(queue: QueueLayout) -> list[str] | None:
    """The registered handles, sorted; None if there is no registry. Raises AmqError if it can not be understood."""
    try:
        with Directory(queue.meta) as meta:
            data = durable.read_regular(meta, "config.json", _MAX_REGISTRY_BYTES)
    except FileNotFoundError:
        return None
    try:
        return list(_handles(data or b""))
    except (ValueError, TypeError, KeyError) as error:
        raise AmqError(
            f"the registry {queue.registry} can not be read: {error}",
            hint="mend or remove that file; `amq init --agents a,b --force` writes a new one",
        ) from None


@lru_cache(maxsize=1)
def _handles(data: bytes) -> tuple[str, ...]:
    """The handles in the bytes of a registry, sorted; raises ValueError, TypeError or KeyError.

    Cached because a process that sends again and again finds the same bytes each time. It reads them each time: a
    file's size and times alone do not tell whether another process has changed it.
    """
    agents = jsontext.parse(data)["agents"]
    if type(agents) is not list or not all(type(agent) is str and is_handle(agent) for agent in agents):
        raise ValueError("agents is not a list of handles")
    return tuple(sorted(set(agents)))


def mailboxes(queue: QueueLayout) -> list[str]:
    """The handles that have a mailbox, sorted."""
    try:
        found = os.listdir(queue.agents)
    except FileNotFoundError:
        return []
    return sorted(name for name in found if is_handle(name) and os.path.isdir(queue.agent(name).inbox_new))


def has_mailbox(agent: AgentLayout) -> bool:
    """Whether mail can be delivered to it."""
    return os.path.isdir(agent.inbox_new) and os.path.isdir(agent.inbox_tmp)


def make_mailbox(queue: QueueLayout, handle: str) -> bool:
    """Make what is missing of a mailbox; whether anything was.

    The directory that makes it one is made when the others are on the disk, whatever a loss of power leaves.
    """
    *others, last = queue.agent(handle).directories
    made = durable.make_directories(others)
    return durable.make_directories([last]) or made


def make_queue(queue: QueueLayout, *, tracked: bool) -> None:
    """Make what is missing of a queue without agents; unless `tracked`, git is told to leave a new one alone.

    Raises AmqError where that is not possible, and rather than strew a queue among the files of something else.
    """
    fresh = not _is_queue(queue)
    queue = QueueLayout(os.path.realpath(queue.root))  # where it stands may be behind a link; inside, none is followed
    durable.make_directories([queue.root])
    if fresh and not tracked:
        _ignore(queue)
    durable.make_directories(queue.directories)


def _ignore(queue: QueueLayout) -> None:
    """Tell git, before there is mail that it could see. A file that is there is somebody's, and stays."""
    with Directory(queue.root) as root:
        with suppress(FileExistsError):
            durable.publish_new(root, _temporary(), root, ".gitignore", _IGNORE)
        durable.sync(root)


def _is_queue(queue: QueueLayout) -> bool:
    """Whether there is one, be it incomplete. False if one can be made; raises AmqError if it can not."""
    try:
        found = set(os.listdir(queue.root))
    except FileNotFoundError:
        parent = os.path.dirname(queue.root)
        if not os.path.isdir(parent):
            from amq.quoting import shell

            raise NotFound(f"no directory {parent} to make the queue in", hint=f"mkdir -p {shell(parent)}") from None
        return False
    except NotADirectoryError:
        raise UsageError(f"{queue.root} is no directory", hint="name another --root") from None
    if found.isdisjoint(os.path.basename(path) for path in (queue.meta, queue.agents)):
        if any(name not in _OF_GIT and not name.startswith(_TEMPORARY) for name in found):
            from amq.quoting import shell

            inside = shell(os.path.join(queue.root, ROOT_NAME))
            raise UsageError(f"{queue.root} is no queue and holds other files", hint=f"did you mean --root {inside}?")
        return False
    return True


def register(queue: QueueLayout, handles: list[str], now: int, *, replace: bool = False) -> list[str]:
    """Add HANDLES to the registry, or with `replace` make it exactly these, and make their mailboxes; the new list.

    Safe against others who do the same: it is read and written under a lock. NOW is for a registry that is new.
    """
    with lock_beside(queue.meta, ".lock"), Directory(queue.meta) as meta:
        agents = sorted({*handles, *([] if replace else read_registry(queue) or [])})
        for handle in (*agents, PERSON):
            make_mailbox(queue, handle)
        before = _members(meta)
        after = {"version": 1, "created_utc": format_seconds(now), **before, "agents": agents}
        if after != before:
            data = jsontext.render(after) + "\n"
            durable.replace_file(meta, "config.json", _temporary(), data.encode())
    return agents


def _temporary() -> str:
    """A name that nobody else uses, not even a process that died: its pid may be ours now."""
    return f"{_TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}"


def _members(meta: Directory) -> dict[str, Any]:
    """What stands in the registry, unknown keys included; nothing if there is none or it can not be understood."""
    try:
        members = jsontext.parse(durable.read_regular(meta, "config.json", _MAX_REGISTRY_BYTES) or b"")
    except (FileNotFoundError, ValueError):
        return {}
    return members if type(members) is dict else {}
