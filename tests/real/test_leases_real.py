"""A real agent heeds another's lease: its model reads it before an edit, and on request the edit is refused."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest

from amq.certify.protocols import Say, Turn, Write
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import wait_until
from tests.real.user import INPUT_ROW, Run, User, agents, soak, submit

pytestmark = pytest.mark.timeout(180)
ARGUMENTS = {"claude": ("--permission-mode", "acceptEdits"), "codex": ("-m", "gpt-6-sol")}
"""No dialog about edits; and a model that Codex knows, because others get no tool for edits. The mock answers."""
RESULT = re.compile(r'"type": "(tool_result|custom_tool_call_output)"')
ADVICE = "src/: user has a lease on it, 30m left, to the lexer"
ASK = "ask: amq send --to user"


@pytest.fixture(autouse=True)
def lease(user: User) -> None:
    user.amq("lease", "take", "src/", "--why=the lexer")


def edits(path: Path, turn: Turn) -> Say | Write:
    """Write the file PATH when asked to work."""
    return Write(str(path), "text") if turn.text == "work" and not turn.results else Say("Finished.")


def begin(rig: Rig, agent: Agent, run: Run, *options: str, plugin: bool = False) -> tuple[Path, str]:
    """Let AGENT write a file where the user has a lease, to the end of its turn.

    Return the file, and the request to the model that follows the edit.
    """
    file = rig.project / "src" / "new.py"
    rig.model.script = partial(edits, file)
    terminal = run(agent, "--allow-amq", *options, arguments=ARGUMENTS[agent.program], plugin=plugin)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    wait_until(lambda: "Finished." in terminal.screen(), terminal.screen)
    (request,) = (request for request in map(json.dumps, rig.model.requests) if RESULT.search(request))
    return file, request


@agents("claude", also=("claude-before", "claude-old", "codex", "codex-before"))
def test_its_model_reads_it_and_the_edit_goes_on(rig: Rig, agent: Agent, run: Run) -> None:
    file, request = begin(rig, agent, run)
    assert file.read_text() == "text\n"
    assert (request.count(ADVICE), request.count(ASK)) == (1, 1)


@agents("codex", also=("claude", "claude-before", "claude-old", "codex-before"))
def test_on_request_the_edit_is_refused(rig: Rig, agent: Agent, run: Run) -> None:
    file, request = begin(rig, agent, run, "--deny-leased")
    assert not file.exists()
    assert request.count(ADVICE) == 1


@soak
@agents("claude", "codex")
def test_without_a_lease_nothing_is_said(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    user.amq("lease", "free", "--all")
    file, request = begin(rig, agent, run, "--deny-leased")
    assert file.exists()
    assert "has a lease" not in request


@soak
@agents("claude")
def test_with_the_plugin_its_model_reads_it_as_well(rig: Rig, agent: Agent, run: Run) -> None:
    file, request = begin(rig, agent, run, plugin=True)
    assert (file.exists(), request.count(ADVICE)) == (True, 1)
