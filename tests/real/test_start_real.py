"""Each CLI starts offline in a pseudo-terminal, takes a line, runs a command or asks first, and ends."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pexpect
import pytest

from amq.certify.protocols import Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig

pytestmark = pytest.mark.timeout(120)

_PUBLISHES = r"\]7501;\?"
_YES_PUBLISH = "\x1b]7501;?\x1b\\"


class Session:
    """An agent's CLI in a pseudo-terminal that answers nothing but the offer to publish the state."""

    def __init__(self, rig: Rig, agent: Agent, *, asks: bool = False) -> None:
        command = rig.network.inside([agent.program, *agent.arguments])
        environment = rig.home(agent, asks=asks)
        self._agent = agent
        self.child = pexpect.spawn(
            command[0], command[1:], cwd=str(rig.project), env=environment, dimensions=(30, 100),
            encoding="utf-8", codec_errors="replace", timeout=30,
        )  # fmt: skip

    def reach_idle(self) -> None:
        while self.child.expect([_PUBLISHES, self._agent.idle]) == 0:
            self.child.send(_YES_PUBLISH)

    def paste(self, line: str) -> None:
        """Paste LINE and wait for its echo."""
        self.child.send(f"\x1b[200~{line}\x1b[201~")
        self.child.expect_exact(line)

    def submit_until(self, condition: Callable[[], object]) -> None:
        """Press the submit key until CONDITION holds: a CLI that has just started may swallow a key."""
        for _ in range(4):
            self.child.send(self._agent.submit)
            if self.reads_until(condition, timeout=3):
                return
        raise AssertionError("the line was not submitted")

    def reads_until(self, condition: Callable[[], object], *, timeout: float = 30) -> bool:
        """Read the child's output until CONDITION holds; return whether it did in time."""
        deadline = time.monotonic() + timeout
        while not condition() and time.monotonic() < deadline:
            self.child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=0.05)
        return bool(condition())

    def quit(self) -> int | None:
        """End the agent by its keys, each pressed when the one before has had an effect; return its exit status."""
        for key in self._agent.quit:
            self.child.buffer = ""
            self.child.send(key)
            self.child.expect([r".", pexpect.EOF])
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus

    def kill(self) -> None:
        """Kill it, if it still runs, and wait for its end."""
        self.child.kill(signal.SIGKILL)
        self.child.wait()
        self.child.close()


@pytest.fixture
def start(rig: Rig) -> Iterator[Callable[..., Session]]:
    """A function that starts an agent in the rig; agents that still run at the end of the test are killed."""
    started: list[Session] = []

    def start(agent: Agent, *, asks: bool = False) -> Session:
        started.append(Session(rig, agent, asks=asks))
        return started[-1]

    yield start
    for session in started:
        session.kill()


def runs(command: str, *, escalated: bool = False) -> Callable[[Turn], Say | Call]:
    """Return a model that runs COMMAND once when given a line, then stops."""
    return lambda turn: Say("Finished.") if turn.results else Call(command, escalated)


def test_takes_a_line_runs_a_command_and_ends(rig: Rig, agent: Agent, start: Callable[..., Session]) -> None:
    rig.model.script = runs("echo $((6 * 7)) > answer; cat answer")
    session = start(agent)
    session.reach_idle()
    session.paste("compute")
    session.submit_until(lambda: rig.model.turns)
    session.child.expect_exact("Finished.")
    (first, _), (second, _) = rig.model.turns
    assert (first.text, first.results) == ("compute", ())
    assert second.results[0].split()[-1] == "42"
    assert (rig.project / "answer").read_text() == "42\n"
    assert session.quit() == 0


def test_asks_before_it_runs_a_command(rig: Rig, agent: Agent, start: Callable[..., Session]) -> None:
    rig.model.script = runs("touch done", escalated=True)
    session = start(agent, asks=True)
    session.reach_idle()
    session.paste("compute")
    session.submit_until(lambda: rig.model.turns)
    session.child.expect(agent.blocked)
    assert not (rig.project / "done").exists()
