"""The agent CLIs that are tested, and where they are installed."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amq.runtime.agents import registry

TABLE = Path(__file__).with_name("agents.toml")
CACHE_VARIABLE = "AMQ_REAL_AGENTS"
VERSIONS_VARIABLE = "AMQ_REAL_VERSIONS"
"""The variable that names other versions than the pinned ones, such as `claude=2.2.0,codex=0.180.0`."""
CACHE = Path.home() / ".cache" / "amq-real-agents"  # known before the tests have their own home


@dataclass(frozen=True)
class Agent:
    """One pinned version of an agent's CLI, as the table describes it; NAME is its name in amq."""

    name: str
    package: str
    version: str
    program: str
    arguments: list[str]
    idle: str
    blocked: str
    submit: str
    newest: bool = False

    @property
    def quit(self) -> Sequence[str]:
        """Return the keys that end the agent, one after the other."""
        return registry.offline(self.program).quits

    def directory(self, cache: Path) -> Path:
        """Return the directory this version is installed in; each version has its own."""
        return cache / f"{self.program}-{self.version}"

    def executable(self, cache: Path) -> Path:
        return self.directory(cache) / "node_modules" / ".bin" / self.program


def cache_directory() -> Path:
    """Return the directory all CLIs are installed under, `AMQ_REAL_AGENTS` or one in the user's cache."""
    return Path(os.environ.get(CACHE_VARIABLE) or CACHE)


def pinned_agents() -> dict[str, Agent]:
    """Return the table, by name; an agent that the environment names has the version it says there."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    for pair in filter(None, os.environ.get(VERSIONS_VARIABLE, "").split(",")):
        name, _, version = pair.partition("=")
        table[name]["version"] = version
    return {name: Agent(name=name, **entry) for name, entry in table.items()}
