"""Parse the list of agents that are to work together: `claude,claude-2,reviewer=codex -m o3`. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from amq.errors import UsageError
from amq.names import USER, check_handle
from amq.setup.clis import program_of


@dataclass(frozen=True)
class AgentSpec:
    """An agent to start: its handle, and the words that start its program."""

    handle: str
    program: tuple[str, ...]


def parse_agent_specs(text: str) -> list[AgentSpec]:
    """Return the agents in TEXT, in its order: `claude`, `claude-2` (another claude), `HANDLE=PROGRAM [ARG…]`.

    Raises UsageError for an invalid handle, for the user's own, and for one that is used twice.
    """
    specs = [_parse_agent_spec(part) for part in map(str.strip, text.split(",")) if part]
    handles = [spec.handle for spec in specs]
    twice = next((handle for handle in handles if handles.count(handle) > 1), None)
    if twice:
        raise UsageError(f"{twice} is used twice", hint=f"give the second one another handle: {twice}-2")
    if not specs:
        raise UsageError("no agents named", hint="for example --agents claude,codex")
    return specs


def _parse_agent_spec(text: str) -> AgentSpec:
    handle, given, program = text.partition("=")
    check_handle(handle, "--agents")
    if handle == USER:
        raise UsageError(f"{USER} is the user's handle and needs no program", hint="name only agents")
    try:
        words = shlex.split(program) if given else [program_of(handle)]
    except ValueError as error:
        raise UsageError(f"{program} cannot be split into words: {error}") from None
    if not words:
        raise UsageError(f"{handle} has no program", hint=f"for example {handle}=claude")
    return AgentSpec(handle, tuple(words))
