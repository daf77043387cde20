"""What Codex is given at its start: hooks without a question, a sandbox that lets amq write, and an introduction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.real.agents import Agent
from tests.real.mock_model import Call, Json, Say, Turn
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.user import INPUT_ROW, Run, User, agents, submit

pytestmark = pytest.mark.timeout(120)
INTRODUCTION = "You are `codex` in this project's mail (amq)"
THEIRS = 'Speak of "boats", \\ and\nof nothing else.'
in_codex = agents("codex", also=("codex-before",))
OWN_SETTINGS = f"""\
developer_instructions = {json.dumps(THEIRS)}
sandbox_mode = "workspace-write"

[sandbox_workspace_write]
exclude_slash_tmp = true
exclude_tmpdir_env_var = true
"""


def texts(request: Json, role: str) -> list[str]:
    """Return what REQUEST says in ROLE, one text for each part."""
    messages = [item for item in request["input"] if item["type"] == "message" and item["role"] == role]
    return [part["text"] for message in messages for part in message["content"]]


def asked(rig: Rig, terminal: Terminal, line: str) -> Json:
    """Send LINE as the user, and return the request that it leads to."""
    before = len(rig.model.requests)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, line)
    wait_until(lambda: len(rig.model.requests) > before, terminal.screen)
    return rig.model.requests[before]


@in_codex
def test_hooks_that_the_user_allows_run_without_a_question(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    user.send(agent, "low")
    terminal = run(agent, "--allow-amq", "--low-after", "5m")
    request = asked(rig, terminal, "hello")
    assert not terminal.shows("Hooks need review|Trust all")
    assert [INTRODUCTION in text for text in texts(request, "developer")].count(True) == 1
    assert INTRODUCTION in texts(request, "developer")[-1], "that of its hook at the beginning of a session"
    trusted = Path(rig.directory / agent.name / ".codex" / "config.toml").read_text()
    assert "hooks" not in trusted, "no file of the user's is changed"


@in_codex
def test_it_is_introduced_behind_the_users_words_and_writes_the_queue_above(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    (rig.project / "sub").mkdir()
    home = rig.directory / agent.name / ".codex"
    home.mkdir(parents=True)
    (home / "mine.config.toml").write_text(OWN_SETTINGS)
    rig.model.script = sends
    terminal = run(agent, "--no-hooks", arguments=("-p", "mine", "-C", "sub"))
    request = asked(rig, terminal, "write")
    (both,) = [text for text in texts(request, "developer") if INTRODUCTION in text]
    assert both.startswith(f"{THEIRS}\n\n{INTRODUCTION}")
    wait_until(user.mail, lambda: f"{rig.model.turns}\n{terminal.screen()}")


def sends(turn: Turn) -> Say | Call:
    """Write to the user once."""
    return Say("Done.") if turn.results or turn.text != "write" else Call("amq send --to user --body hello")
