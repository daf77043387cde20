"""A real agent's session is resumed, forked, left or compacted while mail is in it that the model has not answered.

The mail comes again, marked, and is filed with the next answer. The requests that the mock model got are the only
proof. AMQ_SOAK=1 runs these tests.
"""

from __future__ import annotations

import os
import signal
import threading

import pytest

from amq.certify.mock_model import reads_given
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.test_delivery_real import (
    EMPTY_ROW,
    MAIL,
    in_a_soak,
    is_filed,
    main_requests,
    reads_until,
    send,
    shown,
    start,
    wait_for_body,
    wait_until_filed,
)
from tests.real.test_lifetime_real import agent_pid
from tests.real.user import INPUT_ROW, Run, User

pytestmark = pytest.mark.timeout(300)

RESUMED, FORKED = "resumed", "forked"
GOES_ON = {
    ("claude", RESUMED): ("--continue",),
    ("claude", FORKED): ("--continue", "--fork-session"),
    ("codex", RESUMED): ("resume", "--last"),
    ("codex", FORKED): ("fork", "--last"),
}
"""The arguments with which another process goes on with the last session."""
LEFT, COMPACTED = "left for a new one", "compacted"
COMMANDS = {
    ("claude", RESUMED): "/resume",
    ("claude", FORKED): "/branch",
    ("claude", LEFT): "/clear",
    ("codex", RESUMED): "/resume",
    ("codex", FORKED): "/fork",
    ("codex", LEFT): "/new",
}
"""The commands in a session, where they are not the same in all programs."""
FIRST = "the first session"
PRESSES = 20


@pytest.mark.parametrize("how", [RESUMED, FORKED])
@in_a_soak
def test_mail_of_a_session_that_another_process_goes_on_with_comes_again_marked(
    rig: Rig, agent: Agent, user: User, run: Run, how: str
) -> None:
    go = threading.Event()
    rig.model.script = reads_until(go)
    terminal = start(run, agent)
    send(user, agent)
    wait_for_body(rig, terminal)
    user.waits_for(agent, "taken")
    os.killpg(agent_pid(rig), signal.SIGKILL)
    terminal.wait_for("exit status")
    go.set()
    assert not is_filed(user, agent)
    count = len(rig.model.requests)
    again = start(run, agent, arguments=GOES_ON[agent.program, how])
    wait_until_filed(user, agent, again)
    assert rig.model.times_of(MAIL, count)
    assert main_requests(rig)[-1].count(MAIL) == 2, "the session has not gone on"
    assert shown(rig) == 1


@pytest.mark.parametrize("how", [RESUMED, FORKED, LEFT, COMPACTED])
@in_a_soak
def test_mail_of_a_stopped_answer_comes_again_marked_after_its_session_was(
    rig: Rig, agent: Agent, user: User, run: Run, how: str
) -> None:
    """The user stops the answer to it, and then uses a command. A session from before is there to be resumed."""
    rig.model.script = reads_given
    terminal = start(run, agent)
    turn(rig, terminal, FIRST)
    say(terminal, COMMANDS[agent.program, LEFT])
    terminal.wait_for(EMPTY_ROW)
    turn(rig, terminal, "another")
    go = threading.Event()
    rig.model.script = reads_until(go)
    send(user, agent)
    wait_for_body(rig, terminal)
    terminal.wait_for("It reads")
    terminal.press("\x1b")
    terminal.wait_for("[Ii]nterrupted")
    go.set()
    user.waits_for(agent, "taken")
    say(terminal, COMMANDS.get((agent.program, how), "/compact"))
    if how == RESUMED:
        terminal.wait_for(FIRST)
        terminal.press("\r")
    terminal.wait_for(EMPTY_ROW)
    assert not is_filed(user, agent)
    count = len(rig.model.requests)
    say(terminal, "and")
    wait_until_filed(user, agent, terminal)
    assert rig.model.times_of(MAIL, count)
    assert shown(rig) <= 1


def turn(rig: Rig, terminal: Terminal, text: str) -> None:
    """Have the agent answer to TEXT."""
    say(terminal, text)
    wait_until(lambda: any(turn.text == text for turn, _ in rig.model.turns), terminal.screen)
    terminal.wait_for(EMPTY_ROW)


def say(terminal: Terminal, line: str) -> None:
    """Type LINE, and press Enter until the row has taken it: a session that has just begun may ignore the key."""
    typed = f"{INPUT_ROW}{line}$"
    terminal.press(line)
    terminal.wait_for(typed)
    terminal.press("\r")
    for _ in range(PRESSES):
        threading.Event().wait(1.0)
        if not terminal.shows(typed):
            return
        terminal.press("\r")
