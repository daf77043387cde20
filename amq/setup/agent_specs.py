"""Parse the list of agents that are to work together: `claude*3,codex,reviewer=codex -m o3`. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from amq.errors import UsageError
from amq.names import AUTO, USER, check_handle, numbered
from amq.setup.clis import program_of

MOST_OF_ONE = 20
"""The most agents that one `NAME*N` starts: more panes than a window of tmux has room for are a typing error."""
_COUNTED_PROGRAM = re.compile(r"(\S+)\*([0-9]+)")


@dataclass(frozen=True)
class AgentSpec:
    """An agent to start: its handle, and the words that start its program."""

    handle: str
    program: tuple[str, ...]


def parse_agent_specs(text: str) -> list[AgentSpec]:
    """Return the agents in TEXT, in its order: `claude`, `claude-2` (another claude), `HANDLE=PROGRAM [ARG…]`.

    `NAME*N` before any `=` means N agents: NAME, NAME-2 … NAME-N. Raises UsageError for an invalid handle or number,
    for the user's own handle, and for one that is used twice.
    """
    specs = [spec for part in map(str.strip, text.split(",")) if part for spec in _parse_agent_specs(part)]
    handles = [spec.handle for spec in specs]
    twice = next((handle for handle in handles if handles.count(handle) > 1), None)
    if twice:
        raise UsageError(f"{twice} is used twice", hint=f"give the second one another handle: {twice}-2")
    if not specs:
        raise UsageError("no agents named", hint="for example --agents claude,codex")
    return specs


def _parse_agent_specs(text: str) -> list[AgentSpec]:
    named, given, program = text.partition("=")
    handle, is_counted, number = map(str.strip, named.partition("*"))
    check_handle(handle, "--agents")
    if handle == USER:
        raise UsageError(f"{USER} is the user's handle and needs no program", hint="name only agents")
    if handle == AUTO:
        raise UsageError(f"{AUTO} means the next free handle of amq run", hint="name each agent: 'claude*2' starts two")
    try:
        words = shlex.split(program) if given else [program_of(handle)]
    except ValueError as error:
        raise UsageError(f"{program} cannot be split into words: {error}") from None
    if not words:
        raise UsageError(f"{handle} has no program", hint=f"for example {handle}=claude")
    if found := _COUNTED_PROGRAM.fullmatch(program.strip()):
        raise UsageError(f"{text}: the number belongs to the handle", hint=f"--agents '{handle}*{found[2]}={found[1]}'")
    count = _count(text, number) if is_counted else 1
    return [AgentSpec(check_handle(each, "--agents"), tuple(words)) for each in numbered(handle, count)]


def _count(text: str, number: str) -> int:
    """Return the NUMBER of agents that the spec TEXT asks for. Raises UsageError."""
    if not re.fullmatch("[0-9]{1,3}", number) or not 1 <= int(number) <= MOST_OF_ONE:
        what = f"{text}: write a number from 1 to {MOST_OF_ONE} after the *"
        raise UsageError(what, hint="for example --agents 'claude*3,codex'")
    return int(number)
