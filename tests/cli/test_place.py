"""Where a queue may be made, and what is said where it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Shell


@pytest.mark.parametrize("command", [("init", "--agents", "alice"), ("run", "--as", "alice", "--", "true")])
def test_no_queue_is_strewn_among_other_files(shell: Shell, command: tuple[str, ...]) -> None:
    """Its `.gitignore` would hide the whole project."""
    shell.project.joinpath("README").touch()
    called = shell("--root", ".", *command)
    assert called.code == 2
    assert "holds other files" in called.err
    assert f"did you mean --root {shell.root}?" in called.err
    assert sorted(path.name for path in shell.project.iterdir()) == [".git", "README"]


def test_a_clone_of_a_tracked_queue_keeps_what_git_is_told(shell: Shell) -> None:
    shell.root.mkdir()
    (shell.root / ".gitignore").write_text("*.tmp\n")
    assert shell("init", "--agents", "alice").code == 0
    assert (shell.root / ".gitignore").read_text() == "*.tmp\n"


def test_a_queue_of_which_a_part_is_missing_is_completed(amq: Shell) -> None:
    """Git keeps no empty directories, and whoever tracks the mail does not want it ignored."""
    (amq.root / ".gitignore").unlink()
    (amq.root / "meta" / ".lock").unlink()
    (amq.root / "meta" / "config.json").unlink()
    (amq.root / "meta").rmdir()
    assert amq("init", "--agents", "alice").code == 0
    assert (amq.root / "meta" / "config.json").exists()
    assert not (amq.root / ".gitignore").exists()


def test_the_directory_above_a_new_queue_must_be_there(shell: Shell) -> None:
    called = shell("init", "--root", "a b/queue", "--agents", "alice")
    above = shell.project / "a b"
    assert (called.code, called.err) == (
        3,
        f"amq: no directory {above} to make the queue in\n     mkdir -p '{above}'\n",
    )


def test_a_file_is_no_queue(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    called = shell("init", "--root", str(path), "--agents", "alice")
    assert (called.code, called.err.splitlines()[0]) == (2, f"amq: {path} is no directory")


def test_the_hint_for_a_missing_queue_names_the_queue_that_was_asked_for(shell: Shell) -> None:
    assert "with the same --root makes one there" in shell("list", "--root", "elsewhere").err
    assert "makes one in this project" in shell("list").err


def test_a_program_that_is_not_there_gets_no_mailbox(shell: Shell) -> None:
    called = shell("run", "--", "no-such-program-at-all")
    assert (called.code, called.err) == (127, "amq: no-such-program-at-all: no such program\n")
    assert not shell.root.exists()
