"""What is known of each agent's CLI: plain data, one folder a CLI, so that nothing stands between start and exec.

A person's own file (`own`) may say otherwise. Its keys are the names of the fields below.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import PurePath

from amq.errors import UsageError
from amq.names import nearest
from amq.pty.input_row import PromptRule
from amq.pty.keystrokes import Line
from amq.runtime.policy.injection import InjectionRules

BUILT_IN = "comes with amq"


class HookStyle(Enum):
    """How a CLI takes hooks for one process."""

    NONE = "none"
    SETTINGS = "settings"  # an argument --settings, whose last use counts
    CONFIG = "config"  # arguments -c hooks.EVENT=[…]; it asks the person once whether to trust them


class StatusSource(Enum):
    """Where else than in its terminal a CLI says what it is at."""

    NOWHERE = "nowhere"
    SESSIONS = "sessions"  # a file sessions/PID.json in its home


class NativeWay(Enum):
    """A way of its own in which a CLI can be told something."""

    NONE = "none"
    CLAUDE_SOCKET = "claude-socket"
    CODEX_QUEUE = "codex-queue"


@dataclass(frozen=True)
class Addition:
    """Arguments that a CLI is started with, unless an argument of the person's begins with one of `unless`.

    In each, `{path}` stands for the PATH that the agent is given, as a TOML string.
    """

    arguments: tuple[str, ...]
    unless: tuple[str, ...] = ()
    unless_configured: tuple[str, ...] = ()  # words in the person's own settings that forbid it as well
    why: str = ""


@dataclass(frozen=True)
class ToolOutput:
    """What a CLI's tool hands its model of a command's output: `most` bytes of UTF-8 (0: that is not known).

    It hides or cuts out the rest. `variable` is one of the user's that lowers it.
    """

    most: int = 0
    variable: str = ""

    def budget(self, environment: Mapping[str, str]) -> str:
        """Return what AMQ_MAX_CHARS is to be; empty where that is not known."""
        lowered = environment.get(self.variable, "")
        most = min(self.most, int(lowered) if lowered.isascii() and lowered.isdecimal() else self.most) or self.most
        return f"{max(most - OUTPUT_MARGIN, most // 2)}b" if most else ""


OUTPUT_MARGIN = 1000  # bytes for what else is said, such as warnings


@dataclass(frozen=True)
class Profile:
    """One CLI: how it is recognised, started and typed into."""

    name: str
    programs: tuple[str, ...] = ()  # base names
    tested: tuple[str, ...] = ()  # the versions that what stands here was measured on
    version: tuple[str, ...] = ("--version",)  # the arguments that make it print its version
    additions: tuple[Addition, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()  # added, unless the person has set it
    session: tuple[str, ...] = ()  # variables that tell what runs in its shell of its session; the first is always set
    settings: tuple[str, str] = ("", "")  # the file of the person's own: a variable that names its directory, the path
    hooks: HookStyle = HookStyle.NONE
    hooks_need_trust: bool = False  # it asks the person about new ones when it starts
    publishes: StatusSource = StatusSource.NOWHERE
    native: NativeWay = NativeWay.NONE
    keeps_path: bool = False  # its shell finds what is first on the PATH it was started with
    chooses_environment: tuple[str, ...] = ()  # words in its arguments or settings that choose what its shells get
    answers_state: bool = False  # it publishes its state by OSC 7501 only to a terminal that answers its question
    tool_output: ToolOutput = field(default_factory=ToolOutput)
    submit_needs: str = ""  # part of an argument without which the submit key of the rules is none
    usual_submit: bytes = b""  # what submits a line in its place then, and answers no dialog
    no_session: tuple[str, ...] = ()  # its sub-commands that show something else than a session
    line: Line = field(default_factory=Line)
    rules: InjectionRules = field(default_factory=InjectionRules)

    def added(self, own: Sequence[str], settings: str = "") -> list[Addition]:
        """What it is started with besides the person's OWN arguments and the text of their SETTINGS, which win."""
        return [
            each
            for each in self.additions
            if not any(word.startswith(each.unless) for word in own)
            and not any(word in settings for word in each.unless_configured)
        ]

    def settings_path(self, environment: Mapping[str, str]) -> str:
        """The file that holds the person's own settings; empty if we need not know them."""
        variable, path = self.settings
        home, name = os.path.split(path)
        directory = environment.get(variable) or os.path.join(environment.get("HOME", ""), home)
        return os.path.join(directory, name) if path else ""

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What the person's ENVIRONMENT lacks."""
        return {name: value for name, value in self.environment if name not in environment}

    def session_around(self, environment: Mapping[str, str]) -> set[str]:
        """The variables of its session that ENVIRONMENT has; none if we were not started in its shell."""
        return set(environment).intersection(self.session) if self.session and self.session[0] in environment else set()


def built_in() -> dict[str, Profile]:
    """The profiles that come with amq, by name."""
    from amq.runtime.agents import generic, registry

    return {profile.name: profile for profile in (*registry.profiles(), generic.PROFILE)}


def profile_for(program: str) -> Profile:
    """The profile of the CLI that PROGRAM names, by the last part of its path."""
    name = PurePath(program).name
    profiles = built_in()
    return next((profile for profile in profiles.values() if name in profile.programs), profiles["generic"])


def own_file(program: str, environment: Mapping[str, str]) -> str | None:
    """The person's own profile of PROGRAM, a file named like it in their configuration directory; None: there is none.

    Reading it (`own.read_own`) is slow to import, so that is done only where there is one.
    """
    path = os.path.join(_own_directory(environment), f"{PurePath(program).name}.toml")
    return path if os.path.isabs(path) and os.path.exists(path) else None


def chosen(asked: str | None, program: str, environment: Mapping[str, str]) -> tuple[Profile, str]:
    """The profile ASKED for, by its name or as a file, else that of PROGRAM; and where it comes from, in words.

    Raises UsageError if there is none of that name, or a file is wrong.
    """
    path = asked if asked and _is_file(asked) else own_file(program if asked is None else asked, environment)
    if path:
        from amq.runtime.agents.user_profile import read_own

        return read_own(path), path
    if asked is None:
        return profile_for(program), BUILT_IN
    if profile := built_in().get(asked):
        return profile, BUILT_IN
    names = sorted({*built_in(), *_own_names(environment)})
    like = nearest(asked, names, most=1)
    guess = f"; did you mean {like[0]}?" if like else ""
    raise UsageError(
        f"unknown profile {asked!r}{guess}",
        hint=f"use one of {', '.join(names)}, or a file whose name has a / or ends in .toml",
    )


def with_prompt(profile: Profile, prompt: object, where: str = "--prompt") -> Profile:
    """PROFILE for a program that takes a line where it shows PROMPT. Raises UsageError; WHERE says whose mistake."""
    if not (isinstance(prompt, str) and prompt.strip() and prompt.isprintable()):
        raise UsageError(f"{where} takes one line of printable text: the prompt as shown before the cursor")
    return replace(profile, rules=replace(profile.rules, prompt_row=PromptRule(prompt)))


def _is_file(asked: str) -> bool:
    return asked.endswith(".toml") or any(separator in asked for separator in (os.sep, os.altsep) if separator)


def _own_directory(environment: Mapping[str, str]) -> str:
    config = environment.get("XDG_CONFIG_HOME") or os.path.join(environment.get("HOME", ""), ".config")
    return os.path.join(config, "amq", "profiles")


def _own_names(environment: Mapping[str, str]) -> list[str]:
    try:
        found = os.listdir(_own_directory(environment))
    except OSError:
        return []
    return [name.removesuffix(".toml") for name in found if name.endswith(".toml")]
