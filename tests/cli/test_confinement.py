"""A session whose CLI runs amq's mail commands without asking: what they refuse there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from amq.cli import main
from amq.config import ALLOWED_IN, ALLOWED_ROOT, MAIL_COMMANDS
from amq.errors import UsageError
from tests.conftest import Shell

WAY_OUT = "env -u AMQ_ALLOWED_IN amq"
COMMANDS = {
    "drain": ["drain"],
    "send": ["send", "--to", "bob", "--body", "x"],
    "reply": ["reply", "--id", "x", "--body", "x"],
    "list": ["list"],
    "read": ["read", "--id", "x"],
    "thread": ["thread", "--id", "x"],
    "watch": ["watch", "--timeout", "1ms"],
    "why": ["why", "bob"],
    "who": ["who"],
}


@pytest.fixture
def alice(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Calls in the session of alice, who may use amq unasked."""
    monkeypatch.setenv("AM_ME", "alice")
    monkeypatch.setenv("AM_ROOT", str(amq.root))
    monkeypatch.setenv(ALLOWED_IN, str(amq.project))
    monkeypatch.setenv(ALLOWED_ROOT, str(amq.root))
    return amq


def refused(amq: Shell, *words: str) -> str:
    """Call `amq` with WORDS, check that it is refused and names the way out, and return the error."""
    result = amq(*words, "--json", me=None)
    assert result.code == UsageError.exit_code, result
    assert WAY_OUT in result.error["hint"]
    assert not amq.new("bob")
    return str(result.error["error"])


def test_all_of_the_commands_are_checked(alice: Shell, tmp_path: Path) -> None:
    assert COMMANDS.keys() == set(MAIL_COMMANDS)
    (tmp_path / "other" / "agents").mkdir(parents=True)
    for words in COMMANDS.values():
        assert "is not this session's queue" in refused(alice, *words, "--root", str(tmp_path / "other"))
        assert "agent is not bob" in refused(alice, *words, "--me", "bob")
        assert "--trust-root" in refused(alice, *words, "--trust-root")


def test_no_other_command_begins_with_an_allowed_one() -> None:
    """A CLI's permission is for a beginning of the command line."""
    for allowed in MAIL_COMMANDS:
        assert [command for command in main.COMMANDS if f"{command} ".startswith(f"{allowed} ")] == [allowed]
        assert allowed not in main.groups()


def test_a_queue_of_another_name_in_the_environment_is_refused(
    alice: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("AM_ROOT", str(tmp_path / "other"))
    assert "is not this session's queue" in refused(alice, "list")
    monkeypatch.setenv("AM_ROOT", str(alice.root))
    monkeypatch.delenv(ALLOWED_ROOT)
    assert "is not this session's queue" in refused(alice, "list")


def test_the_session_s_own_queue_and_agent_may_be_named(alice: Shell, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(alice.root)
    for root in (str(alice.root), str(tmp_path / "link"), f"{alice.root}/../.agent-mail"):
        assert alice("list", "--root", root, "--me", "alice", me=None).code == 0


def test_other_commands_are_asked_about_by_the_cli(alice: Shell) -> None:
    alice.ok("env", "--me", "bob", me=None)


def test_files_of_the_project_are_read(alice: Shell) -> None:
    (alice.project / "docs").mkdir()
    (alice.project / "docs" / "plan").write_text('{"a": 1}')
    (alice.project / "link").symlink_to("docs/plan")
    here = str(alice.project)
    for name in (f"{here}/docs/plan", f"{here}/link", f"{here}/docs/../link"):
        for words in (["--body", f"@{name}"], ["--body-file", name], ["--body=x", "--context", f"@{name}"]):
            alice.ok("send", "--to", "bob", *words, me=None)
    assert len(alice.new("bob")) == 9


def test_stdin_is_read(alice: Shell) -> None:
    alice.ok("send", "--to", "bob", "--body", "-", me=None, stdin=b"a `b` $c")
    assert len(alice.new("bob")) == 1


@pytest.mark.parametrize("way", [["--body", "@{}"], ["--body-file", "{}"], ["--body=x", "--context", "@{}"]])
def test_files_elsewhere_are_not(alice: Shell, tmp_path_factory: pytest.TempPathFactory, way: list[str]) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text('{"a": 1}')
    (alice.project / "link").symlink_to(outside)
    (alice.project / "directory").symlink_to(outside.parent)
    here = str(alice.project)
    up = os.path.relpath(outside, alice.project)
    names = [str(outside), f"{here}/{up}", f"{here}/link", f"{here}/directory/secret"]
    with outside.open("rb") as file:
        names += [f"/proc/self/fd/{file.fileno()}", f"/dev/fd/{file.fileno()}", f"/proc/self/root{outside}"]
        for name in names:
            words = [word.format(name) for word in way]
            assert "is outside the project" in refused(alice, "send", "--to", "bob", *words), name


def test_a_directory_whose_name_only_begins_like_the_project_s_is_elsewhere(alice: Shell) -> None:
    beside = Path(f"{alice.project}-2")
    beside.mkdir()
    (beside / "secret").write_text("x")
    assert "is outside the project" in refused(alice, "send", "--to", "bob", "--body", f"@{beside}/secret")


@pytest.mark.parametrize("name", ["fifo", "/dev/zero", "/dev/stdin", "."])
def test_only_regular_files_are_read(alice: Shell, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(alice.project / "fifo")
    if name.startswith("/dev"):
        monkeypatch.setenv(ALLOWED_IN, "/dev")
    path = os.path.join(alice.project, name)
    if name == "/dev/stdin":  # a pipe, whatever the project is
        done = subprocess.run(
            [sys.executable, "-m", "amq", "send", "--to", "bob", "--body", f"@{path}"],
            input=b"x", capture_output=True, check=False,
        )  # fmt: skip
        assert (done.returncode, WAY_OUT in done.stderr.decode()) == (UsageError.exit_code, True)
    else:
        assert "is not a regular file" in refused(alice, "send", "--to", "bob", "--body", f"@{path}")


def test_a_file_that_is_missing_is_said_to_be(alice: Shell) -> None:
    for name in (f"{alice.project}/none", ""):
        result = alice("send", "--to", "bob", "--body", f"@{name}", "--json", me=None)
        assert "cannot be read" in result.error["error"]


@pytest.mark.parametrize("name", ["plan", "docs"])
def test_what_becomes_a_link_meanwhile_is_not_followed(
    alice: Shell, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "plan").write_text("secret")
    (alice.project / "plan").symlink_to(outside / "plan")
    (alice.project / "docs").symlink_to(outside)
    path = str(alice.project / (name if name == "plan" else "docs/plan"))
    really = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda each: each if each == path else really(each))
    result = alice("send", "--to", "bob", "--body", f"@{path}", "--json", me=None)
    assert (result.code, alice.new("bob")) == (UsageError.exit_code, [])


def test_no_descriptor_is_left_open(alice: Shell) -> None:
    (alice.project / "docs").mkdir()
    (alice.project / "docs" / "plan").write_text("x")
    before = os.listdir("/dev/fd")
    for name in ("docs/plan", "docs", "docs/none", "none/none", "/etc/hostname"):
        alice("send", "--to", "bob", "--body", f"@{alice.project}/{name}", me=None)
    assert os.listdir("/dev/fd") == before


def test_without_the_variable_all_is_as_ever(amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALLOWED_IN, raising=False)
    monkeypatch.setenv(ALLOWED_ROOT, "/elsewhere")
    (tmp_path / "outside").write_text("x")
    amq.ok("send", "--to", "bob", "--body", f"@{tmp_path}/outside")
    assert json.loads(amq.ok("list", "--json", "--root", str(amq.root), me="bob"))
