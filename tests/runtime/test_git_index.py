"""The paths that a repository tracks, read without git, compared with git's own answer."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.runtime.git_index import UnreadableIndex, enclosing_repositories, read_index, tracks
from amq.runtime.private_state import PrivateState
from amq.runtime.trust import why_untrusted
from tests.crash.tools import require

NAMES = ["a", "b/c", "b/link", "docs/.agent-mail/x", "été/ü", "line\nfeed", "z" * 200, "queue/agents/x/.gitkeep", "zz"]


class Repository:
    """A git repository in which nothing of the user's configuration counts."""

    def __init__(self, top: Path, *options: str) -> None:
        require("git")
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self("init", "-q", *options)

    def __call__(self, *words: str, given: bytes = b"") -> bytes:
        environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "GIT_CONFIG_NOSYSTEM": "1"}
        author = ("-c", "user.name=x", "-c", "user.email=x@x")
        return subprocess.run(
            ["git", *author, *words], cwd=self.top, env=environ, input=given, capture_output=True, check=True
        ).stdout

    def write(self, *names: str) -> None:
        for name in names:
            (self.top / name).parent.mkdir(parents=True, exist_ok=True)
            (self.top / name).touch()

    def tracks(self, path: str) -> bool:
        """Return whether amq finds that PATH is tracked."""
        return tracks(str(self.top), str(self.top / ".git"), str(self.top / path))


@pytest.mark.parametrize("form", ["sha1", "sha256"])
@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("extended", [False, True])
def test_every_form_of_an_index_is_read_as_git_reads_it(
    tmp_path: Path, form: str, version: str, split: bool, extended: bool
) -> None:
    git = Repository(tmp_path, f"--object-format={form}")
    git.write(*NAMES)
    git("add", "a", "b", "zz")
    git("update-index", "--index-version", version)
    if split:
        git("update-index", "--split-index")
    if extended:
        git("add", "-N", ".")  # an extended flag makes it version 3
    git("add", "-A")
    if extended:
        git.write("intended")
        git("add", "-N", "intended")
    listed = {name for name in git("ls-files", "-z").split(b"\0") if name}
    entries, shared = read_index((tmp_path / ".git" / "index").read_bytes(), 20 if form == "sha1" else 32)
    assert bool(shared) is split
    if not split:
        assert {name for name, _ in entries} == listed
    for path in (*NAMES, "b", "docs", "docs/.agent-mail", "queue", "QUEUE", "Queue/Agents", ".", "été"):
        assert git.tracks(path), path
    for path in ("ab", "que", "queue2", ".agent-mail", "b/d", "zzz", "agents"):
        assert not git.tracks(path), path


def test_a_repository_without_an_index_tracks_nothing(tmp_path: Path) -> None:
    assert not Repository(tmp_path).tracks(".agent-mail")


def test_a_link_that_leads_to_the_queue_counts(tmp_path: Path) -> None:
    git = Repository(tmp_path / "r")
    (git.top / "mail").symlink_to(tmp_path)
    git("add", "mail")
    assert git.tracks("mail")
    assert git.tracks("mail/.agent-mail")


def test_a_submodule_answers_for_itself(tmp_path: Path) -> None:
    git = Repository(tmp_path / "r")
    inner = Repository(git.top / "sub")
    inner.write("x")
    inner("add", "x")
    inner("commit", "-qm", "x")
    git("add", "sub")
    assert git.tracks("sub")
    assert not git.tracks("sub/.agent-mail")


def test_a_sparse_index_counts_whole_directories(tmp_path: Path) -> None:
    git = Repository(tmp_path)
    git.write("in/x", "out/deep/.agent-mail/x", "top")
    git("add", "-A")
    git("commit", "-qm", "x")
    git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
    names = [name for name, _ in read_index((tmp_path / ".git" / "index").read_bytes())[0]]
    assert b"out/" in names
    assert git.tracks("out/deep/.agent-mail")
    assert not git.tracks("in/.agent-mail")


def test_every_repository_around_is_found_nearest_first(tmp_path: Path) -> None:
    outer, inner = Repository(tmp_path / "o"), Repository(tmp_path / "o" / "p" / "i")
    inner("commit", "-q", "--allow-empty", "-m", "x")
    inner("worktree", "add", "-q", str(tmp_path / "o" / "tree"))
    (tmp_path / "o" / "p" / ".git").mkdir()  # as some sandboxes leave it about
    found = list(enclosing_repositories(str(inner.top / "x" / ".agent-mail")))
    assert [top for top, _ in found][:2] == [str(inner.top), str(outer.top)]
    worktree = next(enclosing_repositories(str(tmp_path / "o" / "tree" / ".agent-mail")))
    assert worktree[0] == str(tmp_path / "o" / "tree")
    assert os.path.samefile(worktree[1], inner.top / ".git" / "worktrees" / "tree")
    assert next(enclosing_repositories(str(inner.top)))[0] == str(inner.top)


@pytest.mark.parametrize("pointer", ["gitdir: nowhere\n", "nonsense\n", ""])
def test_a_pointer_that_leads_nowhere_is_not_known_to_track_nothing(tmp_path: Path, pointer: str) -> None:
    (tmp_path / ".git").write_text(pointer)
    ((top, git_directory),) = enclosing_repositories(str(tmp_path / ".agent-mail"))
    with pytest.raises(UnreadableIndex, match="does not lead to a repository"):
        tracks(top, git_directory, str(tmp_path / ".agent-mail"))


@pytest.mark.parametrize("form", ["sha1", "sha256"])
@pytest.mark.parametrize("split", [False, True])
def test_the_index_of_a_linked_worktree_is_of_its_repository_s_form(tmp_path: Path, form: str, split: bool) -> None:
    """The form is in the configuration that all worktrees share."""
    git = Repository(tmp_path / "r", f"--object-format={form}")
    git.write(*NAMES)
    git("add", "-A")
    git("commit", "-qm", "x")
    git("worktree", "add", "-q", str(tmp_path / "tree"))
    if split:
        git("-C", str(tmp_path / "tree"), "update-index", "--split-index")
    ((top, git_directory),) = enclosing_repositories(str(tmp_path / "tree" / "queue"))
    for path in NAMES:
        assert tracks(top, git_directory, f"{top}/{path}"), path
    assert not tracks(top, git_directory, f"{top}/.agent-mails")


@pytest.mark.parametrize("written", ["[extensions]\n\tobjectFormat = sha256\n", '[extensions] ObjectFormat="sha256"'])
def test_a_configuration_may_be_written_in_several_ways(tmp_path: Path, written: str) -> None:
    git = Repository(tmp_path, "--object-format=sha256")
    git.write("queue/x")
    git("add", "-A")
    (tmp_path / ".git" / "config").write_text(f"[core]\n\trepositoryformatversion = 1\n{written}")
    assert git("ls-files") == b"queue/x\n"
    assert git.tracks("queue")


def test_a_repository_whose_index_is_being_written_is_not_known_to_track_nothing(tmp_path: Path) -> None:
    """`git clone` writes the files first. An older index still counts."""
    git = Repository(tmp_path)
    (tmp_path / ".git" / "index.lock").touch()
    with pytest.raises(UnreadableIndex, match="is cloning it"):
        git.tracks(".agent-mail")
    (tmp_path / ".git" / "index.lock").unlink()
    git.write("a")
    git("add", "a")
    (tmp_path / ".git" / "index.lock").touch()
    assert not git.tracks(".agent-mail")


@pytest.mark.parametrize("name", ["HEAD", "index.lock"])
def test_what_cannot_be_seen_is_not_known_to_track_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Repository(tmp_path)
    look, queue = os.lstat, tmp_path / ".agent-mail"
    queue.mkdir()

    def fail(path: str) -> os.stat_result:
        if path.endswith(f".git/{name}"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return look(path)

    assert why_untrusted(str(queue), PrivateState("")) == ""
    monkeypatch.setattr(os, "lstat", fail)
    assert "Input/output error" in why_untrusted(str(queue), PrivateState(""))


@pytest.mark.parametrize("name", ["index", "config"])
@pytest.mark.parametrize("what", ["fifo", "device", "directory"])
def test_nothing_is_waited_for_and_nothing_endless_is_read(tmp_path: Path, name: str, what: str) -> None:
    git = Repository(tmp_path)
    git.write("b/c")
    git("add", "b")
    path = tmp_path / ".git" / name
    path.unlink()
    if what == "fifo":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(UnreadableIndex, match="cannot be read"):
        git.tracks("b")


@pytest.mark.parametrize("damage", ["nothing of an index", "DIRC\0\0\0\x05\0\0\0\0"])
def test_an_index_that_is_not_understood_is_not_known_to_track_nothing(tmp_path: Path, damage: str) -> None:
    git = Repository(tmp_path)
    (tmp_path / ".git" / "index").write_bytes(damage.encode())
    with pytest.raises(UnreadableIndex):
        git.tracks(".agent-mails")


def test_a_shared_index_that_is_missing_is_not_known_to_track_nothing(tmp_path: Path) -> None:
    git = Repository(tmp_path)
    git.write("a", "queue/x")
    git("add", "-A")
    git("update-index", "--split-index")
    for shared in (tmp_path / ".git").glob("sharedindex.*"):
        shared.unlink()
    with pytest.raises(UnreadableIndex, match="shared index is missing"):
        git.tracks(".agent-mail")


@given(st.integers(2, 4), st.integers(0, 4), st.binary(max_size=200))
def test_a_damaged_index_raises_nothing_else(version: int, count: int, rest: bytes) -> None:
    data = b"DIRC" + version.to_bytes(4, "big") + count.to_bytes(4, "big") + rest
    with suppress(UnreadableIndex):
        read_index(data)


def test_nothing_of_the_repository_is_run(tmp_path: Path) -> None:
    git = Repository(tmp_path / "r")
    git.write(".agent-mail/x")
    git("add", "-Af")
    run = f"touch {tmp_path}/run"
    for name in ("core.fsmonitor", "core.sshCommand", "alias.ls-files"):
        git("config", name, f"!{run}" if name.startswith("alias") else run)
    assert git.tracks(".agent-mail")
    assert not (tmp_path / "run").exists()
