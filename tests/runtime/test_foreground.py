from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from amq import procfs
from amq.pty import controlling_tty
from amq.pty.input_row import PromptRule
from amq.runtime.agents import processes
from amq.runtime.agents.claude.profile import PROFILE as CLAUDE
from amq.runtime.agents.codex.profile import PROFILE as CODEX
from amq.runtime.agents.foreground import ForegroundAgent, ForegroundDetector, program_names, rules_for_argv
from amq.runtime.agents.generic import PROFILE as GENERIC
from amq.runtime.agents.profile import Profile, with_prompt


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["claude", "--continue"], ["claude"]),
        (["/usr/bin/node", "/opt/bin/codex", "-m", "x"], ["node", "codex"]),
        (["node", "--no-warnings", "/opt/bin/codex"], ["node", "codex"]),
        (["python3.12", "/x/aider"], ["python3.12", "aider"]),
        (["-bash"], ["-bash"]),
        (["vim", "claude"], ["vim"]),  # an editor of a file of that name
        (["bash", "-c", "claude"], ["bash", "claude"]),
        ([], []),
    ],
)
def test_under_which_names_a_program_may_be_known(words: list[str], names: list[str]) -> None:
    assert program_names(words) == names


def test_a_submit_key_that_needs_an_argument_is_another_without_it() -> None:
    """Codex then has Tab, which queues a line, and submits it when idle; Enter would interrupt a turn."""
    (_, setting) = next(each.arguments for each in CODEX.additions if "f21" in each.arguments[-1])
    assert rules_for_argv(CODEX, ["codex", "-c", setting]) is CODEX.rules
    rules = rules_for_argv(CODEX, ["codex", "-m", "o3"])
    assert (rules.submit, rules.dialog_safe, rules.fallback_submit_key) == (b"\t", True, b"")
    assert rules_for_argv(CLAUDE, ["claude"]) is CLAUDE.rules
    assert rules_for_argv(GENERIC, ["aider"]) is GENERIC.rules


def test_a_sub_command_without_a_session_is_not_an_agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`claude agents` is a list of them: a line there would make one more."""
    words = ["claude", "--continue"]
    monkeypatch.setattr(controlling_tty, "foreground", lambda _: 1)
    monkeypatch.setattr(processes, "words", lambda _: tuple(words))
    foreground = ForegroundDetector(0, "claude", {"HOME": str(tmp_path)})
    assert foreground.agent() is not None
    words[1] = "agents"
    assert foreground.agent() is None


def test_what_is_known_of_a_process() -> None:
    begun = time.time()
    with subprocess.Popen([sys.executable, "-c", "input()", "two words"], stdin=subprocess.PIPE) as child:
        assert processes.parent(child.pid) == os.getpid()
        assert abs(processes.started(child.pid) - begun) < 3600
        assert processes.words(os.getpid())
        child.communicate(b"\n")
    assert (processes.words(child.pid), processes.parent(child.pid), processes.started(child.pid)) == ((), 0, 0.0)


def test_without_proc_ps_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(procfs, "PROC", str(tmp_path))
    assert processes.words(os.getpid())[0].rpartition("/")[2].lower().startswith("python")
    assert processes.parent(os.getpid()) == os.getppid()
    assert processes.started(os.getpid()) == 0.0


def named(
    *words: str, program: str, profile: Profile | None, monkeypatch: pytest.MonkeyPatch
) -> ForegroundAgent | None:
    """Return the agent of a program called with WORDS, for which the user has named PROGRAM and a PROFILE."""
    monkeypatch.setattr(controlling_tty, "foreground", lambda _: 1)
    monkeypatch.setattr(processes, "words", lambda _: words)
    return ForegroundDetector(0, program, {"HOME": "/nowhere"}, profile).agent()


def test_a_profile_is_that_of_the_program_that_the_user_names(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = named("docker", "run", "x", program="docker", profile=CLAUDE, monkeypatch=monkeypatch)
    itself = named("claude", program="docker", profile=CLAUDE, monkeypatch=monkeypatch)
    assert behind is not None
    assert itself is not None
    assert (behind.profile, behind.hidden, itself.profile, itself.hidden) == (CLAUDE, True, CLAUDE, False)
    other = named("codex", program="docker", profile=CLAUDE, monkeypatch=monkeypatch)
    assert other is not None
    assert (other.profile, other.hidden) == (CODEX, False)
    assert named("bash", program="docker", profile=CLAUDE, monkeypatch=monkeypatch) is None


def test_a_prompt_is_that_of_the_program_that_the_user_names(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = with_prompt(GENERIC, "$ ")
    for words in (("bash",), ("-bash",), ("/bin/bash", "--norc")):
        agent = named(*words, program="bash", profile=profile, monkeypatch=monkeypatch)
        assert agent is not None
        assert (agent.rules.prompt_row, agent.hidden) == (PromptRule("$ "), False)
    for command in ("git checkout -p", "rm -i bash", "vim bash"):
        assert named(*command.split(), program="bash", profile=profile, monkeypatch=monkeypatch) is None
    known = named("claude", program="bash", profile=profile, monkeypatch=monkeypatch)
    assert known is not None
    assert known.profile is CLAUDE


def test_a_program_with_the_users_own_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that cannot be read says nothing, so nothing is typed."""
    monkeypatch.setattr(controlling_tty, "foreground", lambda _: 1)
    monkeypatch.setattr(processes, "words", lambda _: ("mine",))
    own = tmp_path / "amq" / "profiles" / "mine.toml"
    own.parent.mkdir(parents=True)
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert ForegroundDetector(0, "other", environment).agent() is None
    own.write_text('extends = "claude"\n')
    agent = ForegroundDetector(0, "mine", environment).agent()
    assert agent is not None
    assert agent.rules.prompt_row == CLAUDE.rules.prompt_row
    own.write_text("nonsense = 1\n")
    assert ForegroundDetector(0, "mine", environment).agent() is None
