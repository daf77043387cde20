"""Mail wakes a real agent that runs under `amq run`: it drains, and its reply arrives; and nothing else is touched.

A sample of the scenarios and agents always runs; with AMQ_SOAK=1 all of them do.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.real.agents import Agent
from tests.real.mock_model import Answer, Ask, Call, Say, Script, Turn, use_amq
from tests.real.rig import Rig
from tests.real.terminal import Terminal, open_terminal, stays, wait_until

pytestmark = pytest.mark.timeout(180)
soak = pytest.mark.skipif(os.environ.get("AMQ_SOAK") != "1", reason="AMQ_SOAK=1 runs it")


def agents(*always: str, also: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """The test runs for these agents; for the others ALSO where all is run."""
    others = [pytest.param(name, marks=soak) for name in also]
    return pytest.mark.parametrize("agent", [*always, *others], indirect=True)


AMQ = Path(sys.executable).with_name("amq")
INPUT_ROW = r"^[❯›]\s"  # a space or one that does not break
FROM_A_HOOK = "Stop hook feedback:\n"
NOTICE = "amq: 1 new message from user"
DIALOG = "Do you want to proceed|Would you like to run"
TRUSTS = r"^\s*[❯›] (1\. )?(Yes, I trust|Trust and continue)"


class Run(Protocol):
    """Starts an agent; ASKS and TRUSTED as in `prepare_home`."""

    def __call__(self, agent: Agent, *, asks: bool = False, trusted: bool = True) -> Terminal: ...


class Person:
    """Somebody at a shell in the project, with the handle `user`."""

    def __init__(self, project: Path) -> None:
        self._project = project

    def amq(self, command: str, *arguments: str, me: str = "user") -> Any:
        """What `amq COMMAND --json` prints."""
        line = [str(AMQ), command, "--json", "--me", me, *arguments]
        done = subprocess.run(line, cwd=self._project, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def ask(self, agent: Agent, me: str = "user") -> str:
        """Send AGENT a question, from the handle ME; the message's ID."""
        words = ("--kind", "question", "--subject", "A question", "--body", "What is 6 times 7?")
        sent = self.amq("send", "--to", agent.program, *words, me=me)
        return str(sent["id"])

    def mail(self) -> list[dict[str, Any]]:
        """What is in the person's inbox, read or not."""
        found: list[dict[str, Any]] = self.amq("list")
        return found


@pytest.fixture
def person(rig: Rig) -> Person:
    """The person, in a project with a queue for the agents and them."""
    somebody = Person(rig.project)
    somebody.amq("init", "--here", "--agents", "user,claude,codex")
    return somebody


@pytest.fixture
def run(rig: Rig) -> Iterator[Run]:
    """Start an agent under `amq run`, in a terminal that is closed at the end."""
    number = itertools.count()
    with ExitStack() as stack:

        def start(agent: Agent, *, asks: bool = False, trusted: bool = True) -> Terminal:
            command = rig.network.inside([AMQ, "run", "--as", agent.program, "--", agent.program])
            environment = rig.home(agent, asks=asks, trusted=trusted)
            socket = rig.directory / f"terminal-{agent.name}-{next(number)}"
            terminal = open_terminal(socket, command, rig.project, environment)
            return stack.enter_context(terminal)

        yield start


def notices(rig: Rig) -> list[Turn]:
    """The turns that a line typed at the agent began, or a hook at the end of the turn before, oldest first."""
    began = [turn.text.removeprefix(FROM_A_HOOK) for turn, _ in rig.model.turns if not turn.results]
    return [Turn(text) for text in began]


def submit(terminal: Terminal, line: str) -> None:
    """Type LINE as a person does, and send it when it is seen."""
    terminal.press(line)
    terminal.wait_for(f"{INPUT_ROW}{line}$")
    terminal.press("\r")


def wait_for_reply(rig: Rig, person: Person, terminal: Terminal, count: int = 1) -> None:
    """Wait until COUNT messages have come for the person."""

    def seen() -> str:
        return f"{rig.model.turns}\n{terminal.screen()}"

    wait_until(lambda: len(person.mail()) >= count, seen, timeout=60)


def check_answer(person: Person, agent: Agent, question: str) -> None:
    """The person's newest mail is the agent's answer to QUESTION."""
    header = person.mail()[-1]
    assert (header["from"], header["kind"]) == (agent.program, "answer")
    answer = person.amq("read", "--id", header["id"])
    assert answer["body"].strip() == "The answer is 42."
    assert answer["header"]["refs"] == [question]


@agents("claude", "claude-old", "codex")
def test_mail_wakes_an_idle_agent(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    question = person.ask(agent)
    wait_for_reply(rig, person, terminal)
    check_answer(person, agent, question)
    terminal.wait_for(r"Done: 1 replies\.")
    assert [turn.text.partition(".")[0] for turn in notices(rig)] == ["amq: 1 new message from user"]
    assert person.amq("list", "--new", me=agent.program) == []
    assert terminal.quit(agent.quit) == 0
    wait_until(terminal.is_sane, terminal.screen)


@agents(also=("claude", "claude-old", "codex"))
def test_mail_from_before_the_start_is_announced_once_the_agent_is_ready(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    question = person.ask(agent)
    terminal = run(agent)
    wait_for_reply(rig, person, terminal)
    check_answer(person, agent, question)
    assert len(notices(rig)) == 1


@agents(also=("claude", "claude-old", "codex"))
def test_an_agent_is_woken_again_and_again(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    terminal = run(agent)
    for count in (1, 2, 3):
        question = person.ask(agent)
        wait_for_reply(rig, person, terminal, count)
        check_answer(person, agent, question)
    assert len(notices(rig)) == 3


@agents("claude", also=("claude-old", "codex"))
def test_a_half_typed_line_is_left_alone(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    terminal.press("half")
    terminal.wait_for(f"{INPUT_ROW}half$")
    question = person.ask(agent)
    stays(lambda: terminal.shows(f"{INPUT_ROW}half$"), terminal.screen, seconds=3)
    terminal.press(" of it")
    terminal.wait_for(f"{INPUT_ROW}half of it$")
    terminal.press("\r")
    wait_for_reply(rig, person, terminal)
    check_answer(person, agent, question)
    assert [turn.text.partition(".")[0] for turn in notices(rig)] == [
        "half of it",
        "amq: 1 new message from user",
    ]


@agents("codex", also=("claude", "claude-old"))
def test_an_open_dialog_is_not_answered(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        return Say("Finished.") if turn.results else Call("touch done", escalated=True)

    rig.model.script = script
    terminal = run(agent, asks=True)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
    person.ask(agent)
    done = rig.project / "done"
    stays(lambda: terminal.shows(DIALOG) and not done.exists(), terminal.screen, seconds=3)
    terminal.press("\r")
    wait_until(done.exists, terminal.screen)
    wait_until(lambda: len(notices(rig)) == 2, terminal.screen, timeout=60)
    assert notices(rig)[-1].text.startswith("amq: 1 new message from user.")


@agents(also=("claude", "claude-old", "codex"))
def test_a_draft_of_many_lines_is_left_alone_until_it_is_taken_back(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    terminal.press("one\n")
    terminal.wait_for(f"{INPUT_ROW}one$")
    terminal.press("two")
    terminal.wait_for("^  two")
    question = person.ask(agent)
    stays(lambda: terminal.shows("^  two$"), terminal.screen, seconds=3)
    terminal.press("\x15\x7f\x15")
    wait_for_reply(rig, person, terminal)
    check_answer(person, agent, question)
    assert len(notices(rig)) == 1


@agents("claude", also=("claude-old", "codex"))
def test_a_dialog_that_opens_as_mail_arrives_is_not_answered(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        if not turn.results:
            person.ask(agent)
            return Call("touch done", escalated=True)
        return Say("Finished.")

    rig.model.script = script
    terminal = run(agent, asks=True)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
    done = rig.project / "done"
    stays(lambda: terminal.shows(DIALOG) and not done.exists(), terminal.screen, seconds=4)
    terminal.press("\r")
    wait_until(done.exists, terminal.screen)
    wait_until(lambda: any(NOTICE in turn.text for turn in notices(rig)), terminal.screen, timeout=90)
    assert sum(NOTICE in turn.text for turn in notices(rig)) == 1


@agents("claude", also=("claude-old",))
def test_a_question_to_the_person_is_not_answered(rig: Rig, agent: Agent, person: Person, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        return Say("Finished.") if turn.results else Ask("Which colour?", ("Red", "Blue"))

    rig.model.script = script
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    terminal.wait_for("Which colour")
    question = person.ask(agent)
    stays(lambda: terminal.shows(r"3\. Type something") and len(rig.model.turns) == 1, terminal.screen, seconds=3)
    terminal.press("\r")
    wait_for_reply(rig, person, terminal)
    check_answer(person, agent, question)
    assert len(notices(rig)) == 2


@agents("claude", also=("claude-old", "codex"))
def test_the_question_whether_the_directory_is_trusted_is_not_answered(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    question = person.ask(agent)
    terminal = run(agent, trusted=False)
    terminal.wait_for("[Tt]rust this folder")
    wait_until(
        lambda: person.amq("why", agent.program)["waits_for"] in ("starting", "dialog"),
        lambda: str(person.amq("why", agent.program, "--history")),
    )
    stays(lambda: terminal.shows("[Tt]rust this folder"), terminal.screen, seconds=3)
    if not terminal.shows(TRUSTS):
        terminal.press("\x1b[B")
        terminal.wait_for(TRUSTS)
    terminal.press("\r")
    wait_for_reply(rig, person, terminal)
    check_answer(person, agent, question)


def test_an_answer_from_one_agent_wakes_the_other(
    rig: Rig, both: tuple[Agent, Agent], person: Person, run: Run
) -> None:
    claude, codex = both
    terminal, other = run(claude), run(codex)
    terminal.wait_for(INPUT_ROW)
    other.wait_for(INPUT_ROW)
    person.ask(codex, me=claude.program)
    other.wait_for(r"Done: 1 replies\.")
    terminal.wait_for(r"Done: 0 replies\.")
    first, second = notices(rig)
    assert first.text.startswith("amq: 1 new message from claude.")
    assert second.text.startswith("amq: 1 new message from codex.")


def works_until(go: Path, *, in_a_tool: bool) -> Script:
    """A model that, told to work, streams an answer or runs a tool until GO is there."""

    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        if in_a_tool and not turn.results:
            return Call(f"touch {go}.begun; until [ -e {go} ]; do sleep 0.05; done")
        return Say("Finished." if in_a_tool else "It begins", until=lambda: in_a_tool or go.exists())

    return script


def begin(rig: Rig, terminal: Terminal, go: Path, *, in_a_tool: bool) -> None:
    rig.model.script = works_until(go, in_a_tool=in_a_tool)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    if in_a_tool:
        wait_until(Path(f"{go}.begun").exists, terminal.screen)
    else:
        terminal.wait_for("It begins and more")


def ways(person: Person, agent: Agent) -> list[str]:
    """How the agent was told, oldest first."""
    found: list[dict[str, Any]] = person.amq("why", agent.program, "--history")
    return [entry["way"] for entry in found if "way" in entry]


@pytest.mark.parametrize("in_a_tool", [False, True], ids=["streams", "in a tool"])
@agents(also=("claude", "claude-old", "codex"))
def test_a_busy_agent_is_told_of_other_mail_when_its_turn_ends(
    rig: Rig, agent: Agent, person: Person, run: Run, in_a_tool: bool
) -> None:
    terminal, go = run(agent), rig.project / "go"
    begin(rig, terminal, go, in_a_tool=in_a_tool)
    question = person.ask(agent)
    wait_until(
        lambda: person.amq("why", agent.program).get("waits_for") == "busy",
        lambda: f"{person.amq('why', agent.program, '--history')}\n{rig.model.turns}\n{terminal.screen()}",
    )
    stays(lambda: not terminal.shows(NOTICE), terminal.screen, seconds=3)
    go.touch()
    wait_for_reply(rig, person, terminal)
    check_answer(person, agent, question)
    assert [NOTICE in turn.text for turn in notices(rig)] == [False, True]


@agents("claude", also=("codex",))
def test_urgent_mail_is_typed_and_queued_while_an_answer_streams(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    """No hook is called then. The answer goes on to its end, and the line is the next prompt, once."""
    terminal, go = run(agent), rig.project / "go"
    begin(rig, terminal, go, in_a_tool=False)
    person.amq("send", "--to", agent.program, "--priority", "urgent", "--body", "hello")
    wait_until(lambda: ways(person, agent) == ["pty"], terminal.screen)
    terminal.wait_for(NOTICE)
    go.touch()
    wait_until(lambda: person.amq("list", "--new", me=agent.program) == [], terminal.screen, timeout=60)
    wait_until(lambda: isinstance(rig.model.turns[-1][1], Say), terminal.screen)
    assert sum(NOTICE in turn.text for turn in notices(rig)) == 1
    assert ways(person, agent) == ["pty"]


def host_pid(rig: Rig) -> int:
    """Of the one `amq run` in the project."""
    (lock,) = rig.project.glob("**/notifier.lock")
    return int(json.loads(lock.read_text())["pid"])


@agents(also=("claude", "claude-old", "codex"))
def test_when_the_agent_ends_its_mail_waits_and_the_next_one_is_told_once(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    terminal.press("half")
    terminal.wait_for(f"{INPUT_ROW}half$")
    question = person.ask(agent)
    wait_until(lambda: person.amq("why", agent.program)["waits_for"] == "draft", terminal.screen)
    os.kill(host_pid(rig), signal.SIGTERM)
    terminal.wait_for("^exit status ")
    assert terminal.is_sane()
    assert person.amq("why", agent.program)["waits_for"] == "no-channel"
    assert person.amq("why", agent.program, "--history")[-1]["waits_for"] == "stopped"
    again = run(agent)
    wait_for_reply(rig, person, again)
    check_answer(person, agent, question)
    assert len(notices(rig)) == 1


@agents("codex", also=("claude", "claude-old"))
def test_when_the_supervisor_is_killed_the_terminal_is_sane_and_the_next_one_tells_once(
    rig: Rig, agent: Agent, person: Person, run: Run
) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    os.kill(host_pid(rig), signal.SIGKILL)
    wait_until(terminal.is_sane, terminal.screen)
    question = person.ask(agent)
    assert person.amq("why", agent.program)["waits_for"] == "no-channel"
    again = run(agent)
    wait_for_reply(rig, person, again)
    check_answer(person, agent, question)
    assert len(notices(rig)) == 1
