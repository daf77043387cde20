"""`amq cleanup`: it removes the leftovers of dead writers, and nothing else."""

from __future__ import annotations

import fcntl
import io
import os
import time
from pathlib import Path

import pytest

from tests.conftest import Shell

OLD = time.time() - 48 * 3600


def leave(directory: str, name: str = "1_2_3", when: float = OLD) -> Path:
    """Leave a temporary file, last written at WHEN."""
    path = Path(directory, name)
    path.write_bytes(b"half")
    os.utime(path, (when, when))
    return path


def test_old_files_of_all_agents_go(amq: Shell) -> None:
    paths = [leave(amq.agent(handle).inbox_tmp) for handle in ("alice", "bob")]
    paths.append(leave(amq.agent("carol").dlq_tmp, "left.md"))
    assert amq.ok("cleanup", "--tmp-older-than", "36h", "--yes") == "Removed 3 tmp file(s).\n"
    assert not any(path.exists() for path in paths)


def test_json_names_them(amq: Shell) -> None:
    path = leave(amq.agent("bob").inbox_tmp)
    assert amq("cleanup", "--tmp-older-than", "36h", "--yes", "--json").value == {
        "candidates": [str(path)], "count": 1, "removed": 1,
    }  # fmt: skip
    assert amq("cleanup", "--tmp-older-than", "36h", "--yes", "--json").value == {
        "candidates": [], "count": 0, "removed": 0,
    }  # fmt: skip


def test_a_dry_run_removes_nothing(amq: Shell) -> None:
    path = leave(amq.agent("bob").inbox_tmp)
    words = ["cleanup", "--tmp-older-than", "36h", "--dry-run"]
    assert amq.ok(*words) == f"{path}\nWould remove 1 tmp file(s).\n"
    assert amq(*words, "--yes", "--json").value == {"candidates": [str(path)], "count": 1, "removed": 0}
    assert path.exists()


def test_what_is_young_stays(amq: Shell) -> None:
    path = leave(amq.agent("bob").inbox_tmp, when=time.time() - 35 * 3600)
    assert amq.ok("cleanup", "--tmp-older-than", "36h", "--yes") == "Removed 0 tmp file(s).\n"
    assert path.exists()


def test_what_a_live_writer_holds_stays(amq: Shell) -> None:
    path = leave(amq.agent("bob").inbox_tmp)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert amq.ok("cleanup", "--tmp-older-than", "0", "--yes") == "Removed 0 tmp file(s).\n"
    assert amq.ok("cleanup", "--tmp-older-than", "0", "--yes") == "Removed 1 tmp file(s).\n"


def test_only_regular_files_in_tmp_are_touched(amq: Shell, tmp_path: Path) -> None:
    bob = amq.agent("bob")
    kept = [leave(bob.inbox_new, "old.md"), leave(bob.inbox_cur, "old.md"), leave(str(tmp_path), "elsewhere")]
    Path(bob.inbox_tmp, "link").symlink_to(kept[-1])
    Path(bob.inbox_tmp, "directory").mkdir()
    os.mkfifo(Path(bob.inbox_tmp, "fifo"))
    assert amq.ok("cleanup", "--tmp-older-than", "0", "--yes") == "Removed 0 tmp file(s).\n"
    assert all(path.exists() for path in kept)
    assert len(os.listdir(bob.inbox_tmp)) == 3


def test_a_tmp_that_is_a_link_is_not_followed(amq: Shell) -> None:
    bob = amq.agent("bob")
    kept = leave(bob.inbox_cur, "old.md")
    Path(bob.dlq_tmp).rmdir()
    Path(bob.dlq_tmp).symlink_to(bob.inbox_cur)
    left = leave(amq.agent("carol").inbox_tmp)
    result = amq("cleanup", "--tmp-older-than", "36h", "--yes")
    assert (result.code, result.out) == (0, "Removed 1 tmp file(s).\n")
    assert "is skipped" in result.err
    assert (kept.exists(), left.exists()) == (True, False)


def test_without_a_terminal_and_without_yes_it_refuses(amq: Shell) -> None:
    path = leave(amq.agent("bob").inbox_tmp)
    result = amq("cleanup", "--tmp-older-than", "36h", "--json")
    assert (result.code, result.out) == (2, "")
    assert "--yes" in result.error["hint"]
    assert path.exists()


@pytest.mark.parametrize(("answer", "left"), [("Y", False), ("no", True), ("", True)])
def test_a_user_is_asked(amq: Shell, monkeypatch: pytest.MonkeyPatch, answer: str, left: bool) -> None:
    path = leave(amq.agent("bob").inbox_tmp)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    monkeypatch.setattr("amq.cli.confirm.stdin_is_terminal", lambda: True)
    result = amq("cleanup", "--tmp-older-than", "36h")
    assert "remove 1 tmp file(s)? [y/N]" in result.err
    assert (result.out, path.exists()) == (f"Removed {int(not left)} tmp file(s).\n", left)


@pytest.mark.parametrize("words", [[], ["--tmp-older-than", "old"], ["36h"], ["--tmp-older-than", "-1h"]])
def test_the_age_is_required(amq: Shell, words: list[str]) -> None:
    assert amq("cleanup", "--yes", *words).code == 2
