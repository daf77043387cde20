"""Mail by the plugin in each state of Claude Code, many times: it is in a request once, and the state stays as it is.

Judged by the requests that the mock model got, and by the screen. Each state prints a line of figures (`pytest -s`).
AMQ_WAKES=50,5 says how often mail comes in a state that users are often in, and in one that they are seldom in.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import quantiles

import pytest

from amq.certify.protocols import Answer, Ask, Call, Say, Turn
from tests.proof_table import Proof
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.user import AMQ, DIALOG, INPUT_ROW, Run, User, agents, soak, submit
from tests.seeds import SEED

pytestmark = [soak, pytest.mark.timeout(3600)]

OFTEN, SELDOM = map(int, os.environ.get("AMQ_WAKES", "50,5").split(","))
HELD_S = 1.0  # longer than mail takes where nothing holds it
DRAWN_S = 2.0  # until the screen is as it was, after a turn
SLOW_S = 5.0  # of which more is shown
MARK = "may have been shown before"
ESCAPE, ENTER, CLEAR, BACK, CTRL_O = "\x1b", "\r", "\x15", "\x7f", "\x0f"
LEFT, DOWN = "\x1b[D", "\x1b[B"
EMPTY_ROW = r"^❯\s*$"
ROW = re.compile(r"^─{20,}.*\n((?:.*\n)*?)─{20,}$", re.MULTILINE)
QUESTION = "Which one is it"
AS_ROOT = {"IS_SANDBOX": "1"}  # otherwise root may not bypass permissions


# -- states -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """A state of Claude Code: how the user enters it, what the screen SHOWS meanwhile, how they leave it.

    In one that HOLDS mail it comes when the state is left. One that STARTS begins without Claude Code. `mail` returns
    the bodies that are sent at once.
    """

    name: str
    enter: Act
    shows: str
    leave: Act
    holds: bool = False
    is_often: bool = False
    starts: bool = False
    arguments: tuple[str, ...] = ()
    asks: bool = False
    mail: Callable[[int], tuple[str, ...]] = lambda number: (f"The body of the mail {number}.",)


class Model:
    """A model that works until it may go on, runs commands and asks, as the user says."""

    def __init__(self, directory: Path) -> None:
        self.go = threading.Event()
        self.done = directory / "done"
        self.begun = directory / "begun"
        self.asked = directory / "project" / "asked"
        self.choices = 0

    def __call__(self, turn: Turn) -> Answer:
        if turn.text == "work":
            return Say("It begins", until=self.go.is_set)
        if turn.text == "tool" and not turn.results:
            return Call(f"touch {self.begun}; until [ -e {self.done} ]; do sleep 0.05; done")
        if turn.text == "ask" and not turn.results:
            return Call("touch asked")
        if turn.text == "question" and not turn.results:
            return Ask(QUESTION, ("Alpha", "Beta"))
        self.choices += turn.text == "question"
        return Say("Read.")


@dataclass
class Figures:
    """Counts of what must not be, and the seconds from the end of `amq send` until a request held the body.

    Doubled is what came twice without a mark. What was marked may have come once.
    """

    wakes: int = 0
    lost: int = 0
    doubled: int = 0
    marked: int = 0
    changed: int = 0
    answered: int = 0
    took: list[float] = field(default_factory=list)

    def faults(self) -> tuple[int, ...]:
        return self.lost, self.doubled, self.changed, self.answered

    def __str__(self) -> str:
        counts = f"n {self.wakes}, lost {self.lost}, doubled {self.doubled}, marked {self.marked}, "
        counts += f"drafts changed {self.changed}, dialogs answered {self.answered}"
        if len(self.took) < 2:
            return counts
        cuts = quantiles(self.took, n=100, method="inclusive")
        return f"{counts}, p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms"


class Session:
    """A user with Claude Code in a terminal, and the mail sent to it."""

    def __init__(self, rig: Rig, agent: Agent, user: User, run: Run, state: State) -> None:
        self.rig, self.state, self.figures = rig, state, Figures()
        self.model = rig.model.script = Model(rig.directory)
        self.random = Random(f"{SEED} {agent.name} {state.name}")
        self.drafts = list[str]()
        self._agent, self._user, self._run = agent, user, run
        self._terminals = list[Terminal]()  # of which the last is open
        (self._new,) = rig.project.glob("**/agents/claude/inbox/new")
        self._sent = Counter[str]()
        self._since = 0  # requests before the last mail
        self._at = 0.0

    @property
    def terminal(self) -> Terminal:
        return self._terminals[-1]

    @property
    def is_started(self) -> bool:
        return bool(self._terminals)

    def start(self, *arguments: str, trusted: bool = True) -> None:
        self.quit()
        arguments = (*self.state.arguments, *arguments)
        asks, started = self.state.asks, self._run
        self._terminals = [
            started(self._agent, arguments=arguments, asks=asks, trusted=trusted, variables=AS_ROOT, plugin=True)
        ]

    def quit(self) -> None:
        if self._terminals:
            self._terminals.pop().quit(self._agent.quit)

    def submit(self, line: str) -> None:
        submit(self.terminal, line)

    def press(self, *keys: str) -> None:
        """Press KEYS like a user: an Escape and the key after it are two."""
        for key in keys:
            self.terminal.press(key)
            time.sleep(0.2)

    def row(self) -> str:
        """Return what is in the input row, "" if there is none."""
        found = ROW.findall(self.terminal.screen()) if self.is_started else []
        return str(found[-1]) if found else ""

    def prompts(self) -> list[str]:
        """Return the texts with which turns began."""
        return [turn.text for turn, _ in self.rig.model.turns if not turn.results]

    def wait(self, condition: Callable[[], object], timeout: float = 60) -> None:
        wait_until(condition, self.seen, timeout)

    def comes_true(self, condition: Callable[[], object], timeout: float) -> bool:
        try:
            wait_until(condition, str, timeout)
        except AssertionError:
            return False
        return True

    def seen(self) -> str:
        """Return what to show of a failure."""
        return f"{self._user.amq('why', 'claude', '--history')[-5:]}\n{self.terminal.screen()}"

    # -- mail ---------------------------------------------------------------------------------------------------------

    def send(self, bodies: Sequence[str]) -> None:
        """Send mail with each of BODIES at once."""
        self._since = len(self.rig.model.requests)
        self._sent += Counter(bodies)
        line = [str(AMQ), "send", "--me", "user", "--to", "claude", "--subject", "A subject", "--body"]
        sending = [subprocess.Popen([*line, body], cwd=self.rig.project, stdout=subprocess.DEVNULL) for body in bodies]
        assert [each.wait() for each in sending] == [0] * len(bodies)
        self._at = time.monotonic()

    def has(self, body: str) -> bool:
        """Return whether a request since then has BODY as often as it was sent."""
        return any(held.count(body) >= self._sent[body] for held in self._conversations(self._since))

    def is_filed(self) -> bool:
        return not any(self._new.iterdir())

    def arrives(self, bodies: Sequence[str]) -> None:
        """Wait until requests have BODIES and then the mail is filed."""

        def is_here() -> bool:
            is_filed = self.is_filed()
            is_held = all(map(self.has, bodies))
            assert is_held or not is_filed, "filed, and in no request"
            return is_filed and is_held

        self.wait(is_here)
        if self.state.holds:
            return
        took = [self.rig.model.times_of(body, self._since)[0] - self._at for body in bodies]
        self.figures.took += took
        if max(took) > SLOW_S:
            tell(f"after {max(took):.1f} s: {self.seen()}")

    def judge(self) -> None:
        """Count bodies in no request, more often in one than sent, and in one again after they were in none."""
        conversations = self._conversations(0)
        for body, times in self._sent.items():
            counts = [text.count(body) for text in conversations]
            comings = sum(not before and after > 0 for before, after in pairwise([0, *counts]))
            is_marked = any(re.search(f"{MARK}.{{0,400}}{re.escape(body)}", text) for text in conversations)
            most = max(counts, default=0)
            self.figures.lost += max(0, times - most)
            self.figures.marked += is_marked
            self.figures.doubled += (most > times or comings > times) and not is_marked

    def _conversations(self, since: int) -> list[str]:
        """Return those of the main requests from number SINCE on."""
        requests = self.rig.model.requests[since:]
        return [json.dumps(request["messages"]) for request in requests if request.get("tools")]


def tell(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")
    sys.stdout.flush()


# -- acts -------------------------------------------------------------------------------------------------------------

Act = Callable[[Session], object]


def nothing(_: Session) -> None: ...


def then(*acts: Act) -> Act:
    def act(session: Session) -> None:
        for each in acts:
            each(session)

    return act


def press(*keys: str) -> Act:
    return lambda session: session.press(*keys)


def type_and_enter(line: str) -> Act:
    return lambda session: session.submit(line)


def work(session: Session) -> None:
    session.model.go.clear()
    turns = len(session.rig.model.turns)
    session.submit("work")
    session.wait(lambda: any(turn.text == "work" for turn, _ in session.rig.model.turns[turns:]))


def go_on(session: Session) -> None:
    time.sleep(session.random.uniform(0.0, 0.5))
    session.model.go.set()


def run_a_tool(session: Session) -> None:
    for path in (session.model.done, session.model.begun):
        path.unlink(missing_ok=True)
    session.submit("tool")
    session.wait(session.model.begun.exists)


def end_the_tool(session: Session) -> None:
    time.sleep(session.random.uniform(0.0, 0.5))
    session.model.done.touch()


def ask(session: Session) -> None:
    session.model.asked.unlink(missing_ok=True)
    session.submit("ask")


def allow(session: Session) -> None:
    session.figures.answered += session.model.asked.exists()
    session.press(ENTER)
    session.wait(session.model.asked.exists)


def choose(session: Session) -> None:
    choices = session.model.choices
    session.press(ENTER)
    session.wait(lambda: session.model.choices > choices)


def draft(text: str) -> Act:
    """Type TEXT with a number in it; in vim in insert mode."""

    def act(session: Session) -> None:
        if "vim" in str(session.state.arguments) and not session.terminal.shows("INSERT"):
            session.press("i")
            session.terminal.wait_for("INSERT")
        typed = text.format(len(session.drafts))
        session.drafts.append(typed)
        session.terminal.press(typed)
        session.wait(lambda: _letters(session.row()).endswith(_letters(typed)))

    return act


def _letters(text: str) -> str:
    return "".join(text.split())


def submit_draft(session: Session) -> None:
    """Submit the draft: the prompt is exactly what was typed."""
    session.press(ENTER)
    if not session.comes_true(lambda: session.drafts[-1] in session.prompts(), timeout=20):
        session.figures.changed += 1
        tell(f"{session.drafts[-1]!r} is not one of {session.prompts()[-3:]}\n{session.terminal.screen()}")
        session.press(CLEAR)


def clear(session: Session) -> None:
    def is_clear() -> bool:
        return session.terminal.shows(EMPTY_ROW)

    while not is_clear():  # a key right after an Escape may have no effect
        session.press(CLEAR, BACK)
        session.comes_true(is_clear, timeout=2)


def close_with(key: str) -> Act:
    """Press KEY until the state is not shown; it may have no effect at once."""

    def act(session: Session) -> None:
        def is_closed() -> bool:
            return not session.terminal.shows(session.state.shows)

        while not is_closed():
            session.press(key)
            session.comes_true(is_closed, timeout=2)

    return act


def rewind(session: Session) -> None:
    if not session.prompts():
        session.submit("hello")
        session.terminal.wait_for("Read\\.")
        time.sleep(1.0)  # the turn ends
    session.press(ESCAPE, ESCAPE)


def start_anew(session: Session) -> None:
    session.submit("/clear")
    session.wait(lambda: not session.terminal.shows("Read\\."))


def compact(session: Session) -> None:
    requests = len(session.rig.model.requests)
    session.submit("hello")
    session.wait(lambda: len(session.rig.model.requests) > requests)
    session.submit("/compact")
    session.wait(lambda: len(session.rig.model.requests) > requests + 1)
    session.terminal.wait_for("Compacted")


def resume(session: Session) -> None:
    session.submit("hello")
    session.terminal.wait_for("Read\\.")
    start_anew(session)
    session.submit("/resume")
    session.terminal.wait_for(r" · [\d.]+KB")
    while session.terminal.shows("Resume session"):  # a key right after the list is drawn may have no effect
        session.press(ENTER)
        session.comes_true(lambda: not session.terminal.shows("Resume session"), timeout=2)
    session.terminal.wait_for("Read\\.")


def start_untrusted(session: Session) -> None:
    session.start(trusted=False)


def start_bypassing(session: Session) -> None:
    if not session.is_started:
        session.start()
        session.terminal.wait_for("Yes, I accept")
        session.press(DOWN, ENTER)


def continue_last(session: Session) -> None:
    session.start(*(["--continue"] if session.prompts() else []))


# -- table ------------------------------------------------------------------------------------------------------------

VIM = ("--settings", json.dumps({"editorMode": "vim"}))
LINE = "Draft {}: a <b> & 'c' \"d\" `e` $f \\g é"
LINES = f"Draft one\n  two\n{LINE}"
TWO: Callable[[int], tuple[str, ...]] = lambda number: (f"Mail {number}, one.", f"Mail {number}, two.")  # noqa: E731


def often(name: str, enter: Act, shows: str, leave: Act, *, holds: bool = False, vim: bool = False) -> State:
    return State(name, enter, shows, leave, holds, is_often=True, arguments=VIM if vim else (), asks=shows == DIALOG)


def menu(name: str, shows: str) -> State:
    return State(name, type_and_enter(name), shows, close_with(ESCAPE), holds=True)


def mode(name: str, shows: str, enter: Act = nothing) -> State:
    return State(
        f"{name} mode", enter, shows, nothing, starts=enter is not nothing, arguments=("--permission-mode", name)
    )


STATES = [
    often("idle", nothing, EMPTY_ROW, nothing),
    often("streaming", work, "It begins", go_on, holds=True),
    often("in a tool", run_a_tool, "", end_the_tool, holds=True),
    often("draft of one line", draft(LINE), "", submit_draft),
    often("draft of many lines", draft(LINES), "", submit_draft),
    often("completion", draft("/co"), "/compact", then(press(ESCAPE), clear)),
    often("shell line", draft("! echo {}"), r"^!\s+echo", clear),
    often("vim, insert", draft(LINE), "INSERT", submit_draft, vim=True),
    often("vim, normal", then(draft(LINE), press(ESCAPE)), "", submit_draft, vim=True),
    often("permission dialog", ask, DIALOG, allow, holds=True),
    often("question", type_and_enter("question"), "Enter to select", choose, holds=True),
    State("transcript", press(CTRL_O), "detailed transcript", close_with(CTRL_O)),
    menu("/model", "Select model"),
    menu("/config", "Search settings"),
    menu("/help", "For more help"),
    menu("/resume", "Resume session"),
    State("rewind", rewind, "Restore the code", close_with(ESCAPE), holds=True),
    State("list of agents", press(LEFT), "describe a task", close_with(ESCAPE), holds=True),
    State("trust dialog", start_untrusted, "trust this folder", press(DOWN, ENTER), holds=True, starts=True),
    State("sent before the start", Session.quit, "", Session.start, holds=True, starts=True),
    State("--continue", continue_last, EMPTY_ROW, nothing, starts=True),
    State("after /clear", start_anew, EMPTY_ROW, nothing),
    State("after /compact", compact, EMPTY_ROW, nothing),
    State("after /resume", resume, EMPTY_ROW, nothing),
    State("two at once", nothing, EMPTY_ROW, nothing, mail=TWO),
    State("identical texts", nothing, EMPTY_ROW, nothing, mail=lambda _: ("The same text again.",)),
    mode("plan", "plan mode on"),
    mode("auto", "auto mode on"),
    mode("bypassPermissions", "bypass permissions on", start_bypassing),
]


# -- test -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
@agents("claude", also=("claude-before",))
def test_mail_comes_once_and_the_state_stays(
    rig: Rig, agent: Agent, user: User, run: Run, proof: Proof, state: State
) -> None:
    session = Session(rig, agent, user, run, state)
    try:
        if not state.starts:
            session.start()
            session.terminal.wait_for(INPUT_ROW)
        for number in range(OFTEN if state.is_often else SELDOM):
            wake(session, state.mail(number))
        session.judge()
    finally:
        tell(f"{agent.version} {state.name}: {session.figures}")
        figures = session.figures
        proof.add(points=figures.wakes, met=figures.wakes, violations=sum(figures.faults()))
    assert not any(session.figures.faults())


def wake(session: Session, bodies: Sequence[str]) -> None:
    """Send mail with BODIES while Claude Code is in the state, and leave it."""
    state = session.state
    state.enter(session)
    if state.shows:
        session.terminal.wait_for(state.shows)
    row = session.row()
    session.send(bodies)
    session.figures.wakes += 1
    if state.holds:
        session.figures.answered += not holds(session)
        state.leave(session)
        session.arrives(bodies)
    else:
        session.arrives(bodies)
        if not session.comes_true(lambda: session.row() == row and is_shown(session), timeout=DRAWN_S):
            session.figures.changed += 1
            tell(f"it was {row!r}:\n{session.terminal.screen()}")
        state.leave(session)
    time.sleep(session.random.uniform(0.3, 0.8))  # what the user does between


def is_shown(session: Session) -> bool:
    return not session.state.shows or session.terminal.shows(session.state.shows)


def holds(session: Session) -> bool:
    """Return whether the state remains, and nothing is asked of the model meanwhile; fail if mail is filed."""
    turns, end = len(session.rig.model.turns), time.monotonic() + HELD_S
    while session.comes_true(lambda: is_shown(session), DRAWN_S) and len(session.rig.model.turns) == turns:
        assert not session.is_filed(), "filed, and in no request"
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    tell(f"{session.prompts()[-2:]}, {len(session.rig.model.turns) - turns} more:\n{session.seen()}")
    return False
