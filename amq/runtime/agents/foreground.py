"""The foreground program of our terminal: the agent, or a program that gets no line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

from amq.errors import UsageError
from amq.pty import controlling_tty
from amq.pty.line_discipline import LineDiscipline, discipline
from amq.record import replace
from amq.runtime.agents import processes, registry
from amq.runtime.agents.profile import Profile
from amq.runtime.agents.profile_choice import chosen
from amq.runtime.agents.profiles import profile_for
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.policy.injection import InjectionRules

Limit = Callable[[Profile, str, str], tuple[Profile, str]]
"""Return a profile within the limits for the version of a program, and that version.

The arguments are its usual profile, its name or path in its command line, and the version that it says itself.
"""
_INTERPRETER = re.compile(r"-?(?:node|nodejs|bun|deno|env|(?:ba|da|z)?sh|python[0-9.]*)")


class Foreground(Protocol):
    """The foreground of the terminal that an agent is in."""

    def agent(self) -> ForegroundAgent | None:
        """Return the agent if it reads from the terminal; None for all else."""

    def discipline(self) -> LineDiscipline:
        """Return the state of the terminal's line discipline. Raises OSError if the terminal is gone."""


@dataclass(frozen=True)
class ForegroundAgent:
    """A running agent that amq did not start."""

    pid: int
    profile: Profile
    rules: InjectionRules  # adjusted to the arguments that it was started with
    agent_status: AgentStatus
    hidden: bool = False  # the user says that its CLI runs behind the visible program
    version: str = ""  # the one by which `profile` and `rules` are limited; "" if it is not known
    words: Sequence[str] = ()  # its command line


class ForegroundDetector:
    """The foreground of TERMINAL, a descriptor of our controlling terminal."""

    def __init__(
        self,
        terminal: int,
        program: str,
        environment: Mapping[str, str],
        profile: Profile | None = None,
        limit: Limit = lambda profile, _, said: (profile, said),
    ) -> None:
        """Watch for PROGRAM, the base name of the agent's program, and for every program that amq knows.

        PROFILE is the user's choice for PROGRAM; any other program keeps its own. LIMIT is asked once for each agent,
        and again if it says later that it has another version.
        """
        self._terminal = terminal
        self._program = program
        self._environment = environment
        self._given = profile
        self._limit = limit
        self._words: tuple[str, ...] = ()
        self._agent: ForegroundAgent | None = None

    def agent(self) -> ForegroundAgent | None:
        """Return the agent if it is in the foreground; None for all else, as a shell at its prompt or an editor."""
        pid = controlling_tty.foreground(self._terminal)
        if pid is None or pid == os.getpgrp():
            return None
        words = processes.words(pid)
        if self._agent is None or self._agent.pid != pid or self._words != words or says_another(self._agent):
            self._words = words
            self._agent = self._known(pid, words)
        return self._agent

    def discipline(self) -> LineDiscipline:
        """Return the state of the terminal's line discipline. Raises OSError if the terminal is gone."""
        return discipline(self._terminal)

    def _known(self, pid: int, words: Sequence[str]) -> ForegroundAgent | None:
        names = [name.removeprefix("-") for name in program_names(words)]  # a login shell's begins with a dash
        program = next((name for name in names if name == self._program or _is_known(name)), None)
        if program is None:
            return None
        try:
            profile = self._profile(program)
        except UsageError:  # the user's own profile cannot be read: nothing is known
            return None
        hidden = profile is self._given and bool(profile.programs) and program not in profile.programs
        limit = None if hidden else self._limit  # else the version is that of another program: the user vouches for it
        agent = agent_called(pid, words, program, profile, self._environment, limit)
        return replace(agent, hidden=hidden) if agent else None

    def _profile(self, program: str) -> Profile:
        if self._given and (program == self._program or program in self._given.programs):
            return self._given
        return chosen(None, program, self._environment)[0]


def agent_called(
    pid: int,
    words: Sequence[str],
    program: str,
    profile: Profile,
    environment: Mapping[str, str],
    limit: Limit | None,
) -> ForegroundAgent | None:
    """Return the agent whose process PID was called with WORDS, in ENVIRONMENT; None if these show no session.

    PROGRAM is its name among `program_names`. Without a LIMIT it has PROFILE as it is.
    """
    if not set(words[1:]).isdisjoint(profile.no_session):
        return None
    status = AgentStatus("", registry.status_file(profile, environment, pid, processes.started(pid)))
    version = ""
    if limit:
        word = next(word for word in words if PurePath(word).name.removeprefix("-") == program)
        profile, version = limit(profile, word, status.version())
    return ForegroundAgent(pid, profile, rules_for_argv(profile, words), status, version=version, words=words)


def program_names(words: Sequence[str]) -> list[str]:
    """Return the base names that may identify a program called with WORDS: its own, and that of a script it runs."""
    names = [PurePath(word).name for word in words if not word.startswith("-") or word is words[0]]
    if len(names) > 1 and _INTERPRETER.fullmatch(names[0]):
        return names[:2]
    return names[:1]


def rules_for_argv(profile: Profile, words: Sequence[str]) -> InjectionRules:
    """Return the rules of PROFILE for a program called with WORDS, which may lack an argument for the submit key."""
    if any(profile.submit_needs in word for word in words):
        return profile.rules
    return replace(profile.rules, submit=profile.usual_submit)


def says_another(agent: ForegroundAgent) -> bool:
    """Return whether AGENT says by now that its version is another one: its status file is written after its start."""
    return agent.agent_status.version() not in ("", agent.version)


def _is_known(name: str) -> bool:
    return bool(profile_for(name).programs)
