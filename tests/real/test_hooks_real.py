"""Hooks for one process in a real agent: its identity, urgent mail between tools, and a turn that goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amq.certify.protocols import Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, stays, wait_until
from tests.real.user import INPUT_ROW, LONG_ENOUGH, Run, User, agents, remains, soak, submit, trust_hooks

pytestmark = pytest.mark.timeout(180)
BODY = "Body:\nhello\n"
"""A part of each mail as a hook gives it."""
in_claude = agents("claude", also=("claude-old",))
in_codex = pytest.mark.parametrize("agent", ["codex"], indirect=True)


def works(turn: Turn) -> Say | Call:
    """Run one tool until the file `go` is there, then a second until `on` is; read no mail."""
    if turn.text == "work" and len(turn.results) < 2:
        return Call(
            f"touch at-{len(turn.results)}; until [ -e {('go', 'on')[len(turn.results)]} ]; do sleep 0.05; done"
        )
    return Say("Finished.")


def mentions(rig: Rig, text: str) -> int:
    """Return how often TEXT is in the last main request to the model."""
    main = [request for request in rig.model.requests if request.get("tools")]
    return json.dumps(main[-1]).count(json.dumps(text)[1:-1])


def begin_work(rig: Rig, terminal: Terminal) -> None:
    rig.model.script = works
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    wait_until((rig.project / "at-0").exists, terminal.screen)


@in_claude
def test_a_working_agent_gets_mail_between_tools_and_at_the_end_of_its_turn(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """Urgent mail comes between tools. The user's own hooks are called, too."""
    own = rig.directory / "own"
    hooks = {"Stop": [{"hooks": [{"type": "command", "command": f"touch {own}"}]}]}
    terminal = run(agent, arguments=("--settings", json.dumps({"hooks": hooks})))
    begin_work(rig, terminal)
    assert mentions(rig, "You are `claude` in this project's mail (amq). Others: codex, user.") == 1
    user.send(agent, "urgent")
    user.waits_for(agent, "busy")
    (rig.project / "go").touch()
    wait_until((rig.project / "at-1").exists, terminal.screen)
    assert mentions(rig, BODY) == 1
    user.send(agent, "normal")
    stays(lambda: user.ways(agent) == ["hook tool"], terminal.screen, LONG_ENOUGH)
    (rig.project / "on").touch()
    wait_until(lambda: mentions(rig, BODY) == 2, terminal.screen)
    wait_until(own.exists, terminal.screen)
    wait_until(lambda: user.amq("list", "--new", me=agent.program) == [], terminal.screen)
    assert user.ways(agent) == ["hook tool", "hook stop"]
    assert len(rig.model.turns) == 4
    settings = Path(rig.directory / agent.name / ".claude" / "settings.json").read_text()
    assert "hook" not in settings, "no file of the user's is changed"


@in_codex
def test_codex_asks_once_whether_to_trust_hooks_and_then_takes_them(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """With --hooks only: the user's answer is in Codex's own configuration, for this command."""
    terminal = run(agent, "--hooks")
    trust_hooks(terminal)
    begin_work(rig, terminal)
    user.send(agent, "urgent")
    (rig.project / "go").touch()
    wait_until((rig.project / "at-1").exists, terminal.screen)
    assert mentions(rig, BODY) == 1
    assert user.ways(agent) == ["hook tool"]


@soak
@in_codex
def test_codexs_question_about_hooks_is_not_answered(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = run(agent, "--hooks")
    terminal.wait_for("Hooks need review")
    user.send(agent, "urgent")
    user.waits_for(agent, "starting")
    remains(terminal, "Hooks need review")
    trust_hooks(terminal)
    wait_until(lambda: rig.model.turns and mentions(rig, BODY) == 1, terminal.screen)


@in_codex
def test_codex_gets_no_hooks_and_no_question_by_itself(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = run(agent)
    begin_work(rig, terminal)
    assert not terminal.shows("Hooks need review")
    user.send(agent, "normal")
    user.waits_for(agent, "busy")
    user.send(agent, "urgent")
    wait_until(lambda: user.ways(agent) == ["pty"], terminal.screen)
    (rig.project / "go").touch()
    (rig.project / "on").touch()
    line = "amq: 2 new messages from user. Run: amq drain --include-body"
    wait_until(lambda: [turn.text for turn, _ in rig.model.turns][-1:] == [line], terminal.screen)
