"""Start, show and stop the agents of a queue side by side."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from amq import config, quoting
from amq.errors import AmqError
from amq.layout import ROOT_NAME, QueueLayout
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.record import replace
from amq.runtime.agents.profiles import profile_for
from amq.runtime.private_state import PrivateState
from amq.setup.agent_specs import AgentSpec
from amq.setup.caller_environment import Handover, handed_over
from amq.setup.coop_panes import Pane, Tmux
from amq.setup.last_start import LastStart, note_start, read_last_start
from amq.store.locks import lock_beside
from amq.store.notifier_info import read_notifier

AMQ = (sys.executable, "-P", "-m", "amq")
LOOK_AGAIN_S = 0.05  # seconds between two looks at a program that was asked to end
START_WITHIN_S = 10.0  # for a pane to take its environment


class State(Enum):
    """The state of an agent."""

    STARTED = "started"  # just now
    RUNNING = "running"  # in a pane that amq opened
    ELSEWHERE = "elsewhere"  # hosted, but not in a pane that amq opened
    ENDED = "ended"  # the pane shows how its program ended
    ABSENT = "absent"
    MISSING = "missing"  # its program is not installed
    UNKNOWN = "unknown"  # its mailbox cannot be read


@dataclass(frozen=True)
class AgentPlacement:
    """An agent, its state, and its place: the pid of its host, the tmux pane, its session's id, its exit status."""

    handle: str
    state: State
    pid: int | None = None
    where: str = ""
    status: int | None = None
    program: str = ""
    unread: int = 0
    session: str = ""


class Coop:
    """The agents of the queue at ROOT, an absolute path, as tmux and the mailboxes show them.

    PRIVATE is the user's private directory. Agents started with `trusted` use the queue as one that the user trusts.
    """

    def __init__(self, root: str, environ: Mapping[str, str], private: PrivateState, *, trusted: bool = False) -> None:
        self.root = root
        self._private = private
        self._trust = ["--trust-root"] if trusted else []
        self._allow: list[str] = []
        self._refuse: list[str] = []
        self._queue = QueueLayout(root)
        self._environ = environ
        # a new server passes its environment to every shell opened there, and none of them may act as an agent
        ours = {name: value for name, value in environ.items() if name not in ("AM_ME", config.RUN, config.ALLOWED_IN)}
        self._last = read_last_start(private, root)
        self.tmux = _server(ours, _mark(root), self._last)

    def trust(self) -> None:
        """Make agents started from now on use the queue as one that the user trusts."""
        self._trust = ["--trust-root"]

    def allow(self) -> None:
        """Let agents started from now on use amq without asking the user."""
        self._allow = ["--allow-amq"]

    def refuse_leased(self) -> None:
        """Let the hooks of agents started from now on refuse edits of what another agent has a lease on."""
        self._refuse = ["--deny-leased"]

    def up(self, specs: Sequence[AgentSpec], cwd: str, warn: Callable[[str], None]) -> list[AgentPlacement]:
        """Start those of SPECS that do not run, in the directory CWD; return the placement of each of SPECS.

        They get the caller's environment through the private directory; WARN is called for one that cannot. An agent
        whose program is not installed is not started. The first one has the focus. Safe against concurrent calls.
        Raises AmqError if tmux fails.
        """
        with lock_beside(self._queue.meta, ".coop"):
            places = [self._start(spec, cwd, warn) for spec in specs]
            missing = [(place.handle, place.program) for place in places if place.state is State.MISSING]
            note_start(self._private, self.root, self.tmux.socket(), missing)
        if any(place.state is State.STARTED for place in places):
            panes = {pane.handle: pane for pane in self.tmux.panes()}
            first = next((panes[spec.handle] for spec in specs if spec.handle in panes), None)
            if first:
                self.tmux.focus(first)
        return places

    def without_programs(self, specs: Sequence[AgentSpec]) -> list[AgentPlacement]:
        """Return the placement of SPECS, of which no program is installed."""
        return [AgentPlacement(spec.handle, State.MISSING, program=spec.program[0]) for spec in specs]

    def how_to_attach(self, handle: str) -> str:
        """Return the command line that shows the session of HANDLE in another terminal; "" if it has no pane."""
        pane = self._pane(handle)
        return quoting.shell_line(self.tmux.attach_words(pane)) if pane else ""

    def status(self) -> list[AgentPlacement]:
        """Return the state of every agent of the queue, except the user; a pane is shown even without a mailbox.

        So is an agent that the last start lacked the program of, as long as that is not installed.
        """
        panes = {pane.handle: pane for pane in self.tmux.panes()}
        unread = {agent.handle: agent.unread for agent in Mailbox(self.root, USER).who()}
        lacking = {handle: program for handle, program in self._last.missing if not self._which(program)}
        handles = sorted({*panes, *unread, *lacking} - {USER})
        places = [self._seen(handle, panes.get(handle), unread.get(handle, 0)) for handle in handles]
        return [
            replace(place, state=State.MISSING, program=lacking[place.handle])
            if place.state is State.ABSENT and place.handle in lacking
            else place
            for place in places
        ]

    def down(self, within_s: float, tell: Callable[[str], None]) -> list[Pane]:
        """Ask the programs in the panes to end; return the panes left after WITHIN_S seconds.

        TELL is called with the handle of each that has ended. They get SIGTERM through `amq run`; nothing is typed,
        because a key could answer a dialog.
        """
        waiting = self.tmux.panes()
        for pane in waiting:
            if not pane.dead:
                self.tmux.ask_to_end(pane)
        deadline = time.monotonic() + within_s
        while waiting:
            live = {pane.id for pane in self.tmux.panes() if not pane.dead}
            for pane in waiting:
                if pane.id not in live:
                    self.tmux.close(pane)
                    tell(pane.handle)
            waiting = [pane for pane in waiting if pane.id in live]
            if time.monotonic() > deadline:
                break
            time.sleep(LOOK_AGAIN_S)
        return waiting

    def line(self, spec: AgentSpec, cwd: str) -> str:
        """Return the command line that a user types in a new terminal to start this agent."""
        found = config.find_root(None, {}, cwd)
        root = [] if found and found.value == self.root else ["--root", self.root]
        amq = ["amq"] if shutil.which("amq", path=self._environ.get("PATH")) else AMQ
        run = [*amq, "run", *root, *self._trust, *self._refuse, "--as", spec.handle, "--", *spec.program]
        return f"cd {quoting.shell(cwd)} && {quoting.shell_line(run)}"

    def is_installed(self, spec: AgentSpec) -> bool:
        """Return whether its program is on the PATH."""
        return self._which(spec.program[0])

    def _which(self, program: str) -> bool:
        return shutil.which(program, path=self._environ.get("PATH")) is not None

    def _start(self, spec: AgentSpec, cwd: str, warn: Callable[[str], None]) -> AgentPlacement:
        pane = self._pane(spec.handle)
        before = self._stand(spec.handle, pane, 0)
        if before.state in (State.RUNNING, State.ELSEWHERE):
            return before
        if not self.is_installed(spec):
            return AgentPlacement(spec.handle, State.MISSING, program=spec.program[0])
        with handed_over(self._environ, self._private, self.root, spec.handle) as handover:
            if handover.why_not:
                warn(f"{spec.handle} gets the tmux server's environment, not yours: {handover.why_not}")
            command = handover.command(self._command(spec))
            if pane:
                self.tmux.start_again(pane, command, cwd)
            else:
                self.tmux.open(spec.handle, command, cwd, session=_session_name(self.root))
            self._wait_for(spec.handle, handover)
        started = self._pane(spec.handle)
        if started is None:  # it ended at once, with success
            return AgentPlacement(spec.handle, State.STARTED)
        return AgentPlacement(spec.handle, State.STARTED, started.pid, started.where, session=started.session)

    def _wait_for(self, handle: str, handover: Handover) -> None:
        """Wait until the pane has its environment, or has ended. Raises AmqError if neither happens in time."""
        deadline = time.monotonic() + START_WITHIN_S
        while not handover.taken and (pane := self._pane(handle)) and not pane.dead:
            if time.monotonic() > deadline:
                what = f"{handle} did not start in tmux {pane.where} in {START_WITHIN_S:g} s"
                raise AmqError(what, hint="look at the pane, then repeat: amq coop up")
            time.sleep(LOOK_AGAIN_S)

    def _command(self, spec: AgentSpec) -> list[str]:
        ask = ["--no-ask", "--tmux-labels", *self._trust, *self._allow, *self._refuse]
        return [*AMQ, "run", "--root", self.root, *ask, "--as", spec.handle, "--", *spec.program]

    def _pane(self, handle: str) -> Pane | None:
        return next((pane for pane in self.tmux.panes() if pane.handle == handle), None)

    def _seen(self, handle: str, pane: Pane | None, unread: int) -> AgentPlacement:
        """Return the placement as `_stand` does; a mailbox that cannot be read hides no other."""
        try:
            return self._stand(handle, pane, unread)
        except OSError:
            return AgentPlacement(handle, State.UNKNOWN, unread=unread)

    def _stand(self, handle: str, pane: Pane | None, unread: int) -> AgentPlacement:
        if pane and not pane.dead:
            return AgentPlacement(handle, State.RUNNING, pane.pid, pane.where, unread=unread, session=pane.session)
        notifier = read_notifier(self._queue.agent(handle))
        if notifier:
            return AgentPlacement(handle, State.ELSEWHERE, notifier.pid, unread=unread)
        if pane:
            return AgentPlacement(handle, State.ENDED, where=pane.where, status=pane.status, unread=unread)
        return AgentPlacement(handle, State.ABSENT, unread=unread)


def continuing(spec: AgentSpec) -> AgentSpec | None:
    """Return SPEC with the words by which its CLI goes on with its last session; None if amq knows none for it.

    A word of the user's own that is not an option may be a command of the CLI, or a prompt: then none are added.
    """
    program, *own = spec.program
    profile = profile_for(program)
    if not profile.continues or any(not word.startswith("-") for word in own[:1]):
        return None
    return replace(spec, program=(program, *profile.continues, *own))


def _server(environ: Mapping[str, str], mark: str, last: LastStart) -> Tmux:
    """Return the server with the panes of the last start, if they are still there; else the one ENVIRON leads to."""
    if last.socket:
        there = Tmux(environ, mark, last.socket)
        if there.panes():
            return there
    return Tmux(environ, mark)


def _mark(root: str) -> str:
    """Return the mark on amq's panes: a hash of the queue's path, which no shell, format or space can change."""
    return hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]


def _session_name(root: str) -> str:
    """Return the project's name, with characters replaced that tmux does not accept."""
    place = os.path.dirname(root) if os.path.basename(root) == ROOT_NAME else root
    return re.sub(r"[^A-Za-z0-9_-]+", "-", os.path.basename(place)).strip("-") or "amq"
