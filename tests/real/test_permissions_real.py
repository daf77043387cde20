"""The permissions that `amq run` gives Claude Code with the user's consent: what is then run without asking."""

from __future__ import annotations

import os
import re

import pytest

from amq.certify.protocols import Call, Say, Turn
from amq.runtime.path_shim import command_path
from amq.runtime.private_state import planned_run, private_state
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.user import DIALOG, INPUT_ROW, Run, User, agents, soak, submit

pytestmark = pytest.mark.timeout(180)
TO_CODEX = "amq send --to codex --body"
HERE_DOCUMENT = f"{TO_CODEX} - <<'EOF'\na `b` $c \"q\"\nEOF"
WITHOUT_PERMISSION = f"env -u AMQ_ALLOWED_IN {TO_CODEX} @/etc/hostname"
ASKED = (
    *("amq run -- sh -c true", WITHOUT_PERMISSION, "amq cleanup --yes"),
    *("amq drain && touch x", "amq list >x", "amq() { true; }; amq list", "PATH=/tmp:$PATH amq list"),
    *(f"{TO_CODEX} - </etc/hostname", f"{TO_CODEX} @/dev/stdin </etc/hostname"),
    *(f"cat /etc/hostname | {TO_CODEX} -", f"{TO_CODEX} @<(cat /etc/hostname)", f'{TO_CODEX} "$(cat /etc/hostname)"'),
    *("unset AMQ_ALLOWED_IN; amq list", "export AMQ_ALLOWED_IN=; amq list"),
    *("AMQ_ALLOWED_IN=; amq list", "AMQ_ALLOWED_IN= amq list", 'for AMQ_ALLOWED_IN in ""; do amq list; done'),
    *("AM_ME=codex amq drain", "AM_ROOT=/tmp amq list"),
)
"""Commands that Claude Code asks about; the first two are tried each time."""


class Session:
    """An agent that runs commands as the user names them."""

    def __init__(self, rig: Rig, terminal: Terminal) -> None:
        self.terminal = terminal
        self._commands: list[str] = []
        self._results: dict[int, str] = {}
        rig.model.script = self._script
        terminal.wait_for(INPUT_ROW)

    def _script(self, turn: Turn) -> Say | Call:
        named = re.fullmatch(r"go(\d+)", turn.text.strip())
        if named and not turn.results:
            return Call(self._commands[int(named[1])])
        if named:
            self._results[int(named[1])] = turn.results[0]
        return Say("Done.")

    def result(self, command: str) -> str | None:
        """Return the result of COMMAND; None if Claude asks about it, which is answered with a no."""
        number = len(self._commands)
        self._commands.append(command)
        submit(self.terminal, f"go{number}")
        wait_until(lambda: number in self._results or self.terminal.shows(DIALOG), self.terminal.screen)
        if number in self._results:
            self.terminal.wait_for(INPUT_ROW)
            return self._results[number]
        self.terminal.press("\x1b")
        wait_until(lambda: not self.terminal.shows(DIALOG), self.terminal.screen)
        self.terminal.wait_for(r"Interrupted|Tool use rejected|No \(tell|rejected")
        return None


@agents("claude", also=("claude-before",))
def test_with_consent_mail_is_unasked_and_all_else_is_not(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    session = Session(rig, run(agent, "--allow-amq", asks=True))
    user.send(agent, "low")
    assert "hello" in str(session.result("amq drain --include-body"))
    assert session.result(HERE_DOCUMENT)
    (sent,) = user.amq("list", me="codex")
    assert user.amq("read", "--id", sent["id"], me="codex")["body"] == 'a `b` $c "q"\n'
    assert "env -u AMQ_ALLOWED_IN amq" in str(session.result(f"{TO_CODEX} @/etc/hostname"))
    for command in ASKED[:2]:
        assert session.result(command) is None, command
    assert len(user.amq("list", me="codex")) == 1


@soak
@agents("claude", also=("claude-before",))
def test_no_way_around_the_permissions_is_unasked(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    session = Session(rig, run(agent, "--allow-amq", "--no-hooks", asks=True))
    files = planned_run(private_state(os.environ, ()), str(rig.project / ".agent-mail"), agent.program)
    assert session.result(f"{command_path(files.directory)} list")
    for command in ASKED:
        assert session.result(command) is None, command
    assert not user.amq("list", me="codex")


@soak
@agents("claude", also=("claude-before", "claude-old"))
def test_without_consent_all_is_asked(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    session = Session(rig, run(agent, asks=True))
    assert "you have not allowed it" in user.amq("why", agent.program)["allowed"]
    for command in ("amq drain --include-body", HERE_DOCUMENT, *ASKED[:2]):
        assert session.result(command) is None, command


@soak
@agents("claude-old")
def test_a_version_that_asks_too_little_gets_no_permissions(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    session = Session(rig, run(agent, "--allow-amq", asks=True))
    assert "2.1.197 asks about too little" in user.amq("why", agent.program)["allowed"]
    assert session.result("amq drain --include-body") is None


@agents("claude", also=("codex", "claude-before", "claude-old"))
def test_the_dialog_for_a_drain_is_named(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = lambda turn: Say("Done.") if turn.results else Call("amq drain --include-body", escalated=True)
    terminal = run(agent, "--no-hooks", asks=True)
    terminal.wait_for(INPUT_ROW)
    user.send(agent, "normal")
    terminal.wait_for(DIALOG)
    asks = f"{agent.program} asks you whether it may run amq drain"
    wait_until(lambda: user.amq("why", agent.program)["detail"] == asks, terminal.screen)
    (row,) = (row for row in user.amq("who") if row["handle"] == agent.program)
    assert (row["waits_for"], row["detail"]) == ("dialog", asks)
    terminal.press("\x1b")
    answered = "it was notified, and has had an answer to its question since"
    wait_until(lambda: user.amq("why", agent.program)["detail"] == answered, lambda: str(user.history(agent)))
