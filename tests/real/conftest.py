"""The rig as a fixture, where this machine can have one; elsewhere the tests say why they cannot run."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.agents import Agent, cache_directory, pinned_agents
from tests.real.rig import Rig, offline_rig


def _unavailable(reason: str) -> None:
    """Skip the test, or fail it where everything is required to run."""
    if os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"required, but {reason}")
    pytest.skip(reason)


@pytest.fixture(params=pinned_agents().values(), ids=lambda agent: agent.name)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Each pinned agent in turn."""
    found: Agent = request.param
    if not found.executable(cache_directory()).exists():
        _unavailable(f"{found.program} {found.version} is not installed: run scripts/install-agents.py")
    return found


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    if sys.platform != "linux" or os.geteuid() != 0:
        _unavailable("a network of its own needs root on Linux")
    if missing := [tool for tool in ("unshare", "nsenter", "ip", "tmux") if not shutil.which(tool)]:
        _unavailable(f"not installed: {', '.join(missing)}")
    with offline_rig(tmp_path) as made:
        yield made
