"""docs/bridge.md is true: its commands, run on two machines in their order, do what it says."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge.machines import Machines, needs_namespaces

PAGE = Path(__file__).parents[2] / "docs" / "bridge.md"
STARTS = {"amq bridge hub": "is ready at", "amq bridge run": "connected to"}
"""Commands that go on, each with what it says when it is ready."""
AGENTS = {"laptop": "claude", "desk": "codex"}


def lines() -> list[tuple[str, str]]:
    """Return each line of the page that names a machine, and the command on it."""
    blocks = re.findall(r"<!-- run in namespaces -->\n\n((?: {4}.+\n)+)", PAGE.read_text())
    return [(host, command) for block in blocks for host, command in re.findall(r" {4}(\w+)\$ (.+)\n", block)]


@pytest.fixture
def machines() -> Iterator[Machines]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as place, Machines(Path(place)) as found:
        for name, agent in AGENTS.items():
            found.run(name, "amq", "init", "--here", "--agents", agent)
        yield found


def test_each_line_names_a_machine() -> None:
    found = re.findall(r"^ {4}(.*)$", PAGE.read_text(), re.MULTILINE)
    assert [f"{host}$ {command}" for host, command in lines()] == found


@needs_namespaces
def test_the_commands_connect_two_machines(machines: Machines) -> None:
    for host, command in lines():
        words = re.findall(r"'[^']*'|\S+", command)
        words = [word.strip("'") for word in words]
        if words[0] == "scp":
            shutil.copy(machines.project(host) / words[1], machines.project(words[2].rstrip(":")))
        elif command in STARTS:
            machines.start(host, *words).wait_for(STARTS[command])
        else:
            machines.run(host, *words)
    assert '"codex@desk"' in machines.run("laptop", "amq", "bridge", "init", "--host", "laptop", "--json")
