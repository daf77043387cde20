"""The registry of agent CLIs: a folder below `agents/` is all it takes to be in every list of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from amq.runtime import agents
from amq.runtime.agents import registry
from amq.runtime.agents.claude.session_file import SessionFile
from amq.runtime.agents.claude.session_socket import SessionSocket
from amq.runtime.agents.codex.queue_command import QueueCommand
from amq.runtime.agents.opencode.server import Server
from amq.runtime.agents.profile import ApiServer, NativeWay
from amq.runtime.agents.profiles import profile_for
from amq.runtime.agents.setup_facts import ConfigDirectory
from amq.runtime.agents.status_sources import AgentStatus
from amq.setup.clis import CLIS
from tests.real.agents import pinned_agents

FOLDERS = sorted(path.parent.name for path in Path(agents.__file__).parent.glob("*/*.py"))
LISTS: dict[str, Mapping[str, Any]] = {
    "the registry": dict.fromkeys(registry.NAMES),
    "what setting up knows": {cli.name: cli for cli in registry.clis()},
    "the profiles": {profile.name: profile for profile in registry.profiles()},
    "the programs": {profile.programs[0]: profile for profile in registry.profiles()},
    "setup/clis.py": CLIS,
    "offline.py": {name: registry.offline(name) for name in registry.NAMES},
    "tests/real/agents.toml": {agent.program: agent for agent in pinned_agents().values()},
}


@pytest.mark.parametrize("name", LISTS)
def test_each_list_has_each_folder(name: str) -> None:
    assert sorted(LISTS[name]) == sorted({*FOLDERS})


def test_those_with_hooks_say_where() -> None:
    assert tuple(registry.with_hooks()) == registry.WITH_HOOKS


@pytest.mark.parametrize(
    ("environment", "project", "found"),
    [
        ({"HOME": "/h"}, None, "/h/.x"),
        ({"HOME": "/h", "X": "/elsewhere"}, None, "/elsewhere"),
        ({"HOME": "/h", "X": ""}, None, "/h/.x"),
        ({"HOME": "/h", "X": "/elsewhere"}, "/p", "/p/.x"),
    ],
)
def test_a_variable_names_only_the_users_directory(
    environment: dict[str, str], project: str | None, found: str
) -> None:
    assert ConfigDirectory(".x", "X").find(environment, project) == found


def test_what_a_hook_needs_to_know_of_its_cli() -> None:
    claude, codex = registry.cli("claude"), registry.cli("codex")
    assert (claude.shell_file, codex.shell_file) == ("CLAUDE_ENV_FILE", "")
    assert (claude.stop_blocks, codex.stop_blocks) == (False, True)
    assert str(claude.hook_text) == "9500b"


def test_a_way_of_its_own_needs_the_file_of_a_session() -> None:
    claude = AgentStatus("", registry.status_file(profile_for("claude"), {"HOME": "/h"}, 1, 0.0))
    codex = AgentStatus("", registry.status_file(profile_for("codex"), {"HOME": "/h"}, 1, 0.0))
    assert (type(claude.file), codex.file) == (SessionFile, None)
    found = [
        type(registry.native(way, status, str, "codex", {})) for way in NativeWay for status in (claude, codex)
    ]  # fmt: skip
    nothing = type(None)
    assert found == [nothing, nothing, SessionSocket, nothing, QueueCommand, QueueCommand, nothing, nothing]
    server = ApiServer(1, "", "", (), ())
    assert isinstance(registry.native(NativeWay.OPENCODE_SERVER, codex, str, "opencode", {}, server), Server)
