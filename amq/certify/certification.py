"""Certify an installed CLI: play every scenario in sessions of their own, and bring their trials together.

Each session is a worker process in a private network. All has an end: a worker has a time limit, and with its network
ends whatever it has started. So it is when this process is interrupted or killed.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from amq.certify.network import loopback_network
from amq.certify.plan import Plan, Trial, plans, read_trial, tried
from amq.certify.terminal import TERM
from amq.errors import AmqError
from amq.instants import format_instant
from amq.pty.screen import has_emulator
from amq.record import replace
from amq.runtime.agents.versions import printed_version
from amq.runtime.private_state import NoPrivateDirectory, PrivateState, make_directory, run_directory, write_private
from amq.runtime.verdicts import SCENARIOS, Verdict
from amq.text import visible_lines

ONCE: Mapping[str, int] = {name: 1 for name, _ in SCENARIOS}
"""Every scenario, and how often a certification tries it."""
_WORKER = (sys.executable, "-P", "-m", "amq.certify.worker")
_A_SESSION_S, _A_TRIAL_S = 60.0, 200.0  # limits, a second attempt included: the scenarios' own ones come first
_ENDS_WITHIN_S = 10.0
_LOOK_EVERY_S = 1.0
_SCREENS = "screens"

Inside = Callable[[Sequence[str]], list[str]]


class CannotCertify(AmqError):
    """This machine cannot try a CLI; the message says why."""

    code = "cannot_certify"


@dataclass(frozen=True)
class Request:
    """A CLI to certify: its NAME in amq and the path of its PROGRAM; and how often each scenario is tried."""

    name: str
    program: str
    counts: Mapping[str, int]
    private_network: bool = True
    at_once: int = 2  # sessions
    patience: float = 1.0  # a factor for every time limit
    retries: bool = True  # a scenario that ends as lost is tried once more, in a new session


@dataclass(frozen=True)
class Certification:
    """A request, the version that was found, and the trials, in the order in which they ended."""

    request: Request
    version: str
    trials: list[Trial]

    def verdict(self, amq: str, now_ns: int) -> Verdict:
        """Return it as a verdict that the version AMQ of amq made at NOW_NS."""
        reasons: dict[str, str] = {}
        for trial in self.trials:
            reasons[trial.scenario] = reasons.get(trial.scenario) or trial.reason
        results = {name: reasons[name] for name, _ in SCENARIOS if name in reasons}
        return Verdict(self.request.name, self.version, TERM, amq, format_instant(now_ns), results)


def certify(
    request: Request,
    private: PrivateState,
    environment: Mapping[str, str],
    tell: Callable[[str, Trial | None], None] = lambda *_: None,
    look: Callable[[Sequence[str], int, int], None] = lambda *_: None,
) -> Certification:
    """Certify the CLI of REQUEST, in the user's ENVIRONMENT, of which it gets PATH alone.

    TELL is given the version, and each trial as it ends. LOOK is given the scenarios that run now, and how many trials
    have ended, of how many, every second. The user's PRIVATE directory has the files while it lasts.
    Raises NoNetwork, NoPrivateDirectory, CannotCertify, OSError.
    """
    if not has_emulator():
        raise CannotCertify("no emulator of a terminal is installed", hint="install the package pyavt beside amq")
    with run_directory(private, request.name, "c", (), alone=False) as place:
        if not place.directory:
            raise NoPrivateDirectory(f"a certification needs the private directory ({place.why_not})")
        version = _version(request, place.directory, environment)
        tell(version, None)
        made = plans(
            request.name, request.program, place.directory, environment, request.counts, private=request.private_network
        )
        sessions = [replace(plan, patience=request.patience, version=version, retries=request.retries) for plan in made]
        found = []
        for trial in _played(sessions, request, environment, look):
            found.append(trial)
            tell(version, trial)
        return Certification(request, version, found + list(_untried(sessions, found)))


def save_screens(private: PrivateState, certification: Certification, directory: str = "") -> str:
    """Write the screen at the end of each scenario into DIRECTORY, or one of the user's; return it. Raises OSError."""
    name = f"{certification.request.name}-{certification.version or 'unknown'}".replace("/", "_")
    directory = os.path.abspath(directory) if directory else f"{private.directory}/{_SCREENS}/{name}"
    make_directory(directory)
    for trial in certification.trials:
        text = f"{trial.scenario}: {trial.answer}\n\n{visible_lines(trial.screen)}\n"
        write_private(f"{directory}/{trial.scenario}.txt", text)
    return directory


def _version(request: Request, directory: str, environment: Mapping[str, str]) -> str:
    """Return the version that the program prints, in a home of its own."""
    home = {"HOME": f"{directory}/v", "TMPDIR": f"{directory}/v", "PATH": environment.get("PATH", os.defpath)}
    make_directory(home["HOME"])
    with _network(request.private_network, environment) as inside:
        return printed_version(inside([request.program, "--version"]), home)


@contextmanager
def _network(private: bool, environment: Mapping[str, str]) -> Iterator[Inside]:
    """Yield a function that makes a command run in a private network, or in this machine's if that is not wanted."""
    if not private:
        yield list
        return
    with loopback_network(environment) as network:
        yield network.inside


class _Worker:
    """A running session; `end` ends it and all that it has started."""

    def __init__(self, plan: Plan, request: Request, environment: Mapping[str, str]) -> None:
        self.plan = plan
        self.to_do = plan.trials()
        self.deadline = time.monotonic() + (_A_SESSION_S + _A_TRIAL_S * len(self.to_do)) * request.patience
        make_directory(plan.directory)
        with ExitStack() as stack:
            inside = stack.enter_context(_network(request.private_network, environment))
            self._process = subprocess.Popen(
                inside(_WORKER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                start_new_session=True,
            )  # fmt: skip
            self._stack = stack.pop_all()
        assert self._process.stdin
        assert self._process.stdout
        self.output: IO[str] = self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.write(plan.wire() + "\n")
            self._process.stdin.flush()

    def end(self) -> str:
        """End it, and return the last line that it has written to stderr."""
        assert self._process.stdin
        assert self._process.stderr
        with suppress(BrokenPipeError):
            self._process.stdin.close()  # a worker ends when it sees that
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._stack.close()
        said = self._process.stderr.read().strip().splitlines()
        for stream in (self.output, self._process.stderr):
            stream.close()
        self._process.wait()
        return said[-1] if said else ""


def _played(
    sessions: Sequence[Plan],
    request: Request,
    environment: Mapping[str, str],
    look: Callable[[Sequence[str], int, int], None],
) -> Iterator[Trial]:
    """Play SESSIONS, some at once, and yield each trial as it ends. When the CLI does not get ready, stop.

    LOOK is called as by `certify`.
    """
    waiting, running, passed = list(sessions), list[_Worker](), False
    trials, ended_trials = sum(len(plan.trials()) for plan in sessions), 0
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or running:
                while waiting and len(running) < request.at_once:
                    worker = _Worker(waiting.pop(0), request, environment)
                    running.append(worker)
                    selector.register(worker.output, selectors.EVENT_READ, worker)
                look([worker.to_do[0] for worker in running if worker.to_do], ended_trials, trials)
                ended = list[_Worker]()
                for key, _ in selector.select(_LOOK_EVERY_S):
                    worker = key.data
                    line = worker.output.readline()
                    trial = _trial(line)
                    if trial:
                        worker.to_do = worker.to_do[1:]
                        ended_trials += 1
                        yield trial
                        passed = passed or not trial.kind
                        if trial.kind and trial.scenario == SCENARIOS[0][0] and not passed:
                            return
                    if not line:
                        ended.append(worker)
                ended += [worker for worker in running if time.monotonic() > worker.deadline and worker not in ended]
                for worker in ended:
                    running.remove(worker)
                    selector.unregister(worker.output)
                    said = worker.end()
                    if said:
                        yield Trial(worker.plan.scenarios[-1], "machine", f"its session failed: {said}", "", 0.0)
        finally:
            for worker in running:
                worker.end()


def _trial(line: str) -> Trial | None:
    try:
        return read_trial(line)
    except (ValueError, TypeError):
        return None


def _untried(sessions: Sequence[Plan], found: Sequence[Trial]) -> Iterator[Trial]:
    """Yield a failed trial for each scenario of SESSIONS that is not FOUND."""
    done = {trial.scenario for trial in found}
    first = next((trial.scenario for trial in found if trial.kind), "")
    why = f"not tried, because {first!r} failed" if first else "not tried: its session ended, or took too long"
    for name in tried(sessions):
        if name not in done:
            yield Trial(name, "untried", why, "", 0.0)
