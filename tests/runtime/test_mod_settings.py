"""Options, variables and settings with which Claude Code does not load the mod."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from amq.runtime.agents.claude import mod_settings
from amq.runtime.agents.claude.mod_settings import is_refusal, why_not

OFF = {"disableAllHooks": True}
TOLD = "--plugin-dir is disabled by your organization's managed settings (disableSideloadFlags). Plugins, custom agents"


class Machine:
    """A user's home and project, and the directory of the organization's settings."""

    def __init__(self, directory: Path) -> None:
        self.home, self.project, self.etc = directory / "home", directory / "project", directory / "etc"

    def write(self, path: Path, settings: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
        return path

    def why_not(self, *words: str, **variables: str) -> str:
        return why_not(words, {"HOME": str(self.home), **variables}, str(self.project), str(self.etc))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_settings_nothing_is_known(machine: Machine) -> None:
    assert machine.why_not("--model", "opus") == ""


@pytest.mark.parametrize("name", ["disableSideloadFlags", "allowManagedHooksOnly", "disableAllHooks"])
@pytest.mark.parametrize(
    "place", ["etc/managed-settings.json", "etc/managed-settings.d/10.json", "home/.claude/remote-settings.json"]
)
def test_an_organization_can_forbid_it(machine: Machine, tmp_path: Path, place: str, name: str) -> None:
    path = machine.write(tmp_path / place, {name: False, "allowManagedModsOnly": True})
    assert machine.why_not() == ""
    machine.write(path, {name: True})
    assert machine.why_not() == f"{path} has {name}"


@pytest.mark.parametrize("text", ["", "{", "[]", '"disableAllHooks"', "[" * 100_000])
def test_managed_settings_that_cannot_be_read_may_forbid_it(machine: Machine, text: str) -> None:
    path = machine.write(machine.etc / "managed-settings.json", text)
    assert machine.why_not() == f"{path} cannot be read"


def test_a_pipe_for_managed_settings_may_forbid_it(machine: Machine) -> None:
    machine.etc.mkdir()
    os.mkfifo(machine.etc / "managed-settings.json")
    assert machine.why_not() == f"{machine.etc}/managed-settings.json cannot be read"


def test_more_managed_settings_that_cannot_be_listed_may_forbid_it(machine: Machine) -> None:
    path = machine.write(machine.etc / "managed-settings.d", "")
    assert machine.why_not() == f"{path} cannot be read"


def test_only_json_files_are_managed_settings(machine: Machine) -> None:
    machine.write(machine.etc / "managed-settings.d" / "10.json.bak", OFF)
    assert machine.why_not() == ""


def test_settings_of_the_device_may_forbid_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = machine.write(machine.etc / "claude.plist", "")
    monkeypatch.setattr(mod_settings, "_OF_DEVICE", str(path))
    assert machine.why_not() == f"{path} may forbid it"
    monkeypatch.setattr(mod_settings, "_OF_DEVICE", "/" + "x" * 300)  # no system can look at such a name
    assert machine.why_not().endswith("x cannot be read")


@pytest.mark.parametrize(
    "place", ["home/.claude/settings.json", "project/.claude/settings.json", "project/.claude/settings.local.json"]
)
def test_the_user_can_have_turned_hooks_off(machine: Machine, tmp_path: Path, place: str) -> None:
    path = machine.write(tmp_path / place, OFF)
    assert machine.why_not() == f"{path} has disableAllHooks"
    machine.write(path, "{")
    assert machine.why_not() == ""


def test_the_user_s_directory_may_be_elsewhere(machine: Machine, tmp_path: Path) -> None:
    path = machine.write(tmp_path / "mine" / "settings.json", OFF)
    assert machine.why_not(CLAUDE_CONFIG_DIR=str(path.parent)) == f"{path} has disableAllHooks"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--bare"], "--bare leaves plugins out"),
        (["-p", "--safe-mode"], "--safe-mode leaves plugins out"),
        (["--settings", json.dumps(OFF)], "your --settings have disableAllHooks"),
        ([f"--settings={json.dumps(OFF)}"], "your --settings have disableAllHooks"),
        (["--settings", "{"], ""),
        (["--", "--bare"], ""),
    ],
)
def test_an_option_can_leave_it_out(machine: Machine, words: Sequence[str], reason: str) -> None:
    assert machine.why_not(*words) == reason


@pytest.mark.parametrize("name", ["CLAUDE_CODE_SIMPLE", "CLAUDE_CODE_SAFE_MODE"])
def test_a_variable_can_leave_it_out(machine: Machine, name: str) -> None:
    assert machine.why_not(**{name: "1"}) == f"{name} leaves plugins out"
    assert machine.why_not(**{name: "0"}) == machine.why_not(**{name: ""}) == ""


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        (TOLD, True),
        (TOLD.replace("managed settings", "man\naged settings"), True),
        (TOLD.replace("by your", "by\nyour"), True),
        ("--plugin-dir is not a directory", False),
        ("", False),
    ],
)
def test_a_refusal_is_known_by_its_message(output: str, *, answer: bool) -> None:
    assert is_refusal(output) is answer
