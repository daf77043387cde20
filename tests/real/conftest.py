"""The rig as a fixture, where this machine can have one; elsewhere the tests say why they cannot run."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from amq.certify.network import NoNetwork
from tests.real.agents import Agent, cache_directory, pinned_agents
from tests.real.rig import Rig, offline_rig
from tests.real.terminal import SIZE, Terminal, open_terminal
from tests.real.user import AMQ, NOTHING, Run, User
from tests.seeds import SOAK


def _unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where everything is required to run."""
    if os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"required, but {reason}")
    pytest.skip(reason)


@pytest.fixture(params=[name for name, found in pinned_agents().items() if found.program in ("claude", "codex")])
def agent(request: pytest.FixtureRequest) -> Agent:
    """Each pinned agent in turn, or those that a test names."""
    return _installed(request.param)


@pytest.fixture
def both(request: pytest.FixtureRequest) -> tuple[Agent, Agent]:
    """The newest Claude Code, or the one that a test names, and Codex."""
    return _installed(getattr(request, "param", "claude")), _installed("codex")


def _installed(name: str) -> Agent:
    found = pinned_agents()[name]
    if not found.newest and not SOAK:
        pytest.skip("AMQ_SOAK=1 runs it")
    if not found.executable(cache_directory()).exists():
        _unavailable(f"{found.program} {found.version} is not installed: run scripts/install-agents.py {name}")
    return found


@pytest.fixture
def rig() -> Iterator[Rig]:
    """The rig, in a directory with a short path: sockets are made in it, and commands in it are typed."""
    if not shutil.which("tmux"):
        _unavailable("tmux is not installed")
    # a command in an agent's own sandbox may outlive the agent for an instant, and write
    temporary = tempfile.TemporaryDirectory(prefix="amq-", ignore_cleanup_errors=True)
    with temporary as directory, ExitStack() as stack:
        try:
            made = stack.enter_context(offline_rig(Path(directory)))
        except NoNetwork as error:
            _unavailable(str(error))
        yield made


@pytest.fixture
def user(rig: Rig) -> User:
    """The user, in a project with a queue for the agents and them."""
    user = User(rig.project)
    user.amq("init", "--here", "--agents", "user,claude,codex")
    return user


@pytest.fixture
def run(rig: Rig) -> Iterator[Run]:
    """A function that starts an agent under `amq run`, in a terminal that is closed at the end."""
    number = itertools.count()
    with ExitStack() as stack:

        def start(
            agent: Agent,
            *options: str,
            arguments: tuple[str, ...] = (),
            asks: bool = False,
            trusted: bool = True,
            key_known: bool = True,
            size: tuple[int, int] = SIZE,
            variables: Mapping[str, str] = NOTHING,
            plugin: bool = False,
        ) -> Terminal:
            started = [str(AMQ), "run", *([] if plugin else ["--no-plugin"]), *options, "--", agent.program, *arguments]
            command = rig.network.inside(["env", *(f"{name}={value}" for name, value in variables.items()), *started])
            environment = rig.home(agent, asks=asks, trusted=trusted, key_known=key_known)
            socket = rig.directory / f"terminal-{agent.name}-{next(number)}"
            return stack.enter_context(open_terminal(socket, command, rig.project, environment, size))

        yield start
