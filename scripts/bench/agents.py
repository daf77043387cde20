"""Measure how soon an agent hears of its mail, and the cost, with the fake CLIs and the real ones where installed.

    python scripts/bench/agents.py [--wakes 50] [--fake-only | --real-only] [--json FILE]

Typed: from the end of `amq send` to the first byte that an idle agent reads. Drained: until its mail has left `new/`,
by the real CLIs with a mock model that drains at once; again with every core kept busy. A wake that is lost, a line
that came twice, a dialog that amq answered are counted: each count must be zero.
"""

from __future__ import annotations

import argparse
import json
import os
import random
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

from tests.agents.cli_styles import STYLES
from tests.agents.scenarios import Tally
from tests.agents.test_torture import play
from tests.real.agents import Agent, cache_directory, pinned_agents
from tests.real.mock_model import Answer, Call, Say, Turn, use_amq
from tests.real.rig import Rig, offline_rig
from tests.real.terminal import Terminal, open_terminal
from tests.real.user import DIALOG, INPUT_ROW, NOTICE

AMQ = [sys.executable, "-P", "-m", "amq"]
PATIENCE = 90.0  # seconds after which a wake is lost
DIALOGS = 5  # dialogs that are open while mail comes, for each CLI
LINE = "amq: "

Figures = dict[str, float]


def until(condition: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Return whether CONDITION came to hold within PATIENCE."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def send(place: Path, to: str) -> float:
    """Send a message for TO from the queue in PLACE; return when the command had ended."""
    words = [*AMQ, "send", "--me", "user", "--to", to, "--body", "hello"]
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
def running(agent: Agent, *, asks: bool = False) -> Iterator[tuple[Rig, Terminal]]:
    """Run AGENT under `amq run` in the rig, with a queue."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amq-", ignore_cleanup_errors=True)))
        rig = stack.enter_context(offline_rig(directory))
        handles = "user,claude,codex"
        subprocess.run([*AMQ, "init", "--here", "--agents", handles], cwd=rig.project, check=True, stdout=-3)
        command = rig.network.inside([*AMQ, "run", "--as", agent.program, "--", agent.program])
        home = rig.home(agent, asks=asks)
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


GOALS = {
    "typed p50, ms": 60, "typed p99, ms": 150, "lost": 0, "doubled": 0, "approved": 0, "characters a wake": 300,
    "approved or merged": 0, "other faults": 0,
}  # fmt: skip


def show(name: str, figures: Figures) -> None:
    for what, value in figures.items():
        goal = f"   goal ≤ {GOALS[what]}" if what in GOALS else ""
        print(f"{name:<32} {what:<20} {value:9.1f}{goal}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--wakes", type=int, default=50, help="of each agent; default: %(default)s")
    parser.add_argument("--injections", type=int, default=1000, help="texts typed at fake agents; default: %(default)s")
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)))
    parser.add_argument("--fake-only", action="store_true", help="leave the real CLIs out")
    parser.add_argument("--real-only", action="store_true", help="leave the fake ones out")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    found: dict[str, Figures] = {}

    def measure(name: str, figures: Callable[[], Figures]) -> None:
        found[name] = figures()
        show(name, found[name])
        if options.json:
            options.json.write_text(json.dumps(found, indent=2) + "\n")

    if not options.real_only:
        measure(f"torture, seed {options.seed}", lambda: torture(options.injections, options.seed))
        for style in ("claude", "codex"):
            measure(f"fake {style}, idle", lambda style=style: fake(style, options.wakes))
    measured = [agent for agent in pinned_agents().values() if agent.program in ("claude", "codex")]
    installed = [agent for agent in measured if agent.executable(cache_directory()).exists()]
    if options.fake_only or sys.platform != "linux" or os.geteuid() != 0 or not installed:
        print("without the real CLIs: they need scripts/install-agents.py, and root on Linux")
        return
    for load, cores in (("idle", nullcontext), ("busy cores", busy_cores)):
        for agent in installed:
            with cores():
                measure(f"{agent.name} {agent.version}, {load}", lambda agent=agent: real(agent, options.wakes))
    for agent in installed:
        measure(f"{agent.name} {agent.version}, dialog", lambda agent=agent: dialogs(agent))


if __name__ == "__main__":
    main()
