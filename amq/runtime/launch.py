"""What an agent's program is started with besides what the person asked for: arguments, environment, hooks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from amq.layout import QueueLayout
from amq.mailbox import Mailbox
from amq.runtime import hooks
from amq.runtime.hooks import BadSettingsError
from amq.runtime.profiles import HookStyle, NativeWay, Profile
from amq.runtime.reach import command_path, with_command
from amq.runtime.wake import Policy


@dataclass(frozen=True)
class Options:
    """How an agent is to be hosted."""

    wake: bool = True
    hooks: bool | None = None  # None: where the program takes them without asking the person
    native: bool = False  # tell it in a way of its own, where there is one
    notice: bytes = b"\a"  # shown when the mail is parked
    policy: Policy = field(default_factory=Policy)
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


def plan(
    profile: Profile,
    program: Sequence[str],
    environment: Mapping[str, str],
    queue: QueueLayout,
    me: str,
    options: Options,
) -> Launch:
    """How PROGRAM, the person's words, is to be started as the agent ME of QUEUE. Changes no file."""
    state, own = queue.agent(me).state, list(program[1:])
    inside = {
        **environment,
        **profile.variables(environment),
        **with_command(environment, command_path(state)),
        "AM_ROOT": queue.root,
        "AM_ME": me,
    }
    path = json.dumps(inside["PATH"], ensure_ascii=False)
    added = profile.added(own, _text(profile.settings_path(environment)))
    finds_amq = profile.keeps_path or any("{path}" in word for addition in added for word in addition.arguments)
    additions = [([word.replace("{path}", path) for word in addition.arguments], addition.why) for addition in added]
    hooked, own, how, settings = _hooks(profile, own, state, options)
    if hooked:
        additions.append((hooked, "hooks, which tell the agent of mail while it works"))
        inside[hooks.HOOKED] = "1"
    arguments = [word for words, _ in additions for word in words]
    changed = [(f"{name}={value}", "") for name, value in inside.items() if environment.get(name) != value]
    return Launch(
        profile=profile,
        program=[program[0], *arguments, *own],
        environment=inside,
        added=[*((shlex.join(words), why) for words, why in additions), *changed],
        hooks=how,
        settings=settings,
        finds_amq=finds_amq,
        hooked=bool(hooked),
    )


def behind(profile: Profile, program: Sequence[str]) -> Profile:
    """PROFILE for its CLI behind PROGRAM (npx, docker, ssh, a script): to those words nothing can be added safely."""
    if not profile.programs or PurePath(program[0]).name in profile.programs:
        return profile
    from amq.runtime.keyboard import fitted

    return replace(
        profile,
        additions=(),
        environment=(),
        hooks=HookStyle.NONE,
        native=NativeWay.NONE,
        keeps_path=False,
        rules=fitted(profile, program),
    )


def prepare(launch: Launch, mailbox: Mailbox, command: str, options: Options) -> None:
    """Write the files that LAUNCH speaks of into the agent's private directory. COMMAND is the path of amq."""
    if not launch.hooked:
        return
    account, state = mailbox.account, mailbox.state_dir
    hooks.forget_events(state)
    hooks.write_script(
        state,
        account.agent.inbox_new,
        root=account.queue.root,
        me=account.me,
        kind=launch.profile.name,
        command=command,
        normal_after=options.policy.normal_after,
    )
    if launch.settings:
        hooks.write_private(f"{state}/{hooks.SETTINGS_NAME}", launch.settings)


def _hooks(profile: Profile, own: list[str], state: str, options: Options) -> tuple[list[str], list[str], str, str]:
    """The arguments for our hooks, the person's own words that are left, how it stands in words, and the settings."""
    script = f"{state}/{hooks.SCRIPT_NAME}"
    if not options.wake or options.hooks is False:
        return [], own, "off", ""
    if profile.hooks is HookStyle.NONE:
        return [], own, f"none: {profile.name} is not known to take them for one process", ""
    if profile.hooks_need_trust and not options.hooks:
        return [], own, f"off: {profile.name} would ask you whether to trust them; --hooks gives them all the same", ""
    if profile.hooks is HookStyle.CONFIG:
        return hooks.codex_arguments(script), own, "on", ""
    try:
        settings, kept = hooks.claude_settings(own, script)
    except BadSettingsError as error:
        return [], own, f"none: your --settings cannot be read: {error}", ""
    return ["--settings", f"{state}/{hooks.SETTINGS_NAME}"], kept, "on", json.dumps(settings)


def _text(path: str) -> str:
    """What stands in the file PATH; nothing if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
