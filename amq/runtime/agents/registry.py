"""The agent CLIs that amq knows, read from their folders.

`amq hook` imports this for the names, and `amq run` uses it between start and exec. So each function imports only the
modules that it needs.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from amq.mail.mailbox import Mailbox
    from amq.runtime.agents.foreground import ForegroundAgent
    from amq.runtime.agents.native_delivery import Native, Plugin, PluginFeed
    from amq.runtime.agents.offline import Offline
    from amq.runtime.agents.open_sessions import OpenSession
    from amq.runtime.agents.profile import Adapted, ApiServer, HookStyle, NativeWay, Profile
    from amq.runtime.agents.setup_facts import Cli, ConfigDirectory, HookFiles
    from amq.runtime.agents.status_sources import AgentStatus, StatusFile
    from amq.runtime.policy.wake_line import Wording

    Log = Callable[[str], None]

NAMES = ("claude", "codex", "copilot", "gemini", "opencode", "pi", "qwen")
"""The folders, each named like its CLI's program. The first is recommended to a user without any."""
WITH_HOOKS = ("claude", "codex")
"""The CLIs that call `amq hook`."""

WITH_OPEN_SESSIONS = ("claude", "codex")
"""The CLIs whose sessions `amq wake --session` notifies: it was tried with these."""


class NoApiError(Exception):
    """A session takes no text by an API of its CLI; the message is a clause that says why."""


class NotVettedError(Exception):
    """A CLI would not run amq's hooks without a question to the user; the message is a clause that says why."""


def clis() -> Iterator[Cli]:
    """Yield every CLI that amq knows."""
    for name in NAMES:
        yield _part(name, "setup_facts").CLI


def profiles() -> Iterator[Profile]:
    """Yield the profile of every CLI that amq knows."""
    for name in NAMES:
        yield _part(name, "profile").PROFILE


def shell_variables() -> Iterator[str]:
    """Yield the variables by which a shell of one of these CLIs' tools is known."""
    for name in NAMES:
        # importlib's own import costs more than these folders
        yield from __import__(f"{__package__}.{name}", fromlist=["SHELL_VARIABLES"]).SHELL_VARIABLES


def with_hooks() -> dict[str, HookFiles]:
    """Return the hook files of the CLIs that call `amq hook`, by program name."""
    return {cli.name: cli.hooks for cli in clis() if cli.hooks}


def with_skills() -> dict[str, ConfigDirectory]:
    """Return the directories of the CLIs that read skills, by program name."""
    return {cli.name: cli.skills for cli in clis() if cli.skills}


def cli(name: str) -> Cli:
    """Return the facts of the CLI NAME that setup and `amq hook` need."""
    facts: Cli = _part(name, "setup_facts").CLI
    return facts


def offline(name: str) -> Offline:
    """Return the facts by which the CLI NAME is run offline."""
    facts: Offline = _part(name, "offline").OFFLINE
    return facts


def edited_files(name: str, given: Mapping[str, object]) -> list[str]:
    """Return the files that a tool of the CLI NAME is about to change; GIVEN is the tool's input."""
    files: list[str] = _part(name, "edits").files(given)
    return files


def hook_arguments(style: HookStyle, own: Sequence[str], files: str) -> tuple[list[str], list[str], str]:
    """Return arguments that add the hooks in FILES, a directory, the user's OWN arguments to keep, and a settings text.

    The text is for the settings file that the arguments name, "" if they name none. Raises BadSettingsError.
    """
    from amq.runtime.agents.profile import HookStyle

    if style is HookStyle.CONFIG:
        from amq.runtime.agents.codex.hooks import hook_arguments
    else:
        from amq.runtime.agents.claude.hooks import hook_arguments
    return hook_arguments(own, files)


def permission_arguments(
    own: Sequence[str], files: str, settings: str, commands: Sequence[str]
) -> tuple[list[str], list[str], str]:
    """Return arguments by which a CLI runs COMMANDS without asking, the user's OWN to keep, and a settings text.

    It is for CLIs that take settings (`HookStyle.SETTINGS`). SETTINGS is the text that the hooks need, "" if there is
    none; OWN is what they left. Raises BadSettingsError.
    """
    from amq.runtime.agents.claude.permissions import permission_arguments

    return permission_arguments(own, files, settings, commands)


def vetting(
    profile: Profile, program: str, own: Sequence[str], environment: Mapping[str, str], files: str, private: str
) -> list[str]:
    """Return arguments that make PROGRAM, a path, take the hooks of `hook_arguments` without a question to the user.

    OWN are the user's arguments. PRIVATE is the agent's private directory, "" if there is none. Raises NotVettedError.
    """
    from amq.runtime.agents.profile import HookStyle

    if profile.hooks is not HookStyle.CONFIG:
        raise NotVettedError(f"amq knows no way to vouch for hooks of {profile.name}")
    from amq.runtime.agents.codex.hook_vetting import vetting_arguments

    return vetting_arguments(program, own, environment, profile.settings_path(environment), files, private)


def adapted(
    profile: Profile, own: Sequence[str], environment: Mapping[str, str], cwd: str, root: str, introduction: str
) -> Adapted:
    """Return what PROFILE's CLI is given for a start in the directory CWD with the mail of the queue ROOT.

    OWN are the user's arguments; INTRODUCTION is for its model, "" if that has it in another way.
    """
    from amq.runtime.agents.profile import Adaptation, Adapted

    if profile.adaptation is Adaptation.NONE or not cwd:
        return Adapted(own=tuple(own))
    from amq.runtime.agents.codex.start import adapted

    return adapted(own, profile.settings_path(environment), cwd, root, introduction)


def status_file(profile: Profile, environment: Mapping[str, str], pid: int, started: float) -> StatusFile | None:
    """Return the status file of the program PID, started at STARTED; None if it writes none."""
    from amq.runtime.agents.profile import StatusSource

    if profile.publishes is StatusSource.NOWHERE:
        return None
    from amq.runtime.agents.claude.session_file import SessionFile, sessions

    return SessionFile(sessions(environment), pid, started)


def names_in(profile: Profile, environment: Mapping[str, str]) -> str:
    """Return the directory of the files in which PROFILE's CLI keeps the names of its sessions; "" if it keeps none."""
    from amq.runtime.agents.profile import NameSource

    if profile.names is NameSource.SESSIONS:
        from amq.runtime.agents.claude.session_file import sessions

        return sessions(environment)
    return os.path.dirname(profile.settings_path(environment)) if profile.names is NameSource.INDEX else ""


def session_name(source: str, directory: str, pid: int, started: float, session: str) -> str:
    """Return the name of a session, in the place SOURCE (a `NameSource`) in DIRECTORY (`names_in`); "" if unknown.

    PID is the program's process, started at STARTED (seconds since the epoch), and SESSION the id that its hooks got.
    """
    if source == "sessions":
        from amq.runtime.agents.claude.session_file import SessionFile

        return SessionFile(directory, pid, started).name()
    if source == "index" and session:
        from amq.runtime.agents.codex.session_index import name_of

        return name_of(directory, session)
    return ""


def background_hook(style: HookStyle, files: str, agent_status: AgentStatus) -> Native | None:
    """Return the hook that waits in the background of a CLI with hooks of this STYLE; None if it has none.

    FILES is the directory of its run, AGENT_STATUS what the CLI says of itself.
    """
    from amq.runtime.agents.profile import HookStyle

    if style is not HookStyle.SETTINGS:
        return None
    from amq.runtime.agents.claude.background_hook import BackgroundHook

    return BackgroundHook(files, agent_status)


def why_no_plugin(words: Sequence[str], environment: Mapping[str, str], cwd: str) -> str:
    """Return why a CLI would not load amq's plugin if it is started in CWD with WORDS, as far as that is known."""
    from amq.runtime.agents.claude.mod_settings import why_not

    return why_not(words, environment, cwd)


def is_plugin_refused(output: str, lived_s: float) -> bool:
    """Return whether a CLI that has left after LIVED_S seconds with this OUTPUT does not start with a plugin."""
    from amq.runtime.agents.claude.mod_settings import LEFT_WITHIN_S, is_refusal

    return lived_s < LEFT_WITHIN_S and is_refusal(output)


def plugin_arguments(files: str) -> list[str]:
    """Return arguments that add the plugin in FILES, the directory of a run."""
    from amq.runtime.agents.claude.mod_feed import FOLDER_NAME

    return ["--plugin-dir", f"{files}/{FOLDER_NAME}"]


def make_plugin(files: str, command: str, environment: Mapping[str, str]) -> None:
    """Make the plugin of one run in FILES. It has tools that run COMMAND, unless that is "". Raises OSError."""
    from amq.runtime.agents.claude.mod_feed import Tools, make_folder

    make_folder(files, Tools(command, environment) if command else None)


def plugin_feed(files: str) -> PluginFeed:
    """Return the pipes to the plugin of the run whose directory is FILES. Raises OSError."""
    from amq.runtime.agents.claude.mod_feed import ModFeed

    return ModFeed(files)


def plugin(
    feed: PluginFeed,
    mailbox: Mailbox,
    files: str,
    directory: str,
    agent_status: AgentStatus,
    wording: Wording,
    log: Log,
) -> Plugin:
    """Return the way by the plugin behind FEED, whose run has the directory FILES.

    DIRECTORY is the agent's private one, AGENT_STATUS what the CLI says of itself, WORDING how a line reads. LOG takes
    a line for the private log.
    """
    from amq.runtime.agents.claude.mod_channel import ModChannel
    from amq.runtime.agents.claude.mod_feed import ModFeed

    assert isinstance(feed, ModFeed)
    return ModChannel(feed, mailbox, files, directory, agent_status, wording, log)


def native(
    way: NativeWay,
    agent_status: AgentStatus,
    session: Callable[[], str],
    program: str,
    environment: Mapping[str, str],
    server: ApiServer | None = None,
) -> Native | None:
    """Return PROGRAM's agent API, which is of the kind WAY, if any. SESSION returns the id that its hooks received.

    SERVER is the one that it was started with.
    """
    from amq.runtime.agents.profile import NativeWay

    if way is NativeWay.CODEX_QUEUE:
        from amq.runtime.agents.codex.queue_command import QueueCommand

        return QueueCommand(lambda: agent_status.hooks_active, session, program, environment)
    if way is NativeWay.CLAUDE_SOCKET:
        from amq.runtime.agents.claude.session_file import SessionFile
        from amq.runtime.agents.claude.session_socket import SessionSocket

        file = agent_status.file
        return SessionSocket(file) if isinstance(file, SessionFile) else None
    if server:
        from amq.runtime.agents.opencode.server import Server

        return Server(server)
    return None


def open_thread(profile: Profile, pid: int) -> str:
    """Return the id of the conversation that process PID shows, whose CLI has PROFILE; "" if it is not known."""
    from amq.runtime.agents.profile import NativeWay

    if profile.native is not NativeWay.CODEX_QUEUE:
        return ""
    from amq.runtime.agents.codex.open_thread import OpenThread

    return OpenThread(pid).id()


def open_session_api(session: OpenSession, agent: ForegroundAgent, environment: Mapping[str, str]) -> Native:
    """Return the agent API of a SESSION that amq has not started, whose CLI is AGENT. Raises NoApiError.

    ENVIRONMENT counts where that of the session is not known, or does not lead to its CLI's command.
    """
    from amq.runtime.agents.profile import NativeWay

    if session.profile.native is NativeWay.CLAUDE_SOCKET:
        from amq.runtime.agents.claude.session_socket import open_socket

        return open_socket(agent.agent_status.file, agent.words)
    if session.profile.native is NativeWay.CODEX_QUEUE:
        from amq.runtime.agents.codex.open_thread import OpenThread
        from amq.runtime.agents.codex.queue_command import QueueCommand
        from amq.runtime.programs import find_program

        given = session.environment or environment
        program = find_program(session.cli, given) or find_program(session.cli, environment)
        if program is None:
            raise NoApiError(f"{session.cli} is not on the PATH")
        return QueueCommand(session.is_alive, OpenThread(session.pid).id, program, given)
    raise NoApiError(f"{session.cli} has no way to take a text from outside")


def api_server(way: NativeWay, own: Sequence[str], environment: Mapping[str, str]) -> ApiServer | None:
    """Return the server by which a CLI takes notifications of the kind WAY; None if it has none.

    OWN are the user's arguments, which may choose one themselves. It takes a free port.
    """
    from amq.runtime.agents.profile import NativeWay

    if way is not NativeWay.OPENCODE_SERVER:
        return None
    from amq.runtime.agents.opencode.server import choose

    return choose(own, environment)


def _part(name: str, module: str) -> ModuleType:
    """Return MODULE of the folder NAME."""
    from importlib import import_module

    return import_module(f"{__package__}.{name}.{module}")
