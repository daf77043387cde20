"""The groups of a queue: names for several agents, in the key `groups` of the registry.

The key is amq's own: an object with a list of handles for each name. Programs that do not know it keep it.
"""

from __future__ import annotations

from amq.errors import AmqError, NotFound, UsageError
from amq.names import did_you_mean, is_handle, nearest
from amq.store import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from amq.layout import QueueLayout

    Groups = dict[str, list[str]]

ALL = "all"
"""The group of every registered agent but the sender: it is always there, and cannot be set."""
_MOST_GROUPS = 1000
_KEY = "groups"


def read_groups(queue: QueueLayout) -> Groups:
    """Return the handles of each group, by its name, in order of the names. Raises AmqError if the key is invalid."""
    return _groups(queue, registry.read_members(queue))


def set_group(queue: QueueLayout, name: str, handles: list[str]) -> None:
    """Make HANDLES the group NAME, safely beside others that change the registry. Raises AmqError or OSError."""

    def changed(groups: Groups) -> Groups:
        if len(groups) >= _MOST_GROUPS and name not in groups:
            raise UsageError(f"a queue has at most {_MOST_GROUPS} groups", hint="remove one: amq group remove NAME")
        return groups | {name: handles}

    _change(queue, changed)


def remove_group(queue: QueueLayout, name: str) -> list[str]:
    """Remove the group NAME; return the handles it had. Raises NotFound if there is none, AmqError or OSError."""
    had: list[str] = []

    def changed(groups: Groups) -> Groups:
        if name not in groups:
            raise no_group(name, groups)
        had.extend(groups[name])
        return {each: handles for each, handles in groups.items() if each != name}

    _change(queue, changed)
    return had


def no_group(name: str, groups: Groups) -> NotFound:
    """Return the error for a group that does not exist, with the nearest of GROUPS."""
    like = (f"@{each}" for each in nearest(name, [*groups, ALL]))
    return NotFound(f"there is no group @{name}{did_you_mean(*like)}", hint=f"make it: amq group set {name} A,B")


def _change(queue: QueueLayout, changed: Callable[[Groups], Groups]) -> None:
    def with_groups(members: dict[str, Any]) -> dict[str, Any]:
        groups = changed(_groups(queue, members))
        others = {key: value for key, value in members.items() if key != _KEY}
        return others | ({_KEY: groups} if groups else {})

    registry.change_members(queue, with_groups)


def _groups(queue: QueueLayout, members: dict[str, Any]) -> Groups:
    groups = members.get(_KEY, {})
    if type(groups) is not dict or not all(is_handle(name) and _are_handles(each) for name, each in groups.items()):
        raise AmqError(
            f"the groups in the registry {queue.registry} cannot be read: each is a name with a list of handles",
            hint=f"fix the key `{_KEY}` of that file, or remove it",
        )
    return dict(sorted(groups.items()))


def _are_handles(value: object) -> bool:
    return type(value) is list and all(type(each) is str and is_handle(each) for each in value)
