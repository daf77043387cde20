"""`scripts/drift.py`: the table of verdicts, and where the newest version of a CLI differs from the pinned one."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from subprocess import CompletedProcess
from types import ModuleType

import pytest

from amq.certify.__main__ import SOAK
from amq.certify.plan import plans, tried
from amq.record import replace
from amq.runtime.agents import registry
from amq.runtime.verdicts import SCENARIOS, Verdict
from tests.real.agents import VERSIONS_VARIABLE, Agent, pinned_agents

GOOD = {name: "" for name, _ in SCENARIOS}


@pytest.fixture
def drift() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "drift.py"
    spec = importlib.util.spec_from_file_location("drift", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdict(version: str, **results: str) -> Verdict:
    return Verdict("claude", version, "xterm", "1", "2026-01-02T03:04:05Z", GOOD | results)


def test_the_table_has_a_row_for_each_scenario(drift: ModuleType) -> None:
    lacks = Verdict("codex", "2", "xterm", "1", "2026-01-02T03:04:05Z", {"ready": ""})
    rows = drift.table([verdict("1", dialog="it was answered"), lacks]).splitlines()
    assert rows[0] == "| scenario | claude 1 | codex 2 |"
    assert "| date | 2026-01-02 | 2026-01-02 |" in rows
    assert "| dialog | no: it was answered | – |" in rows
    assert len(rows) == 3 + len(SCENARIOS)


def test_a_scenario_that_fails_or_ends_otherwise_is_a_difference(drift: ModuleType) -> None:
    assert drift.differences(verdict("1"), verdict("2")) == []
    (line,) = drift.differences(verdict("1"), verdict("2", idle="it was lost"))
    assert line == "claude 2: idle: no: it was lost (in 1: yes)"
    assert len(drift.differences(verdict("1", idle="x"), verdict("2"))) == 1
    assert len(drift.differences(verdict("1", idle="x"), verdict("1", idle="x"))) == 1


def test_it_ends_with_1_where_they_differ(drift: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    agent, installed = pinned_agents()["claude"], list[str]()
    monkeypatch.setattr(drift, "newest", lambda agent: replace(agent, version="99"))
    monkeypatch.setattr(
        drift, "verdict", lambda agent: verdict(agent.version, body="x" if agent.version == "99" else "")
    )

    def install(agent: Agent, _: Path) -> None:
        installed.append(agent.version)

    assert drift.compare([agent], install, tests=False) == 1
    assert installed == [agent.version, "99"]
    ran = list[list[str]]()

    def run(command: list[str], **_: object) -> CompletedProcess[bytes]:
        ran.append(command)
        return CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert drift.compare([agent], install, tests=True) == 1
    assert [command[-3:] for command in ran] == [["-k", "claude", "tests/real"]]
    monkeypatch.setattr(drift, "newest", lambda agent: agent)
    assert drift.compare([agent], install, tests=False) == 0


def test_the_page_keeps_what_is_around_the_table(drift: ModuleType) -> None:
    page = drift.PAGE.read_text(encoding="utf-8")
    again = drift.written(drift.written(page, "| x |\n"), "| y |\n")
    assert "| y |" in again
    assert "| x |" not in again
    assert again.split(drift.END)[1] == page.split(drift.END)[1]


def test_the_page_has_each_cli_at_its_pinned_version(drift: ModuleType) -> None:
    """Run `scripts/drift.py --pinned --write`, and a soak, with each new one."""
    page = drift.PAGE.read_text(encoding="utf-8")
    pinned = pinned_agents()
    assert f"| scenario | {' | '.join(f'{name} {pinned[name].version}' for name in registry.NAMES)} |" in page
    begun = page[page.index("| program | version |") :].splitlines()
    rows = [tuple(cell.strip() for cell in row.split("|")[1:-1]) for row in begun if row.startswith("|")][2:]
    counts = {(program, version, scenario): tuple(map(int, counted)) for program, version, scenario, *counted in rows}
    expected = {
        (name, pinned[name].version, scenario)
        for name in registry.NAMES
        for scenario in tried(plans(name, name, "/d", {}, SOAK, private=False))
    }
    assert set(counts) == expected
    for (_, _, scenario), (times, once, *failures) in counts.items():
        assert times >= SOAK[scenario]
        assert once >= 0.99 * times
        assert sum(failures) == times - once


def test_the_tests_run_the_versions_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VERSIONS_VARIABLE, "claude=99.0,codex=98.0")
    found = pinned_agents()
    assert (found["claude"].version, found["codex"].version) == ("99.0", "98.0")
    assert found["claude-old"].version == "2.1.197"
