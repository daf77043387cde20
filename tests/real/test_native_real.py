"""Native channels of the real agents: a half-typed line does not matter, and is still there afterwards."""

from __future__ import annotations

from functools import partial

import pytest

from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import stays, wait_until
from tests.real.user import (
    HALF_TYPED,
    INPUT_ROW,
    LONG_ENOUGH,
    Run,
    User,
    notices,
    soak,
    submit,
    trust_hooks,
    type_half,
)
from tests.real.user import NOTICE as TYPED

pytestmark = [pytest.mark.timeout(180), soak]
LINE = "amq: 1 new message from user, attached. If it is missing, run: amq drain --include-body"


@pytest.mark.parametrize("agent", ["claude"], indirect=True)
def test_claude_is_notified_through_its_socket(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = lambda _: Say("Ok.")
    terminal = run(agent, "--native")  # and no plugin, which would come first
    terminal.wait_for(INPUT_ROW)
    type_half(terminal)
    user.send(agent, "urgent")
    wait_until(lambda: user.ways(agent)[:1] == ["claude socket"], terminal.screen)
    wait_until(lambda: rig.model.turns, terminal.screen)
    assert LINE in rig.model.turns[0][0].text
    assert "Body:\nhello\n" in rig.model.turns[0][0].given
    assert user.ways(agent) == ["claude socket", "hook prompt"]
    terminal.wait_for(HALF_TYPED)


@pytest.mark.parametrize("agent", ["codex"], indirect=True)
def test_codex_is_notified_by_its_queue(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = lambda _: Say("Ok.")
    terminal = run(agent, "--hooks", "--native")
    trust_hooks(terminal)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "hello")
    terminal.wait_for("Ok\\.")
    type_half(terminal)
    user.send(agent, "normal")
    wait_until(lambda: user.ways(agent)[:1] == ["codex queue"], terminal.screen)
    wait_until(lambda: LINE in rig.model.turns[-1][0].text, terminal.screen)
    assert "Body:\nhello\n" in rig.model.turns[-1][0].given
    terminal.wait_for(HALF_TYPED)


@pytest.mark.parametrize("agent", ["opencode"], indirect=True)
@pytest.mark.timeout(400)
def test_opencode_is_notified_by_its_server(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """Before its first turn the line is typed. A draft stays, and a dialog is not answered."""
    go, done = rig.project / "go", rig.project / "done"

    def script(turn: Turn) -> Answer:
        if turn.text == "work" and not turn.results:
            return Call("touch done")
        if turn.text == "wait":
            wait_until(go.exists, lambda: "no file to go on", timeout=60)
        return Say("Ok.")

    def told() -> int:
        return sum(TYPED in turn.text for turn in notices(rig))

    def is_still(before: int) -> bool:
        return told() == before and not done.exists()

    def is_told_after(before: int) -> bool:
        return told() == before + 1

    rig.model.script = script
    user.amq("init", "--here", "--agents", "opencode")
    terminal = run(agent, "--native", asks=True)
    terminal.wait_for("Ask anything", 90)
    user.send(agent, "normal")
    wait_until(lambda: told() == 1, lambda: f"{user.history(agent)}\n{terminal.screen()}", 90)
    user.amq("drain", me="opencode")
    assert user.ways(agent)[0] == "pty"
    wait_until(lambda: terminal.shows(r"Ok\.") and not terminal.shows("esc interrupt"), terminal.screen, 60)
    for line, shows in (("half", ""), ("wait", "esc interrupt"), ("work", "Permission required")):
        before = told()
        terminal.press(line)
        terminal.wait_for(rf"┃\s+{line}$")
        if shows:
            terminal.press("\r")
            terminal.wait_for(shows, 60)
        user.send(agent, "urgent")
        wait_until(lambda: user.ways(agent)[-1] == "opencode server", terminal.screen, 60)
        if shows:
            stays(partial(is_still, before), terminal.screen, LONG_ENOUGH)
            go.touch()
            terminal.press("\r" if line == "work" else "")
        wait_until(partial(is_told_after, before), terminal.screen, 90)
        user.amq("drain", me="opencode")
        wait_until(lambda: not terminal.shows("esc interrupt"), terminal.screen, 60)
        if not shows:
            terminal.wait_for(r"┃\s+half$")
            terminal.press("\x7f" * 4)
    assert done.exists()
    assert told() == 4
