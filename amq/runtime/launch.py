"""Add to the user's command what the agent's CLI needs to work with amq: arguments, environment, hooks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence

from amq import quoting
from amq.config import ALLOWED_IN, ALLOWED_ROOT, MAIL_COMMANDS, RUN, own_project
from amq.layout import AgentLayout, QueueLayout
from amq.mail.mailbox import Mailbox
from amq.pty.child import TERMINAL_NAME
from amq.record import record, replace
from amq.runtime.agents import registry
from amq.runtime.agents.profile import Adaptation, ApiServer, HookStyle, NativeWay, Profile
from amq.runtime.agents.profiles import built_in
from amq.runtime.agents.versions import numbers, printed_version
from amq.runtime.at_start import AtStart
from amq.runtime.certified import FAILED, VERSION_WITHIN_S, Certified, within_limits
from amq.runtime.consent import NOT_ASKED, Allowed
from amq.runtime.hooks import script
from amq.runtime.hooks.script import BadSettingsError
from amq.runtime.notice_settings import NoticeSettings
from amq.runtime.path_shim import command_path, make_command, with_command
from amq.runtime.policy.schedule import SchedulePolicy
from amq.runtime.policy.wake_line import is_typeable
from amq.runtime.private_state import PrivateState, make_pipe, write_private
from amq.store import durable
from amq.store.durable import Directory
from amq.text import visible

_INTRODUCTION_NAME = "introduction.md"
_SHELLS = ("bash", "dash", "fish", "ksh", "mksh", "sh", "zsh")
_CHANGES_ENVIRONMENT = (
    *("bwrap", "distrobox", "doas", "docker", "env", "kubectl", "lxc", "mosh", "nerdctl", "nix-shell", "podman", "ssh"),
    *("su", "sudo", "toolbox"),
)
_KEEPS_PATH = re.compile(r"-[^-lc]*|--(?!login|command).*")


@record
class Options:
    """The user's choices about hosting an agent."""

    wake: bool = True
    says_handle: bool = False  # tell the user the handle, which they did not choose
    untrusted: str = ""  # why the queue is not trusted, if that is known at the start; `wake` is off then
    shortage: str = ""  # what the system lacks to watch the inbox; `wake` is off then
    denies_leased: bool = False  # its hooks refuse edits of what another agent has a lease on
    hooks: bool | None = None  # None: only if the CLI takes them without asking the user
    allowed: Allowed = NOT_ASKED  # the user's consent that agents use amq without being asked
    labels: bool = False  # show its state by options of its tmux pane
    plugin: bool | None = None  # None: only if the CLI's version was tested with amq's plugin
    native: bool = False  # notify the CLI through its own API, if it has one
    notices: NoticeSettings = NoticeSettings()
    policy: SchedulePolicy = SchedulePolicy()
    preview_chars: int = 0  # characters of a subject that are typed at most
    amq: str = ""  # the version of this amq, for which a verdict holds


@record
class Launch:
    """The command that is run, and how it differs from the user's."""

    profile: Profile
    program: list[str]
    environment: dict[str, str]
    added: list[tuple[str, str]]  # each difference, and the reason for it
    hooks: str  # whether it gets hooks, and why not, in words
    allowed: str = ""  # amq's commands that its CLI runs without asking, or why there are none, in words
    is_allowed: bool = False  # whether there are such commands
    settings: str = ""  # the content of the file that amq's --settings names
    finds_amq: bool = False  # the bare word `amq` runs this installation in its shells
    has_hooks: bool = False
    has_plugin: bool = False
    no_plugin: str = ""  # why it has no plugin
    server: ApiServer | None = None  # by which its CLI takes notifications
    introduction: str = ""  # the content of the file that the environment names
    lacks: tuple[str, ...] = ()  # what it should have and is not given, with the reason
    certified: Certified = Certified()
    files: str = ""  # the private directory of this run; empty if there is none


def plan(
    profile: Profile,
    program: Sequence[str],
    environment: Mapping[str, str],
    queue: QueueLayout,
    me: str,
    options: Options,
    files: PrivateState,
    run: str = "",
    start: AtStart = AtStart(),  # noqa: B008  a value
) -> Launch:
    """Return how to start PROGRAM, the user's words, as the agent ME of QUEUE. Changes no file.

    FILES is the private directory of this run; without one the program gets no hooks and no `amq` on its PATH. RUN is
    the id of the run, as in `Notifier`; empty if its shells may not see it.
    """
    profile = within_limits(profile, start.certified)
    own, around = list(program[1:]), _session_around(environment)
    given = {name: value for name, value in environment.items() if name not in around and not _is_of_amq(value)}
    instructions = _instructions(profile, given, files, start)
    inside = {
        **given,
        **profile.variables(given),
        **instructions,
        **(with_command(given, command_path(files.directory)) if files.directory else {}),
        **_output_budget(profile, environment),
        "AM_ROOT": queue.root,
        "AM_ME": me,
        RUN: run,
    }
    path = quoting.toml_search_path(inside.get("PATH", os.defpath))
    added = profile.added(own, _text(profile.settings_path(environment)), start.introduction)
    finds_amq = bool(files.directory) and (
        profile.keeps_path
        or is_plain_shell(program)
        or any("{path}" in word for addition in added for word in addition.arguments)
    )
    additions = [([word.replace("{path}", path) for word in addition.arguments], addition.why) for addition in added]
    hooked, own, how, settings = _hooks(profile, own, files, options, start)
    # where it has hooks, they introduce the agent at each beginning of a session
    adapted = registry.adapted(profile, own, environment, start.cwd, queue.root, "" if hooked else start.introduction)
    own = list(adapted.own)
    additions += [(list(addition.arguments), addition.why) for addition in adapted.additions]
    if hooked:
        additions.append((hooked, "hooks, which notify the agent of mail while it works"))
        inside[script.HOOKED] = "1"
    no_plugin = start.no_plugin or ("" if files.directory else f"amq has no private directory for it ({files.why_not})")
    plugin = registry.plugin_arguments(files.directory) if start.has_plugin and not no_plugin else []
    if plugin:
        additions.append((plugin, "a plugin for this run, which gives its model the mail"))
    allowed = _permissions(profile, own, files, options, settings, finds_amq=finds_amq)
    if allowed.project and (too_old := _too_old(profile, program[0], environment, start)):
        allowed = _Permissions(f"none: {too_old}")
    if allowed.project:
        own, settings = list(allowed.own), allowed.settings
        inside |= {ALLOWED_IN: allowed.project, ALLOWED_ROOT: queue.root}
    if allowed.arguments:
        additions.append(
            (list(allowed.arguments), "permissions, by which it runs amq's mail commands without asking you")
        )
    secret: dict[str, str] = {}
    if start.server:
        additions.append((list(start.server.arguments), "a server on this machine alone, which takes notifications"))
        secret = dict(start.server.variables)
        inside |= secret
    arguments = [word for words, _ in additions for word in words]
    changed = [
        (f"{name}={'…' if name in secret else visible(value)}", "")
        for name, value in inside.items()
        if environment.get(name) != value
    ]
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
        allowed=allowed.how,
        is_allowed=bool(allowed.project),
        settings=settings,
        server=start.server,
        introduction=start.introduction if instructions else "",
        lacks=(
            *adapted.lacks,
            *_no_refusals(options, how, hooked),
            *start.certified.lacks(wants_channels=bool(options.hooks or options.plugin)),
        ),
        certified=start.certified,
        finds_amq=finds_amq,
        has_hooks=bool(hooked),
        has_plugin=bool(plugin),
        no_plugin=no_plugin,
        files=files.directory,
    )


def without_plugin(launch: Launch, why: str) -> Launch:
    """Return LAUNCH without its plugin, and WHY it has none."""
    words = registry.plugin_arguments(launch.files)
    at = launch.program.index(words[0])
    return replace(
        launch,
        program=launch.program[:at] + launch.program[at + len(words) :],
        added=[each for each in launch.added if each[0] != quoting.shell_line(words)],
        has_plugin=False,
        no_plugin=why,
    )


def _instructions(
    profile: Profile, environment: Mapping[str, str], files: PrivateState, start: AtStart
) -> dict[str, str]:
    """Return the variable that adds the introduction, a file, to the CLI's instructions; nothing if the user set it."""
    if not (profile.instructions and start.introduction and files.directory) or profile.instructions in environment:
        return {}
    return {profile.instructions: json.dumps({"instructions": [f"{files.directory}/{_INTRODUCTION_NAME}"]})}


def _is_of_amq(value: str) -> bool:
    """Return whether VALUE is what `_instructions` gave the agent around this one."""
    return value.startswith('{"instructions": [') and value.endswith(f'/{_INTRODUCTION_NAME}"]}}')


def _output_budget(profile: Profile, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable that limits the output of `amq drain`; nothing if the user has set it.

    A value that amq gave the agent around this one does not count as the user's.
    """
    own = environment.get("AMQ_MAX_CHARS", "")
    given = {each.tool_output.budget(environment) for each in built_in().values()}
    if own and own not in given:
        return {}
    wanted = profile.tool_output.budget(environment)
    return {"AMQ_MAX_CHARS": wanted} if own or wanted else {}


def _session_around(environment: Mapping[str, str]) -> set[str]:
    """Return the session variables of the agent around this one, which must not reach the hosted agent."""
    return {script.HOOKED, ALLOWED_IN, ALLOWED_ROOT}.union(
        *(each.session_around(environment) for each in built_in().values())
    )


def _removed(environment: Mapping[str, str], inside: Mapping[str, str]) -> list[tuple[str, str]]:
    names = sorted(environment.keys() - inside.keys())
    return [(f"without {visible(name)}", "it belongs to the agent that started this one") for name in names]


def reaches_shells(profile: Profile, program: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Return whether PROGRAM's environment certainly reaches its shells.

    It may not in a container, for another user, or if the user's settings choose what the shells get.
    """
    name, settings = os.path.basename(program[0]), _text(profile.settings_path(environment))
    is_cli_itself = not profile.programs or name in profile.programs
    is_chosen = any(word in text for word in profile.chooses_environment for text in (settings, *program[1:]))
    return is_cli_itself and not is_chosen and name not in _CHANGES_ENVIRONMENT


def is_plain_shell(program: Sequence[str]) -> bool:
    """Return whether PROGRAM is an interactive shell that keeps its PATH.

    A shell that is given a command or a script may start anything, and a login shell sets its own PATH.
    """
    return os.path.basename(program[0]) in _SHELLS and all(map(_KEEPS_PATH.fullmatch, program[1:]))


def behind(profile: Profile, program: Sequence[str]) -> Profile:
    """Return PROFILE for a CLI behind PROGRAM (npx, docker, ssh, a script), to which nothing can be added safely."""
    if not profile.programs or os.path.basename(program[0]) in profile.programs:
        return profile
    from amq.runtime.agents.foreground import rules_for_argv

    return replace(
        profile,
        additions=(),
        environment=(),
        hooks=HookStyle.NONE,
        plugin_versions=(),
        adaptation=Adaptation.NONE,
        instructions="",
        native=NativeWay.NONE,
        keeps_path=False,
        rules=rules_for_argv(profile, program),
    )


def prepare(launch: Launch, mailbox: Mailbox, options: Options) -> None:
    """Write the files that LAUNCH refers to. Raises OSError."""
    if not launch.files:
        return
    account, command = mailbox.account, make_command(launch.files)
    if launch.introduction:
        write_private(f"{launch.files}/{_INTRODUCTION_NAME}", launch.introduction + "\n")
    if launch.has_hooks:
        script.write_script(
            launch.files,
            account.agent.inbox_new,
            root=account.queue.root,
            me=account.me,
            kind=launch.profile.name,
            command=command,
            normal_after_s=options.policy.normal_after_s,
            budget=launch.profile.hook_text,
            denies=options.denies_leased,
        )
        if launch.profile.hooks is HookStyle.SETTINGS:
            make_pipe(f"{launch.files}/{script.PIPE_NAME}")
    if launch.has_plugin:
        tools = command if launch.is_allowed else ""  # they ask the user for nothing
        registry.make_plugin(launch.files, tools, {"AM_ROOT": account.queue.root, "AM_ME": account.me})
    if launch.settings:
        write_private(f"{launch.files}/{script.SETTINGS_NAME}", launch.settings)


def remove_old_settings(agent: AgentLayout) -> bool:
    """Remove the copy of --settings, perhaps with keys, that older versions left. Returns whether there was one."""
    try:
        with Directory(agent.state) as state:
            durable.syscalls.unlink(state, script.SETTINGS_NAME)
    except OSError:
        return False
    return True


def _hooks(
    profile: Profile, own: list[str], files: PrivateState, options: Options, start: AtStart
) -> tuple[list[str], list[str], str, str]:
    """Return the arguments for hooks, the user's arguments that remain, the state in words, and the settings file."""
    if not options.wake or options.hooks is False:
        return [], own, "off", ""
    if not files.directory:
        return [], own, f"none: amq has no private directory for them ({files.why_not})", ""
    if profile.hooks is HookStyle.NONE:
        return [], own, f"none: amq knows no way to give {profile.name} hooks for one process", ""
    if start.certified.limits.channels and not options.hooks:
        return [], own, f"off: {FAILED}: {start.certified.limits.channels}; to add them anyway: --hooks", ""
    if profile.hooks_need_trust and not (options.hooks or start.vetting):
        return [], own, f"off: {_why_asked(profile, options, start)}; to add them anyway: --hooks", ""
    try:
        arguments, kept, settings = registry.hook_arguments(profile.hooks, own, files.directory)
    except BadSettingsError as error:
        return [], own, f"none: {error}", ""
    how = f"on: amq vouches for exactly these, for this run ({options.allowed.why})" if start.vetting else "on"
    return [*arguments, *start.vetting], kept, how, settings


def _no_refusals(options: Options, how: str, hooked: Sequence[str]) -> list[str]:
    """Return that no edit is refused although the user wants it, and why: its hooks would do that, which are HOW."""
    return [f"refusals of edits (--deny-leased): its hooks are {how}"] if options.denies_leased and not hooked else []


def _why_asked(profile: Profile, options: Options, start: AtStart) -> str:
    """Return why the CLI of PROFILE would ask the user about amq's hooks, as clauses."""
    asks = f"{profile.name} would ask you whether to trust them"
    if start.not_vetted:
        return f"{asks}, and amq cannot vouch for them: {start.not_vetted}"
    return f"{asks} ({options.allowed.why})"


@record
class _Permissions:
    """The commands that the CLI runs without asking, in words, or why there are none; PROJECT is "" then.

    The arguments for it, the user's OWN that remain and the content of the settings file are those with the hooks'.
    """

    how: str
    project: str = ""
    arguments: Sequence[str] = ()
    own: Sequence[str] = ()
    settings: str = ""


def _permissions(
    profile: Profile, own: list[str], files: PrivateState, options: Options, settings: str, *, finds_amq: bool
) -> _Permissions:
    if profile.hooks is not HookStyle.SETTINGS:
        return _Permissions(f"none: amq knows no way to allow commands in {profile.name} for one process")
    if not options.allowed:
        return _Permissions(f"none: {options.allowed.why}")
    if options.untrusted:
        return _Permissions(f"none: you do not trust the queue ({options.untrusted})")
    if not files.directory:
        return _Permissions(f"none: amq has no private directory for them ({files.why_not})")
    project = own_project()
    if not project:
        return _Permissions("none: the working directory is not a project, but /, your home directory, or gone")
    commands = _spelled(command_path(files.directory), finds_amq=finds_amq)
    try:
        given = registry.permission_arguments(own, files.directory, settings, commands)
    except BadSettingsError as error:
        return _Permissions(f"none: {error}")
    return _Permissions(f"amq {', '.join(MAIL_COMMANDS)} ({options.allowed.why})", project, *given)


def _too_old(profile: Profile, program: str, environment: Mapping[str, str], start: AtStart) -> str:
    """Return why the installed PROGRAM may not be given permissions, "" if it may. A version not known is too old."""
    version = start.certified.version or printed_version([program, *profile.version], environment, VERSION_WITHIN_S)
    oldest = profile.permissions_since
    if oldest and numbers(oldest) <= numbers(version):
        return ""
    return f"{profile.name} {version or 'of an unknown version'} asks about too little; {oldest} and newer ones do not"


def _spelled(path: str, *, finds_amq: bool) -> list[str]:
    """Return the words of the mail commands, by each name that surely means this amq, at PATH."""
    names = [*(["amq"] if finds_amq else []), *([path] if is_typeable(path) else [])]
    return [f"{name} {command}" for name in names for command in MAIL_COMMANDS]


def _text(path: str) -> str:
    """Return the text of the file PATH; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
