"""The profile of an agent's CLI: plain data, so that `amq run` starts a program without delay.

A user's own file may override it (`user_profile`). Its keys are the names of the fields below.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import Enum

from amq.errors import UsageError
from amq.pty.input_row import PromptRule
from amq.pty.keystrokes import Line
from amq.record import record, replace
from amq.runtime.policy.injection import InjectionRules, ReadyWhen


class HookStyle(Enum):
    """The way to give a CLI hooks for one run."""

    NONE = "none"
    SETTINGS = "settings"  # an argument --settings, whose last use counts
    CONFIG = "config"  # arguments -c hooks.EVENT=[…]; it asks the user once whether to trust them


class StatusSource(Enum):
    """The place besides its terminal where a CLI publishes its state."""

    NOWHERE = "nowhere"
    SESSIONS = "sessions"  # a file sessions/PID.json in its home


class NameSource(Enum):
    """The place where a CLI keeps the name of a session that its user sees."""

    NOWHERE = "nowhere"
    SESSIONS = "sessions"  # the file of `StatusSource.SESSIONS`
    INDEX = "index"  # a line of session_index.jsonl in its home


class Adaptation(Enum):
    """The arguments and files of a CLI that depend on where it is started, and as whom."""

    NONE = "none"
    CONFIG = "config"  # access of its sandbox to the queue and an introduction, beside those in the user's settings


class NativeWay(Enum):
    """A CLI's own way to take a notification."""

    NONE = "none"
    CLAUDE_SOCKET = "claude-socket"
    CODEX_QUEUE = "codex-queue"
    OPENCODE_SERVER = "opencode-server"


@record
class ApiServer:
    """The HTTP server by which a CLI takes a notification: its port on loopback, and whom it lets in.

    The CLI is started with these arguments and variables, which may be secret.
    """

    port: int
    user: str
    password: str
    arguments: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]


@record
class Addition:
    """Arguments that a CLI is started with, unless one of the user's own begins with one of `unless`.

    In each, `{path}` stands for the agent's PATH, as a TOML string. An argument `{introduction}` is the text that
    introduces the agent to its model; where there is none, the addition is left out.
    """

    arguments: tuple[str, ...]
    unless: tuple[str, ...] = ()
    unless_configured: tuple[str, ...] = ()  # words in the user's own settings that forbid it as well
    why: str = ""

    def introducing(self, introduction: str) -> Addition:
        """Return it with the INTRODUCTION in place."""
        return replace(self, arguments=tuple(introduction if word == INTRODUCTION else word for word in self.arguments))


INTRODUCTION = "{introduction}"


@record
class Adapted:
    """The parts of one start of a CLI: `additions`, the user's `own` arguments that remain, and what it `lacks`.

    The additions are given as they are, without `{path}`. What it lacks is shown to the user, one clause each.
    """

    additions: tuple[Addition, ...] = ()
    own: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@record
class ToolOutput:
    """The limit on a command's output that a CLI's tool shows its model: `most` bytes of UTF-8 (0 if unknown).

    The tool hides or cuts the rest. The user can lower the limit by the environment variable `variable`.
    """

    most: int = 0
    variable: str = ""

    def budget(self, environment: Mapping[str, str]) -> str:
        """Return the value for AMQ_MAX_CHARS; empty if the limit is unknown."""
        lowered = environment.get(self.variable, "")
        most = min(self.most, int(lowered) if lowered.isascii() and lowered.isdecimal() else self.most) or self.most
        return f"{max(most - OUTPUT_MARGIN, most // 2)}b" if most else ""


OUTPUT_MARGIN = 1000  # bytes left for other output, such as warnings


@record
class Profile:
    """One CLI: how it is recognised, started and typed into."""

    name: str
    programs: tuple[str, ...] = ()  # base names
    tested: tuple[str, ...] = ()  # the versions that these facts were measured on
    version: tuple[str, ...] = ("--version",)  # the arguments that make it print its version
    additions: tuple[Addition, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()  # added, unless the user has set it
    session: tuple[str, ...] = ()  # variables that identify the session in its shells; the first is always set
    settings: tuple[str, str] = ("", "")  # the user's file: a variable that names its directory, its usual path
    hooks: HookStyle = HookStyle.NONE
    hook_text: str = ""  # how much of one hook's text it passes to its model, such as `9500b`; empty: the usual
    hooks_need_trust: bool = False  # it asks the user about new ones when it starts
    permissions_since: str = ""  # the oldest version that asks before all that amq's permissions do not name
    plugin_versions: tuple[str, ...] = ()  # those that were tested with amq's plugin for one run, if there is one
    adaptation: Adaptation = Adaptation.NONE
    instructions: str = ""  # a variable for settings in JSON; files in their `instructions` are added to the user's
    publishes: StatusSource = StatusSource.NOWHERE
    names: NameSource = NameSource.NOWHERE
    native: NativeWay = NativeWay.NONE
    keeps_path: bool = False  # its shell finds what is first on the PATH it was started with
    chooses_environment: tuple[str, ...] = ()  # words in its arguments or settings that choose what its shells get
    answers_state: bool = False  # it publishes its state by OSC 7501 only to a terminal that answers its question
    tool_output: ToolOutput = ToolOutput()
    submit_needs: str = ""  # part of an argument without which the rules' submit key has no effect
    usual_submit: bytes = b""  # the key that submits a line then, and answers no dialog
    continues: tuple[str, ...] = ()  # the first arguments, by which it goes on with the last session of a directory
    asks: tuple[str, ...] = ()  # its dialogs about a command: expressions for the screen, whose group is the command
    no_session: tuple[str, ...] = ()  # words in its arguments with which it shows no session
    line: Line = Line()
    rules: InjectionRules = InjectionRules()

    def added(self, own: Sequence[str], settings: str = "", introduction: str = "") -> list[Addition]:
        """Return the additions that neither the user's OWN arguments nor the text of their SETTINGS rule out.

        That with the INTRODUCTION has it in place; without one it is left out.
        """
        return [
            each.introducing(introduction)
            for each in self.additions
            if (introduction or INTRODUCTION not in each.arguments)
            and not any(word.startswith(each.unless) for word in own)
            and not any(word in settings for word in each.unless_configured)
        ]

    @property
    def publishes_state(self) -> bool:
        """Return whether the versions that were tested say what they do: by OSC 7501, a title or a file."""
        rules = self.rules
        by_terminal = self.answers_state or bool(rules.titles or rules.idle_title)
        return by_terminal or rules.ready_when is ReadyWhen.PUBLISHED or self.publishes is not StatusSource.NOWHERE

    @property
    def takes_introduction(self) -> bool:
        """Return whether it can be introduced to its model when it starts, without a hook."""
        by_argument = any(INTRODUCTION in each.arguments for each in self.additions)
        return by_argument or bool(self.instructions) or self.adaptation is not Adaptation.NONE

    def settings_path(self, environment: Mapping[str, str]) -> str:
        """Return the path of the user's own settings; empty if they do not matter."""
        variable, path = self.settings
        home, name = os.path.split(path)
        directory = environment.get(variable) or os.path.join(environment.get("HOME", ""), home)
        return os.path.join(directory, name) if path else ""

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the profile's variables that ENVIRONMENT lacks."""
        return {name: value for name, value in self.environment if name not in environment}

    def session_around(self, environment: Mapping[str, str]) -> set[str]:
        """Return the session's variables that are in ENVIRONMENT; none if we were not started in this CLI's shell."""
        return set(environment).intersection(self.session) if self.session and self.session[0] in environment else set()


def with_prompt(profile: Profile, prompt: object, where: str = "--prompt") -> Profile:
    """Return PROFILE for a program that takes a line where it shows PROMPT. Raises UsageError, which names WHERE."""
    if not (isinstance(prompt, str) and prompt.strip() and prompt.isprintable()):
        raise UsageError(f"{where} takes one line of printable text: the prompt as shown before the cursor")
    return replace(profile, rules=replace(profile.rules, prompt_row=PromptRule(prompt)))
