"""One session of a certification: a CLI under `amq run` in a hidden terminal, with a mock model and a user's hands."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from amq import __version__
from amq.certify.mock_model import MockModel, mock_model, use_amq
from amq.certify.plan import LOST, Plan
from amq.certify.processes import Processes
from amq.certify.protocols import Answer, Fail, Say, Turn
from amq.certify.terminal import SIZE, TERM, HiddenTerminal
from amq.instants import format_instant
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.runtime.agents import registry
from amq.runtime.agents.offline import Conduct, Place, Step
from amq.runtime.agents.version_cache import note_version
from amq.runtime.journal import WakeJournal
from amq.runtime.private_state import PrivateState, make_directory, write_private
from amq.runtime.verdicts import SCENARIOS, Verdict, write_verdict

AMQ = (sys.executable, "-P", "-m", "amq")
USER = "user"
NOTICE = re.compile(
    r"amq: \d+ new messages? from user\. Run: \S+ drain --include-body|amq: \d+ new messages? from user"
)
START_WITHIN_S = 60.0
TOLD_WITHIN_S = 45.0
SHOWN_WITHIN_S = 20.0
LONG_ENOUGH_S = 2.0  # seconds in which a line would have been typed: longer than a user's keys delay it
SETTLED_S = 0.5  # seconds without output after which a CLI has drawn all
SETTLES_WITHIN_S = 6.0
ENDS_WITHIN_S = 10.0
AGAIN_S = 4.0  # seconds after which a key without effect is pressed once more: a CLI may lose one


class Failed(Exception):
    """A scenario did not go as it should: KIND is the sort of failure, and the message says why."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class Session:
    """A running CLI, and the user's acts. Its model reads mail at once when it is notified."""

    def __init__(self, plan: Plan, model: MockModel, terminal: HiddenTerminal, root: str, processes: Processes) -> None:
        self.plan = plan
        self.offline = registry.offline(plan.name)
        self.model = model
        self.terminal = terminal
        self.processes = processes
        self.project = Path(plan.directory, "p")
        self._agent = Mailbox(root, plan.name)
        self._user = Mailbox(root, USER)
        private = PrivateState(f"{plan.directory}/amq").of_agent(root, plan.name, make=False)
        self._journal = WakeJournal(private.directory)

    def send(self, body: str = "hello", priority: str = "normal") -> None:
        """Send the agent something that needs no answer."""
        self._user.send([self.plan.name], body.encode(), Draft(subject="A subject", priority=priority))

    def has_unread(self) -> bool:
        """Return whether mail of the agent has not been read."""
        return self._agent.has_new()

    def reads(self, turn: Turn) -> Answer | Fail:
        """Return the answer of a model that reads its mail when it is notified, without a command."""
        if NOTICE.search(turn.text):
            self.read_all()
            return Say("Read.")
        return Say("Ready.")

    def read_all(self) -> None:
        """Read the agent's mail, as it does by a command."""
        with suppress(OSError), self._agent.drain() as mail:
            for _ in mail:
                pass

    def waits_for(self) -> str:
        """Return what the agent's mail waits for, as amq says; "" if it does not."""
        entries = self._journal.entries()
        return str(entries[-1].get("waits_for", "")) if entries else ""

    def wait(self, condition: Callable[[], object], kind: str, why: str, within_s: float = SHOWN_WITHIN_S) -> None:
        """Wait until CONDITION holds. Raises Failed with KIND and WHY if it does not in time, or the CLI ends."""
        within_s *= self.plan.patience
        if not self.terminal.wait(lambda: condition() or self.terminal.status is not None, within_s):
            raise Failed(kind, f"{why} within {within_s:.0f} s")
        if not condition():
            raise Failed("ended", f"{why}: the program ended with status {self.terminal.status}")

    def stays(self, condition: Callable[[], object], kind: str, why: str, for_s: float = LONG_ENOUGH_S) -> None:
        """Raise Failed with KIND and WHY if CONDITION does not hold for as long as FOR_S seconds."""
        if self.terminal.wait(lambda: not condition(), for_s * min(1.0, self.plan.patience)):
            raise Failed(kind, why)

    def wait_for(self, pattern: str, what: str = "", within_s: float = SHOWN_WITHIN_S) -> None:
        """Wait until the screen shows PATTERN, which is WHAT."""
        self.wait(lambda: self.terminal.shows(pattern), "look", f"{what or pattern!r} was not shown", within_s)

    def wait_held(self, *reasons: str) -> None:
        """Wait until the agent's mail waits for one of REASONS."""
        said = " or ".join(reasons)
        with self._saying_why():
            self.wait(lambda: self.waits_for() in reasons, "held", f"its mail was not held for {said}")

    def settle(self) -> None:
        """Wait until the CLI has drawn all; one that never stops drawing is waited for no longer than a while."""
        self.terminal.wait(lambda: self.terminal.quiet_for_s > SETTLED_S, SETTLES_WITHIN_S)

    def in_row(self, text: str) -> str:
        """Return the expression for TEXT in the input row."""
        return rf"{self.offline.row}{re.escape(text)}(?!\w)"

    def type(self, text: str) -> None:
        """Type TEXT and wait until it is in the input row."""
        self.terminal.press(text)
        self.wait_for(self.in_row(text), f"{text} in the input row")

    def submit(self, text: str) -> None:
        """Type TEXT and press Enter, as a user does."""
        self.type(text)
        self.settle()
        self.terminal.press("\r")

    def follow(self, steps: tuple[Step, ...]) -> None:
        """Press the keys of STEPS, each when the one before has had its effect."""
        for step in steps:
            self.terminal.press(step.keys)
            shown = partial(self.terminal.shows, step.shows)
            if not self.terminal.wait(shown, AGAIN_S) and not step.keys.isprintable():
                self.terminal.press(step.keys)
            self.wait_for(step.shows)

    def begun(self, since: int) -> list[str]:
        """Return the texts by which turns began since the turn number SINCE."""
        return [turn.text for turn, _ in self.model.turns[since:] if not turn.results]

    def told(self, since: int, *, apart_from: str = "") -> None:
        """Wait until the agent has been notified of its mail, once, in a line without the user's words APART_FROM."""

        def about() -> list[str]:
            return [text for text in self.begun(since) if NOTICE.search(text)]

        with self._saying_why():
            self.wait(about, LOST, "it was not notified of its mail", TOLD_WITHIN_S)
        self.wait(lambda: not self.has_unread(), LOST, "it did not read its mail", TOLD_WITHIN_S)
        self.settle()
        texts = about()
        if len(texts) > 1:
            raise Failed("doubled", f"it was notified {len(texts)} times")
        if apart_from and apart_from in texts[0]:
            raise Failed("merged", f"the line was sent together with the user's words {apart_from!r}")

    @contextmanager
    def _saying_why(self) -> Iterator[None]:
        """Add to a failure in a block what the agent's mail waits for."""
        try:
            yield
        except Failed as failed:
            raise Failed(failed.kind, f"{failed}; it waits for {self.waits_for() or 'nothing'}") from None

    def end(self) -> None:
        """End the CLI and all that it has started."""
        self.terminal.hang_up(ENDS_WITHIN_S)
        self.processes.kill()


@contextmanager
def open_session(plan: Plan, number: int, *, mail_first: bool) -> Iterator[Session]:
    """Start the CLI of PLAN, in a home of its own with this NUMBER, for the time of a block.

    With MAIL_FIRST a message waits for it.
    """
    directory, project = f"{plan.directory}/{number}", f"{plan.directory}/p"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = Place(f"{directory}/h", project, listener.getsockname()[1])
        made = registry.offline(plan.name).home(place, Conduct(asks=plan.asks))
        for path in (f"{directory}/t", project):
            make_directory(path)
        for path, text in made.files.items():
            make_directory(str(Path(path).parent))
            write_private(path, text)
        environment = _machine(plan, directory) | dict(made.environment)
        root = _make_queue(plan, project, environment)
        _expect_all(plan)
        command = [*AMQ, "run", "--as", plan.name, *plan.options, "--", plan.program, *plan.arguments]
        with mock_model(listener, use_amq) as model:
            processes = Processes(private_network=plan.private_network)
            terminal = HiddenTerminal(command, environment, project, SIZE)
            session = Session(plan, model, terminal, root, processes)
            model.script = session.reads
            try:
                session.read_all()  # of a scenario that failed
                if mail_first:
                    session.send()
                yield session
            finally:
                session.end()


def _machine(plan: Plan, directory: str) -> dict[str, str]:
    """Return the environment of any program: little of it is the user's."""
    inherited = dict(plan.inherited or {})
    return inherited | {
        "HOME": f"{directory}/h",
        "TMPDIR": f"{directory}/t",
        "XDG_STATE_HOME": plan.directory,
        "PATH": f"{Path(plan.program).parent}:{inherited.get('PATH') or os.defpath}",
        "TERM": TERM,
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh",
    }


def _expect_all(plan: Plan) -> None:
    """Have amq treat the CLI as if it had passed: with the care for an unknown one, a scenario would try that alone."""
    if plan.version:
        private = PrivateState(f"{plan.directory}/amq")
        make_directory(private.directory)
        passed = dict.fromkeys((name for name, _ in SCENARIOS), "")
        write_verdict(
            private, Verdict(plan.name, plan.version, TERM, __version__, format_instant(time.time_ns()), passed)
        )
        note_version(private, plan.program, plan.version)


def _make_queue(plan: Plan, project: str, environment: Mapping[str, str]) -> str:
    """Make the queue of PROJECT, unless it is there, and return its path."""
    words = [*AMQ, "init", "--here", "--agents", f"{USER},{plan.name}"]
    root = f"{project}/.agent-mail"
    if not Path(root).exists():
        done = subprocess.run(words, cwd=project, env=dict(environment), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed("machine", f"amq init failed: {done.stderr.strip()}")
    return root
