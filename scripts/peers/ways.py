"""The ways in which a message is brought to an agent: amq's, its peers', and the ones without a program of their own.

A way that lacks something here says so by `missing`, and is left out with that reason.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from amq.certify.mock_model import reads_given
from amq.certify.protocols import Answer, Call, Say, Turn
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.user import AMQ

Words = Sequence[str]


@dataclass(frozen=True)
class Place:
    """Where a way is used: an agent's own rig, home and terminal; its PATH has what was installed for the run."""

    rig: Rig
    agent: Agent
    environment: Mapping[str, str]
    socket: Path

    def inside(self, command: Words) -> list[str]:
        """Return the command that runs COMMAND in the rig's network."""
        return self.rig.network.inside(command)

    def run(self, command: Words) -> str:
        """Run COMMAND as the agent's user would at a shell in the project; return its output."""
        done = subprocess.run(
            self.inside(command), cwd=self.rig.project, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout


@dataclass(frozen=True)
class Way:
    """Run the CLI alone, and send nothing: what the others are compared with.

    `package` is what PyPI calls the program, "" if there is none to install. `clis` are those it can reach by itself.
    `asks_version` is the command that prints its version.
    """

    name: str = "the CLI alone"
    package: str = ""
    clis: Sequence[str] = ("claude", "codex")
    asks_version: Words = ()

    def missing(self) -> str:
        """Return why the way cannot be used here, or ""."""
        return ""

    def version(self, installed: Path) -> str:
        """Return the version of its program, in the words of that program."""
        name, *options = self.asks_version
        program = str(installed / "bin" / name) if self.package else name
        done = subprocess.run([program, *options], capture_output=True, text=True, check=True)
        return (done.stdout or done.stderr).strip().partition("\n")[0]

    def set_up(self, place: Place) -> None:
        """Do what a user does once, before the agent is started."""

    def start(self, place: Place) -> Words:
        """Return the command that starts the agent."""
        return [place.agent.program]

    def target(self, place: Place) -> str:
        """Return the way's name for the agent, which runs and has had a turn."""
        return place.agent.program

    def message(self, target: str, body: str) -> Words:
        """Return the command that sends BODY to the agent that `target` has named."""
        raise NotImplementedError

    def script(self, turn: Turn) -> Answer:  # noqa: ARG002  of the ways that need it
        """Answer as a model that does what it is asked to, to get the whole message."""
        return Say("Read.")


@dataclass(frozen=True)
class Amq(Way):
    """Use amq as its README starts an agent, or with OPTIONS."""

    name: str = "amq"
    asks_version: Words = (str(AMQ), "--version")
    options: Words = ("--allow-amq",)

    def set_up(self, place: Place) -> None:
        place.run([str(AMQ), "init", "--here", "--agents", f"user,{place.agent.program}"])

    def start(self, place: Place) -> Words:
        return [str(AMQ), "run", *self.options, "--", place.agent.program]

    def message(self, target: str, body: str) -> Words:
        return [str(AMQ), "send", "--me", "user", "--to", target, "--body", body]

    def script(self, turn: Turn) -> Answer:
        return reads_given(turn)


@dataclass(frozen=True)
class GoAmq(Way):
    """Use the Go program at PATH: it types a line from beside the agent, and the agent drains."""

    name: str = "amq in Go"
    path: str = ""

    def missing(self) -> str:
        return "" if self.path else "--go PATH names it"

    def set_up(self, place: Place) -> None:
        place.run([self.path, "init", "--root", ".agent-mail", "--agents", f"user,{place.agent.program}"])

    def start(self, place: Place) -> Words:
        handle, root = place.agent.program, str(place.rig.project / ".agent-mail")
        wake = shlex.join([self.path, "wake", "--me", handle, "--root", root])
        return ["sh", "-c", f"{wake} & exec {handle}"]

    def message(self, target: str, body: str) -> Words:
        return [self.path, "send", "--root", ".agent-mail", "--me", "user", "--to", target, "--body", body]

    def script(self, turn: Turn) -> Answer:
        if turn.results or "amq" not in turn.text.lower():
            return Say("Read.")
        return Call(f"{self.path} drain --root .agent-mail --include-body --me $(ls .agent-mail/agents | grep -v user)")


@dataclass(frozen=True)
class Hcom(Way):
    """Use hcom, which starts the agent and gives it a name."""

    name: str = "hcom"
    package: str = "hcom"
    asks_version: Words = ("hcom", "--version")

    def start(self, place: Place) -> Words:
        return ["hcom", place.agent.program]

    def target(self, place: Place) -> str:
        found = json.loads(place.run(["hcom", "list", "--json"]))
        return str(found[0]["name"])

    def message(self, target: str, body: str) -> Words:
        return ["hcom", "send", f"@{target}", "--from", "tester", "--", body]


@dataclass(frozen=True)
class SessionPeer(Way):
    """Use session-peer, which sends by the CLIs' own ways to a session that was started without it."""

    name: str = "session-peer"
    package: str = "session-peer"
    asks_version: Words = ("session-peer", "--version")

    def target(self, place: Place) -> str:
        listed = json.loads(place.run(["session-peer", "list", "--json"]))
        found = next(each for each in listed["sessions"] if each["agent"] == place.agent.program)
        return str(found["pid"]) if "pid" in found else f"codex:{found['id']}"

    def message(self, target: str, body: str) -> Words:
        send = ["session-peer", "send", "--no-update-notice"]
        return [*send, "--no-from", "--to", target, "--message", body]


@dataclass(frozen=True)
class AgentPeer(Way):
    """Use agent-peer, which sends by Claude Code's socket. For Codex it needs a command that waits in the agent."""

    name: str = "agent-peer"
    package: str = "agent-peer"
    asks_version: Words = ("agent-peer", "--version")
    clis: Sequence[str] = ("claude",)

    def target(self, place: Place) -> str:
        rows = place.run(["agent-peer", "list"]).splitlines()
        return next(row.split()[0] for row in rows if row[:1].isdigit())

    def message(self, target: str, body: str) -> Words:
        return ["agent-peer", "send", "--sender", "tester", target, body]


@dataclass(frozen=True)
class TmuxKeys(Way):
    """Type the message into the agent's pane, and press Enter when the CLI no longer takes it for a part of a paste."""

    name: str = "tmux send-keys"
    asks_version: Words = ("tmux", "-V")
    pause_s: float = 0.3

    def target(self, place: Place) -> str:
        return str(place.socket)

    def message(self, target: str, body: str) -> Words:
        tmux = shlex.join(["tmux", "-S", target, "send-keys"])
        return ["sh", "-c", f"{tmux} -l {shlex.quote(body)} && sleep {self.pause_s} && {tmux} Enter"]


def all_ways(go: str = "") -> list[Way]:
    """Return every way, amq's first. GO is the path of the Go program, "" if there is none."""
    typed = Amq(name="typed by amq", options=("--no-plugin", "--no-hooks", "--allow-amq"))
    return [
        Amq(),
        typed,
        Hcom(),
        SessionPeer(),
        AgentPeer(),
        GoAmq(path=go, asks_version=(go, "--version")),
        TmuxKeys(),
    ]


def install(ways: Sequence[Way], directory: Path) -> None:
    """Install the packages of WAYS into a new virtual environment in DIRECTORY. Raises CalledProcessError."""
    subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    packages = [way.package for way in ways if way.package]
    pip = [directory / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if packages:
        subprocess.run([*pip, *packages], check=True, stderr=subprocess.PIPE)
