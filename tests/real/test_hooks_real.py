"""Hooks for one process in a real agent: who it is, urgent mail between tools, and a turn that goes on once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.real.agents import Agent
from tests.real.mock_model import Call, Say, Turn
from tests.real.rig import Rig
from tests.real.terminal import Terminal, open_terminal, stays, wait_until
from tests.real.test_wake_real import AMQ, INPUT_ROW, Person, agents, soak

pytestmark = pytest.mark.timeout(180)
LINE = "amq: 1 new message from user. Run: amq drain --include-body"
in_claude = agents("claude", also=("claude-old",))
in_codex = pytest.mark.parametrize("agent", ["codex"], indirect=True)


class Run(Protocol):
    """Starts an agent under `amq run` with these options, and the agent with these arguments."""

    def __call__(self, agent: Agent, *options: str, arguments: tuple[str, ...] = ()) -> Terminal: ...


@pytest.fixture
def person(rig: Rig) -> Person:
    """The person, in a project with a queue for the agents and them."""
    somebody = Person(rig.project)
    somebody.amq("init", "--here", "--agents", "user,claude,codex")
    return somebody


@pytest.fixture
def run(rig: Rig) -> Iterator[Run]:
    with ExitStack() as stack:

        def start(agent: Agent, *options: str, arguments: tuple[str, ...] = ()) -> Terminal:
            words: list[str | Path] = [AMQ, "run", *options, "--", agent.program, *arguments]
            terminal = open_terminal(
                rig.directory / "terminal", rig.network.inside(words), rig.project, rig.home(agent)
            )
            return stack.enter_context(terminal)

        yield start


def works(turn: Turn) -> Say | Call:
    """Works at one tool until the file `go` is there, then at a second until `on` is; reads no mail."""
    if turn.text == "work" and len(turn.results) < 2:
        return Call(
            f"touch at-{len(turn.results)}; until [ -e {('go', 'on')[len(turn.results)]} ]; do sleep 0.05; done"
        )
    return Say("Finished.")


def told(rig: Rig, text: str) -> int:
    """How often TEXT stands in the last main request to the model."""
    main = [request for request in rig.model.requests if request.get("tools")]
    return json.dumps(main[-1]).count(json.dumps(text)[1:-1])


def begin_work(rig: Rig, terminal: Terminal) -> None:
    rig.model.script = works
    terminal.wait_for(INPUT_ROW)
    terminal.press("work")
    terminal.wait_for(f"{INPUT_ROW}work$")
    terminal.press("\r")
    wait_until((rig.project / "at-0").exists, terminal.screen)


def trust_hooks(terminal: Terminal) -> None:
    """Answer Codex's question whether to trust our hooks with yes. Keys right after it is drawn may be lost or late."""
    terminal.wait_for("Hooks need review")
    keys = {r"› 1\.": "\x1b[B", r"› 2\.": "\r", r"› 3\.": "\x1b[A"}

    def is_answered() -> bool:
        for selected, key in keys.items():
            if terminal.shows(selected):
                terminal.press(key)
                time.sleep(1.0)
        return not terminal.shows("Hooks need review")

    wait_until(is_answered, terminal.screen)


def send(person: Person, agent: Agent, priority: str) -> None:
    person.amq("send", "--to", agent.program, "--priority", priority, "--body", "hello")


def history(person: Person, agent: Agent) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.amq("why", agent.program, "--history")
    return found


def ways(person: Person, agent: Agent) -> list[str]:
    """How the agent was told, oldest first."""
    return [entry["way"] for entry in history(person, agent) if "way" in entry]


@in_claude
def test_a_working_agent_is_told_between_tools_and_at_the_end_once(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    own = rig.directory / "own"
    hooks = {"Stop": [{"hooks": [{"type": "command", "command": f"touch {own}"}]}]}
    terminal = run(agent, arguments=("--settings", json.dumps({"hooks": hooks})))
    begin_work(rig, terminal)
    assert told(rig, "You are `claude` in this project's mail (amq). Others: codex, user.") == 1
    send(person, agent, "urgent")
    wait_until(lambda: person.amq("why", agent.program)["waits_for"] == "busy", terminal.screen)
    (rig.project / "go").touch()
    wait_until((rig.project / "at-1").exists, terminal.screen)
    assert told(rig, LINE) == 1
    assert "PostToolUse" in json.dumps(rig.model.requests[-1])
    (rig.project / "on").touch()
    wait_until(
        lambda: [turn.text for turn, _ in rig.model.turns][-1:] == [f"Stop hook feedback:\n{LINE}"], terminal.screen
    )
    wait_until(own.exists, terminal.screen)
    assert ways(person, agent) == ["hook tool", "hook stop"]
    wait_until(lambda: person.amq("why", agent.program)["waits_for"] == "nothing", terminal.screen)
    assert len(rig.model.turns) == 4
    settings = Path(rig.directory / agent.name / ".claude" / "settings.json").read_text()
    assert "hook" not in settings, "no file of the person's is changed"


@in_codex
def test_codex_asks_once_whether_to_trust_hooks_and_then_takes_them(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    """With --hooks only: what the person answers stands in Codex's own configuration, for this command."""
    terminal = run(agent, "--hooks")
    trust_hooks(terminal)
    begin_work(rig, terminal)
    send(person, agent, "urgent")
    (rig.project / "go").touch()
    wait_until((rig.project / "at-1").exists, terminal.screen)
    assert told(rig, LINE) == 1
    assert ways(person, agent) == ["hook tool"]


@soak
@in_codex
def test_codexs_question_about_hooks_is_not_answered(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    terminal = run(agent, "--hooks")
    terminal.wait_for("Hooks need review")
    send(person, agent, "urgent")
    wait_until(lambda: person.amq("why", agent.program)["waits_for"] == "starting", terminal.screen)
    stays(lambda: terminal.shows("Hooks need review"), terminal.screen, seconds=3)
    trust_hooks(terminal)
    wait_until(lambda: [turn.text for turn, _ in rig.model.turns if not turn.results] == [LINE], terminal.screen)


@in_codex
def test_codex_gets_no_hooks_and_no_question_by_itself(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    terminal = run(agent)
    begin_work(rig, terminal)
    assert not terminal.shows("Hooks need review")
    send(person, agent, "normal")
    wait_until(lambda: person.amq("why", agent.program)["waits_for"] == "busy", terminal.screen)
    send(person, agent, "urgent")
    wait_until(lambda: ways(person, agent) == ["pty"], terminal.screen)
    (rig.project / "go").touch()
    (rig.project / "on").touch()
    line = "amq: 2 new messages from user. Run: amq drain --include-body"
    wait_until(lambda: [turn.text for turn, _ in rig.model.turns][-1:] == [line], terminal.screen)
