"""Mail by the plugin that `amq run` gives Claude Code: it is in one request, nothing is typed, and a receipt files it.

The requests that the mock model got are the only proof. What always runs is one session in three states; with
AMQ_SOAK=1 all of them do.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from amq.certify.protocols import Answer, Call, Say, Turn
from amq.runtime.session_info import SESSION_NAME
from tests.conftest import private_directory
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, stays, wait_until
from tests.real.user import (
    AMQ,
    DIALOG,
    HALF_TYPED,
    INPUT_ROW,
    LONG_ENOUGH,
    Run,
    User,
    agents,
    notices,
    soak,
    submit,
    type_half,
)

pytestmark = pytest.mark.timeout(180)

MARK = "may have been shown before"
in_a_soak = agents(also=("claude", "claude-before"))


class Mail:
    """Messages that the user sends, and where they have come: in requests, and out of the inbox."""

    def __init__(self, rig: Rig, user: User, terminal: Terminal) -> None:
        self.rig = rig
        self.user = user
        self.terminal = terminal
        self._count = 0

    def send(self, *, priority: str = "normal") -> str:
        """Send a message; return its body."""
        self._count += 1
        body = f"The body of the mail {self._count}."
        words = ("--to", "claude", "--subject", f"Subject {self._count}", "--priority", priority, "--body", body)
        self.user.amq("send", *words)
        return body

    def is_filed(self) -> bool:
        return not self.user.amq("list", "--new", me="claude")

    def comes(self, body: str) -> None:
        """Wait until BODY is in a request and its mail is filed; check that it is there once, and not marked."""
        self.wait(lambda: self.requests(body) > 0 and self.is_filed())
        holding = [request for request in self.rig.model.requests if body in str(request["messages"])]
        assert str(holding[-1]["messages"]).count(body) == 1
        assert MARK not in str(holding[-1]["messages"])

    def requests(self, body: str) -> int:
        return len(self.rig.model.times_of(body))

    def wait(self, condition: object) -> None:
        assert callable(condition)
        wait_until(condition, lambda: f"{self.user.amq('why', 'claude', '--history')}\n{self.terminal.screen()}")

    def ways(self) -> set[str]:
        return {entry["way"] for entry in self.user.amq("why", "claude", "--history") if "way" in entry}


class Model:
    """A model that works until it may go on, and runs commands, as the user says."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, turn: Turn) -> Answer:
        if turn.text == "work":
            return Say("It begins", until=self.go.is_set)
        if turn.text == "ask" and not turn.results:
            return Call("touch asked")
        return Say("Read.")


@pytest.fixture
def model(rig: Rig) -> Model:
    model = Model()
    rig.model.script = model
    return model


@agents("claude", also=("claude-before",))
def test_mail_comes_to_an_idle_agent_beside_a_draft_and_to_one_that_works(
    rig: Rig, agent: Agent, user: User, run: Run, model: Model
) -> None:
    terminal = run(agent, plugin=True)
    mail = Mail(rig, user, terminal)
    terminal.wait_for(INPUT_ROW)
    mail.comes(mail.send())
    mail.wait(lambda: user.amq("who")[0]["mail_by"] == "plugin")
    terminal.wait_for("amq: 1 new message from user, attached")
    terminal.wait_for("Subject 1")
    type_half(terminal)
    mail.comes(mail.send())
    terminal.wait_for(HALF_TYPED)
    assert mail.ways() == {"plugin"}
    assert len(notices(rig)) == 2, "one request each"
    terminal.press("\x15")
    terminal.wait_for(r"^❯\s*$")
    submit(terminal, "work")
    terminal.wait_for("It begins")
    body = mail.send(priority="urgent")
    stays(lambda: mail.requests(body) == 0, terminal.screen, LONG_ENOUGH)
    model.go.set()
    mail.comes(body)


@soak
@in_a_soak
def test_a_dialog_is_not_answered_and_the_mail_comes_with_its_answer(
    rig: Rig, agent: Agent, user: User, run: Run, model: Model
) -> None:
    terminal = run(agent, plugin=True, asks=True)
    mail = Mail(rig, user, terminal)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "ask")
    terminal.wait_for(DIALOG)
    body = mail.send()
    mail.wait(lambda: user.amq("why", "claude")["waits_for"] == "taken")
    stays(lambda: terminal.shows(DIALOG), terminal.screen, LONG_ENOUGH)
    assert mail.requests(body) == 0
    mail.wait(lambda: "asks the user a question" in user.amq("why", "claude")["detail"])
    terminal.press("\r")
    mail.comes(body)
    assert (rig.project / "asked").exists()


@soak
@in_a_soak
def test_after_esc_the_mail_comes_with_the_user_s_next_prompt(
    rig: Rig, agent: Agent, user: User, run: Run, model: Model
) -> None:
    terminal = run(agent, plugin=True)
    mail = Mail(rig, user, terminal)
    terminal.wait_for(INPUT_ROW)
    submit(terminal, "work")
    terminal.wait_for("It begins")
    terminal.press("\x1b")
    terminal.wait_for("Interrupted")
    body = mail.send()
    stays(lambda: mail.requests(body) == 0, terminal.screen, LONG_ENOUGH)
    model.go.set()
    terminal.press("\x15")
    terminal.wait_for(r"^❯\s*$")
    submit(terminal, "hello")
    mail.comes(body)


@soak
@in_a_soak
def test_after_clear_mail_still_comes(rig: Rig, agent: Agent, user: User, run: Run, model: Model) -> None:
    terminal = run(agent, plugin=True)
    mail = Mail(rig, user, terminal)
    terminal.wait_for(INPUT_ROW)
    mail.comes(mail.send())
    submit(terminal, "/clear")
    mail.wait(lambda: not terminal.shows("Read\\."))
    mail.comes(mail.send())
    submit(terminal, "/compact")
    terminal.wait_for("Compacted")
    mail.comes(mail.send())
    assert mail.ways() == {"plugin"}


@soak
@in_a_soak
def test_without_the_child_mail_comes_by_the_next_way(
    rig: Rig, agent: Agent, user: User, run: Run, model: Model
) -> None:
    terminal = run(agent, plugin=True)
    mail = Mail(rig, user, terminal)
    terminal.wait_for(INPUT_ROW)
    mail.comes(mail.send())
    session = private_directory(rig.project / ".agent-mail", "claude") / SESSION_NAME
    (pipe,) = Path(json.loads(session.read_text())["files"]).glob("mod.feed.*")
    os.kill(int(pipe.suffix[1:]), signal.SIGKILL)
    mail.wait(lambda: user.amq("who")[0].get("plugin") == "dead")
    body = mail.send()
    mail.wait(lambda: mail.requests(body) > 0 and mail.is_filed())
    assert mail.ways() > {"plugin"}


@soak
@agents(also=("claude-old",))
def test_a_version_that_was_not_tested_gets_none_and_one_that_ignores_it_goes_on(
    rig: Rig, agent: Agent, user: User, run: Run, model: Model
) -> None:
    terminal = run(agent, "--plugin", plugin=True)
    mail = Mail(rig, user, terminal)
    terminal.wait_for(INPUT_ROW)
    body = mail.send()
    mail.wait(lambda: mail.requests(body) > 0 and mail.is_filed())
    assert "plugin" not in mail.ways()
    assert user.amq("who")[0]["plugin"] == "silent"
    told = subprocess.run(
        [str(AMQ), "run", "--explain", "--", agent.program],
        cwd=rig.project, env=rig.home(agent), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert f"claude {agent.version} was not tested with it" in told
