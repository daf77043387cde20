"""Places where a queue may be made, and the errors elsewhere."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.conftest import Shell


@pytest.mark.parametrize("command", [("init", "--agents", "alice"), ("run", "--as", "alice", "--", "true")])
def test_no_queue_is_strewn_among_other_files(shell: Shell, command: tuple[str, ...]) -> None:
    """Its `.gitignore` would hide the whole project."""
    shell.project.joinpath("README").touch()
    called = shell("--root", ".", *command)
    assert called.code == 2
    assert "contains other files" in called.err
    assert f"--root {shell.root}" in called.err
    assert sorted(path.name for path in shell.project.iterdir()) == [".git", "README"]


def test_a_clone_of_a_tracked_queue_keeps_its_ignore_file(shell: Shell) -> None:
    shell.root.mkdir()
    (shell.root / ".gitignore").write_text("*.tmp\n")
    assert shell("init", "--agents", "alice").code == 0
    assert (shell.root / ".gitignore").read_text() == "*.tmp\n"


def test_a_queue_of_which_a_part_is_missing_is_completed(amq: Shell) -> None:
    """Git keeps no empty directories, and a user who tracks the mail does not want it ignored."""
    (amq.root / ".gitignore").unlink()
    (amq.root / "meta" / ".lock").unlink()
    (amq.root / "meta" / "config.json").unlink()
    (amq.root / "meta").rmdir()
    assert amq("init", "--agents", "alice").code == 0
    assert (amq.root / "meta" / "config.json").exists()
    assert not (amq.root / ".gitignore").exists()


def test_init_makes_the_directories_above_a_queue_that_is_named(shell: Shell) -> None:
    root = shell.project / "it's" / "deep" / "queue"
    assert shell.ok("init", "--root", "it's/deep/queue", "--agents", "alice") == f"Initialized AMQ root at {root}\n"
    assert {path.stat().st_mode & 0o777 for path in (root, *root.parents[:2])} == {0o700}


def test_a_stale_variable_makes_no_directories(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    above = shell.project / "it's"
    monkeypatch.setenv("AM_ROOT", str(above / "queue"))
    called = shell("init", "--agents", "alice")
    assert (called.code, called.err) == (
        3,
        f"amq: cannot create the queue: {above} does not exist\n     mkdir -p {shlex.quote(str(above))}\n",
    )


def test_a_file_above_a_queue_is_named(shell: Shell) -> None:
    (shell.project / "file").touch()
    called = shell("init", "--root", "file/deep/queue")
    assert (called.code, f"{shell.project}/file" in called.err) == (1, True), called.err


@pytest.mark.parametrize(
    "words", [("coop", "up", "--print", "--agents", "alice=true"), ("run", "--as", "alice", "--", "true")]
)
def test_a_queue_that_was_not_made_is_not_said_to_be(shell: Shell, words: tuple[str, ...]) -> None:
    called = shell("--root", "nothing/queue", *words)
    assert (called.code, called.err.splitlines()[0]) == (
        3,
        f"amq: cannot create the queue: {shell.project / 'nothing'} does not exist",
    )


def test_a_file_is_not_a_queue(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    called = shell("init", "--root", str(path), "--agents", "alice")
    assert (called.code, called.err.splitlines()[0]) == (2, f"amq: {path} is not a directory")


def test_the_hint_for_a_missing_queue_names_the_queue_that_was_asked_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "create one with the same --root" in shell("list", "--root", "elsewhere").err
    assert "create one in this project" in shell("list").err
    monkeypatch.setenv("AM_ROOT", "elsewhere")
    assert "create one in this project" in shell("list").err
    monkeypatch.setenv("AM_ROOT", str(shell.project / "elsewhere"))
    assert "create one with the same AM_ROOT" in shell("list").err


@pytest.mark.parametrize("me", ["alice", "user"])
def test_what_is_not_a_queue_differs_from_one_without_the_mailbox(shell: Shell, me: str) -> None:
    shell.root.mkdir()
    called = shell("list", me=me)
    assert (called.code, called.err.splitlines()[0]) == (3, f"amq: {shell.root} is not a queue: it has no agents")
    assert "amq init" in called.err
    assert list(shell.root.iterdir()) == []


def test_a_queue_is_made_behind_a_link(shell: Shell, tmp_path: Path) -> None:
    """On macOS `/tmp` is such a link. Inside a queue no link is followed; its location is the user's choice."""
    shell.root.symlink_to(tmp_path / "elsewhere")
    assert shell("init", "--agents", "alice").code == 0
    assert (tmp_path / "elsewhere" / ".gitignore").exists()
    (tmp_path / "link").symlink_to(shell.project)
    assert shell("init", "--agents", "alice", "--root", str(tmp_path / "link" / "mail")).code == 0
    assert shell("send", "--to", "alice", "--body", "x", "--root", str(tmp_path / "link" / "mail")).code == 0


@pytest.mark.parametrize("words", [("list",), ("init", "--agents", "alice"), ("doctor",), ("env",), ("coop", "status")])
def test_a_working_directory_that_is_gone_is_reported(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    gone = shell.project / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    called = shell(*words)
    assert (called.code, called.err.splitlines()[0]) == (3, "amq: the working directory no longer exists")


def test_a_program_that_is_not_there_gets_no_mailbox(shell: Shell) -> None:
    called = shell("run", "--", "no-such-program-at-all")
    assert (called.code, called.err) == (127, "amq: no-such-program-at-all: no such program\n")
    assert not shell.root.exists()


def test_with_an_absolute_queue_no_working_directory_is_needed(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worktree of an agent may be removed under it: it can still read and answer its mail."""
    monkeypatch.setenv("AM_ROOT", str(amq.root))
    monkeypatch.setenv("AM_ME", "bob")
    identifier = amq.send()
    gone = amq.project / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for words in ("list", "who", "why alice", "env", "trace --id " + identifier, "trust --list", "completion handles"):
        assert amq(*words.split(), me=None).code == 0, words
    assert "hello" in amq.ok("drain", "--include-body", me=None)
    assert "Replied" in amq.ok("reply", "--id", identifier, "--body", "back", me=None)
    assert amq("init", "--agents", "dora", me=None).code == 0
    assert amq("doctor", me=None).out.startswith(f"queue: {amq.root}\n")
    assert amq("hook", "claude", "SessionStart", me=None, stdin=b"{}").out


def test_a_queue_above_the_repository_is_used_and_said(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = amq.project / "inner"
    (inner / ".git").mkdir(parents=True)
    (inner / ".git" / "HEAD").touch()
    monkeypatch.chdir(inner)
    said = f"amq: using the queue above this repository: {amq.root}\n"
    for words in (("list",), ("env",), ("who",), ("init", "--agents", "dora"), ("run", "--no-wake", "--", "true")):
        called = amq(*words)
        assert (called.code, called.err.replace(" made a mailbox", "")) == (0, called.err)
        assert said in called.err
    assert amq("init", "--here", "--agents", "alice").code == 0
    assert amq("list").err == "amq: No messages.\n"
