"""The agent CLIs that are tested, and where they are installed."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("agents.toml")
CACHE_VARIABLE = "AMQ_REAL_AGENTS"
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
    quit: list[str]
    newest: bool = False

    def directory(self, cache: Path) -> Path:
        """Return the directory this version is installed in; each version has its own."""
        return cache / f"{self.program}-{self.version}"

    def executable(self, cache: Path) -> Path:
        return self.directory(cache) / "node_modules" / ".bin" / self.program


def cache_directory() -> Path:
    """Return the directory all CLIs are installed under, `AMQ_REAL_AGENTS` or one in the user's cache."""
    return Path(os.environ.get(CACHE_VARIABLE) or CACHE)


def pinned_agents() -> dict[str, Agent]:
    """Return the table, by name."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: Agent(name=name, **entry) for name, entry in table.items()}
