"""A mail's body reaches a real agent's model with the notification, and the mail is filed once its CLI has shown that.

The requests that the mock model got are the only proof. A sample of the states and agents always runs; with AMQ_SOAK=1
all of them do.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from amq.certify.mock_model import reads_given
from amq.certify.protocols import Answer, Call, Calls, Fail, Say, Script, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, stays, wait_until
from tests.real.user import (
    DIALOG,
    HALF_TYPED,
    INPUT_ROW,
    LONG_ENOUGH,
    Run,
    User,
    agents,
    notices,
    remains,
    submit,
    type_half,
)

pytestmark = pytest.mark.timeout(180)

ALLOWED = {"claude": (), "codex": ("--allow-amq",)}
"""The options with which amq gives each program its hooks without a question."""

MARK = "may have been shown before"
EMPTY_ROW = r"^(❯\s*|› Ask Codex to do anything)$"
WORKS = "esc to interrupt"
BODY = "The body of the mail "
MAIL = f"{BODY}one."
TASK = "Do one part."
MANY = 30
MANY_WITHIN = 30.0  # seconds

everywhere = agents("claude", "codex", also=("claude-before", "claude-old", "codex-before"))
claude_first = agents("claude", also=("codex", "claude-before", "claude-old", "codex-before"))
in_a_soak = agents(also=("claude", "claude-before", "claude-old", "codex", "codex-before"))


def start(run: Run, agent: Agent, *options: str, **how: Any) -> Terminal:
    """Run AGENT with amq's hooks and OPTIONS, and wait for its input row."""
    terminal = run(agent, *ALLOWED[agent.program], *options, **how)
    terminal.wait_for(INPUT_ROW)
    return terminal


def send(user: User, agent: Agent, body: str = MAIL, priority: str = "normal") -> None:
    user.amq("send", "--to", agent.program, "--priority", priority, "--subject", "A subject", "--body", body)


def is_filed(user: User, agent: Agent) -> bool:
    waiting: list[Any] = user.amq("list", "--new", me=agent.program)
    return not waiting


def main_requests(rig: Rig) -> list[str]:
    """Return the requests but those for titles, as JSON text, oldest first."""
    return [json.dumps(request) for request in requests_with_tools(rig)]


def wait_for_body(rig: Rig, terminal: Terminal, body: str = MAIL) -> None:
    wait_until(lambda: rig.model.times_of(body), terminal.screen, timeout=60)


def wait_until_filed(user: User, agent: Agent, terminal: Terminal) -> None:
    wait_until(lambda: is_filed(user, agent), lambda: f"{user.history(agent)}\n{terminal.screen()}", timeout=60)


def shown(rig: Rig, body: str = MAIL) -> int:
    """Return how often the last request shows BODY without a mark that it may have been shown before."""
    last = main_requests(rig)[-1]
    return last.count(body) - last.count(MARK)


def reads_until(go: threading.Event) -> Script:
    """Return a model that is content with an attached body, and whose answer to it streams until GO is set."""

    def script(turn: Turn) -> Answer:
        answer = reads_given(turn)
        return Say("It reads", until=go.is_set) if answer == Say("Read.") else answer

    return script


def works_until(go: Path, *, in_a_tool: bool) -> Script:
    """Return a model that, asked to work, streams an answer or runs a tool until GO is there."""

    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return reads_given(turn)
        if in_a_tool and not turn.results:
            return Call(f"touch {go}.begun; until [ -e {go} ]; do sleep 0.05; done")
        return Say("It begins", until=go.exists)

    return script


# -- the states of an agent -------------------------------------------------------------------------------------------


@everywhere
def test_an_idle_agent_gets_the_body_in_one_request_and_files_its_mail_at_the_receipt(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    go = threading.Event()
    rig.model.script = reads_until(go)
    terminal = start(run, agent)
    send(user, agent)
    wait_for_body(rig, terminal)
    stays(lambda: not is_filed(user, agent), terminal.screen, 1.0)
    go.set()
    wait_until_filed(user, agent, terminal)
    assert len(main_requests(rig)) == 1
    assert shown(rig) == 1
    assert MAIL not in terminal.screen()


@in_a_soak
def test_an_idle_agent_gets_mail_again_and_again(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = reads_given
    terminal = start(run, agent)
    bodies = [f"{BODY}{number:02}." for number in range(10)]
    for count, body in enumerate(bodies, start=1):
        send(user, agent, body)
        wait_for_body(rig, terminal, body)
        wait_until_filed(user, agent, terminal)
        assert len(main_requests(rig)) == count
    assert [shown(rig, body) for body in bodies] == [1] * len(bodies)


@in_a_soak
def test_a_huge_body_is_shown_in_part_and_stays_unread(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """The hook does not file it, and says how the rest is read."""
    body = rig.directory / "huge"
    body.write_text(f"{MAIL}\n{'x' * 10_000_000}")
    rig.model.script = reads_given
    terminal = start(run, agent)
    user.amq("send", "--to", agent.program, "--subject", "A subject", "--body", f"@{body}")
    wait_for_body(rig, terminal)
    stays(lambda: not is_filed(user, agent), terminal.screen, LONG_ENOUGH)
    assert "more characters: amq read --id" in main_requests(rig)[-1]


@claude_first
def test_urgent_mail_comes_with_the_result_of_a_tool(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    go = rig.project / "go"
    rig.model.script = works_until(go, in_a_tool=True)
    terminal = start(run, agent)
    submit(terminal, "work")
    wait_until(Path(f"{go}.begun").exists, terminal.screen)
    send(user, agent, priority="urgent")
    user.waits_for(agent, "busy")
    go.touch()
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert len(main_requests(rig)) == 2
    assert shown(rig) == 1


@in_a_soak
def test_mail_for_an_agent_that_streams_comes_at_the_end_of_its_answer(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    go = rig.project / "go"
    rig.model.script = works_until(go, in_a_tool=False)
    terminal = start(run, agent)
    submit(terminal, "work")
    terminal.wait_for("It begins")
    send(user, agent)
    user.waits_for(agent, "busy")
    go.touch()
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert len(main_requests(rig)) == 2
    assert shown(rig) == 1


@in_a_soak
def test_of_many_messages_each_comes_once(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """They are more than one hook's text may hold. The rest is announced at once, without waiting for the reminder."""
    go = rig.project / "go"
    rig.model.script = works_until(go, in_a_tool=True)
    terminal = start(run, agent)
    submit(terminal, "work")
    wait_until(Path(f"{go}.begun").exists, terminal.screen)
    bodies = [f"{BODY}{number:02}. {'x' * 1000}" for number in range(MANY)]
    for number, body in enumerate(bodies):
        send(user, agent, body, "urgent" if number == 0 else "normal")
    go.touch()
    began = time.monotonic()
    for body in bodies:
        wait_for_body(rig, terminal, body)
    wait_until_filed(user, agent, terminal)
    assert time.monotonic() - began < MANY_WITHIN
    assert all(shown(rig, body) <= 1 for body in bodies)


@claude_first
def test_a_draft_stays_and_the_body_comes_once(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = reads_given
    terminal = start(run, agent)
    type_half(terminal)
    send(user, agent)
    remains(terminal, HALF_TYPED)
    terminal.press(" of it")
    terminal.wait_for(f"{INPUT_ROW}half of it$")
    terminal.press("\r")
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    wait_until(lambda: "half of it" in [turn.text for turn in notices(rig)], terminal.screen)
    assert len(main_requests(rig)) <= 2
    assert shown(rig) == 1


@claude_first
def test_a_dialog_is_not_answered_and_the_body_comes_after_it(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return reads_given(turn)
        return Say("Finished.") if turn.results else Call("touch done", escalated=True)

    rig.model.script = script
    terminal = start(run, agent, asks=True)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
    send(user, agent)
    user.waits_for(agent, "dialog")
    done = rig.project / "done"
    stays(lambda: terminal.shows(DIALOG) and not done.exists(), terminal.screen, LONG_ENOUGH)
    terminal.press("\r")
    wait_until(done.exists, terminal.screen)
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert len(main_requests(rig)) <= 3
    assert shown(rig) == 1


@in_a_soak
@pytest.mark.parametrize("command", ["clear", "compact", "fork"])
def test_mail_comes_after_a_command_that_begins_another_session_or_cuts_the_memory(
    rig: Rig, agent: Agent, user: User, run: Run, command: str
) -> None:
    rig.model.script = reads_given
    terminal = start(run, agent)
    submit(terminal, "hello")
    wait_until(lambda: main_requests(rig), terminal.screen)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "/branch" if (agent.program, command) == ("claude", "fork") else f"/{command}")
    terminal.wait_for(EMPTY_ROW)
    send(user, agent)
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert shown(rig) == 1


@in_a_soak
def test_of_two_agents_with_one_handle_one_gets_the_body(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """The second is not notified, but it has hooks."""
    rig.model.script = reads_given
    terminal = start(run, agent)
    other = start(run, agent, "--no-wake")
    submit(other, "hello")
    wait_until(lambda: main_requests(rig), other.screen)
    send(user, agent)
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    submit(other, "and")
    wait_until(lambda: any(turn.text == "and" for turn in notices(rig)), other.screen)
    assert len(rig.model.times_of(MAIL)) == 1


@in_a_soak
def test_of_two_working_agents_with_one_handle_one_gets_the_body(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """The hooks of both are called at the same time."""
    go = rig.project / "go"
    rig.model.script = works_until(go, in_a_tool=True)
    both = start(run, agent), start(run, agent, "--no-wake")
    for terminal in both:
        submit(terminal, "work")
    wait_until(lambda: len(rig.model.turns) == 2, both[1].screen)
    wait_for_file(f"{go}.begun", both[0])
    send(user, agent, priority="urgent")
    user.waits_for(agent, "busy")
    go.touch()
    wait_for_body(rig, both[0])
    wait_until_filed(user, agent, both[0])
    wait_until(lambda: len(rig.model.turns) == 4, both[1].screen)
    assert len(rig.model.times_of(MAIL)) == 1


@agents("claude", also=("claude-before", "claude-old"))
def test_where_hooks_are_off_the_agent_drains(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = reads_given
    terminal = start(run, agent, arguments=("--settings", json.dumps({"disableAllHooks": True})))
    send(user, agent)
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert len(main_requests(rig)) == 2
    assert shown(rig) == 1


@in_a_soak
def test_a_subagent_neither_gets_mail_nor_acknowledges_that_of_the_main_agent(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """Its tools and the main agent's run side by side, but in the oldest version: there they wait for its end."""
    names = ("main", "main-more", "part", "part-more")
    main, main_more, part, part_more = (rig.project / name for name in names)
    holds = {path: f"touch {path}.begun; until [ -e {path} ]; do sleep 0.05; done" for path in (main, main_more, part)}
    holds[part_more] = holds[part].replace(str(part), str(part_more))

    def script(turn: Turn) -> Answer:
        if TASK in turn.text:
            return Call(holds[(part, part_more)[len(turn.results)]]) if len(turn.results) < 2 else Say("A part.")
        if turn.text != "work":
            return reads_given(turn)
        return Say("Finished.") if turn.results else Calls((holds[main], holds[main_more]), task=TASK)

    rig.model.script = script
    terminal = start(run, agent)
    submit(terminal, "work")
    wait_for_file(f"{part}.begun", terminal)
    if agent.name != "claude-old":
        wait_for_file(f"{main}.begun", terminal)
    send(user, agent, priority="urgent")
    user.waits_for(agent, "busy")
    part.touch()
    wait_for_file(f"{part_more}.begun", terminal)
    assert not user.ways(agent)
    if agent.name != "claude-old":
        main.touch()
        wait_until(lambda: user.ways(agent) == ["hook tool"], terminal.screen)
        wait_for_file(f"{main_more}.begun", terminal)
    part_more.touch()
    wait_until(lambda: any(answer == Say("A part.") for _, answer in rig.model.turns), terminal.screen)
    stays(lambda: not is_filed(user, agent) or rig.model.times_of(MAIL), terminal.screen, LONG_ENOUGH)
    main.touch()
    main_more.touch()
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    of_main = [request for request in requests_with_tools(rig) if not is_of_a_subagent(request)]
    of_parts = [request for request in requests_with_tools(rig) if is_of_a_subagent(request)]
    assert len(of_parts) == 3
    assert not any(MAIL in json.dumps(request) for request in of_parts)
    assert json.dumps(of_main[-1]).count(MAIL) == 1


def wait_for_file(path: str, terminal: Terminal) -> None:
    wait_until(Path(path).exists, terminal.screen)


def requests_with_tools(rig: Rig) -> list[dict[str, Any]]:
    """Return the requests but those for titles, oldest first."""
    return [request for request in list(rig.model.requests) if request.get("tools")]


def is_of_a_subagent(request: dict[str, Any]) -> bool:
    """Return whether the task is the user's words in REQUEST, and not the arguments of a call."""
    items = request.get("messages") or request.get("input") or []
    said = [item["content"] for item in items if item.get("role") == "user"]
    return any(
        TASK in (block if isinstance(block, str) else block.get("text", ""))
        for content in said
        for block in ([content] if isinstance(content, str) else content)
    )


# -- what goes wrong --------------------------------------------------------------------------------------------------


@claude_first
def test_mail_is_not_filed_while_the_api_fails(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    fails = threading.Event()
    fails.set()

    def script(turn: Turn) -> Answer | Fail:
        return Fail(400) if fails.is_set() else reads_given(turn)

    rig.model.script = script
    terminal = start(run, agent)
    send(user, agent)
    terminal.wait_for("The model refuses")
    stays(lambda: not is_filed(user, agent), terminal.screen, 1.0)
    fails.clear()
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "again")
    wait_until_filed(user, agent, terminal)
    assert shown(rig) == 1


@claude_first
def test_a_body_whose_answer_the_user_stopped_is_not_filed_before_the_next_turn(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    go = threading.Event()
    rig.model.script = reads_until(go)
    terminal = start(run, agent)
    send(user, agent)
    wait_for_body(rig, terminal)
    terminal.wait_for("It reads")
    terminal.press("\x1b")
    terminal.wait_for("[Ii]nterrupted")
    go.set()
    stays(lambda: len(main_requests(rig)) == 1, terminal.screen, LONG_ENOUGH)
    submit(terminal, "and")
    wait_until_filed(user, agent, terminal)
    assert shown(rig) == 1


@agents("claude", also=("claude-before",))
def test_the_end_of_the_running_turn_is_not_a_receipt_of_a_body_for_the_queued_prompt(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """Claude calls the hook of a prompt as it is queued, and says that it is of the turn that is running.

    Another hook at the end of that turn is slow, so that there is time to see.
    """
    go, ends = rig.project / "go", rig.directory / "ends"
    hold = f"touch {ends}; while [ ! -e {ends}.on ]; do sleep 0.05; done"
    hooks = {"Stop": [{"hooks": [{"type": "command", "command": hold}]}]}
    rig.model.script = works_until(go, in_a_tool=False)
    terminal = start(run, agent, arguments=("--settings", json.dumps({"hooks": hooks})))
    submit(terminal, "work")
    terminal.wait_for("It begins")
    send(user, agent, priority="urgent")
    submit(terminal, "more")
    terminal.wait_for("Queued")
    go.touch()
    wait_until(ends.exists, terminal.screen)
    stays(lambda: not is_filed(user, agent) or rig.model.times_of(MAIL), terminal.screen, 2.0)
    Path(f"{ends}.on").touch()
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert shown(rig) == 1


@claude_first
def test_the_next_tool_of_an_answer_is_not_a_receipt_of_a_body_given_after_the_one_before(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """Both commands are in one answer of the model, which has not been asked again meanwhile."""
    first, second = rig.project / "first", rig.project / "second"
    hold = "touch {0}.begun; until [ -e {0} ]; do sleep 0.05; done"

    def script(turn: Turn) -> Answer:
        if turn.text != "work":
            return reads_given(turn)
        return Say("Finished.") if turn.results else Calls((hold.format(first), hold.format(second)))

    rig.model.script = script
    terminal = start(run, agent)
    submit(terminal, "work")
    wait_until(Path(f"{first}.begun").exists, terminal.screen)
    send(user, agent, priority="urgent")
    user.waits_for(agent, "busy")
    first.touch()
    wait_until(Path(f"{second}.begun").exists, terminal.screen)
    stays(lambda: not is_filed(user, agent), terminal.screen, 2.0)
    assert not rig.model.times_of(MAIL)
    second.touch()
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert len(main_requests(rig)) == 2
    assert shown(rig) == 1


@agents("claude", also=("claude-before",))
def test_a_body_that_the_user_kept_from_the_model_comes_with_the_next_prompt(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """Another hook of the same event is slow, and the user presses Escape: Claude drops what amq's hook has given.

    The prompt is the user's own: one of the background hook begins again by itself. The mail has waited for it, as the
    user has stopped the turn before.
    """
    slow, begun, go = rig.directory / "slow", rig.directory / "begun", rig.project / "go"
    command = f"[ ! -e {slow} ] || touch {begun}; while [ -e {slow} ]; do sleep 0.05; done"
    hooks = {"UserPromptSubmit": [{"hooks": [{"type": "command", "command": command}]}]}
    rig.model.script = works_until(go, in_a_tool=False)
    terminal = start(run, agent, arguments=("--settings", json.dumps({"hooks": hooks})))
    submit(terminal, "work")
    terminal.wait_for("It begins")
    terminal.press("\x1b")
    terminal.wait_for("[Ii]nterrupted")
    go.touch()
    send(user, agent, priority="urgent")
    user.waits_for(agent, "stopped")
    slow.touch()
    submit(terminal, "hello")
    wait_until(begun.exists, terminal.screen)
    wait_until(lambda: is_offered(rig), terminal.screen)
    terminal.wait_for(WORKS)
    terminal.press("\x1b")
    wait_until(lambda: not terminal.shows(WORKS), terminal.screen)
    slow.unlink()
    stays(lambda: not is_filed(user, agent) or rig.model.times_of(MAIL), terminal.screen, 1.0)
    terminal.press("\x15")
    submit(terminal, "and")
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert shown(rig) <= 1


@agents(also=("claude", "claude-before", "claude-old"))
def test_a_turn_of_the_background_hook_that_the_user_stops_before_its_request_loses_nothing(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    """Newer versions begin it again at once; the oldest keeps still until the user says something."""
    slow, begun = rig.directory / "slow", rig.directory / "begun"
    slow.touch()
    command = f"echo >>{begun}; while [ -e {slow} ]; do sleep 0.05; done"
    hooks = {"UserPromptSubmit": [{"hooks": [{"type": "command", "command": command}]}]}
    rig.model.script = reads_given
    terminal = start(run, agent, arguments=("--settings", json.dumps({"hooks": hooks})))
    send(user, agent)
    wait_until(lambda: begun.exists() and is_offered(rig), terminal.screen)
    terminal.wait_for(WORKS)
    terminal.press("\x1b")
    if agent.name == "claude-old":
        wait_until(lambda: not terminal.shows(WORKS), terminal.screen)
        slow.unlink()
        stays(lambda: not is_filed(user, agent), terminal.screen, LONG_ENOUGH)
        terminal.press("\x15")
        submit(terminal, "and")
    else:
        wait_until(lambda: begun.read_text() == "\n\n", terminal.screen)
        slow.unlink()
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert shown(rig) <= 1


def is_offered(rig: Rig) -> bool:
    """Return whether the queue has a record of mail that a hook gave."""
    return any(path.is_file() and path.stat().st_size for path in rig.project.glob("**/*offer*"))
