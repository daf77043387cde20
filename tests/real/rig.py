"""The rig: a network without a way out, a mock model in it, a project, and homes for agents that use both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real.agent_homes import Place, prepare_home
from tests.real.agents import Agent
from tests.real.mock_model import MockModel, mock_model, use_amq
from tests.real.network import LoopbackNetwork, loopback_network


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
        """Make AGENT's home and return the environment it is started in; the rest as in `prepare_home`."""
        place = Place(self.directory / agent.name, self.project, self.port)
        return prepare_home(agent, place, asks=asks, trusted=trusted, key_known=key_known)


@contextmanager
def offline_rig(directory: Path) -> Iterator[Rig]:
    """Make a `Rig` in DIRECTORY for the time of a block."""
    with loopback_network() as network:
        listener = network.listen()
        with mock_model(listener, use_amq) as model:
            rig = Rig(network, model, directory, listener.getsockname()[1])
            rig.project.mkdir(parents=True)
            yield rig
