"""The sessions of agents' CLIs that a user has open in terminals, however these were started.

Each function looks anew. A session is one process; a later process with its id, or another program that this process
runs, is not the session.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from amq.pty.line_discipline import LineDiscipline, discipline
from amq.runtime.agents import processes, registry
from amq.runtime.agents.foreground import ForegroundAgent, Limit, agent_called, program_names, says_another
from amq.runtime.agents.profile import Profile
from amq.runtime.agents.profiles import built_in


class NoSessionError(Exception):
    """A process is not a session that amq can notify; the message is a clause about it that says why."""


@dataclass(frozen=True)
class OpenSession:
    """A session of the CLI with that PROFILE, in the terminal at the path TERMINAL.

    LEADER is the first process of that terminal. DIRECTORY is where the session works, "" if that is not known. The
    environment is the one it was started with; None if that is not known, as on macOS. WORDS are its command line, or
    that of the script that has started it.
    """

    profile: Profile
    pid: int
    identity: str
    leader: int
    terminal: str
    directory: str
    environment: Mapping[str, str] | None
    words: Sequence[str] = ()

    @property
    def cli(self) -> str:
        """Return the name of its CLI."""
        return self.profile.name

    @property
    def reference(self) -> str:
        """Return the words by which a user names it, such as `claude:4711`."""
        return f"{self.cli}:{self.pid}"

    def is_alive(self) -> bool:
        """Return whether its process still runs its CLI."""
        return processes.identity(self.pid) == self.identity and _shows_one(processes.words(self.pid), self.profile)

    def name(self, environment: Mapping[str, str]) -> str:
        """Return the name that its CLI shows for it; "" if it is not known.

        ENVIRONMENT counts where its own is not known.
        """
        thread = registry.open_thread(self.profile, self.pid)
        directory = registry.names_in(self.profile, self.environment or environment)
        started = processes.started(self.pid)
        return registry.session_name(self.profile.names.value, directory, self.pid, started, thread)


class SessionForeground:
    """The foreground of the terminal of SESSION, of which TERMINAL is a descriptor; a `Foreground`.

    ENVIRONMENT counts where that of the session is not known. LIMIT is asked as `ForegroundDetector` asks it.
    """

    def __init__(self, session: OpenSession, terminal: int, environment: Mapping[str, str], limit: Limit) -> None:
        self._session = session
        self._terminal = terminal
        self._environment = session.environment or environment
        self._limit = limit
        self._agent: ForegroundAgent | None = None

    def agent(self) -> ForegroundAgent | None:
        """Return the agent while its process, and no other, reads from the terminal."""
        pid = self._session.pid
        return self.known() if _group(pid) == processes.foreground(pid) else None

    def known(self) -> ForegroundAgent | None:
        """Return the agent while its process runs, whatever reads from the terminal."""
        session = self._session
        if not session.is_alive():
            return None
        if self._agent is None or says_another(self._agent):
            profile, words = session.profile, session.words
            program = next(name for name in program_names(words) if name in profile.programs)
            self._agent = agent_called(session.pid, words, program, profile, self._environment, self._limit)
        return self._agent

    def discipline(self) -> LineDiscipline:
        return discipline(self._terminal)


def open_sessions(cli: str) -> list[OpenSession]:
    """Return the user's open sessions of CLI, by process id."""
    profile = built_in()[cli]
    sessions = []
    for pid in _session_processes(profile):
        with suppress(NoSessionError):
            sessions.append(_session(pid, profile))
    return sessions


def session_of(cli: str, pid: int) -> OpenSession:
    """Return the session of CLI whose process is PID, or the script that has started it. Raises NoSessionError."""
    profile = built_in()[cli]
    words = processes.words(pid)
    if not any(words):
        raise NoSessionError("no such process runs")
    if not _is_called(words, profile):
        raise NoSessionError(f"it is not {cli}, but {' '.join(program_names(words))}")
    return _session(next((each for each in _session_processes(profile) if processes.parent(each) == pid), pid), profile)


def _session_processes(profile: Profile) -> list[int]:
    """Return the processes that show a session, if they have a terminal: neither their helpers nor their starters.

    A CLI that is installed as a script starts its program in the script's process group.
    """
    found = {pid: words for pid, words in processes.command_lines() if _is_called(words, profile)}
    parents = {pid: processes.parent(pid) for pid in found}
    starters = {
        parent
        for pid, parent in parents.items()
        if len(program_names(found.get(parent, ()))) > 1 and _group(pid) == _group(parent)
    }
    return sorted(pid for pid in found if pid not in starters and parents[pid] not in found.keys() - starters)


def _is_called(words: Sequence[str], profile: Profile) -> bool:
    """Return whether WORDS, a command line, call the program of PROFILE."""
    return any(name in profile.programs for name in program_names(words))


def _shows_one(words: Sequence[str], profile: Profile) -> bool:
    """Return whether WORDS call the program of PROFILE so that it shows a session."""
    return _is_called(words, profile) and set(words[1:]).isdisjoint(profile.no_session)


def _starter_words(pid: int, profile: Profile) -> Sequence[str]:
    """Return the command line of the script that has started PID; empty if there is none."""
    parent = processes.parent(pid)
    words = processes.words(parent)
    return words if _is_called(words, profile) and _group(parent) == _group(pid) else ()


def _session(pid: int, profile: Profile) -> OpenSession:
    """Return the session of process PID, which runs the CLI of PROFILE. Raises NoSessionError."""
    identity = processes.identity(pid)  # first: what follows is of this process if it still has it at the end
    if processes.owner(pid) != os.geteuid():
        raise NoSessionError("it belongs to another user")
    words = processes.words(pid)
    if not _shows_one(words, profile):
        raise NoSessionError("it shows no session")
    terminal, leader = processes.terminal(pid), _leader(pid)
    if not terminal:
        raise NoSessionError("it has no terminal")
    if not (processes.is_beside_us(pid) and processes.is_beside_us(leader)):
        raise NoSessionError("it runs in a container, or in another namespace of files")
    found = OpenSession(
        profile, pid, identity, leader, terminal, processes.directory(pid), processes.environment(pid),
        _starter_words(pid, profile) or words,
    )  # fmt: skip
    if not (identity and found.is_alive()):
        raise NoSessionError("it has ended")
    return found


def _leader(pid: int) -> int:
    with suppress(OSError):
        return os.getsid(pid)
    return 0


def _group(pid: int) -> int:
    with suppress(OSError):
        return os.getpgid(pid)
    return 0
