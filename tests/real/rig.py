"""The rig: a network without a way out, a mock model in it, a project, and homes for agents that use both."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amq.certify.mock_model import MockModel, mock_model, use_amq
from amq.certify.network import LoopbackNetwork, loopback_network
from amq.runtime.agents import registry
from amq.runtime.agents.offline import Conduct, Place
from tests.real.agents import Agent, cache_directory


@dataclass(frozen=True)
class Rig:
    """The rig's parts. Assign `model.script` for another behaviour of the model than using amq."""

    network: LoopbackNetwork
    model: MockModel
    directory: Path
    port: int

    @property
    def project(self) -> Path:
        """Return the directory agents are started in."""
        return self.directory / "project"

    def home(self, agent: Agent, *, asks: bool = False, trusted: bool = True, key_known: bool = True) -> dict[str, str]:
        """Make AGENT's home and return the whole environment to start it in; the rest as in `Conduct`."""
        place = Place(str(self.directory / agent.name), str(self.project), self.port)
        made = registry.offline(agent.program).home(place, Conduct(asks, trusted, key_known))
        for name, text in made.files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        if not trusted:  # Codex asks in a git repository only
            subprocess.run(["git", "init", "--quiet", place.project], check=True)
        return _machine(agent, Path(place.home)) | dict(made.environment)


@contextmanager
def offline_rig(directory: Path) -> Iterator[Rig]:
    """Make a `Rig` in DIRECTORY for the time of a block."""
    with loopback_network(os.environ) as network:
        listener = network.listen()
        with mock_model(listener, use_amq) as model:
            rig = Rig(network, model, directory, listener.getsockname()[1])
            rig.project.mkdir(parents=True)
            yield rig


def _machine(agent: Agent, home: Path) -> dict[str, str]:
    """Return the environment of any program.

    PATH has the agent and its requirements, and nothing from the environment of the tests.
    """
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    node = shutil.which("node")
    needed = [agent.executable(cache_directory()).parent, *([Path(node).parent] if node else [])]
    return {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PATH": ":".join([*map(str, needed), "/usr/local/bin", "/usr/bin", "/bin"]),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "XDG_STATE_HOME": os.environ.get("XDG_STATE_HOME", ""),  # below the usual temporary directory there is none
    }
