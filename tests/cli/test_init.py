"""`amq init`: create a project's queue, or add agents to it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from amq.store import registry as module
from tests.conftest import Shell, run_amq

MAILBOX = {
    "inbox/tmp", "inbox/new", "inbox/cur", "outbox/sent", "acks/received", "acks/sent", "dlq/tmp", "dlq/new", "dlq/cur",
}  # fmt: skip
OTHER_USER = 65534


def registry(root: Path) -> list[str]:
    agents: list[str] = json.loads((root / "meta/config.json").read_text())["agents"]
    return agents


def modes(root: Path) -> dict[str, str]:
    """Return the mode of everything below ROOT."""
    paths = [root, *root.rglob("*")]
    return {str(path.relative_to(root)): oct(stat.S_IMODE(path.stat().st_mode)) for path in paths}


def test_text_output(shell: Shell) -> None:
    assert shell.ok("init") == f"Initialized AMQ root at {shell.root}\n"


def test_json_output(shell: Shell) -> None:
    said = json.loads(shell.ok("init", "--agents", "bob, alice,bob", "--json"))
    assert said == {"root": str(shell.root), "agents": ["alice", "bob"]}


def test_the_registry_byte_for_byte(shell: Shell) -> None:
    shell.ok("init", "--agents", "codex,claude")
    data = (shell.root / "meta/config.json").read_text()
    created = json.loads(data)["created_utc"]
    assert data == (
        f'{{\n  "version": 1,\n  "created_utc": "{created}",\n  "agents": [\n    "claude",\n    "codex"\n  ]\n}}\n'
    )
    assert len(created) == len("2026-03-01T10:00:00Z")


def test_every_agent_and_the_user_get_a_mailbox(shell: Shell) -> None:
    shell.ok("init", "--agents", "alice")
    agents = shell.root / "agents"
    assert sorted(os.listdir(agents)) == ["alice", "user"]
    for handle in ("alice", "user"):
        leaves = {str(path.relative_to(agents / handle)) for path in (agents / handle).glob("*/*")}
        assert leaves == MAILBOX


def test_git_ignores_the_mail(shell: Shell) -> None:
    shell.ok("init")
    assert (shell.root / ".gitignore").read_text() == "*\n"
    assert sorted(os.listdir(shell.project)) == [".agent-mail", ".git"]


def test_tracked_mail_is_not_ignored(shell: Shell) -> None:
    shell.ok("init", "--tracked")
    shell("init")
    assert not (shell.root / ".gitignore").exists()


def test_more_agents_in_the_queue_that_is_there(amq: Shell) -> None:
    result = amq("init", "--agents", "dave")
    assert result.out == f"Initialized AMQ root at {amq.root}\n"
    assert result.err == f"amq: using the queue that is there: {amq.root}\n"
    assert registry(amq.root) == ["alice", "bob", "carol", "dave"]


def test_from_below_the_same_queue_is_used(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (amq.project / "src").mkdir()
    monkeypatch.chdir(amq.project / "src")
    assert str(amq.root) in amq("init", "--agents", "dave").err
    assert os.listdir(amq.project / "src") == []
    assert "dave" in registry(amq.root)


def test_here_makes_one_of_its_own(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (amq.project / "src").mkdir()
    monkeypatch.chdir(amq.project / "src")
    assert amq.ok("init", "--here") == f"Initialized AMQ root at {amq.project}/src/.agent-mail\n"


def test_a_repeat_changes_nothing(amq: Shell) -> None:
    config = amq.root / "meta/config.json"
    before = config.stat()
    amq("init", "--agents", "alice")
    assert (config.stat().st_ino, config.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_force_sets_the_registry_and_removes_no_mail(amq: Shell) -> None:
    amq.send()
    amq("init", "--agents", "alice,dave", "--force")
    assert registry(amq.root) == ["alice", "dave"]
    assert len(amq.new("bob")) == 1


def test_force_without_a_list_does_not_empty_the_registry(amq: Shell) -> None:
    refused = amq("init", "--force", "--json", me=None)
    assert (refused.code, refused.out) == (2, "")
    assert "--agents" in refused.error["error"]
    assert json.loads((amq.root / "meta" / "config.json").read_bytes())["agents"] == ["alice", "bob", "carol"]


def test_unknown_keys_of_the_registry_are_kept(amq: Shell) -> None:
    path = amq.root / "meta/config.json"
    path.write_text('{"version": 1, "project": "x", "agents": ["alice"]}')
    amq("init", "--agents", "bob")
    assert json.loads(path.read_text())["project"] == "x"


@pytest.mark.parametrize(("number", "code"), [(1000, 0), (1001, 1)])
def test_a_registry_of_more_agents_than_there_can_be_is_broken(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """Otherwise adding an agent to a hostile registry makes a dozen directories for each of 60,000."""
    made: list[str] = []
    monkeypatch.setattr(module, "make_mailbox", lambda _, handle: made.append(handle))
    (amq.root / "meta" / "config.json").write_text(json.dumps({"agents": [f"a{n}" for n in range(number)]}))
    assert amq("init", "--agents", "a1").code == code
    assert len(made) == (number + 1 if code == 0 else 0)
    assert amq("init", "--agents", "one-more").code != 0
    assert len(made) == (number + 1 if code == 0 else 0), "the next call could not read it"


def test_a_broken_registry_is_not_overwritten_unless_it_is_meant(amq: Shell) -> None:
    path = amq.root / "meta/config.json"
    path.write_text("{")
    refused = amq("init", "--agents", "bob")
    assert (refused.code, refused.out, path.read_text()) == (1, "", "{")
    assert "cannot be read" in refused.err
    assert amq("init", "--agents", "bob", "--force").code == 0
    assert registry(amq.root) == ["bob"]


def test_an_explicit_root(shell: Shell) -> None:
    assert shell.ok("init", "--root", "mail", "--agents", "a") == f"Initialized AMQ root at {shell.project}/mail\n"
    assert registry(shell.project / "mail") == ["a"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("alice",), "did you mean: amq init --me alice --agents alice"),
        (("--agents", "Alice"), "'Alice' is not a handle"),
        (("--agents", "a,../b"), "is not a handle"),
        (("--agents",), "--agents needs a value"),
        (("--agent", "a"), "did you mean: amq init --agents a"),
        (("--root", ""), "--root is empty"),
    ],
)
def test_wrong_words(shell: Shell, words: tuple[str, ...], complaint: str) -> None:
    refused = shell("init", *words)
    assert (refused.code, refused.out) == (2, "")
    assert complaint in refused.err
    assert not shell.root.exists()


def test_never_in_the_home_directory(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(shell.project))
    for words in ((), ("--here",)):
        refused = shell("init", *words)
        assert refused.code == 2
        assert f"--root {shell.root}" in refused.err
    assert not shell.root.exists()
    shell.ok("init", "--root", str(shell.root))


# -- modes ------------------------------------------------------------------------------------------------------------


AS_AN_ORDINARY_USER = f"""
import os, sys
from amq.cli.main import main

def work(root):
    for words in (
        "init --agents alice,bob",
        "send --me alice --to bob --body=x --ack --new-id=x",
        "reply --me bob --id=x --body=y",
        "drain --me bob",
        "drain --me alice",
    ):
        assert main([*words.split(), "--root", root]) == 0, words

work("before")  # and so everything is imported that the other user may not be able to read
os.umask(int(sys.argv[1]))
if os.geteuid() == 0:
    os.setgid({OTHER_USER})
    os.setuid({OTHER_USER})
work("private")
"""


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_directories_and_files_are_private_whatever_the_umask(umask: int) -> None:
    """The test runs as an ordinary user, whom a mode of 0 would keep out."""
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o777)
        command = [sys.executable, "-c", AS_AN_ORDINARY_USER, str(umask)]
        done = subprocess.run(command, cwd=open_to_all, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        root = Path(open_to_all, "private")
        found = modes(root)
        assert {mode for name, mode in found.items() if (root / name).is_dir()} == {"0o700"}
        assert {mode for name, mode in found.items() if (root / name).is_file()} == {"0o600"}


# -- whose queue it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 1)])
@pytest.mark.parametrize("command", ["init", "list", "drain"])
def test_a_queue_that_others_can_write_to(amq: Shell, command: str, words: tuple[str, ...], code: int) -> None:
    amq.root.chmod(0o770)
    result = amq(command, *words)
    assert result.code == code
    assert f"other users can write to the queue {amq.root}" in result.err
    assert f"chmod go-w {amq.root}" in result.err


@pytest.fixture
def stranger(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Call a command as a user who does not own the queue; return its exit code."""
    monkeypatch.setattr(os, "geteuid", lambda: amq.root.stat().st_uid + 1)
    return lambda *words: amq(*words).code


def test_a_queue_of_another_user_is_refused(stranger: Callable[..., int]) -> None:
    for command in (("list",), ("drain",), ("send", "--to", "bob", "--body", "x"), ("init",)):
        assert stranger(*command) == 1
        assert stranger(*command, "--trust-root") == 0


def test_the_top_of_a_repository_in_a_process_of_its_own(shell: Shell) -> None:
    below = shell.project / "a" / "b"
    below.mkdir(parents=True)
    done = run_amq("init", cwd=below, HOME="/nonexistent")
    assert (done.returncode, done.stdout.decode()) == (0, f"Initialized AMQ root at {shell.root}\n")
