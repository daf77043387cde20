"""Every command in projects whose names are not UTF-8, hold escape sequences, or mean something in a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.awkward import AWKWARD_DIRECTORIES
from tests.pty.user import wait_until

TUI = Path(__file__).parents[1] / "agents" / "tui.py"
CALLS = {
    "init --agents claude,codex": 0,
    "init --agents claude": 0,
    "send --me codex --to claude --body hi": 0,
    "send --me codex --to gemini --body hi": 3,
    "send --me codex --to claude --body-file none": 2,
    "send --me codex --to claude --body @none": 2,
    "list --me claude": 0,
    "list --me claude --root none": 3,
    "init --root . --agents claude": 2,
    "init --root codex/none": 1,
    "read --me claude --id none": 3,
    "env --me claude": 0,
    "who": 0,
    "why claude": 0,
    "why claude --history": 0,
    "doctor": 1,
    "doctor --fix": 1,
    "presence list": 0,
    "trace --id none": 3,
    "cleanup --me claude --tmp-older-than 1h --dry-run": 0,
    "coop status": 0,
    "coop down": 0,
    "coop up --print --agents claude=cat": 0,
    "coop up --print --agents claude=none-such": 1,
    "run --explain -- cat": 0,
    "run --explain --hooks -- {program}": 0,
    "run --as alice -- {program}": 0,
    "run -- ./none": 127,
    "run --profile none -- cat": 2,
    "hook install claude --project --yes": 0,
    "hook install claude --project --dry-run": 0,
    "hook uninstall claude --project --yes": 0,
    "skill install --claude --project": 0,
    "skill uninstall --claude --project": 0,
    "drain --me claude --include-body": 0,
}
"""Calls and their exit codes."""
TELLING = ("bytes\udcff\udc80", "esc\x1b[31m\x1b]0;t\x07", "li\nne\n", "co:lon.dot", "it's $(id)")


def environment_of(place: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": str(place.parent / "home"), "SHELL": "/bin/sh", "TERM": "xterm"}


def call(place: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "amq", *words],
        cwd=place, env=environment_of(place), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Make a project with the name under test, and in it a program called `codex`."""
    (tmp_path / "home").mkdir()
    place = tmp_path / str(request.param)
    (place / ".git").mkdir(parents=True)
    (place / ".git" / "HEAD").touch()
    (place / "codex").write_text('#!/bin/sh\nprintf %s "$AM_ROOT"\n')
    (place / "codex").chmod(0o700)
    return place


@pytest.mark.parametrize("place", TELLING, indirect=True)
def test_every_command_works_there_and_shows_nothing_that_acts_on_a_terminal(place: Path) -> None:
    for words, code in CALLS.items():
        done = call(place, *words.format(program="./codex").split())
        assert done.returncode == code, (words, done)
        hosted = words.startswith("run --as")
        shown = done.stderr if hosted else done.stdout + done.stderr
        assert shown.decode().replace("\n", "").isprintable(), (words, shown)
        if hosted:
            assert done.stdout == os.fsencode(place / ".agent-mail")


@pytest.mark.parametrize("place", AWKWARD_DIRECTORIES, indirect=True)
def test_what_a_shell_is_to_read_and_json_name_the_very_directory(place: Path) -> None:
    root = os.fsencode(place / ".agent-mail")
    for command in ("init", "env", "coop status", "doctor"):
        value = json.loads(call(place, *command.split(), "--json").stdout)["root"]
        assert os.fsencode(value if isinstance(value, str) else value["value"]) == root
    script = call(place, "env", "--me", "claude").stdout + b'printf "%s" "$AM_ROOT"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout == root
    (line,) = json.loads(call(place, "coop", "up", "--print", "--json", "--agents", "alice=./codex").stdout)["commands"]
    away = subprocess.run(["sh", "-c", line], cwd="/", capture_output=True, check=True, stdin=subprocess.DEVNULL)
    assert away.stdout == root


@pytest.mark.parametrize("place", ["bytes\udcff\udc80", "esc\x1b[31m\n"], indirect=True)
def test_an_agent_there_is_woken(place: Path) -> None:
    import pexpect

    words = [
        "-m",
        "amq",
        "run",
        "--as",
        "alice",
        "--prompt",
        ">",
        "--",
        sys.executable,
        str(TUI),
        str(place.parent / "log"),
    ]
    agent = pexpect.spawn(sys.executable, words, cwd=str(place), env=environment_of(place), timeout=30)
    wait_until(lambda: (place.parent / "log").exists())
    assert call(place, "send", "--me", "user", "--to", "alice", "--body", "hi").returncode == 0
    wait_until(lambda: "submitted amq: 1 new message" in (place.parent / "log").read_text())
    agent.close(force=True)
