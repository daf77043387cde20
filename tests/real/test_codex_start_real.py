"""The start of Codex: hooks without a question, a sandbox that lets amq write, and an introduction."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from amq.certify.protocols import Call, Json, Say, Turn
from amq.runtime.agents.codex.hook_vetting import vetting_arguments
from amq.runtime.agents.codex.hooks import settings_arguments
from amq.runtime.agents.codex.user_settings import NotKnownError, UserSettings
from amq.runtime.agents.codex.words import Words
from tests.real.agents import Agent, cache_directory
from tests.real.rig import Rig
from tests.real.terminal import Terminal, open_terminal, wait_until
from tests.real.user import INPUT_ROW, Run, User, agents, soak, submit

pytestmark = pytest.mark.timeout(120)
INTRODUCTION = "You are `codex` in this project's mail (amq)"
THEIRS = 'Speak of "boats", \\ and\nof nothing else.'
LONG = "A sentence of a long mail. " * 1200  # 30 KB: without a limit of its own, a hook's text has 10
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
    terminal = run(agent, "--allow-amq")
    request = asked(rig, terminal, "hello")
    assert not terminal.shows("Hooks need review|Trust all")
    assert [INTRODUCTION in text for text in texts(request, "developer")].count(True) == 1
    assert INTRODUCTION in texts(request, "developer")[-1], "that of its hook at the beginning of a session"
    # the text of a mail is in the request that the notification leads to
    terminal.wait_for("Ready")
    user.amq("send", "--to", agent.program, "--body", LONG)
    wait_until(lambda: LONG.strip() in texts(rig.model.requests[-1], "developer")[-1], terminal.screen)
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


SANDBOXES = {
    "": None,
    'sandbox_mode = "read-only"': "readOnly",
    'sandbox_mode = "workspace-write"': "workspaceWrite",
    'sandbox_mode = "danger-full-access"': "dangerFullAccess",
    '[projects."PROJECT"]\ntrust_level = "trusted"': "workspaceWrite",
    '[projects."PROJECT"]\ntrust_level = "untrusted"': "workspaceWrite",
    '[projects."ABOVE"]\ntrust_level = "trusted"': None,
}
"""Settings, and the sandbox that Codex has with them; None: it may only read, and amq does not know it."""


@soak
@in_codex
@pytest.mark.parametrize("settings", SANDBOXES)
@pytest.mark.parametrize("words", ["", "-c sandbox_mode=workspace-write"])
def test_amq_knows_the_sandbox_as_codex_does(rig: Rig, agent: Agent, settings: str, words: str) -> None:
    environment = rig.home(agent)
    config = Path(environment["CODEX_HOME"], "config.toml")
    config.write_text(settings.replace("PROJECT", str(rig.project)).replace("ABOVE", str(rig.directory)))
    codex = [str(agent.executable(cache_directory())), *words.split(), "app-server"]
    asked = (
        {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "test", "version": "1"}}},
        {"method": "initialized"},
        {"id": 2, "method": "thread/start", "params": {"cwd": str(rig.project)}},
    )
    with subprocess.Popen(
        rig.network.inside(codex), cwd=rig.project, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write("".join(json.dumps(each) + "\n" for each in asked).encode())
        server.stdin.flush()
        answer = next(wire for wire in map(json.loads, server.stdout) if wire.get("id") == 2)
        server.kill()
    found = answer["result"]["sandbox"]["type"]
    try:
        known = UserSettings(Words(words.split()), str(config), str(rig.project)).sandbox()
    except NotKnownError:
        assert found == "readOnly", "else a directory is missing"
        assert not words
        assert SANDBOXES[settings] is None
    else:
        assert found.lower() == known.replace("-", "")


@soak
@in_codex
def test_hooks_are_the_users_to_switch_off(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = run(agent, "--allow-amq", arguments=("-c", "features.hooks=false"))
    request = asked(rig, terminal, "hello")
    assert len([text for text in texts(request, "developer") if INTRODUCTION in text]) == 1
    assert not terminal.shows("Hooks need review")


@soak
@in_codex
def test_a_large_text_of_a_hook_reaches_the_model_whole(rig: Rig, agent: Agent) -> None:
    """Only with the limit that amq's hooks have; by default the middle is cut out."""
    environment, text = rig.home(agent), "BEGIN" + " word" * 9000 + " END"
    answer = {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": text}}
    (rig.directory / "answer").write_text(json.dumps(answer))
    script = rig.directory / "hook"
    script.write_text(f'#!/bin/sh\n[ "$1" = prompt ] && cat {rig.directory}/answer\nexit 0\n')
    script.chmod(0o755)
    program = str(agent.executable(cache_directory()))
    hooks = settings_arguments(str(script))
    vetting = vetting_arguments(program, (), environment, "", str(rig.directory), "")
    command = rig.network.inside([program, "--no-daemon", *hooks, *vetting])
    with open_terminal(rig.directory / "terminal", command, rig.project, environment) as terminal:
        assert text in texts(asked(rig, terminal, "hello"), "developer")
