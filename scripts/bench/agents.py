"""Measure how soon an agent hears of its mail, and the cost, with the fake CLIs and the real ones where installed.

    python scripts/bench/agents.py [--wakes 50] [--fake-only | --real-only | --bodies] [--json FILE]

Typed: from the end of `amq send` to the first byte that an idle agent reads. Drained: until its mail has left `new/`,
by the real CLIs with a mock model that drains at once; again with every core kept busy. A wake that is lost, a line
that came twice, a dialog that amq answered are counted: each count must be zero.

Bodies: the requests of an idle agent that a mail costs, and the time from the end of `amq send` until a request holds
its body. The model drains only where none came along. Then what becomes of mail for a busy agent, with a half-typed
line, behind a dialog, and a tenth as often in each of its other places: what is lost, doubled, answered or changed.
`--run` gives `amq run` options, such as those that allow hooks.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from measure import percentile
from wakes import noted, ready

from amq.certify.mock_model import reads_given, use_amq
from amq.certify.protocols import Answer, Call, Say, Turn
from tests.agents.cli_styles import STYLES
from tests.agents.scenarios import Tally
from tests.agents.test_torture import play
from tests.real.agents import Agent, cache_directory, pinned_agents
from tests.real.rig import Rig, offline_rig
from tests.real.terminal import Terminal, open_terminal
from tests.real.user import DIALOG, HALF_TYPED, INPUT_ROW, NOTICE

AMQ = [sys.executable, "-P", "-m", "amq"]
PATIENCE = 90.0  # seconds after which a wake is lost
DIALOGS = 5  # dialogs that are open while mail comes, for each CLI
LINE = "amq: "
BODY = "The body of the mail "

Figures = dict[str, float]


def until(condition: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Return whether CONDITION came to hold within PATIENCE."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def send(place: Path, to: str, body: str = "hello") -> float:
    """Send a message for TO from the queue in PLACE; return when the command had ended."""
    words = [*AMQ, "send", "--me", "user", "--to", to, "--body", body]
    subprocess.run(words, cwd=place, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic()


def inbox(place: Path, agent: str) -> Path:
    """Return its `new/`."""
    found: list[Path] = list(place.glob(f"**/agents/{agent}/inbox/new"))
    return found[0]


def fake(style: str, wakes: int) -> Figures:
    """Return the milliseconds from the end of `amq send` to the first byte read; a lost wake is an error."""
    with tempfile.TemporaryDirectory() as place:
        with ready(Path(place), style, settle=3.0) as wake:
            took = [wake() for _ in range(wakes)]
        lines = len(noted(Path(place, "log"), "submitted"))
    return {"typed p50, ms": percentile(took, 50), "typed p99, ms": percentile(took, 99), "doubled": lines - wakes}


def torture(injections: int, seed: str) -> Figures:
    """Return the texts typed into fake agents while everything goes wrong, in simulated time (tests/agents)."""
    tally = Tally()
    for style in STYLES.values():
        tally.add(play(style, seed, injections // len(STYLES) + 1))
    print(*tally.faults, sep="\n", end="" if not tally.faults else "\n")
    return {
        "texts typed": tally.injections,
        "messages announced": tally.told,
        "to idle agents": tally.idle,
        "of these once, %": 100 * tally.once / tally.idle,
        "approved or merged": sum(" by us" in fault or "merged" in fault for fault in tally.faults),
        "other faults": sum(" by us" not in fault and "merged" not in fault for fault in tally.faults),
        "sent along by the user": tally.carried,
    }


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@contextmanager
def running(agent: Agent, *options: str, asks: bool = False) -> Iterator[tuple[Rig, Terminal]]:
    """Run AGENT under `amq run` with OPTIONS in the rig, with a queue.

    Private files, without which there are no hooks, have a place outside the usual temporary directory.
    """
    with ExitStack() as stack:
        private = stack.enter_context(tempfile.TemporaryDirectory(prefix="amq-", dir="/var/tmp"))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amq-", ignore_cleanup_errors=True)))
        rig = stack.enter_context(offline_rig(directory))
        handles = "user,claude,codex"
        subprocess.run([*AMQ, "init", "--here", "--agents", handles], cwd=rig.project, check=True, stdout=-3)
        command = rig.network.inside([*AMQ, "run", "--as", agent.program, *options, "--", agent.program])
        home = rig.home(agent, asks=asks) | {"XDG_STATE_HOME": private}
        terminal = stack.enter_context(open_terminal(directory / "terminal", command, rig.project, home))
        terminal.wait_for(INPUT_ROW, timeout=60)
        yield rig, terminal


def real(agent: Agent, wakes: int) -> Figures:
    """Return the milliseconds from the end of `amq send` until the mail is drained, and the characters added."""
    with running(agent) as (rig, terminal):
        rig.model.script = use_amq
        new = inbox(rig.project, agent.program)
        took, lost = list[float](), 0
        for number in range(wakes):
            sent = send(rig.project, agent.program)
            if not until(lambda: not any(new.iterdir())):
                lost += 1
                print(f"lost: {terminal.screen()}", file=sys.stderr)
                continue
            took.append((time.monotonic() - sent) * 1000)
            until(lambda number=number: finished(rig) > number)
            time.sleep(random.uniform(0.3, 0.8))
        characters = max(added(request) for request in rig.model.requests if request.get("tools"))
    return {
        "drained p50, ms": percentile(took, 50),
        "drained p99, ms": percentile(took, 99),
        "lost": lost,
        "doubled": notices(rig) - (wakes - lost),
        "characters a wake": characters,
    }


def bodies(agent: Agent, wakes: int, *options: str) -> Figures:
    """Return the requests a mail costs, and the milliseconds from the end of `amq send` until one holds its body."""
    requests, took, faults = delivered(agent, wakes, lambda _: None, *options)
    return {
        "requests a mail": requests,
        "sent to request p50, ms": percentile(took, 50),
        "sent to request p99, ms": percentile(took, 99),
        **faults,
    }


def delivered(
    agent: Agent, wakes: int, say: Callable[[str], None], *options: str
) -> tuple[float, list[float], Figures]:
    """Send an idle agent as many messages as WAKES, one after the other, and SAY which.

    Return the requests that each cost, the milliseconds from the end of `amq send` until a request held each body, and
    the counts of what must not be.
    """
    with running(agent, *options) as (rig, terminal):
        rig.model.script = reads_given
        deliveries = Deliveries(rig, terminal, agent)
        for number in range(wakes):
            say(f"{agent.name}, {number + 1} of {wakes}")
            ended = finished(rig)
            deliveries.arrived(deliveries.send())
            until(lambda ended=ended: finished(rig) > ended)
            time.sleep(random.uniform(0.3, 0.8))
        main = [request for request in rig.model.requests if request.get("tools")]
        return len(main) / wakes, deliveries.took, deliveries.faults()


class Deliveries:
    """The mail sent to an agent, and what became of it.

    Not filed: it is still in `new/` some seconds after a request held it.
    """

    def __init__(self, rig: Rig, terminal: Terminal, agent: Agent) -> None:
        self.took = list[float]()
        self._rig, self._terminal, self._agent = rig, terminal, agent
        self._new = inbox(rig.project, agent.program)
        self._bodies = list[str]()
        self._lost = self._unfiled = self._since = 0
        self._sent = 0.0

    def send(self) -> str:
        """Send a message, and return its body."""
        self._bodies.append(f"{BODY}{len(self._bodies):03}.")
        self._since = len(self._rig.model.requests)
        self._sent = send(self._rig.project, self._agent.program, self._bodies[-1])
        return self._bodies[-1]

    def has_arrived(self, body: str) -> bool:
        """Return whether a request since it was sent holds BODY, the last."""
        return bool(self._rig.model.times_of(body, self._since))

    def arrived(self, body: str) -> None:
        """Wait until a request holds BODY, the last, and until it is filed."""
        if not until(lambda: self.has_arrived(body)):
            self._lost += 1
            print(f"lost: {self._terminal.screen()}", file=sys.stderr)
            return
        self.took.append((self._rig.model.times_of(body, self._since)[0] - self._sent) * 1000)
        self._unfiled += not until(lambda: not any(self._new.iterdir()), patience=10.0)

    def faults(self) -> Figures:
        """Return the counts of what must not be."""
        last = next(json.dumps(each) for each in reversed(self._rig.model.requests) if each.get("tools"))
        doubled = sum(last.count(body) > 1 for body in self._bodies)
        return {"lost": self._lost, "doubled": doubled, "not filed": self._unfiled}


def busy(agent: Agent, wakes: int, work: str, *options: str) -> Figures:
    """Return what became of mail sent while the agent does WORK: `stream` an answer, or run a `tool`."""
    with running(agent, *options) as (rig, terminal):
        go = rig.project / "go"
        rig.model.script = lambda turn: works(turn, go)
        deliveries = Deliveries(rig, terminal, agent)
        for _ in range(wakes):
            begun = len(rig.model.turns)
            type_line(terminal, work)
            until(lambda begun=begun: len(rig.model.turns) > begun)
            time.sleep(random.uniform(0.3, 0.8))
            body = deliveries.send()
            time.sleep(random.uniform(0.0, 0.5))
            early = deliveries.has_arrived(body)
            go.touch()
            deliveries.arrived(body)
            settled(rig, terminal)
            go.unlink()
            assert not early, "a request while another answers"
        return {"wakes": wakes, **deliveries.faults()}


def works(turn: Turn, go: Path) -> Answer:
    """Answer to `stream` and `tool` until GO is there."""
    if turn.text == "tool" and not turn.results:
        return Call(f"until [ -e {go} ]; do sleep 0.05; done")
    return Say("It begins", until=go.exists) if turn.text in ("stream", "tool") else reads_given(turn)


def drafts(agent: Agent, wakes: int, *options: str) -> Figures:
    """Return what became of mail sent while a line is half typed, which the user then takes back."""
    with running(agent, *options) as (rig, terminal):
        rig.model.script = reads_given
        deliveries, changed = Deliveries(rig, terminal, agent), 0
        for _ in range(wakes):
            terminal.press("half")
            terminal.wait_for(HALF_TYPED)
            body = deliveries.send()
            until(lambda body=body: deliveries.has_arrived(body), patience=2.5)
            changed += not until(lambda: terminal.shows(HALF_TYPED), patience=2.0)
            terminal.press("\x7f" * len("half"))
            deliveries.arrived(body)
            settled(rig, terminal)
        return {"wakes": wakes, "drafts changed": changed, **deliveries.faults()}


def behind_dialogs(agent: Agent, wakes: int, *options: str) -> Figures:
    """Return what became of mail sent while a permission is asked for, which the user then gives."""
    with running(agent, *options, asks=True) as (rig, terminal):
        rig.model.script = lambda turn: asks_first(turn) if turn.text == "work" else reads_given(turn)
        deliveries, approved, done = Deliveries(rig, terminal, agent), 0, rig.project / "done"
        for _ in range(wakes):
            type_line(terminal, "work")
            terminal.wait_for(DIALOG)
            body = deliveries.send()
            time.sleep(random.uniform(1.0, 2.0))
            approved += done.exists() or not terminal.shows(DIALOG)
            terminal.press("\r")
            until(done.exists)
            deliveries.arrived(body)
            settled(rig, terminal)
            done.unlink()
        return {"wakes": wakes, "approved": approved, **deliveries.faults()}


ESCAPE, BACK, CTRL_O, SHIFT_TAB = "\x1b", "\x7f", "\x0f", "\x1b[Z"
PLACES: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "claude": {
        "a completion": (("/co",), (ESCAPE, BACK * 3)),
        "a shell line": (("!", "ls"), (BACK * 3,)),
        "two lines": (("one\\", "\r", "two"), (BACK * 8,)),
        "the transcript": ((CTRL_O,), (CTRL_O,)),
        "/model": (("/model", "\r"), (ESCAPE,)),
        "/config": (("/config", "\r"), (ESCAPE, ESCAPE)),
        "/help": (("/help", "\r"), (ESCAPE,)),
        "/resume": (("/resume", "\r"), (ESCAPE,)),
        "plan mode": ((SHIFT_TAB, SHIFT_TAB), (SHIFT_TAB, SHIFT_TAB)),
    },
    "codex": {
        "a completion": (("/co",), (ESCAPE, BACK * 3)),
        "/model": (("/model", "\r"), (ESCAPE,)),
        "/review": (("/review", "\r"), (ESCAPE,)),
        "/resume": (("/resume", "\r"), (ESCAPE,)),
    },
}
"""The keys that open a place in a program, and those that leave it, one after the other."""


def in_places(agent: Agent, wakes: int, *options: str) -> Figures:
    """Return what became of mail sent while the agent shows each of its PLACES, as often as WAKES."""
    with running(agent, *options) as (rig, terminal):
        rig.model.script = reads_given
        deliveries, places = Deliveries(rig, terminal, agent), PLACES[agent.program]
        for enter, leave in [each for each in places.values() for _ in range(wakes)]:
            press_slowly(terminal, enter)
            body = deliveries.send()
            until(lambda body=body: deliveries.has_arrived(body), patience=2.0)
            time.sleep(1.0)  # Escape in a turn would interrupt it
            press_slowly(terminal, leave)
            deliveries.arrived(body)
            settled(rig, terminal)
        return {"wakes": wakes * len(places), **deliveries.faults()}


def press_slowly(terminal: Terminal, keys: tuple[str, ...]) -> None:
    for each in keys:
        terminal.press(each)
        time.sleep(1.0)


def type_line(terminal: Terminal, line: str) -> None:
    """Type LINE and send it; Codex takes an Enter that is too near to text for a line break."""
    terminal.press(line)
    terminal.wait_for(f"{INPUT_ROW}{line}$")
    time.sleep(1.0)
    terminal.press("\r")


def settled(rig: Rig, terminal: Terminal) -> None:
    """Wait until the model has nothing to answer, and the agent is idle again."""
    until(lambda: rig.model.turns and isinstance(rig.model.turns[-1][1], Say))
    time.sleep(1.0)
    until(lambda: terminal.shows(EMPTY_ROW), patience=10.0)


def finished(rig: Rig) -> int:
    """Return the number of turns that came to their end."""
    return sum(isinstance(answer, Say) for _, answer in list(rig.model.turns))


def added(request: dict[str, Any]) -> int:
    """Return the characters that amq's line, and hooks at it, brought to the model; 0 if its last input was another.

    A session's first turn is left out: the introduction comes with it, once.
    """
    told, first = list[str](), True
    for item in reversed(request.get("messages") or request.get("input") or []):
        if item.get("role") == "assistant" or item.get("type") not in (None, "message"):
            first = False
            break
        content = item["content"]
        told += [content] if isinstance(content, str) else [block.get("text", "") for block in content]
    ours = [text for text in told if "amq" in text]
    return 0 if first or not any(text.startswith(LINE) for text in ours) else sum(map(len, ours))


def dialogs(agent: Agent) -> Figures:
    """Deliver mail while a dialog is open, which the user then answers with no."""
    with running(agent, asks=True) as (rig, terminal):
        rig.model.script = asks_first
        done, approved, lost = rig.project / "done", 0, 0
        for _ in range(DIALOGS):
            terminal.press("work")
            terminal.wait_for(f"{INPUT_ROW}work$")
            time.sleep(1.0)  # Codex takes an Enter that is too near to text for a line break
            terminal.press("\r")
            terminal.wait_for(DIALOG)
            before = notices(rig)
            send(rig.project, agent.program)
            time.sleep(3.0)
            approved += done.exists()
            terminal.press("\x1b")
            lost += not until(lambda before=before: notices(rig) > before)
            drain = [*AMQ, "drain", "--me", agent.program]
            subprocess.run(drain, cwd=rig.project, check=True, stdout=subprocess.DEVNULL)
            until(lambda: terminal.shows(INPUT_ROW))
            time.sleep(1.0)
    return {"dialogs": DIALOGS, "approved": approved, "lost": lost}


def notices(rig: Rig) -> int:
    """Return the lines of amq's that came to the model."""
    return sum(NOTICE in turn.text for turn, _ in list(rig.model.turns) if not turn.results)


def asks_first(turn: Turn) -> Answer:
    return Call("touch done", escalated=True) if turn.text == "work" and not turn.results else Say("Ok.")


NEEDS = "they need scripts/install-agents.py, and root on Linux"


def usable() -> list[Agent]:
    """Return the pinned versions of Claude Code and Codex that this machine can run in the rig, the newest first."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return []
    measured = [agent for agent in pinned_agents().values() if agent.program in ("claude", "codex")]
    return [agent for agent in measured if agent.executable(cache_directory()).exists()]


GOALS = {
    "typed p50, ms": 60, "typed p99, ms": 150, "lost": 0, "doubled": 0, "approved": 0, "characters a wake": 300,
    "approved or merged": 0, "other faults": 0, "requests a mail": 1, "not filed": 0, "drafts changed": 0,
}  # fmt: skip


EMPTY_ROW = r"^(❯\s*|› Ask Codex to do anything)$"
SENT_TO_REQUEST = {"claude": 450, "codex": 400}
"""The goals of `bodies`, by program, in milliseconds (median)."""


def show(name: str, figures: Figures) -> None:
    goals = GOALS | {"sent to request p50, ms": SENT_TO_REQUEST.get(name.partition(" ")[0])}
    for what, value in figures.items():
        goal = f"   goal ≤ {goals[what]}" if goals.get(what) is not None else ""
        print(f"{name:<32} {what:<24} {value:9.1f}{goal}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--wakes", type=int, default=50, help="of each agent; default: %(default)s")
    parser.add_argument("--injections", type=int, default=1000, help="texts typed at fake agents; default: %(default)s")
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)))
    parser.add_argument("--fake-only", action="store_true", help="leave the real CLIs out")
    parser.add_argument("--real-only", action="store_true", help="leave the fake ones out")
    parser.add_argument("--bodies", action="store_true", help="only how a body comes into a request, newest real CLIs")
    parser.add_argument("--agents", default="", help="of these names in tests/real/agents.toml (a,b) instead")
    parser.add_argument("--states", default="", help="only these, with --bodies: idle,streaming,in a tool,…")
    parser.add_argument("--run", default="", metavar="OPTIONS", help="options of `amq run`, for --bodies")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    found: dict[str, Figures] = {}

    def measure(name: str, figures: Callable[[], Figures]) -> None:
        found[name] = figures()
        show(name, found[name])
        if options.json:
            options.json.write_text(json.dumps(found, indent=2) + "\n")

    if not options.real_only and not options.bodies:
        measure(f"torture, seed {options.seed}", lambda: torture(options.injections, options.seed))
        for style in ("claude", "codex"):
            measure(f"fake {style}, idle", lambda style=style: fake(style, options.wakes))
    installed = [] if options.fake_only else usable()
    if not installed:
        print(f"without the real CLIs: {NEEDS}")
        return
    if options.bodies:
        names = options.agents.split(",") if options.agents else [agent.name for agent in installed if agent.newest]
        words = shlex.split(options.run)
        ways: dict[str, Callable[[Agent], Figures]] = {
            "idle": lambda agent: bodies(agent, options.wakes, *words),
            "streaming": lambda agent: busy(agent, options.wakes, "stream", *words),
            "in a tool": lambda agent: busy(agent, options.wakes, "tool", *words),
            "a draft": lambda agent: drafts(agent, options.wakes, *words),
            "a dialog": lambda agent: behind_dialogs(agent, options.wakes, *words),
            "other places": lambda agent: in_places(agent, math.ceil(options.wakes / 10), *words),
        }
        for agent in [agent for agent in installed if agent.name in names]:
            for state in options.states.split(",") if options.states else ways:
                measure(f"{agent.name} {agent.version}, {state}", lambda agent=agent, state=state: ways[state](agent))
        return
    for load, cores in (("idle", nullcontext), ("busy cores", busy_cores)):
        for agent in installed:
            with cores():
                measure(f"{agent.name} {agent.version}, {load}", lambda agent=agent: real(agent, options.wakes))
    for agent in installed:
        measure(f"{agent.name} {agent.version}, dialog", lambda agent=agent: dialogs(agent))


if __name__ == "__main__":
    main()
