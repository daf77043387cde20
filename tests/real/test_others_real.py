"""Agents' CLIs beside Claude Code and Codex under `amq run`, such as Gemini CLI. For `make drift`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent, pinned_agents
from tests.real.rig import Rig
from tests.real.terminal import Terminal, stays, wait_until
from tests.real.test_outside_real import start
from tests.real.user import NOTICE, Run, User, check_answer, notices, soak, wait_for_reply

__all__ = ["start"]
pytestmark = [pytest.mark.timeout(300), soak]
OTHERS = [name for name, found in pinned_agents().items() if found.program not in ("claude", "codex")]
others = pytest.mark.parametrize("agent", OTHERS, indirect=True)
asking = pytest.mark.parametrize("agent", [name for name in OTHERS if name != "pi"], indirect=True)
"""Those that ask before they run a command; pi never does."""
READY = r"Type your message|Ask anything…|^❯|%/128k"
HALF = r"(?:^|[>┃❯]\s+)half\b"
PERMISSION = r"Allow execution of|Permission required|Do you want to run this command"
START_WITHIN = 60.0  # seconds


@pytest.fixture
def user(rig: Rig, agent: Agent) -> User:
    """The user, in a project with a queue for the agent and them."""
    user = User(rig.project)
    user.amq("init", "--here", "--agents", f"user,{agent.program}")
    return user


def begin(run: Run, agent: Agent, *, asks: bool = False) -> Terminal:
    terminal = run(agent, asks=asks)
    terminal.wait_for(READY, START_WITHIN)
    return terminal


def submit(terminal: Terminal, line: str) -> None:
    terminal.press(line)
    terminal.wait_for(rf"(?:^|[>┃❯]\s+){line}\b")
    terminal.press("\r")


def needs_permission(turn: Turn) -> Answer:
    """Return a model that runs a command when asked to work."""
    if "work" not in turn.text or NOTICE in turn.text:
        return use_amq(turn)
    return Say("Finished.") if turn.results else Call("touch done")


@others
@pytest.mark.parametrize("count", [2])
def test_mail_wakes_an_idle_agent(rig: Rig, agent: Agent, user: User, run: Run, count: int) -> None:
    terminal = begin(run, agent)
    for number in range(1, count + 1):
        question = user.ask(agent)
        wait_for_reply(rig, user, terminal, number)
        check_answer(user, agent, question)
    assert sum(NOTICE in turn.text for turn in notices(rig)) == count


@others
def test_a_half_typed_line_is_left_alone(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = begin(run, agent)
    terminal.press("half")
    terminal.wait_for(HALF)
    user.ask(agent)
    user.waits_for(agent, "draft")
    stays(lambda: terminal.shows(HALF), terminal.screen, 3)
    terminal.press("\x7f" * 4)
    wait_for_reply(rig, user, terminal)


@asking
def test_an_open_dialog_gets_no_line(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = needs_permission
    check_dialog(rig, agent, user, begin(run, agent, asks=True))


def check_dialog(rig: Rig, agent: Agent, user: User, terminal: Terminal) -> None:
    """Check that mail during a dialog leads to no input, and to one notification after it."""
    submit(terminal, "work")
    terminal.wait_for(PERMISSION)
    user.ask(agent)
    user.waits_for(agent, "dialog")
    done = rig.project / "done"
    stays(lambda: terminal.shows(PERMISSION) and not done.exists(), terminal.screen, 4)
    terminal.press("\r")
    wait_until(done.exists, terminal.screen)
    wait_until(lambda: any(NOTICE in turn.text for turn in notices(rig)), terminal.screen, timeout=90)
    assert sum(NOTICE in turn.text for turn in notices(rig)) == 1


@others
def test_an_agent_that_works_is_notified_at_the_end_of_its_turn(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    go: Path = rig.project / "go"

    def script(turn: Turn) -> Answer:
        """Wait for the file without streaming, because some CLIs take a long streamed text for a loop."""
        if "work" not in turn.text or NOTICE in turn.text:
            return use_amq(turn)
        wait_until(go.exists, lambda: "the file did not appear", timeout=60)
        return Say("Finished.")

    rig.model.script = script
    terminal = begin(run, agent)
    submit(terminal, "work")
    terminal.wait_for(r"esc (?:to cancel|interrupt)|Working")
    question = user.ask(agent)
    user.waits_for(agent, "busy")
    stays(lambda: not terminal.shows(NOTICE), terminal.screen, 4)
    go.touch()
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert sum(NOTICE in turn.text for turn in notices(rig)) == 1


@asking
def test_beside_it_the_same_holds(rig: Rig, agent: Agent, user: User, start: Callable[..., Terminal]) -> None:
    """The agent is notified by `amq wake` in tmux."""
    rig.model.script = needs_permission
    check_dialog(rig, agent, user, start(agent, asks=True, ready=READY))


@pytest.mark.parametrize("agent", ["opencode", "pi", "qwen"], indirect=True)
def test_it_is_introduced_beside_the_words_of_the_user_and_the_project(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """Gemini CLI has no way that adds and that amq may use: docs/decisions/starting-codex.md."""
    home = rig.directory / agent.name
    theirs = {
        "opencode": rig.project / "theirs.md",
        "pi": home / ".pi" / "agent" / "AGENTS.md",
        "qwen": home / ".qwen" / "QWEN.md",
    }[agent.name]
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text("Words of the user.")
    (rig.project / "opencode.json").write_text('{"instructions": ["theirs.md"]}')
    (rig.project / ("QWEN.md" if agent.name == "qwen" else "AGENTS.md")).write_text("Words of the project.")
    terminal = begin(run, agent)
    wait_until(lambda: not terminal.shows("Initializing"), terminal.screen, START_WITHIN)
    submit(terminal, "hello")
    wait_until(lambda: rig.model.turns, terminal.screen, START_WITHIN)
    request = json.dumps(next(each for each in rig.model.requests if each.get("tools")))
    for words in (f"You are `{agent.name}` in this project's mail", "Words of the project.", "Words of the user."):
        assert request.count(words) == 1, words
