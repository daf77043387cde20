"""What is known of each agent's CLI: plain data, one module a CLI, so that nothing stands between start and exec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from amq.pty.keystrokes import Line
from amq.runtime.typed import Rules


@dataclass(frozen=True)
class Addition:
    """Arguments that a CLI is started with, unless an argument of the person's begins with one of `unless`."""

    arguments: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """One CLI: how it is recognised, started and typed into."""

    name: str
    programs: tuple[str, ...] = ()  # base names
    additions: tuple[Addition, ...] = ()
    answers_state: bool = False  # it publishes its state by OSC 7501 only to a terminal that answers its question
    line: Line = field(default_factory=Line)
    rules: Rules = field(default_factory=Rules)

    def arguments(self, program: Sequence[str]) -> list[str]:
        """PROGRAM with what the profile adds. The person's own arguments come last and win."""
        added = [
            argument
            for addition in self.additions
            if not any(own.startswith(addition.unless) for own in program[1:])
            for argument in addition.arguments
        ]
        return [program[0], *added, *program[1:]]


def profile_of(words: Sequence[str]) -> Profile:
    """The profile of a running program that was called with WORDS, perhaps as a script of an interpreter."""
    named = (profile_for(word) for word in words[:2])
    return next((profile for profile in named if profile.programs), profile_for(""))


def profile_for(program: str) -> Profile:
    """The profile of the CLI that PROGRAM names, by the last part of its path."""
    from amq.runtime.profiles import claude, codex, generic

    name = PurePath(program).name
    known = (profile for profile in (claude.PROFILE, codex.PROFILE) if name in profile.programs)
    return next(known, generic.PROFILE)
