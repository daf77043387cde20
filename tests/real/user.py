"""A user's acts in the rig: write to the agents, type into them, and look at the result."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from amq.certify.protocols import Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import SIZE, Terminal, stays, wait_until
from tests.seeds import SOAK

AMQ = Path(sys.executable).with_name("amq")
INPUT_ROW = r"^[❯›]\s"  # a space or one that does not break
HALF_TYPED = f"{INPUT_ROW}half$"
FROM_A_HOOK = "Stop hook feedback:\n"
NOTICE = "amq: 1 new message from user"
DIALOG = "Do you want to proceed|Would you like to run"
LONG_ENOUGH = 2.0  # seconds in which a line would have been typed: longer than a user's keys delay it

NOTHING: Mapping[str, str] = {}

soak = pytest.mark.skipif(not SOAK, reason="AMQ_SOAK=1 runs it")


def agents(*always: str, also: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Return a mark that runs the test for these agents, and for the others ALSO where all are run."""
    others = [pytest.param(name, marks=soak) for name in also]
    return pytest.mark.parametrize("agent", [*always, *others], indirect=True)


class Run(Protocol):
    """A function that starts an agent with ARGUMENTS under `amq run` with OPTIONS; the rest as in `Conduct`.

    Its terminal is of SIZE, and VARIABLES are set besides. Without PLUGIN it is given none, whatever its version: the
    other ways are tested then.
    """

    def __call__(
        self,
        agent: Agent,
        *options: str,
        arguments: tuple[str, ...] = (),
        asks: bool = False,
        trusted: bool = True,
        key_known: bool = True,
        size: tuple[int, int] = SIZE,
        variables: Mapping[str, str] = NOTHING,
        plugin: bool = False,
    ) -> Terminal: ...


class User:
    """A user at a shell in the project, with the handle `user`."""

    def __init__(self, project: Path) -> None:
        self._project = project

    def amq(self, command: str, *arguments: str, me: str = "user") -> Any:
        """Return the output of `amq COMMAND --json`."""
        line = [str(AMQ), command, "--json", "--me", me, *arguments]
        done = subprocess.run(line, cwd=self._project, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def ask(self, agent: Agent, me: str = "user") -> str:
        """Send AGENT a question, from the handle ME; return the message's ID."""
        words = ("--kind", "question", "--subject", "A question", "--body", "What is 6 times 7?")
        sent = self.amq("send", "--to", agent.program, *words, me=me)
        return str(sent["id"])

    def send(self, agent: Agent, priority: str) -> None:
        """Send AGENT something that needs no answer."""
        self.amq("send", "--to", agent.program, "--priority", priority, "--body", "hello")

    def mail(self) -> list[dict[str, Any]]:
        """Return the user's inbox, read or not."""
        found: list[dict[str, Any]] = self.amq("list")
        return found

    def history(self, agent: Agent) -> list[dict[str, Any]]:
        """Return the agent's records: reasons its mail waited for, and notifications, oldest first."""
        found: list[dict[str, Any]] = self.amq("why", agent.program, "--history")
        return found

    def ways(self, agent: Agent) -> list[str]:
        """Return the channels of its notifications, oldest first."""
        return [entry["way"] for entry in self.history(agent) if "way" in entry]

    def waits_for(self, agent: Agent, *reasons: str) -> None:
        """Wait until the agent's mail waits for one of REASONS."""
        wait_until(lambda: self.amq("why", agent.program).get("waits_for") in reasons, lambda: str(self.history(agent)))


def notices(rig: Rig) -> list[Turn]:
    """Return the turns begun by a line typed into the agent, or by a hook at the end of a turn, oldest first."""
    began = [turn for turn, _ in rig.model.turns if not turn.results]
    return [Turn(turn.text.removeprefix(FROM_A_HOOK), given=turn.given) for turn in began]


def beginnings(rig: Rig) -> list[str]:
    """Return what begins the texts of `notices`, up to the first full stop or comma."""
    return [re.split("[.,]", turn.text)[0] for turn in notices(rig)]


def submit(terminal: Terminal, line: str) -> None:
    """Type LINE as a user does, and send it when it is seen."""
    terminal.press(line)
    terminal.wait_for(f"{INPUT_ROW}{line}$")
    terminal.press("\r")


def type_half(terminal: Terminal) -> None:
    """Type a part of a line, and wait until it is in the input row."""
    terminal.press("half")
    terminal.wait_for(HALF_TYPED)


def remains(terminal: Terminal, pattern: str) -> None:
    """Fail if the screen stops showing PATTERN within the time in which a line would be typed."""
    stays(lambda: terminal.shows(pattern), terminal.screen, LONG_ENOUGH)


def trust_hooks(terminal: Terminal) -> None:
    """Answer yes to Codex's question whether to trust amq's hooks. Keys right after it is drawn may be lost or late."""
    terminal.wait_for("Hooks need review")
    keys = {r"› 1\.": "\x1b[B", r"› 2\.": "\r", r"› 3\.": "\x1b[A"}

    def is_answered() -> bool:
        for selected, key in keys.items():
            if terminal.shows(selected):
                terminal.press(key)
                time.sleep(1.0)
        return not terminal.shows("Hooks need review")

    wait_until(is_answered, terminal.screen)


def wait_for_reply(rig: Rig, user: User, terminal: Terminal, count: int = 1) -> None:
    """Wait until COUNT messages have come for the user."""

    def seen() -> str:
        return f"{rig.model.turns}\n{terminal.screen()}"

    wait_until(lambda: len(user.mail()) >= count, seen, timeout=60)


def check_answer(user: User, agent: Agent, question: str) -> None:
    """Check that the user's newest mail is the agent's answer to QUESTION."""
    header = user.mail()[-1]
    assert (header["from"], header["kind"]) == (agent.program, "answer")
    answer = user.amq("read", "--id", header["id"])
    assert answer["body"].strip() == "The answer is 42."
    assert answer["header"]["refs"] == [question]
