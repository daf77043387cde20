"""One repository, one queue: every layout that git itself makes, and the directories around it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from amq import config, git_repository
from amq.config import ABOVE, Setting
from tests.crash.tools import require


@pytest.fixture
def place(tmp_path: Path) -> Path:
    require("git")
    return tmp_path / "place"


def git(cwd: Path, *words: str) -> None:
    cwd.mkdir(parents=True, exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "GIT_CONFIG_NOSYSTEM": "1"}
    usual = ("-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main")
    allowed = ("-c", "protocol.file.allow=always")
    subprocess.run(["git", *usual, *allowed, *words], cwd=cwd, env=environ, check=True, capture_output=True)


def seed(place: Path) -> Path:
    """Make an ordinary repository with a commit."""
    git(place, "init", "-q")
    git(place, "commit", "-q", "--allow-empty", "-m", "x")
    return place


def ordinary(place: Path) -> list[Path]:
    main = seed(place / "main")
    git(main, "worktree", "add", "-q", "../feat")
    git(main, "worktree", "add", "-q", "inside/fix")
    return [main, main / "inside" / "fix", place / "feat"]


def bare_with_a_pointer(place: Path) -> list[Path]:
    """Make a bare repository as users have it who keep all of their worktrees in one directory."""
    project = place / "project"
    git(project, "clone", "-q", "--bare", str(seed(place / "seed")), ".bare")
    (project / ".git").write_text("gitdir: ./.bare\n")
    git(project, "worktree", "add", "-q", "main")
    git(project, "worktree", "add", "-q", "-b", "feat", "feat")
    return [project, project / "main", project / "feat"]


def bare(place: Path) -> list[Path]:
    git(place, "clone", "-q", "--bare", str(seed(place / "seed")), "one.git")
    git(place / "one.git", "worktree", "add", "-q", "../main")
    git(place / "one.git", "worktree", "add", "-q", "-b", "feat", "../far/feat")
    return [place / "one.git", place / "main", place / "far" / "feat"]


def separate(place: Path) -> list[Path]:
    (place / "elsewhere").mkdir(parents=True)
    git(place / "work", "init", "-q", "--separate-git-dir", str(place / "elsewhere" / "repository"))
    git(place / "work", "commit", "-q", "--allow-empty", "-m", "x")
    git(place / "work", "worktree", "add", "-q", "../feat")
    return [place / "work", place / "feat"]


def linked(place: Path) -> list[Path]:
    """Make a repository whose `.git` is a symbolic link."""
    work = seed(place / "work")
    (place / "far").mkdir()
    (work / ".git").rename(place / "far" / ".git")
    (work / ".git").symlink_to(place / "far" / ".git")
    git(work, "worktree", "add", "-q", "../feat")
    return [work, place / "feat"]


def submodule(place: Path) -> list[Path]:
    outer = seed(place / "outer")
    git(outer, "submodule", "add", "-q", str(seed(place / "seed")), "deep/sub")
    git(outer, "commit", "-qm", "sub")
    git(outer / "deep" / "sub", "worktree", "add", "-q", str(place / "sub-feat"))
    git(outer, "worktree", "add", "-q", "../outer-feat")
    return [outer, outer / "deep" / "sub", place / "outer-feat"]


def submodule_of_a_worktree(place: Path) -> list[Path]:
    outer, _, feat = submodule(place)
    git(feat, "submodule", "update", "-q", "--init")
    return [outer, feat, feat / "deep" / "sub"]


LAYOUTS = [ordinary, bare_with_a_pointer, bare, separate, linked, submodule, submodule_of_a_worktree]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_worktrees_have_one_queue_wherever_it_was_made(place: Path, layout: object) -> None:
    assert callable(layout)
    tops = layout(place)
    made = {config.new_root(None, {}, str(top)).value for top in tops if (top / ".git").exists()}
    assert len(made) == 1
    Path(made.pop()).mkdir()
    found = set()
    for top in tops:
        (top / "src").mkdir(exist_ok=True)
        found |= {config.find_root(None, {}, str(cwd)) for cwd in (top, top / "src")}
    assert len(found) == 1
    assert None not in found


def test_a_worktree_of_a_submodule_shares_with_the_submodule(place: Path) -> None:
    outer, sub, _ = submodule(place)
    (sub / ".agent-mail").mkdir()
    (outer / ".agent-mail").mkdir()
    for cwd in (sub, place / "sub-feat"):
        assert config.find_root(None, {}, str(cwd)) == Setting(str(sub / ".agent-mail"), "found")
    assert config.find_root(None, {}, str(outer)) == Setting(str(outer / ".agent-mail"), "found")


def test_a_repository_inside_another_is_not_a_submodule(place: Path) -> None:
    outer = seed(place / "outer")
    inner = seed(outer / "inner")
    assert git_repository.superproject_of(str(inner)) is None
    assert config.new_root(None, {}, str(inner)).value == str(inner / ".agent-mail")


def test_a_queue_above_the_repository_is_not_its_own(place: Path) -> None:
    main, _, feat = ordinary(place)
    (place / ".agent-mail").mkdir()
    assert config.find_root(None, {}, str(feat)) == Setting(str(place / ".agent-mail"), ABOVE)
    (main / ".agent-mail").mkdir()
    for cwd in (main, feat):
        assert config.find_root(None, {}, str(cwd)) == Setting(str(main / ".agent-mail"), "found")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_stranger_s_queue_above_the_repository_is_passed_by(place: Path) -> None:
    main = seed(place / "near" / "main")
    for path in (place / "near", place):
        (path / ".agent-mail").mkdir()
    os.chown(place / "near" / ".agent-mail", 12345, 12345)
    assert config.find_root(None, {}, str(main)) == Setting(str(place / ".agent-mail"), ABOVE)


def test_where_there_is_no_repository_nothing_is_above(place: Path) -> None:
    (place / "a" / "b").mkdir(parents=True)
    (place / ".agent-mail").mkdir()
    assert config.find_root(None, {}, str(place / "a" / "b")) == Setting(str(place / ".agent-mail"), "found")


@pytest.mark.parametrize("pointer", ["gitdir: nowhere\n", "nonsense", ""])
def test_a_pointer_that_leads_nowhere_is_the_top_of_itself(place: Path, pointer: str) -> None:
    place.mkdir()
    (place / ".git").write_text(pointer)
    assert git_repository.top_of(str(place / "src")) == str(place)
    assert git_repository.git_directory(str(place)) is None
    assert git_repository.home_of(str(place)) == str(place)
    assert git_repository.superproject_of(str(place)) is None


@pytest.mark.parametrize("what", ["fifo", "device", "zero byte", "directory"])
@pytest.mark.parametrize("name", ["commondir", "config"])
def test_what_no_git_has_written_is_passed_by(place: Path, name: str, what: str) -> None:
    """Nothing is waited for, and no path has a zero byte."""
    main = seed(place / "main")
    path = main / ".git" / name
    path.unlink(missing_ok=True)
    if what == "fifo":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "directory":
        path.mkdir()
    else:
        path.write_text("[core]\nworktree = a\0b\n")
    assert git_repository.home_of(str(main)) == str(main)
    (main / "sub").mkdir()
    assert config.find_root(None, {}, str(main / "sub")) is None
    assert config.new_root(None, {}, str(main / "sub")).value == str(main / ".agent-mail")
