"""Effects of git on a queue inside a repository, in each layout: none, unless it is asked to add ignored files."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amq import git_repository
from amq.runtime.private_state import private_state
from amq.setup import checks_queue, doctor
from tests.conftest import Shell
from tests.setup.conftest import require

Layout = Callable[[Path], Path]


def git(place: Path, *words: str) -> str:
    """Run git without the user's configuration; return its output."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "GIT_CONFIG_NOSYSTEM": "1"}
    settings = ("user.name=x", "user.email=x@x", "protocol.file.allow=always", "init.defaultBranch=main")
    options = [word for setting in settings for word in ("-c", setting)]
    return subprocess.run(
        ["git", *options, *words], cwd=place, env=environ, capture_output=True, text=True, check=True
    ).stdout


def seeded(place: Path, *options: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    git(place, "init", "-q", *options)
    (place / "file").write_text("x")
    git(place, "add", "file")
    git(place, "commit", "-q", "-m", "1")
    return place


def plain(place: Path) -> Path:
    return seeded(place / "project")


def worktree(place: Path) -> Path:
    git(seeded(place / "project"), "worktree", "add", "-q", "-b", "w", "../beside")
    return place / "beside"


def worktree_inside(place: Path) -> Path:
    git(seeded(place / "project"), "worktree", "add", "-q", "-b", "w", "trees/w")
    return place / "project" / "trees" / "w"


def bare_with_worktrees(place: Path) -> Path:
    (place / "project").mkdir(parents=True)
    git(place, "clone", "-q", "--bare", str(seeded(place / "seed")), "project/.bare")
    (place / "project" / ".git").write_text("gitdir: ./.bare\n")
    git(place / "project", "worktree", "add", "-q", "main")
    return place / "project" / "main"


def bare_beside_worktrees(place: Path) -> Path:
    git(place, "clone", "-q", "--bare", str(seeded(place / "seed")), "one.git")
    git(place / "one.git", "worktree", "add", "-q", "../tree", "main")
    return place / "tree"


def separate(place: Path) -> Path:
    return seeded(place / "project", "--separate-git-dir", "../elsewhere")


def linked(place: Path) -> Path:
    seeded(place / "project")
    (place / "project" / ".git").rename(place / "elsewhere")
    (place / "project" / ".git").symlink_to("../elsewhere")
    return place / "project"


def submodule(place: Path) -> Path:
    outer = seeded(place / "project")
    git(outer, "submodule", "add", "-q", str(seeded(place / "seed")), "sub")
    git(outer, "commit", "-q", "-m", "2")
    return outer / "sub"


def with_settings_of_the_go_program(place: Path) -> Path:
    (plain(place) / ".amqrc").write_text('{"root": ".agent-mail"}\n')
    return place / "project"


LAYOUTS: tuple[Layout, ...] = (
    plain, worktree, worktree_inside, bare_with_worktrees, bare_beside_worktrees, separate, linked, submodule,
    with_settings_of_the_go_program,
)  # fmt: skip


@pytest.fixture
def used(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A queue that is made in a working directory, with mail that is new, read, dead and acknowledged."""
    require("git")

    def use(place: Path, *options: str) -> Path:
        monkeypatch.chdir(place)
        made = shell("init", "--agents", "alice,bob", *options, me=None)
        root = Path(made.out.removeprefix("Initialized AMQ root at ").strip())
        (root / "agents" / "bob" / "inbox" / "new" / "bad.md").write_text("x")
        for number in range(2):
            assert shell("send", "--to", "bob", "--ack", "--body", str(number), "--new-id", f"m{number}").code == 0
        assert shell("drain", "--limit", "2", me="bob").code == 0
        assert shell("presence", "set", "--status", "busy", me="bob").code == 0
        return root

    return use


def content(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in root.rglob("*")}


def work_trees(work: Path, root: Path) -> list[Path]:
    """Return the work trees from which the queue might be seen."""
    found = []
    for place in {work, work.parent, root.parent}:
        if (place / ".git").exists() and git_repository.has_work_tree(str(place)):
            assert git(place, "rev-parse", "--is-inside-work-tree") == "true\n"
            found.append(place)
    return found


def findings(root: Path) -> list[str]:
    machine = doctor.this_machine(os.environ, str(root), "1")
    return [finding.text for finding in checks_queue.git(str(root), machine)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_git_leaves_a_queue_alone(tmp_path: Path, used: Callable[..., Path], layout: Layout) -> None:
    work = layout(tmp_path / "git")
    root = used(work)
    before, taken = content(root), False
    for place in work_trees(work, root):
        (place / "file").write_text("more")
        (place / "junk").touch()
        git(place, "stash", "-u")
        assert content(root) == before
        git(place, "stash", "pop")
        git(place, "add", "-A")
        assert root.name not in git(place, "status", "--porcelain", "--untracked-files=all")
        git(place, "reset", "-q")
        git(place, "clean", "-q", "-f", "-d")
        assert (content(root), (place / "junk").exists()) == (before, False)
        taken |= root.name in git(place, "clean", "-n", "-f", "-d", "-x")
        assert root.name not in git(place, "clean", "-n", "-f", "-d", "-x", "-e", root.name)
    assert [text.startswith("git clean -fdx and git stash -a") for text in findings(root)] == [True] * taken


def test_a_queue_of_a_worktrees_own_goes_with_its_ignored_files(tmp_path: Path, used: Callable[..., Path]) -> None:
    for layout in (worktree, bare_with_worktrees):
        work = layout(tmp_path / layout.__name__)
        root = used(work, "--here")
        assert root == work / ".agent-mail"
        assert [text.startswith("git clean -fdx") for text in findings(root)] == [True]
        git(work, "clean", "-q", "-f", "-d", "-x")
        assert not root.exists()


def test_one_that_git_does_not_ignore_is_named(tmp_path: Path, used: Callable[..., Path]) -> None:
    work = plain(tmp_path / "git")
    root = used(work)
    (root / ".gitignore").unlink()
    assert [text.partition(":")[0] for text in findings(root)] == ["git does not ignore it"]
    (work / ".git" / "info" / "exclude").write_text("# .agent-mail\n/.agent-mail/\n")
    assert [text.partition(" -")[0] for text in findings(root)] == ["git clean"]


def test_it_is_said_once(tmp_path: Path, used: Callable[..., Path], shell: Shell) -> None:
    root = used(plain(tmp_path / "git"))
    first, second = shell("doctor", "--fix", me=None), shell("doctor", me=None)
    assert (first.out.count("git clean"), second.out.count("git clean")) == (2, 0), "in the text and its remedy"
    assert "note: git: " in first.out
    assert first.code == second.code
    assert findings(root) == []
    root.rename(root.with_name("moved"))
    assert (
        shell("doctor", "--root", str(root.with_name("moved")), "--json", me=None).out.count("git clean -fdx -e") == 1
    )


def test_where_nothing_private_can_be_kept_it_is_said_each_time(
    tmp_path: Path, used: Callable[..., Path], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    used(plain(tmp_path / "git"))
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", "/proc/none")
    assert [shell("doctor", me=None).out.count("note: git: ") for _ in range(2)] == [1, 1]


@pytest.fixture
def home() -> Iterator[Path]:
    """A home directory that is a repository; no private file is kept below the usual temporary directory."""
    require("git")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as path:
        yield seeded(Path(path))


def test_what_is_private_is_left_alone_in_a_home_that_is_a_repository(home: Path) -> None:
    state = private_state({"HOME": str(home)}, ())
    assert state.directory
    private = Path(state.of_agent("/q", "bob").directory)
    (private / "wakes.jsonl").write_text("x")
    (home / "file").write_text("more")
    git(home, "add", "-A")
    assert git(home, "diff", "--cached", "--name-only") == "file\n"
    git(home, "stash", "-u")
    git(home, "clean", "-q", "-f", "-d")
    assert (private / "wakes.jsonl").read_text() == "x"
