"""An agent that runs in the rig and is reached by a way: send to it, and see when the model has the message."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from agents import until
from ways import Place, Way

from amq.certify.protocols import Answer, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig, offline_rig
from tests.real.terminal import Terminal, open_terminal
from tests.real.user import INPUT_ROW

PATIENCE_S = 30.0
"""Seconds after which a message counts as lost."""
BODY = "The body of message number {:03}."
EMPTY_ROW = r"^(❯\s*|› Ask Codex to do anything.*)$"
FIRST = "hello"


class Session:
    """An agent that has had its first turn. `set_up_s` is what a user waited for: set-up and start, in seconds."""

    def __init__(self, way: Way, place: Place, terminal: Terminal, set_up_s: float) -> None:
        self.terminal, self.model, self.set_up_s = terminal, place.rig.model, set_up_s
        self.project = place.rig.project
        self.cpu_ms: list[float] = []
        self.send_ms: list[float] = []
        self._way, self._place = way, place
        self._since, self._sent_at = 0, 0.0
        self._shell = int(terminal.tmux("display-message", "-p", "#{pane_pid}"))
        self._bodies: list[str] = []

    @cached_property
    def _target(self) -> str:
        return self._way.target(self._place)

    @property
    def text(self) -> str:
        """The text of the last message."""
        return self._bodies[-1]

    def send(self) -> None:
        """Send another message by the way; note the time and the processor time of its command."""
        self._bodies.append(BODY.format(len(self._bodies) + 1))
        command = self._place.inside(self._way.message(self._target, self.text))
        self._since = len(self.model.requests)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        environment = dict(self._place.environment)
        subprocess.run(command, cwd=self.project, env=environment, check=True, stdout=subprocess.DEVNULL)
        self._sent_at = time.monotonic()
        self.send_ms.append(1000 * (self._sent_at - began))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_ms.append(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))

    def has_arrived(self) -> bool:
        """Return whether a request since the last `send` holds the message."""
        return bool(self.model.times_of(self.text, self._since))

    def arrival_ms(self) -> float | None:
        """Return the time from the end of `send` to the request that holds the message, in ms; None if none came."""
        if not until(self.has_arrived, PATIENCE_S):
            return None
        return (self.model.times_of(self.text, self._since)[0] - self._sent_at) * 1000

    def requests_since(self) -> list[str]:
        """Return the main requests since the last `send`, as JSON."""
        return [json.dumps(request) for request in self.model.requests[self._since :] if request.get("tools")]

    def settle(self) -> None:
        """Wait until the model has nothing to answer and the agent is idle."""
        until(lambda: self.model.turns and isinstance(self.model.turns[-1][1], Say), 20.0)
        time.sleep(1.0)
        until(lambda: self.terminal.shows(EMPTY_ROW), 10.0)

    def type_line(self, line: str) -> None:
        """Type LINE and send it, as a user does; Codex takes an Enter too near to text for a line break."""
        self.terminal.press(line)
        self.terminal.wait_for(f"{INPUT_ROW}{line}$")
        time.sleep(1.0)
        self.terminal.press("\r")

    def processes(self) -> list[int]:
        """Return the processes of the session: those that have its home, without the terminal's shell."""
        return [pid for pid in running_in(Path(self._place.environment["HOME"])) if pid != self._shell]


@contextmanager
def session(way: Way, agent: Agent, installed: Path, script: Callable[[Turn], Answer], asks: bool) -> Iterator[Session]:
    """Set up WAY and start AGENT by it, in a rig for the time of a block; it has had a first turn then.

    SCRIPT answers for the model. ASKS: the CLI asks the user before it runs a command.
    """
    with ExitStack() as stack:
        state = stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-", dir="/var/tmp"))
        short = tempfile.TemporaryDirectory(prefix="peers-", ignore_cleanup_errors=True)
        directory = Path(stack.enter_context(short))
        rig = stack.enter_context(offline_rig(directory))
        rig.model.script = script
        place = Place(rig, agent, _environment(rig, agent, installed, state, asks), directory / "t")
        began = time.monotonic()
        way.set_up(place)
        command = place.inside(way.start(place))
        terminal = stack.enter_context(open_terminal(place.socket, command, rig.project, place.environment))
        terminal.wait_for(INPUT_ROW, 60)
        made = Session(way, place, terminal, time.monotonic() - began)
        made.type_line(FIRST)
        until(lambda: rig.model.turns, PATIENCE_S)
        made.settle()
        yield made


def _environment(rig: Rig, agent: Agent, installed: Path, state: str, asks: bool) -> dict[str, str]:
    found = dict(rig.home(agent, asks=asks))
    found["PATH"] = f"{installed / 'bin'}:{found['PATH']}"
    return found | {"XDG_STATE_HOME": state, "HCOM_DIR": str(rig.directory / "hcom")}


def running_in(home: Path) -> list[int]:
    """Return the processes, tmux's left out, whose environment says that HOME is theirs."""
    wanted = f"HOME={home}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                variables = Path("/proc", name, "environ").read_bytes().split(b"\0")
                command = Path("/proc", name, "comm").read_text()
            except OSError:  # it has ended
                continue
            if wanted in variables and not command.startswith("tmux"):
                found.append(int(name))
    return found


def private_mb(pids: list[int]) -> float:
    """Return the memory that no other process shares, of PIDS together, in MB; those that have ended count nothing."""
    kilobytes = 0
    for pid in pids:
        try:
            lines = Path("/proc", str(pid), "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return kilobytes / 1024


def characters(request: dict[str, Any]) -> int:
    """Return the length of all that is not the model's own in the conversation of REQUEST."""
    total = 0
    for item in request.get("messages") or request.get("input") or []:
        if item.get("role") == "assistant" or item.get("type") in ("function_call", "reasoning"):
            continue
        total += sum(map(len, _strings(item.get("content", item.get("output", "")))))
    return total


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        yield from _strings(value.get("text", value.get("content", value.get("output", ""))))
