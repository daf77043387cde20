"""Two real agents side by side, Claude Code and Codex, each under its own `amq run` in one project."""

from __future__ import annotations

import pytest

from amq.certify.mock_model import use_amq
from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.user import (
    DIALOG,
    HALF_TYPED,
    INPUT_ROW,
    NOTICE,
    Run,
    User,
    notices,
    remains,
    soak,
    submit,
    type_half,
    wait_for_reply,
)

pytestmark = pytest.mark.timeout(180)
each_claude = pytest.mark.parametrize("both", ["claude", pytest.param("claude-old", marks=soak)], indirect=True)


def asks_first(turn: Turn) -> Answer:
    """Run a command that the user has to permit when asked to work; otherwise act as `use_amq` does."""
    if turn.text != "work":
        return use_amq(turn)
    return Say("Finished.") if turn.results else Call("touch done", escalated=True)


@each_claude
def test_an_answer_from_one_agent_wakes_the_other(rig: Rig, both: tuple[Agent, Agent], user: User, run: Run) -> None:
    claude, codex = both
    terminal, other = run(claude), run(codex)
    terminal.wait_for(INPUT_ROW)
    other.wait_for(INPUT_ROW)
    user.ask(codex, me=claude.program)
    other.wait_for(r"Done: 1 replies\.")
    terminal.wait_for(r"Done: 0 replies\.")
    first, second = notices(rig)
    assert first.text.startswith("amq: 1 new message from claude. Run: ")
    assert second.text.startswith("amq: 1 new message from codex, attached. ")
    assert "From: codex" in second.given
    assert not first.given


@soak
@each_claude
def test_mail_from_before_the_start_wakes_both(rig: Rig, both: tuple[Agent, Agent], user: User, run: Run) -> None:
    for agent in both:
        user.ask(agent)
    started = [run(agent) for agent in both]
    wait_for_reply(rig, user, started[0], count=2)
    assert sorted(message["from"] for message in user.mail()) == ["claude", "codex"]
    assert len(notices(rig)) == 2


@soak
@pytest.mark.parametrize("claude_is_asked", [True, False], ids=["dialog and draft", "draft and dialog"])
@each_claude
def test_an_obstacle_for_one_is_none_for_the_other(
    rig: Rig, both: tuple[Agent, Agent], user: User, run: Run, claude_is_asked: bool
) -> None:
    """One has a dialog open and the other half a line, while mail comes for both. It is typed."""
    rig.model.script = asks_first
    asked, typed = both if claude_is_asked else (both[1], both[0])
    dialog, draft = run(asked, "--no-hooks", asks=True), run(typed, "--no-hooks")
    open_dialog(dialog)
    draft.wait_for(INPUT_ROW)
    type_half(draft)
    for agent in both:
        user.ask(agent)
    user.waits_for(asked, "dialog")
    user.waits_for(typed, "draft")
    remains(dialog, DIALOG)
    assert draft.shows(HALF_TYPED)
    assert not (rig.project / "done").exists()
    draft.press("\x7f" * 4)
    wait_for_reply(rig, user, draft)
    assert [message["from"] for message in user.mail()] == [typed.program]
    assert dialog.shows(DIALOG)
    dialog.press("\r")
    wait_until((rig.project / "done").exists, dialog.screen)
    wait_until(lambda: sum(NOTICE in turn.text for turn in notices(rig)) == 2, dialog.screen, timeout=60)


def open_dialog(terminal: Terminal) -> None:
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    terminal.wait_for(DIALOG)
