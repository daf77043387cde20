"""The agents that a group of `--to` means: `@reviewers`, or `@claude-*` by a pattern.

A message has the handles alone: the group's later changes do not matter to it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from amq.errors import NotFound, UsageError
from amq.mail.account import Account
from amq.names import USER, check_handle, did_you_mean
from amq.store import groups, registry

_PATTERN = "*?["


def of_group(account: Account, word: str, everyone: list[str]) -> list[str]:
    """Return the handles that WORD means, which begins with `@`: without the sender's own.

    A pattern is for EVERYONE, the other registered agents. A member that has left the queue is reported, and left out.
    Raises NotFound, which names the nearest groups, if WORD means none; UsageError if it cannot be a group.
    """
    name = word[1:].lower()
    if any(sign in name for sign in _PATTERN):
        return _matching(name, everyone)
    return _members(account, check_group(name))


def check_group(name: str) -> str:
    """Return NAME, with or without `@`; raises UsageError if it cannot be the name of a group."""
    return check_handle(name.removeprefix("@"), "group")


def _matching(pattern: str, everyone: list[str]) -> list[str]:
    found = [handle for handle in everyone if fnmatchcase(handle, pattern)]
    if not found:
        others = f"they are {', '.join(everyone)}" if everyone else "there is no other"
        raise NotFound(f"@{pattern} matches no other registered agent", hint=others)
    return found


def _members(account: Account, name: str) -> list[str]:
    known = groups.read_groups(account.queue)
    if name not in known and registry.is_known(account.queue, name):
        raise UsageError(f"--to: there is no group @{name}{did_you_mean(name)}", hint=f"write the handle: --to {name}")
    if name not in known:
        raise groups.no_group(name, known)
    members = [handle for handle in known[name] if handle != account.me]
    there = [handle for handle in members if handle == USER or registry.is_known(account.queue, handle)]
    for handle in members:
        if handle not in there:
            account.complain(
                NotFound(f"{handle}, of @{name}, is not in this queue", hint=f"add it: amq init --agents {handle}")
            )
    if not there:
        raise UsageError(f"@{name} has no other agent than you", hint="amq group list shows each group")
    return there
