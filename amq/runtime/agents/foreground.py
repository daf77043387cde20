"""Who has the keyboard of our terminal: the agent's program, or something that no line is meant for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from amq.errors import UsageError
from amq.pty import controlling_tty
from amq.pty.line_discipline import LineDiscipline, discipline
from amq.runtime.agents import processes, registry
from amq.runtime.agents.profiles import Profile, chosen, profile_for
from amq.runtime.agents.status_sources import AgentStatus
from amq.runtime.policy.injection import InjectionRules

_INTERPRETER = re.compile(r"-?(?:node|nodejs|bun|deno|env|(?:ba|da|z)?sh|python[0-9.]*)")


@dataclass(frozen=True)
class ForegroundAgent:
    """An agent's program that runs, and was not started by us."""

    pid: int
    profile: Profile
    rules: InjectionRules  # as far as they hold for what it was started with
    agent_status: AgentStatus
    hidden: bool = False  # its CLI runs behind the program that is seen, as the user says


class Keyboard:
    """That of TERMINAL, a descriptor of our own controlling terminal."""

    def __init__(
        self, terminal: int, program: str, environment: Mapping[str, str], profile: Profile | None = None
    ) -> None:
        """PROGRAM is the base name of the agent's program, where it is none of those we know.

        The user may have named a PROFILE for it; any other program keeps its own.
        """
        self._terminal = terminal
        self._program = program
        self._environment = environment
        self._given = profile
        self._words: tuple[str, ...] = ()
        self._agent: ForegroundAgent | None = None

    def agent(self) -> ForegroundAgent | None:
        """The agent, if it has the keyboard; None for a shell at its prompt, an editor, or whatever else."""
        pid = controlling_tty.foreground(self._terminal)
        if pid is None or pid == os.getpgrp():
            return None
        words = processes.words(pid)
        if self._agent is None or self._agent.pid != pid or self._words != words:
            self._words = words
            self._agent = self._known(pid, words)
        return self._agent

    def discipline(self) -> LineDiscipline:
        """How the kernel passes on what is typed. Raises OSError if the terminal is gone."""
        return discipline(self._terminal)

    def _known(self, pid: int, words: Sequence[str]) -> ForegroundAgent | None:
        names = [name.removeprefix("-") for name in program_names(words)]  # a login shell's begins with a dash
        program = next((name for name in names if name == self._program or _is_known(name)), None)
        if program is None:
            return None
        try:
            profile = self._profile(program)
        except UsageError:  # of a profile of the person's own that cannot be read: then nothing is known
            return None
        if not set(words[1:]).isdisjoint(profile.no_session):
            return None
        file = registry.status_file(profile, self._environment, pid, processes.started(pid))
        hidden = profile is self._given and bool(profile.programs) and program not in profile.programs
        return ForegroundAgent(pid, profile, rules_for_argv(profile, words), AgentStatus("", file), hidden)

    def _profile(self, program: str) -> Profile:
        if self._given and (program == self._program or program in self._given.programs):
            return self._given
        return chosen(None, program, self._environment)[0]


def program_names(words: Sequence[str]) -> list[str]:
    """The base names under which a program that was called with WORDS may be known: a script is named by its file."""
    names = [PurePath(word).name for word in words if not word.startswith("-") or word is words[0]]
    if len(names) > 1 and _INTERPRETER.fullmatch(names[0]):
        return names[:2]
    return names[:1]


def rules_for_argv(profile: Profile, words: Sequence[str]) -> InjectionRules:
    """The rules of PROFILE for a program called with WORDS: some submit keys are none without an argument for them."""
    if any(profile.submit_needs in word for word in words):
        return profile.rules
    return replace(profile.rules, submit=profile.usual_submit)


def _is_known(name: str) -> bool:
    return bool(profile_for(name).programs)
