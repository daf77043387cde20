"""The plan of a certification: which scenarios run in which session, and the lines between the processes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from amq.runtime.agents import registry
from amq.runtime.agents.profiles import profile_for

_TYPED = ("--no-hooks", "--no-plugin")  # lines are typed, and nothing reaches the model by another way
_ALLOWED = "--allow-amq"
LOST = "lost"
"""The kind of failure in which nothing wrong was typed: the agent did not hear of its mail in time."""
INHERITED = ("PATH", "PYTHONPATH")
"""The variables by which programs and amq itself are found. A CLI gets no other one of the user's."""


@dataclass(frozen=True)
class Plan:
    """One session of a CLI: the scenarios to try in it, each as often as `counts` says.

    PROGRAM is the path of the CLI, `name` its name in amq. The session has DIRECTORY for itself.
    """

    name: str
    program: str
    directory: str
    scenarios: tuple[str, ...]
    counts: Mapping[str, int]
    options: tuple[str, ...] = _TYPED  # of `amq run`
    arguments: tuple[str, ...] = ()  # of the CLI
    asks: bool = False
    inherited: Mapping[str, str] | None = None  # the user's own variables that it gets
    private_network: bool = True
    patience: float = 1.0  # a factor for every time limit
    version: str = ""  # of the CLI; empty if it prints none
    retries: bool = False  # a scenario that ends as LOST is tried once more

    def trials(self) -> list[str]:
        """Return the scenario of each trial, in the order in which they are tried."""
        return [name for name in self.scenarios for _ in range(self.counts[name])]

    def wire(self) -> str:
        """Return it as a line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Trial:
    """One trial of a scenario: `kind` is "" if it went as it should, else the sort of failure; `reason` says why.

    RETRIED says why a first attempt was LOST; it is "" where there was none.
    """

    scenario: str
    kind: str
    reason: str
    screen: str
    seconds: float  # of both attempts
    retried: str = ""

    @property
    def answer(self) -> str:
        """Return yes or no, with the reason, in words for the user."""
        if self.reason:
            return f"no{', twice' if self.retried else ''}: {self.reason}"
        return f"yes, at the second attempt: {self.retried}" if self.retried else "yes"

    def wire(self) -> str:
        """Return it as a line."""
        return json.dumps(asdict(self))


def read_plan(line: str) -> Plan:
    """Return the plan in LINE."""
    wire = json.loads(line)
    lists = {name: tuple(wire[name]) for name in ("scenarios", "options", "arguments")}
    return Plan(**{**wire, **lists})


def read_trial(line: str) -> Trial:
    """Return the trial in LINE. Raises ValueError, TypeError."""
    return Trial(**json.loads(line))


def plans(
    name: str, program: str, directory: str, environment: Mapping[str, str], counts: Mapping[str, int], *, private: bool
) -> list[Plan]:
    """Return the sessions in which every scenario that the CLI NAME has is tried, the longest first.

    Of the user's ENVIRONMENT they get the variables INHERITED. COUNTS says how often each is tried, of those that are.
    """
    inherited = {variable: environment[variable] for variable in INHERITED if variable in environment}
    facts, profile = registry.offline(name), profile_for(name)
    has = {
        "dialog": bool(facts.dialog),
        "question": facts.question is not None,
        "draft-lines": bool(facts.line_break),
        "named": bool(facts.named),
        "places": bool(facts.places),
    }

    def session(number: int, *scenarios: str, **rest: object) -> Plan:
        wanted = tuple(each for each in scenarios if has.get(each, True) and counts.get(each))
        place = f"{directory}/{number}"
        return Plan(name, program, place, wanted, counts, inherited=inherited, private_network=private, **rest)  # type: ignore[arg-type]

    by_channels = (_ALLOWED,) if profile.hooks_need_trust else ()
    found = [
        session(1, "ready", "idle", "streams", "tool", "draft", "draft-lines"),
        session(2, "places", "dialog", "question", asks=True),
        session(3, "named", "narrow", "exit", arguments=facts.named),
        session(4, "body", options=by_channels),
    ]
    return [each for each in found if each.scenarios]


def tried(sessions: Sequence[Plan]) -> list[str]:
    """Return every scenario that is tried in SESSIONS."""
    return [scenario for plan in sessions for scenario in plan.scenarios]
