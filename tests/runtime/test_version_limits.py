"""The limits for a program that `amq wake` finds in its terminal, by its version."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from amq import __version__
from amq.pty import controlling_tty
from amq.runtime.agents import processes
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.codex.profile import PROFILE as CODEX
from amq.runtime.agents.foreground import ForegroundAgent, ForegroundDetector
from amq.runtime.agents.profile import Profile
from amq.runtime.agents.version_cache import note_version
from amq.runtime.channels.registry import LaunchContext
from amq.runtime.private_state import private_state
from amq.runtime.session_info import read_session
from amq.runtime.verdicts import SCENARIOS, Verdict, write_verdict
from amq.runtime.version_limits import VersionLimits, first_warning
from amq.store.notifier_info import Notifier

ANOTHER = "9.9.9"
SAYS = '#!/bin/sh\necho "$0" >> {log}\necho {version}\n'


class Machine:
    """A machine with programs of the user's, and their private directory."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.private = private_state({"XDG_STATE_HOME": str(place / "state")}, ())
        self.of_agent = self.private.of_agent(str(place), "codex").directory
        self.environment = {"HOME": str(place), "PATH": str(place / "bin"), "TERM": "xterm-256color"}
        self.logged: list[str] = []
        self.context = LaunchContext("claude", self.environment, None, amq=__version__)
        self.limits = VersionLimits(self.context, self.private, self.of_agent, self.logged.append)

    def install(self, name: str, version: str, folder: str = "bin") -> str:
        """Install a program NAME that prints VERSION; return its path."""
        program = self.place / folder / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(SAYS.format(log=self.place / "asked", version=version))
        program.chmod(0o755)
        return str(program)

    def asked(self) -> list[str]:
        """Return the paths by which programs were asked."""
        log = self.place / "asked"
        return log.read_text().splitlines() if log.exists() else []

    def judge(self, results: Mapping[str, str], version: str = ANOTHER, program: str = "codex") -> None:
        """Have VERSION of PROGRAM certified, with these RESULTS."""
        verdict = Verdict(program, version, "xterm-256color", __version__, "2026-03-01T10:30:00Z", results)
        write_verdict(self.private, verdict)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Return a machine that is not below the usual temporary directory."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as place:
        Path(place, "state").mkdir(mode=0o700)
        yield Machine(Path(place))


PASSED = dict.fromkeys((name for name, _ in SCENARIOS), "")


def test_a_tested_version_has_no_limits(machine: Machine) -> None:
    machine.install("codex", CODEX.tested[0])
    assert machine.limits(CODEX, "codex", "") == (CODEX, CODEX.tested[0])


def test_another_version_has_to_say_itself_what_it_does(machine: Machine) -> None:
    machine.install("codex", ANOTHER)
    limited, version = machine.limits(CODEX, "codex", "")
    assert (limited.rules.must_agree, version) == (True, ANOTHER)


def test_a_certified_version_has_the_limits_of_its_verdict(machine: Machine) -> None:
    machine.install("codex", ANOTHER)
    machine.judge(PASSED)
    assert machine.limits(CODEX, "codex", "") == (CODEX, ANOTHER)
    machine.judge({**PASSED, "dialog": "it was answered", "body": "it did not come"})
    assert machine.limits(CODEX, "codex", "")[0].rules.off == "dialog: it was answered"
    session = read_session(machine.of_agent, Notifier(os.getpid(), "wake --via tmux"))
    assert session is not None
    assert (session.types, session.failed) == (False, ("dialog",))  # it is given no hooks here
    assert session.lacks == ("typed lines: amq certify has found a failure: dialog: it was answered",)


def test_what_the_program_says_itself_counts_more_than_what_is_installed(machine: Machine) -> None:
    machine.install("claude", ANOTHER)
    assert machine.limits(CLAUDE, "claude", CLAUDE.tested[0]) == (CLAUDE, CLAUDE.tested[0])
    assert machine.asked() == []


def test_a_program_is_asked_once(machine: Machine) -> None:
    path = machine.install("codex", "")
    for word in ("codex", path, "codex"):
        assert machine.limits(CODEX, word, "")[1] == ""
    assert machine.asked() == [path]


def test_only_the_installed_program_is_run(machine: Machine) -> None:
    """One that the terminal shows may be a clone's own, and a process may call itself whatever it likes."""
    installed = machine.install("codex", CODEX.tested[0])
    other = machine.install("codex", CODEX.tested[0], "clone")
    limited, version = machine.limits(CODEX, other, "")
    assert (limited.rules.must_agree, version, machine.asked()) == (True, "", [])
    note_version(machine.private, other, CODEX.tested[0])  # by `amq run` with this path
    assert machine.limits(CODEX, other, "")[0].rules.must_agree is False
    assert machine.limits(CODEX, installed, "")[1] == CODEX.tested[0]


def test_a_damaged_verdict_is_logged_and_counts_as_none(machine: Machine) -> None:
    machine.install("codex", ANOTHER)
    machine.judge(PASSED)
    (path,) = Path(machine.private.directory, "verdicts").iterdir()
    path.write_text("{")
    assert machine.limits(CODEX, "codex", "")[0].rules.must_agree is True
    assert "is damaged" in machine.logged[0]


def test_a_version_is_announced_once(machine: Machine) -> None:
    assert list(first_warning(machine.context, machine.private)) == []  # nothing is installed
    machine.install("claude", ANOTHER)
    line = f"claude {ANOTHER} is neither tested nor certified with this amq; to try it offline: amq certify claude"
    assert list(first_warning(machine.context, machine.private)) == [line]
    assert list(first_warning(machine.context, machine.private)) == []


def test_one_that_the_user_describes_is_not_announced(machine: Machine) -> None:
    machine.install("claude", ANOTHER)
    described = LaunchContext("claude", machine.environment, None, profile=CLAUDE, amq=__version__)
    assert list(first_warning(described, machine.private)) == []


class Seen:
    """The limits that a detector asks for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def __call__(self, profile: Profile, word: str, said: str) -> tuple[Profile, str]:
        self.asked.append((profile.name, word, said))
        return profile, said or "1.0"


def detected(
    seen: Seen, monkeypatch: pytest.MonkeyPatch, home: Path, *words: str, profile: Profile | None = None
) -> ForegroundDetector:
    monkeypatch.setattr(controlling_tty, "foreground", lambda _: 1)
    monkeypatch.setattr(processes, "words", lambda _: words)
    monkeypatch.setattr(processes, "started", lambda _: time.time())
    return ForegroundDetector(0, "docker" if profile else "claude", {"HOME": str(home)}, profile, seen)


def test_an_agent_is_limited_once_and_again_if_it_says_another_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = Seen()
    foreground = detected(seen, monkeypatch, tmp_path, "node", "/opt/claude")
    agents = [foreground.agent(), foreground.agent()]
    assert agents[0] is agents[1]
    assert seen.asked == [("claude", "/opt/claude", "")]
    sessions = tmp_path / ".claude" / "sessions"
    sessions.mkdir(parents=True)
    wire = {"pid": 1, "startedAt": time.time() * 1000, "status": "idle", "version": "2.0"}
    (sessions / "1.json").write_text(json.dumps(wire))
    agents += [foreground.agent(), foreground.agent()]
    assert [agent.version for agent in agents if agent] == ["1.0", "1.0", "2.0", "2.0"]
    assert seen.asked[1:] == [("claude", "/opt/claude", "2.0")]


def test_one_behind_another_program_has_the_profile_that_the_user_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = Seen()
    agent = detected(seen, monkeypatch, tmp_path, "docker", "run", profile=CLAUDE).agent()
    assert isinstance(agent, ForegroundAgent)
    assert (agent.profile, seen.asked) == (CLAUDE, [])
