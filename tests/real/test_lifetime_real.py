"""Mail from before a real agent starts, or after it has ended, and the questions it asks the user at its start."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from amq.runtime.agents import processes
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.user import INPUT_ROW, Run, User, agents, check_answer, notices, remains, type_half, wait_for_reply

pytestmark = pytest.mark.timeout(180)

TRUST = "[Tt]rust this folder"
KEY = "Do you want to use this API key"
UP, DOWN = "\x1b[A", "\x1b[B"
YES = r"^\s*[❯›] (1\. )?(Yes|Trust and continue)"


def say_yes(terminal: Terminal, *, by: str) -> None:
    """Choose yes in a list of two, BY this key if it is not yet chosen, and send it."""
    if not terminal.shows(YES):
        terminal.press(by)
        terminal.wait_for(YES)
    terminal.press("\r")


@agents(also=("claude", "claude-old", "codex"))
def test_mail_from_before_the_start_is_announced_once_the_agent_is_ready(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    question = user.ask(agent)
    terminal = run(agent)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert len(notices(rig)) == 1


@agents("claude", also=("claude-old", "codex"))
def test_the_question_whether_the_directory_is_trusted_is_not_answered(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    question = user.ask(agent)
    terminal = run(agent, trusted=False)
    terminal.wait_for(TRUST)
    user.waits_for(agent, "starting", "dialog")
    remains(terminal, TRUST)
    say_yes(terminal, by=DOWN)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)


@agents(also=("claude", "claude-old"))
def test_the_question_whether_to_use_the_key_is_not_answered(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    question = user.ask(agent)
    terminal = run(agent, key_known=False)
    terminal.wait_for(KEY)
    user.waits_for(agent, "starting", "dialog")
    remains(terminal, KEY)
    say_yes(terminal, by=UP)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)


def host_pid(rig: Rig) -> int:
    """Return the process id of the one `amq run` in the project."""
    (lock,) = rig.project.glob("**/notifier.lock")
    return int(json.loads(lock.read_text())["pid"])


def agent_pid(rig: Rig) -> int:
    """Return the process id of the hosted program: the child of its host's monitor.

    All its children are in its group.
    """
    host, running = host_pid(rig), [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    (found,) = [pid for pid in running if processes.parent(processes.parent(pid)) == host]
    return found


@pytest.mark.parametrize("crashes", [False, True], ids=["by a signal to amq run", "by a crash"])
@agents(also=("claude", "claude-old", "codex"))
def test_when_the_agent_ends_its_mail_waits_and_the_next_one_is_notified_once(
    rig: Rig, agent: Agent, user: User, run: Run, crashes: bool
) -> None:
    terminal = run(agent, "--no-hooks")
    terminal.wait_for(INPUT_ROW)
    type_half(terminal)
    question = user.ask(agent)
    user.waits_for(agent, "draft")
    if crashes:
        os.killpg(agent_pid(rig), signal.SIGKILL)
    else:
        os.kill(host_pid(rig), signal.SIGTERM)
    terminal.wait_for(f"exit status {128 + (signal.SIGKILL if crashes else signal.SIGTERM)}")
    wait_until(terminal.is_sane, terminal.screen)
    assert user.amq("why", agent.program)["waits_for"] == "no-channel"
    assert user.history(agent)[-1]["waits_for"] == "stopped"
    again = run(agent)
    wait_for_reply(rig, user, again)
    check_answer(user, agent, question)
    assert len(notices(rig)) == 1


@agents("codex", also=("claude", "claude-old"))
def test_when_the_supervisor_is_killed_the_terminal_is_sane_and_the_next_one_notifies_once(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    os.kill(host_pid(rig), signal.SIGKILL)
    wait_until(terminal.is_sane, terminal.screen)
    question = user.ask(agent)
    assert user.amq("why", agent.program)["waits_for"] == "no-channel"
    again = run(agent)
    wait_for_reply(rig, user, again)
    check_answer(user, agent, question)
    assert len(notices(rig)) == 1
