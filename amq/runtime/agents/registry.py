"""The agent CLIs that amq knows: what their folders hold, and what setting up has to know of them.

`amq hook` imports it for the names, and `amq run` asks it between start and exec. So what a folder holds is imported by
the function that hands it out.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from amq.runtime.agents.cli import Cli, ConfigDirectory, HookFiles
    from amq.runtime.agents.native_delivery import Native
    from amq.runtime.agents.profiles import HookStyle, NativeWay, Profile
    from amq.runtime.agents.status_sources import AgentStatus, StatusFile

NAMES = ("claude", "codex", "gemini", "opencode", "qwen")
"""The folders, each named like its CLI's program. A user who has none of them is advised to get the first."""
WITH_HOOKS = ("claude", "codex")
"""Those that call `amq hook`."""


def clis() -> Iterator[Cli]:
    """Yield every CLI that amq knows."""
    for name in NAMES:
        yield _part(name, "cli").CLI


def profiles() -> Iterator[Profile]:
    """Yield the profile of each."""
    for name in NAMES:
        yield _part(name, "profile").PROFILE


def with_hooks() -> dict[str, HookFiles]:
    """Return the files of those that call `amq hook`, by the names of their programs."""
    return {cli.name: cli.hooks for cli in clis() if cli.hooks}


def with_skills() -> dict[str, ConfigDirectory]:
    """Return the directories of those that read skills, by the names of their programs."""
    return {cli.name: cli.skills for cli in clis() if cli.skills}


def shell_file(name: str, environment: Mapping[str, str]) -> str:
    """Return the file that the shell of the CLI NAME reads before each command, as ENVIRONMENT has it, or ""."""
    variable: str = _part(name, "cli").CLI.shell_file
    return environment.get(variable, "") if variable else ""


def hook_arguments(style: HookStyle, own: Sequence[str], files: str) -> tuple[list[str], list[str], str]:
    """Return the arguments that give a program the hooks in the directory FILES, and what is left of the user's OWN.

    The third value is the text of the settings file that the arguments name, or "". Raises BadSettingsError.
    """
    from amq.runtime.agents.profiles import HookStyle

    if style is HookStyle.CONFIG:
        from amq.runtime.agents.codex.hooks import hook_arguments
    else:
        from amq.runtime.agents.claude.hooks import hook_arguments
    return hook_arguments(own, files)


def status_file(profile: Profile, environment: Mapping[str, str], pid: int, started: float) -> StatusFile | None:
    """Return the file in which the program PID, started at STARTED, says what it is doing; None if it has none."""
    from amq.runtime.agents.profiles import StatusSource

    if profile.publishes is StatusSource.NOWHERE:
        return None
    from amq.runtime.agents.claude.session_file import SessionFile, sessions

    return SessionFile(sessions(environment), pid, started)


def native(
    way: NativeWay, agent_status: AgentStatus, session: Callable[[], str], program: str, environment: Mapping[str, str]
) -> Native | None:
    """Return the WAY in which PROGRAM itself takes a notification. SESSION returns the id that its hooks were given."""
    from amq.runtime.agents.profiles import NativeWay

    if way is NativeWay.CODEX_QUEUE:
        from amq.runtime.agents.codex.queue_command import QueueCommand

        return QueueCommand(agent_status, session, program, environment)
    if way is NativeWay.CLAUDE_SOCKET:
        from amq.runtime.agents.claude.session_file import SessionFile
        from amq.runtime.agents.claude.session_socket import SessionSocket

        file = agent_status.file
        return SessionSocket(file) if isinstance(file, SessionFile) else None
    return None


def _part(name: str, module: str) -> ModuleType:
    """Return MODULE of the folder NAME."""
    return import_module(f"{__package__}.{name}.{module}")
