"""Measure one way with one CLI: how long a message takes, what it costs, and what becomes of it at a bad moment."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agents import until
from session import BODY, PATIENCE_S, Session, characters, private_mb, session
from ways import Way

from amq.certify.protocols import Answer, Ask, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.user import DIALOG, HALF_TYPED

WATCHED_S = 4.0
"""Seconds for which the screen is watched after a message has come at a bad moment."""
QUESTION, CHOICE = "Which colour?", r"\d\. Red"


@dataclass
class Result:
    """The figures of a way with a CLI.

    `took_ms` counts from the end of the command that sends; it is negative where the request came before that end.
    `send_ms` and `cpu_ms` are the medians of that command's time and processor time. `moments` has for each bad moment
    how often each thing happened: to the draft, the dialog, the question or the answer, and to the message.
    """

    way: str
    cli: str
    set_up_s: float = 0.0
    took_ms: list[float] = field(default_factory=list)
    lost: int = 0
    requests_a_mail: float = 0.0
    characters_a_mail: float = 0.0
    send_ms: float = 0.0
    cpu_ms: float = 0.0
    private_mb: float = 0.0
    processes: int = 0
    moments: dict[str, dict[str, int]] = field(default_factory=dict)
    error: str = ""

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def alone(way: Way, agent: Agent, installed: Path) -> tuple[float, int]:
    """Return the private memory in MB, and the number of processes, of a CLI that WAY starts without more.

    It is the median of three starts, because a CLI's own memory differs from one to the next.
    """
    found = []
    for _ in range(3):
        with session(way, agent, installed, way.script, asks=False) as made:
            time.sleep(3.0)
            pids = made.processes()
            found.append((private_mb(pids), len(pids)))
    return sorted(found)[1]


def idle(result: Result, way: Way, agent: Agent, installed: Path, mails: int, say: Callable[[str], None]) -> None:
    """Send an idle agent MAILS messages, one after the other, into RESULT."""
    with session(way, agent, installed, way.script, asks=False) as made:
        result.set_up_s, result.took_ms, result.lost = made.set_up_s, [], 0
        time.sleep(3.0)
        pids = made.processes()
        result.private_mb, result.processes = private_mb(pids), len(pids)
        first, before = len(made.model.turns), characters(_main(made)[-1])
        for number in range(mails):
            say(f"{way.name}, {agent.program}: {number + 1} of {mails}")
            made.send()
            took = made.arrival_ms()
            if took is None:
                result.lost += 1
            else:
                result.took_ms.append(took)
            made.settle()
            time.sleep(random.uniform(0.2, 0.6))
        arrived = max(1, mails - result.lost)
        result.requests_a_mail = (len(made.model.turns) - first) / arrived
        grown = characters(_main(made)[-1]) - before
        result.characters_a_mail = grown / arrived - len(BODY.format(1))
        result.send_ms = statistics.median(made.send_ms)
        result.cpu_ms = statistics.median(made.cpu_ms)


def _main(made: Session) -> list[dict[str, Any]]:
    return [request for request in made.model.requests if request.get("tools")]


def at_bad_moments(
    result: Result, way: Way, agent: Agent, installed: Path, times: int, say: Callable[[str], None]
) -> None:
    """Send messages TIMES at each bad moment, into RESULT. Codex asks questions in its plan mode only: left out."""
    for name, moment in MOMENTS.items():
        if name == "a question" and agent.program == "codex":
            continue
        counts = result.moments[name] = dict[str, int]()
        with session(way, agent, installed, moment.script(way), asks=True) as made:
            for number in range(times):
                say(f"{way.name}, {agent.program}, {name}: {number + 1} of {times}")
                seen = moment.play(made)
                counts[seen] = counts.get(seen, 0) + 1
                made.settle()


class Draft:
    """A line is half typed, which the user then takes back."""

    def script(self, way: Way) -> Callable[[Turn], Answer]:
        """Return the model's script."""
        return way.script

    def play(self, made: Session) -> str:
        """Send at this moment; return what happened."""
        made.terminal.press("half")
        made.terminal.wait_for(HALF_TYPED)
        made.send()
        until(lambda: not made.terminal.shows(HALF_TYPED), WATCHED_S)
        whole = made.terminal.shows(HALF_TYPED)
        made.terminal.press("\x7f" * len("half") if whole else "")
        delivered = _delivered(made)
        merged = any(f"half{made.text}" in text for text in made.requests_since())
        return f"{'kept' if whole else 'merged' if merged else 'changed'}, {delivered}"


class Dialog:
    """The CLI asks for a permission, which the user then gives."""

    def script(self, way: Way) -> Callable[[Turn], Answer]:
        """Return the model's script."""
        return lambda turn: Call("touch done", escalated=True) if _asked(turn, "work") else way.script(turn)

    def play(self, made: Session) -> str:
        """Send at this moment; return what happened."""
        done = made.project / "done"
        done.unlink(missing_ok=True)
        made.type_line("work")
        made.terminal.wait_for(DIALOG)
        made.send()
        until(lambda: done.exists() or not made.terminal.shows(DIALOG), WATCHED_S)
        said = "approved" if done.exists() else "kept" if made.terminal.shows(DIALOG) else "closed"
        if said == "kept":
            made.terminal.press("\r")
            until(done.exists, 10.0)
        return f"{said}, {_delivered(made)}"


class Question:
    """The model asks the user, who then takes the first answer."""

    def script(self, way: Way) -> Callable[[Turn], Answer]:
        """Return the model's script."""
        return lambda turn: Ask(QUESTION, ("Red", "Blue")) if _asked(turn, "ask") else way.script(turn)

    def play(self, made: Session) -> str:
        """Send at this moment; return what happened."""
        made.type_line("ask")
        made.terminal.wait_for(CHOICE)
        made.send()
        until(lambda: not made.terminal.shows(CHOICE), WATCHED_S)
        said = "kept" if made.terminal.shows(CHOICE) else "answered"
        if said == "kept":
            made.terminal.press("\r")
        return f"{said}, {_delivered(made)}"


class Streams:
    """The model streams an answer, which goes on while the message comes."""

    def __init__(self) -> None:
        self._ends = False

    def script(self, way: Way) -> Callable[[Turn], Answer]:
        """Return the model's script."""
        return lambda turn: Say("It begins", until=lambda: self._ends) if _asked(turn, "stream") else way.script(turn)

    def play(self, made: Session) -> str:
        """Send at this moment; return what happened."""
        self._ends, begun, aborted = False, len(made.model.turns), made.model.aborted
        made.type_line("stream")
        until(lambda: len(made.model.turns) > begun, PATIENCE_S)
        time.sleep(0.5)
        made.send()
        until(lambda: made.model.aborted > aborted, WATCHED_S)
        said = "aborted" if made.model.aborted > aborted else "kept"
        self._ends = True
        return f"{said}, {_delivered(made)}"


def _asked(turn: Turn, line: str) -> bool:
    return turn.text == line and not turn.results


def _delivered(made: Session) -> str:
    return "delivered" if made.arrival_ms() is not None else "lost"


MOMENTS: Mapping[str, Draft | Dialog | Question | Streams] = {
    "a draft": Draft(),
    "a dialog": Dialog(),
    "a question": Question(),
    "an answer that streams": Streams(),
}
