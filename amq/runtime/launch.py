"""What an agent's program is started with besides what the person asked for: arguments, environment, hooks."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from amq import quoting
from amq.config import RUN
from amq.layout import AgentLayout, QueueLayout
from amq.mail.mailbox import Mailbox
from amq.pty.child import TERMINAL_NAME
from amq.runtime.agents import registry
from amq.runtime.agents.profiles import HookStyle, NativeWay, Profile, built_in
from amq.runtime.hooks import script as hooks
from amq.runtime.hooks.script import BadSettingsError
from amq.runtime.path_shim import command_path, make_command, with_command
from amq.runtime.policy.schedule import SchedulePolicy
from amq.runtime.private import PrivateState, write_private
from amq.store import durable
from amq.store.durable import Directory
from amq.text import visible

_SHELLS = ("bash", "dash", "fish", "ksh", "mksh", "sh", "zsh")
_CHANGES_ENVIRONMENT = (
    *("bwrap", "distrobox", "doas", "docker", "env", "kubectl", "lxc", "mosh", "nerdctl", "nix-shell", "podman", "ssh"),
    *("su", "sudo", "toolbox"),
)
_KEEPS_PATH = re.compile(r"-[^-lc]*|--(?!login|command).*")


@dataclass(frozen=True)
class Options:
    """How an agent is to be hosted."""

    wake: bool = True
    untrusted: str = ""  # why the queue is not trusted, where that is known at the start: then `wake` is off
    shortage: str = ""  # what the system lacks for watching the inbox: then `wake` is off
    hooks: bool | None = None  # None: where the program takes them without asking the person
    native: bool = False  # tell it in a way of its own, where there is one
    notice: bytes = b"\a"  # shown when the mail is parked
    policy: SchedulePolicy = field(default_factory=SchedulePolicy)
    preview: int = 0  # the longest subject that is typed, in characters


@dataclass(frozen=True)
class Launch:
    """What is run, and why it differs from the person's words."""

    profile: Profile
    program: list[str]
    environment: dict[str, str]
    added: list[tuple[str, str]]  # what, and why
    hooks: str  # how it stands with them, in words
    settings: str = ""  # what the file that our --settings names will say
    finds_amq: bool = False  # its shells find ours by the bare word
    hooked: bool = False
    files: str = ""  # the directory for what it is given; empty where there is none


def plan(
    profile: Profile,
    program: Sequence[str],
    environment: Mapping[str, str],
    queue: QueueLayout,
    me: str,
    options: Options,
    files: PrivateState,
    run: str = "",
) -> Launch:
    """How PROGRAM, the user's words, is to be started as the agent ME of QUEUE. Changes no file.

    FILES is the directory for the files that it is given; where there is none, it is given none. RUN as in `Notifier`.
    """
    own, around = list(program[1:]), _session_around(environment)
    given = {name: value for name, value in environment.items() if name not in around}
    inside = {
        **given,
        **profile.variables(given),
        **(with_command(given, command_path(files.directory)) if files.directory else {}),
        **_output_budget(profile, environment),
        "AM_ROOT": queue.root,
        "AM_ME": me,
        RUN: run,
    }
    path = quoting.toml_search_path(inside.get("PATH", os.defpath))
    added = profile.added(own, _text(profile.settings_path(environment)))
    finds_amq = bool(files.directory) and (
        profile.keeps_path
        or is_plain_shell(program)
        or any("{path}" in word for addition in added for word in addition.arguments)
    )
    additions = [([word.replace("{path}", path) for word in addition.arguments], addition.why) for addition in added]
    hooked, own, how, settings = _hooks(profile, own, files, options)
    if hooked:
        additions.append((hooked, "hooks, which notify the agent of mail while it works"))
        inside[hooks.HOOKED] = "1"
    arguments = [word for words, _ in additions for word in words]
    changed = [(f"{name}={visible(value)}", "") for name, value in inside.items() if environment.get(name) != value]
    return Launch(
        profile=profile,
        program=[program[0], *arguments, *own],
        environment=inside,
        added=[
            *((quoting.shell_line(words), why) for words, why in additions),
            *changed,
            *((name, "names the terminal that it runs in") for name in inside if name == TERMINAL_NAME),
            *_removed(environment, inside),
        ],
        hooks=how,
        settings=settings,
        finds_amq=finds_amq,
        hooked=bool(hooked),
        files=files.directory,
    )


def _output_budget(profile: Profile, environment: Mapping[str, str]) -> dict[str, str]:
    """How much `amq drain` may print there, unless the user says so. What another agent was given is not the user's."""
    own = environment.get("AMQ_MAX_CHARS", "")
    given = {each.tool_output.budget(environment) for each in built_in().values()}
    if own and own not in given:
        return {}
    wanted = profile.tool_output.budget(environment)
    return {"AMQ_MAX_CHARS": wanted} if own or wanted else {}


def _session_around(environment: Mapping[str, str]) -> set[str]:
    """The variables of the agent in whose shell we were started: what is hosted is a session of its own."""
    return {hooks.HOOKED}.union(*(each.session_around(environment) for each in built_in().values()))


def _removed(environment: Mapping[str, str], inside: Mapping[str, str]) -> list[tuple[str, str]]:
    names = sorted(environment.keys() - inside.keys())
    return [(f"without {visible(name)}", "it belongs to the agent that started this one") for name in names]


def reaches_shells(profile: Profile, program: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether what PROGRAM is started with is surely in the environment of its shells.

    It may not be in a container, for another user, or where the user's settings say what the shells get.
    """
    name, settings = PurePath(program[0]).name, _text(profile.settings_path(environment))
    is_cli_itself = not profile.programs or name in profile.programs
    is_chosen = any(word in text for word in profile.chooses_environment for text in (settings, *program[1:]))
    return is_cli_itself and not is_chosen and name not in _CHANGES_ENVIRONMENT


def is_plain_shell(program: Sequence[str]) -> bool:
    """Whether PROGRAM is a shell at its prompt, which runs itself what is typed and keeps its PATH.

    One that is given a command or a script may start anything, and a login shell sets a PATH of its own.
    """
    return PurePath(program[0]).name in _SHELLS and all(map(_KEEPS_PATH.fullmatch, program[1:]))


def behind(profile: Profile, program: Sequence[str]) -> Profile:
    """PROFILE for its CLI behind PROGRAM (npx, docker, ssh, a script): to those words nothing can be added safely."""
    if not profile.programs or PurePath(program[0]).name in profile.programs:
        return profile
    from amq.runtime.agents.foreground import rules_for_argv

    return replace(
        profile,
        additions=(),
        environment=(),
        hooks=HookStyle.NONE,
        native=NativeWay.NONE,
        keeps_path=False,
        rules=rules_for_argv(profile, program),
    )


def prepare(launch: Launch, mailbox: Mailbox, options: Options) -> None:
    """Write the files that LAUNCH speaks of. Raises OSError."""
    if not launch.files:
        return
    account, command = mailbox.account, make_command(launch.files)
    if not launch.hooked:
        return
    hooks.write_script(
        launch.files,
        account.agent.inbox_new,
        root=account.queue.root,
        me=account.me,
        kind=launch.profile.name,
        command=command,
        normal_after=options.policy.normal_after,
    )
    if launch.settings:
        write_private(f"{launch.files}/{hooks.SETTINGS_NAME}", launch.settings)


def remove_old_settings(agent: AgentLayout) -> bool:
    """Remove what older versions left in the project: a copy of --settings, which may hold keys. Whether it did."""
    try:
        with Directory(agent.state) as state:
            durable.syscalls.unlink(state, hooks.SETTINGS_NAME)
    except OSError:
        return False
    return True


def _hooks(
    profile: Profile, own: list[str], files: PrivateState, options: Options
) -> tuple[list[str], list[str], str, str]:
    """The arguments for our hooks, the user's own words that are left, how it stands in words, and the settings."""
    if not options.wake or options.hooks is False:
        return [], own, "off", ""
    if not files.directory:
        return [], own, f"none: amq has no private directory for them ({files.why_not})", ""
    if profile.hooks is HookStyle.NONE:
        return [], own, f"none: amq knows no way to give {profile.name} hooks for one process", ""
    if profile.hooks_need_trust and not options.hooks:
        return [], own, f"off: {profile.name} would ask you whether to trust them; to add them anyway: --hooks", ""
    try:
        arguments, kept, settings = registry.hook_arguments(profile.hooks, own, files.directory)
    except BadSettingsError as error:
        return [], own, f"none: {error}", ""
    return arguments, kept, "on", settings


def _text(path: str) -> str:
    """What stands in the file PATH; nothing if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
