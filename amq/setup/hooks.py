"""Add hooks to agents' own settings, for agents that `amq run` does not host, and remove them again.

The settings belong to the user. They are edited as text, so that comments, order and odd formatting stay, and removing
the hooks restores every byte.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from amq.errors import AmqError, Conflict
from amq.layout import RootedPath
from amq.record import replace
from amq.runtime.agents import registry
from amq.runtime.hooks.script import TIMEOUT_S
from amq.runtime.policy import hook_decision
from amq.setup.jsonc import Part, cut, insert, parse, without
from amq.store import directories, durable
from amq.store.durable import Directory
from amq.text import visible

EVENTS = tuple(
    theirs for theirs, ours in hook_decision.EVENTS.items() if ours in (*hook_decision.TO_MODEL, hook_decision.EDIT)
)
NEW_FILE = "{\n}\n"
"""The text of a file that amq makes, before and after it has hooks. No program writes an empty object so."""

_CALL = "amq hook {program} {event}{deny} 2>/dev/null || :"
_DENY = " --deny-leased"
_LOOK = (
    "d=$PWD r=${{AM_ROOT:-.agent-mail}}; case $r in /*) d= ;; *) "
    'until [ -d "$d/$r" ] || [ -f "$d/.git" ] || [ -L "$d/.git" ] || [ -z "$d" ]; do d=${{d%/*}}; done ;; esac; '
    'if [ -d "$d/$r" ]; then {look}; elif [ -z "$d" ]; then exit 0; fi; '
)
"""Shell code that ends here, without a fork, where there is no queue, or nothing in it that the event is about.

In a linked git worktree, whose queue may be elsewhere, and for an AM_ME in capitals, `amq` checks by itself.
"""
_LOOK_FOR_MAIL = (
    "case ${{AM_ME:-}} in *[A-Z]*) ;; *) "
    'set -- "$d/$r/agents/${{AM_ME:-{program}}}/inbox/new/"*.md; [ -e "$1" ] || exit 0 ;; esac'
)
_LOOK_FOR_LEASES = (
    'set -- "$d/$r/meta/leases/"*.json; [ "$1" = "$d/$r/meta/leases/${{AM_ME:-{program}}}.json" ] && shift; '
    '[ -e "$1" ] || exit 0'
)


@dataclass(frozen=True)
class Change:
    """A planned change of the file `path`; `before` or `after` is None if there is no file then.

    `mode` is that of a new file.
    """

    path: str
    before: bytes | None
    after: bytes | None
    mode: int = durable.FILE_MODE

    @property
    def is_needed(self) -> bool:
        return (self.after or b"") != (self.before or b"")

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = ((data or b"").decode().splitlines() for data in (self.before, self.after))
        name = visible(self.path)
        return "\n".join(difflib.unified_diff(before, after, name, name, lineterm=""))

    def write(self) -> None:
        """Write the change in one step, keeping links and permissions; raises Conflict if the file has changed."""
        target = os.path.realpath(self.path)
        if read_file(target) != self.before:
            raise Conflict(f"{self.path} changed in the meantime; amq left it unchanged", hint="try again")
        if self.after is None:
            place, name = os.path.split(target)
            with Directory(RootedPath(place)) as directory:
                durable.syscalls.unlink(directory, name)
            return
        mode = self.mode if self.before is None else stat.S_IMODE(os.stat(target).st_mode)
        write_file(target, self.after, mode)


def settings_path(program: str, environ: Mapping[str, str], project: str | None) -> str:
    """Return the file of PROGRAM that holds hooks: in the directory PROJECT, else the user's own."""
    files = registry.with_hooks()[program]
    return os.path.join(files.directory.find(environ, project), files.name)


def installing(path: str, program: str, *, denies: bool = False) -> Change:
    """Return the change that adds amq's hooks for PROGRAM to the settings at PATH.

    DENIES: an edit of what another agent has a lease on is refused. Raises AmqError if the settings cannot be parsed.
    """
    return _change(path, lambda text: add(text or NEW_FILE, program, denies=denies))


def uninstalling(path: str, program: str) -> Change:
    """Return the change that removes amq's hooks for PROGRAM from the settings at PATH, and a file that amq made.

    Raises AmqError if these cannot be parsed.
    """
    change = _change(path, lambda text: remove(text, program) if text else text)
    is_left_by_amq = change.is_needed and change.after == NEW_FILE.encode() and not os.path.islink(path)
    return replace(change, after=None) if is_left_by_amq else change


def _change(path: str, edit: Callable[[str], str]) -> Change:
    before = read_file(path)
    try:
        return Change(path, before, edit((before or b"").decode()).encode())
    except ValueError as error:
        raise AmqError(f"{path} cannot be parsed, so amq left it unchanged: {error}", hint="fix it first") from None


def read_file(path: str) -> bytes | None:
    """Return the contents of the file PATH; None if there is none. Raises OSError."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_file(path: str, data: bytes, mode: int) -> None:
    """Write DATA to the file PATH, an absolute path without links, in one step, to the disk.

    Missing directories are made. If root does so, all of it gets the owner of the directory that is there: root may be
    the user by `sudo`. Raises OSError.
    """
    directories.make_above(path)
    place, name = os.path.split(path)
    temporary = f".{name}.amq-{os.getpid()}-{os.urandom(4).hex()}"
    with Directory(RootedPath(place)) as directory:
        durable.replace_file(directory, name, temporary, data, mode=mode)


def command(program: str, event: str, *, denies: bool = False) -> str:
    """Return the command of EVENT's hook. It becomes an `sh`, because agents run hooks with the user's shell."""
    is_edit = _is_edit(event)
    what = (_LOOK_FOR_LEASES if is_edit else _LOOK_FOR_MAIL).format(program=program)
    look = "" if event == "SessionStart" else _LOOK.format(look=what)
    call = _CALL.format(program=program, event=event, deny=_DENY if denies and is_edit else "")
    return f"exec sh -c '{look}{call}'"


def entry(program: str, event: str, *, denies: bool = False) -> dict[str, Any]:
    """Return amq's entry in the list of EVENT's hooks."""
    matcher = {"matcher": registry.cli(program).edit_tools} if _is_edit(event) else {}
    hook = {"type": "command", "command": command(program, event, denies=denies), "timeout": TIMEOUT_S}
    return {**matcher, "hooks": [hook]}


def _is_edit(event: str) -> bool:
    return hook_decision.EVENTS[event] == hook_decision.EDIT


def add(text: str, program: str, *, denies: bool = False) -> str:
    """Return TEXT, settings, with amq's hooks for PROGRAM. Raises ValueError if these are not valid settings.

    A new object or list goes on lines of its own; an addition to an existing one, on one line. So `remove` can see
    whether the object or list was there before.
    """
    if _is_complete(text, program, denies=denies):
        return text
    text = remove(text, program)
    indent = _indent(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    settings = _settings(text)
    if "hooks" not in settings.members:
        all_of_them = {event: [entry(program, event, denies=denies)] for event in EVENTS}
        lines = f'"hooks": {json.dumps(all_of_them, indent=indent)}'.split("\n")
        return insert(text, settings, "".join(newline + indent + line for line in lines))
    for event in reversed(EVENTS):
        hooks = _settings(text).members["hooks"]
        item = json.dumps(entry(program, event, denies=denies))
        if event in hooks.members:
            text = insert(text, hooks.members[event], f"{newline}{indent * 3}{item}")
        else:
            text = insert(text, hooks, f'{newline}{indent * 2}"{event}": [{item}]')
    return text


def remove(text: str, program: str) -> str:
    """Return TEXT, settings, without amq's hooks for PROGRAM, even reordered or reformatted. Raises ValueError."""
    settings = _settings(text)
    hooks = settings.members.get("hooks")
    if hooks is None:
        return text
    gone = [event for event in hooks.members.values() if _is_wholly_ours(text, event, program)]
    if gone == [*hooks.members.values()] and any(_has_lines(text, event) for event in gone):
        return without(text, cut(text, [*settings.members.values()], [hooks]))
    spans = cut(text, [*hooks.members.values()], gone)
    for event in hooks.members.values():
        if event not in gone:
            spans += _cut_items(text, event, program)
    return without(text, spans)


def _cut_items(text: str, event: Part, program: str) -> list[tuple[int, int]]:
    """Return the spans that remove our hooks from an EVENT's list: whole entries, or our hooks in a mixed one."""
    whole = [item for item in event.items if _is_ours(item, program)]
    spans = cut(text, event.items, whole)
    for item in event.items:
        if item not in whole:
            spans += cut(text, _commands(item), _ours(item, program))
    return spans


def _is_wholly_ours(text: str, event: Part, program: str) -> bool:
    """Return whether the list has only our hooks, and did not exist before."""
    if not event.items or not all(_is_ours(item, program) for item in event.items):
        return False
    first = event.items[0]
    return _has_lines(text, first) or "\n" not in text[event.inner : first.start]


def _is_ours(item: Part, program: str) -> bool:
    """Return whether the entry ITEM has hooks, and all are ours."""
    ours = _ours(item, program)
    return bool(ours) and ours == _commands(item)


def _has_lines(text: str, part: Part) -> bool:
    return "\n" in text[part.start : part.end]


def _commands(item: Part) -> list[Part]:
    """Return the hooks in an entry; none if it has another form, which is never ours."""
    hooks = item.members.get("hooks")
    return hooks.items if hooks else []


def _ours(item: Part, program: str) -> list[Part]:
    call = re.compile(rf"\bamq hook {program} \w+(?:{_DENY})? 2>/dev/null")
    values = ((hook, hook.members["command"].value) for hook in _commands(item) if "command" in hook.members)
    return [hook for hook, value in values if isinstance(value, str) and call.search(value)]


def _is_complete(text: str, program: str, *, denies: bool) -> bool:
    """Return whether every event has exactly the hook that it needs."""
    hooks = _settings(text).members.get("hooks")
    found = {
        event: [hook.members["command"].value for item in part.items for hook in _ours(item, program)]
        for event, part in (hooks.members.items() if hooks else ())
    }
    ours = {event: commands for event, commands in found.items() if commands}
    return ours == {event: [command(program, event, denies=denies)] for event in EVENTS}


def _settings(text: str) -> Part:
    """Return TEXT's object, in whose `hooks` each event has a list. Raises ValueError."""
    settings = parse(text)
    if not settings.is_object:
        raise ValueError("it is not an object")
    hooks = settings.members.get("hooks")
    if hooks and not (hooks.is_object and all(event.is_list for event in hooks.members.values())):
        raise ValueError("its hooks are not an object of lists")
    return settings


def _indent(text: str) -> str:
    """Return the indentation of the first line with a name."""
    found = re.search(r'^([ \t]+)"', text, re.MULTILINE)
    return found[1] if found else "  "
