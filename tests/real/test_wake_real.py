"""Mail wakes a real agent that runs under `amq run`: it replies, and nothing else is touched.

What is typed, and where nothing is, is tested without hooks; with them it is in `test_delivery_real`. A sample of the
scenarios and agents always runs; with AMQ_SOAK=1 all of them do.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Answer, Ask, Call, Say, Script, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, open_terminal, stays, wait_until
from tests.real.user import (
    AMQ,
    DIALOG,
    HALF_TYPED,
    INPUT_ROW,
    LONG_ENOUGH,
    NOTICE,
    Run,
    User,
    agents,
    beginnings,
    check_answer,
    notices,
    remains,
    submit,
    type_half,
    wait_for_reply,
)

pytestmark = pytest.mark.timeout(180)
SHIFT_TAB = "\x1b[Z"


@agents("claude", "claude-old", "codex")
def test_mail_wakes_an_idle_agent(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = run(agent)
    terminal.wait_for(INPUT_ROW)
    question = user.ask(agent)
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    terminal.wait_for(r"Done: 1 replies\.")
    assert beginnings(rig) == ["amq: 1 new message from user"]
    assert user.amq("list", "--new", me=agent.program) == []
    assert terminal.quit(agent.quit) == 0
    wait_until(terminal.is_sane, terminal.screen)


@agents(also=("claude", "claude-old", "codex"))
def test_an_agent_is_woken_again_and_again(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = run(agent)
    for count in (1, 2, 3):
        question = user.ask(agent)
        wait_for_reply(rig, user, terminal, count)
        check_answer(user, agent, question)
    assert len(notices(rig)) == 3


@agents("claude", also=("claude-old", "codex"))
def test_a_half_typed_line_is_left_alone(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = run(agent, "--no-hooks")
    terminal.wait_for(INPUT_ROW)
    type_half(terminal)
    question = user.ask(agent)
    user.waits_for(agent, "draft")
    remains(terminal, HALF_TYPED)
    terminal.press(" of it")
    terminal.wait_for(f"{INPUT_ROW}half of it$")
    terminal.press("\r")
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert beginnings(rig) == ["half of it", "amq: 1 new message from user"]


@agents(also=("claude", "claude-old", "codex"))
def test_a_notification_that_a_key_recalls_is_not_a_draft(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = run(agent, "--no-hooks")
    terminal.wait_for(INPUT_ROW)
    user.ask(agent)
    wait_for_reply(rig, user, terminal)
    terminal.wait_for(r"Done: 1 replies\.")
    terminal.press("\x1b[A")
    terminal.wait_for(f"{INPUT_ROW}amq: 1 new message from user")
    question = user.ask(agent)
    wait_for_reply(rig, user, terminal, 2)
    check_answer(user, agent, question)
    assert beginnings(rig) == ["amq: 1 new message from user"] * 2


@agents("codex", also=("claude", "claude-old"))
def test_an_open_dialog_is_not_answered(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        return Say("Finished.") if turn.results else Call("touch done", escalated=True)

    rig.model.script = script
    terminal = run(agent, "--no-hooks", asks=True)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
    user.ask(agent)
    done = rig.project / "done"
    user.waits_for(agent, "dialog")
    stays(lambda: terminal.shows(DIALOG) and not done.exists(), terminal.screen, LONG_ENOUGH)
    terminal.press("\r")
    wait_until(done.exists, terminal.screen)
    wait_until(lambda: len(notices(rig)) == 2, terminal.screen, timeout=60)
    assert notices(rig)[-1].text.startswith("amq: 1 new message from user.")


@agents(also=("claude", "claude-old", "codex"))
def test_a_draft_of_many_lines_is_left_alone_until_it_is_taken_back(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    terminal = run(agent, "--no-hooks")
    terminal.wait_for(INPUT_ROW)
    terminal.press("one\n")
    terminal.wait_for(f"{INPUT_ROW}one$")
    terminal.press("two")
    terminal.wait_for("^  two")
    question = user.ask(agent)
    user.waits_for(agent, "draft")
    remains(terminal, "^  two$")
    terminal.press("\x15\x7f\x15")
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert len(notices(rig)) == 1


@agents("claude", also=("claude-old", "codex"))
def test_a_dialog_that_opens_as_mail_arrives_is_not_answered(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        if not turn.results:
            user.ask(agent)
            return Call("touch done", escalated=True)
        return Say("Finished.")

    rig.model.script = script
    terminal = run(agent, "--no-hooks", asks=True)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
    done = rig.project / "done"
    user.waits_for(agent, "dialog")
    stays(lambda: terminal.shows(DIALOG) and not done.exists(), terminal.screen, LONG_ENOUGH)
    terminal.press("\r")
    wait_until(done.exists, terminal.screen)
    wait_until(lambda: any(NOTICE in turn.text for turn in notices(rig)), terminal.screen, timeout=90)
    assert sum(NOTICE in turn.text for turn in notices(rig)) == 1


@agents("claude", also=("claude-old", "codex"))
def test_a_question_to_the_user_is_not_answered(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return use_amq(turn)
        return Say("Finished.") if turn.results else Ask("Which colour?", ("Red", "Blue"))

    rig.model.script = script
    terminal = run(agent, "--no-hooks")
    terminal.wait_for(INPUT_ROW)
    if agent.program == "codex":  # it asks in this mode only
        submit(terminal, "hello")
        terminal.wait_for("Worked for")  # before that the key is lost
        terminal.press(SHIFT_TAB)
        terminal.wait_for("Plan mode")
    submit(terminal, "work")
    terminal.wait_for("Which colour")
    question = user.ask(agent)
    user.waits_for(agent, "dialog")
    remains(terminal, "Which colour")
    assert not any(turn.results for turn, _ in rig.model.turns)
    terminal.press("\r")
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert [NOTICE in turn.text for turn in notices(rig)][-2:] == [False, True]


def works_until(go: Path, *, in_a_tool: bool) -> Script:
    """Return a model that, asked to work, streams an answer or runs a tool until GO is there."""

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


@pytest.mark.parametrize("in_a_tool", [False, True], ids=["streams", "in a tool"])
@agents(also=("claude", "claude-old", "codex"))
def test_a_busy_agent_is_notified_of_other_mail_when_its_turn_ends(
    rig: Rig, agent: Agent, user: User, run: Run, in_a_tool: bool
) -> None:
    terminal, go = run(agent, "--no-hooks"), rig.project / "go"
    begin(rig, terminal, go, in_a_tool=in_a_tool)
    question = user.ask(agent)
    user.waits_for(agent, "busy")
    stays(lambda: not terminal.shows(NOTICE), terminal.screen, LONG_ENOUGH)
    go.touch()
    wait_for_reply(rig, user, terminal)
    check_answer(user, agent, question)
    assert [NOTICE in turn.text for turn in notices(rig)] == [False, True]


@agents("claude", also=("codex",))
def test_urgent_mail_is_typed_and_queued_while_an_answer_streams(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """The answer goes on to its end, and the line is the next prompt, once."""
    terminal, go = run(agent, "--no-hooks"), rig.project / "go"
    begin(rig, terminal, go, in_a_tool=False)
    user.amq("send", "--to", agent.program, "--priority", "urgent", "--body", "hello")
    wait_until(lambda: user.ways(agent) == ["pty"], terminal.screen)
    terminal.wait_for(NOTICE)
    go.touch()
    wait_until(lambda: user.amq("list", "--new", me=agent.program) == [], terminal.screen, timeout=60)
    wait_until(lambda: isinstance(rig.model.turns[-1][1], Say), terminal.screen)
    assert sum(NOTICE in turn.text for turn in notices(rig)) == 1
    assert user.ways(agent) == ["pty"]


@agents(also=("claude", "claude-before", "codex", "gemini", "opencode", "qwen"))
def test_a_line_that_is_not_taken_is_taken_back(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """The submit key has no effect there, as in a place that only looks like the prompt."""
    profile = rig.directory / "own.toml"
    profile.write_text(
        f'extends = "{agent.program}"\n[rules]\nsubmit = "\\u001b[34~"\ndialog_safe = true\nfallback_submit_key = ""\n'
    )
    terminal = run(agent, "--no-hooks", "--profile", str(profile))
    user.amq("init", "--here", "--agents", agent.program)
    user.ask(agent)
    wait_until(lambda: "pty" in user.ways(agent), terminal.screen, timeout=60)
    (attempt,) = [entry for entry in user.history(agent) if "way" in entry]
    assert attempt["outcome"] == "erased", f"{attempt['outcome']} {attempt['reason']} {terminal.screen()}"
    assert not terminal.shows("amq: 1 new")
    assert rig.model.turns == []


@agents(also=("claude",))
def test_one_whose_prompt_is_piped_in_is_woken_and_typed_at(rig: Rig, agent: Agent, user: User) -> None:
    """The agent reads the pipe to its end, and its keys from the terminal that amq gives it."""
    command = shlex.join(map(str, rig.network.inside([AMQ, "run", "--", agent.program])))
    words = ["sh", "-c", f"echo from the pipe | {command}"]
    with open_terminal(rig.directory / "terminal", words, rig.project, rig.home(agent)) as terminal:
        terminal.wait_for(f"{INPUT_ROW}from the pipe$")
        terminal.wait_for(INPUT_ROW)
        question = user.ask(agent)
        wait_for_reply(rig, user, terminal)
        check_answer(user, agent, question)
        terminal.press("typed by hand")
        terminal.wait_for(f"{INPUT_ROW}typed by hand$")
