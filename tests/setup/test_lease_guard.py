"""`amq lease guard`, with git itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import ANY

import pytest

import amq as package
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from tests.conftest import Result, Shell
from tests.seeds import SOAK

PROGRAMS = Path(sys.executable).parent
EXEC = "#!/usr/bin/env bash\nset -eu\necho theirs >>ran\nexec true\n"


@dataclass
class Repository:
    """A repository with a queue, in which bob works, and has a lease on `src/`."""

    place: Path
    amq: Shell
    environ: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str, me: str = "alice", cwd: str = "", **environ: str) -> Result:
        """Run git as the agent ME."""
        done = subprocess.run(
            ["git", *words], cwd=self.place / cwd, env=self.environ | {"AM_ME": me} | environ,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def commit(self, path: str, me: str = "alice", cwd: str = "", **environ: str) -> Result:
        """Change a file, and commit it."""
        (self.place / cwd / path).parent.mkdir(exist_ok=True)
        with (self.place / cwd / path).open("a") as file:
            file.write(f"{me}\n")
        self.git("add", ".", cwd=cwd)
        return self.git("commit", "-m", "x", me=me, cwd=cwd, **environ)

    def guard(self, *words: str) -> Result:
        """Call `amq lease guard`."""
        return self.amq("lease", "guard", *words, me=None)

    @property
    def hook(self) -> Path:
        return self.place / ".git" / "hooks" / "pre-commit"

    def theirs(self, text: str, mode: int = 0o755) -> None:
        """Make a hook of another tool."""
        self.hook.parent.mkdir(exist_ok=True)
        self.hook.write_text(text)
        self.hook.chmod(mode)


@pytest.fixture
def repository(amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    environ = {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"],
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        **{f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    for name in ("PATH", "HOME", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.setenv(name, environ[name])
    made = Repository(amq.project, amq, environ)
    (amq.project / ".git" / "HEAD").unlink()
    made.git("init", "-q", "-b", "main", "--template=")
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    amq.ok("lease", "take", "src/", "--why=the lexer", me="bob")
    yield made
    claim.release()


def test_it_warns_of_a_commit_and_lets_it_pass(repository: Repository) -> None:
    assert "changed" in repository.guard("install", "--yes").out
    warned = repository.commit("src/a.py")
    assert warned.code == 0
    assert "this commit has what another agent reserved: src/: bob has a lease" in warned.err
    assert "amq send --to bob" in warned.err
    for path, me in (("docs/a.md", "alice"), ("src/a.py", "bob"), ("src/a.py", "stranger")):
        quiet = repository.commit(path, me)
        assert (quiet.code, "amq:" in quiet.err) == (0, False), (path, me)


def test_it_stops_a_commit_on_request_unless_that_is_ignored(repository: Repository) -> None:
    repository.guard("install", "--yes")
    repository.guard("install", "--block", "--yes")
    stopped = repository.commit("src/a.py")
    assert (stopped.code, "AMQ_LEASE=ignore git commit" in stopped.err) == (1, True)
    assert repository.commit("src/a.py", AMQ_LEASE="ignore").code == 0
    repository.amq.ok("lease", "free", "--all", me="bob")
    assert repository.commit("src/a.py").code == 0


def test_a_renamed_and_a_removed_file_count(repository: Repository) -> None:
    repository.commit("src/a.py")
    repository.guard("install", "--block", "--yes")
    repository.git("mv", "src/a.py", "a.py")
    assert repository.git("commit", "-m", "x").code == 1


@pytest.mark.parametrize("program", ["exit 1", "echo x; exit 2", "exec sleep 0"])
def test_where_amq_fails_the_commit_goes_on(repository: Repository, tmp_path: Path, program: str) -> None:
    repository.guard("install", "--block", "--yes")
    fake = tmp_path / "programs" / "amq"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{program}\n")
    fake.chmod(0o755)
    assert repository.commit("src/a.py", PATH=f"{fake.parent}:{os.environ['PATH']}").code == 0


def test_merges_and_rebases_go_on(repository: Repository) -> None:
    repository.commit("src/a.py", "bob")
    repository.git("checkout", "-q", "-b", "other")
    repository.commit("src/a.py", "bob")
    repository.git("checkout", "-q", "main")
    repository.commit("src/a.py", "carol")
    repository.guard("install", "--block", "--yes")
    for act, goes_on in (("merge", ("commit", "-qm", "merged")), ("rebase", ("commit", "-qm", "rebased"))):
        before = repository.git("rev-parse", "HEAD").out.strip()
        assert repository.git(act, "other").code == 1
        (repository.place / "src" / "a.py").write_text(f"resolved by {act}")
        repository.git("add", ".")
        assert repository.git(*goes_on).code == 0, act
        repository.git("rebase", "--abort")
        repository.git("reset", "-q", "--hard", before)
    assert repository.commit("src/a.py").code == 1


def test_all_work_trees_have_it_and_their_leases_are_their_own(repository: Repository) -> None:
    repository.commit("a")
    repository.git("worktree", "add", "-q", "../linked")
    repository.guard("install", "--block", "--yes")
    linked = repository.commit("src/a.py", cwd="../linked")
    assert (linked.code, "amq:" in linked.err) == (0, False)
    assert repository.commit("src/a.py").code == 1


def test_a_bare_repository_and_a_hooks_path(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.git("clone", "-q", "--bare", "--template=", ".", "../bare.git")
    monkeypatch.chdir(repository.place / ".." / "bare.git")
    assert repository.amq("--root", str(repository.amq.root), "lease", "guard", "install", "--yes", me=None).code == 0
    assert os.access("hooks/pre-commit", os.X_OK)
    monkeypatch.chdir(repository.place)
    repository.git("config", "core.hooksPath", "../hooks")
    repository.guard("install", "--block", "--yes")
    assert (repository.place / ".." / "hooks" / "pre-commit").exists()
    assert not repository.hook.exists()
    assert repository.commit("src/a.py").code == 1


def test_a_shell_script_of_another_tool_keeps_every_byte(repository: Repository) -> None:
    repository.theirs(EXEC, 0o750)
    for _ in range(2):
        repository.guard("install", "--block", "--yes")
    assert repository.hook.read_text().count(">>> amq lease guard") == 1
    assert repository.commit("src/a.py").code == 1
    assert repository.commit("src/a.py", AMQ_LEASE="ignore").code == 0
    assert (repository.place / "ran").read_text() == "theirs\n"
    assert "changed" in repository.guard("uninstall", "--yes").out
    assert (repository.hook.read_text(), repository.hook.stat().st_mode & 0o777) == (EXEC, 0o750)
    assert "nothing to do" in repository.guard("uninstall", "--yes").out


@pytest.mark.parametrize(("text", "mode", "why"), [
    ("#!/usr/bin/env python3\n", 0o755, "is not a shell script"),
    ("echo\n", 0o755, "is not a shell script"),
    (EXEC, 0o644, "is not executable"),
    ("#!/bin/sh\n\udcff\n", 0o755, "is not UTF-8"),
])  # fmt: skip
def test_another_hook_is_refused_and_stays(repository: Repository, text: str, mode: int, why: str) -> None:
    repository.theirs("", mode)
    repository.hook.write_bytes(data := text.encode(errors="surrogateescape"))
    refused = repository.guard("install", "--yes")
    assert (refused.code, why in refused.err) == (1, True)
    assert repository.hook.read_bytes() == data


def test_a_link_is_refused_with_the_line_to_add(repository: Repository) -> None:
    repository.theirs(EXEC)
    repository.hook.rename(repository.place / "script")
    repository.hook.symlink_to("../../script")
    refused = repository.guard("install", "--yes")
    assert refused.code == 1
    call = "git diff --cached --name-only --no-renames -z | amq lease guard check"
    assert f"call from it: {call} || :\n" in refused.err
    stops = f"case $({call} --block) in block) exit 1 ;; esac"
    assert f"call from it: {stops}\n" in repository.guard("install", "--block", "--yes").err
    assert (repository.place / "script").read_text() == EXEC


@pytest.mark.parametrize("link", [".githooks", ".githooks/pre-commit"])
def test_nothing_is_written_where_a_link_of_the_repository_leads(
    repository: Repository, tmp_path: Path, link: str
) -> None:
    """A clone may bring the link, which may lead nowhere yet."""
    repository.git("config", "core.hooksPath", ".githooks")
    outside = tmp_path / "outside"
    outside.mkdir()
    path = repository.place / link
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(outside if link == ".githooks" else outside / "new")
    refused = repository.guard("install", "--yes")
    assert (refused.code, os.listdir(outside)) == (1, [])
    assert str(outside) in refused.err


def test_a_clone_s_leases_stop_no_commit_until_its_queue_is_trusted(repository: Repository) -> None:
    """Nor does an agent that commits read a stranger's words."""
    (repository.place / ".agent-mail" / ".gitignore").unlink()
    repository.git("add", "-f", ".agent-mail/meta")
    repository.guard("install", "--block", "--yes")
    assert repository.commit("src/a.py") == Result(0, ANY, "")
    repository.amq.ok("trust", me=None)
    assert repository.commit("src/a.py").code == 1


def test_a_hook_of_husky_is_refused_and_the_line_to_add_works(repository: Repository) -> None:
    """As husky 9 makes them. It runs the user's script by `sh -e`."""
    made = repository.place / ".husky" / "_"
    made.mkdir(parents=True)
    (made / "h").write_text(
        's=$(dirname "$(dirname "$0")")/${0##*/}\n[ -f "$s" ] || exit 0\nsh -e "$s" "$@"\nexit $?\n'
    )
    (made / "pre-commit").write_text('#!/usr/bin/env sh\n. "$(dirname "$0")/h"')
    (made / "pre-commit").chmod(0o755)
    repository.git("config", "core.hooksPath", ".husky/_")
    for options, code in (((), 0), (("--block",), 1)):
        refused = repository.guard("install", *options, "--yes")
        assert (refused.code, "husky writes" in refused.err) == (1, True)
        script, _, call = refused.err.strip().partition("call from ")[2].partition(": ")
        assert Path(script) == repository.place / ".husky" / "pre-commit"
        Path(script).write_text(call + "\n")
        committed = repository.commit("src/a.py")
        assert (committed.code, "this commit has what another agent reserved" in committed.err) == (code, True)
        assert repository.commit("src/a.py", PATH="/usr/bin:/bin").code == 0, "without amq"
    assert (made / "pre-commit").read_text().endswith('/h"')


@pytest.mark.skipif(not SOAK, reason="AMQ_SOAK=1 runs it")
def test_pre_commit_and_the_guard_both_check(repository: Repository) -> None:
    """The program itself, before and after the guard."""
    (repository.place / ".pre-commit-config.yaml").write_text(
        "repos: [{repo: local, hooks: [{id: x, name: x, language: system, entry: sh -c 'echo ran >>.git/ran', "
        "always_run: true, pass_filenames: false}]}]\n"
    )
    environ = repository.environ | {"AM_ME": "alice"}

    def installs() -> None:
        subprocess.run([PROGRAMS / "pre-commit", "install"], cwd=repository.place, env=environ, check=True)

    def check() -> None:
        assert repository.commit("src/a.py").code == 1
        assert repository.commit("src/a.py", AMQ_LEASE="ignore").code == 0
        (repository.place / ".git" / "ran").unlink()

    installs()
    before = repository.hook.read_bytes()
    repository.guard("install", "--block", "--yes")
    check()
    repository.guard("uninstall", "--yes")
    assert repository.hook.read_bytes() == before
    repository.hook.unlink()
    repository.guard("install", "--block", "--yes")
    installs()
    check()


def test_work_trees_of_a_bare_repository_have_it(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit("a")
    repository.git("clone", "-q", "--bare", "--template=", ".", "../bare.git")
    repository.git("worktree", "add", "-q", "../../tree", "main", cwd="../bare.git")
    tree = repository.place.parent.parent / "tree"
    environ = {"AM_ROOT": str(repository.amq.root)}
    monkeypatch.chdir(tree)
    amq = repository.amq
    assert amq("--root", str(amq.root), "lease", "take", "src/", me="bob").code == 0
    assert amq("--root", str(amq.root), "lease", "guard", "install", "--block", "--yes", me=None).code == 0
    stopped = repository.commit("src/a.py", cwd=str(tree), **environ)
    assert (stopped.code, "src/: bob has a lease" in stopped.err) == (1, True)
    assert repository.commit("src/a.py", me="bob", cwd=str(tree), **environ).code == 0


def test_a_submodule_is_a_part_of_the_tree_around_it(repository: Repository) -> None:
    repository.commit("a")
    repository.git("clone", "-q", "--template=", ".", "../other")
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", "../other", "src/part")
    hook = repository.place / ".git" / "modules" / "src" / "part" / "hooks" / "pre-commit"
    repository.guard("install", "--block", "--yes")
    hook.parent.mkdir(exist_ok=True)
    hook.write_bytes(repository.hook.read_bytes())
    hook.chmod(0o755)
    stopped = repository.commit("x.py", cwd="src/part")
    assert (stopped.code, "src/: bob has a lease" in stopped.err) == (1, True)


def test_a_hook_that_amq_made_is_removed(repository: Repository) -> None:
    repository.guard("install", "--dry-run")
    assert not repository.hook.exists()
    repository.guard("install", "--yes")
    assert repository.hook.stat().st_mode & 0o777 == 0o755
    assert "removed" in repository.guard("uninstall", "--yes").out
    assert not repository.hook.exists()
    assert "nothing to do" in repository.guard("uninstall", "--yes").out
    repository.theirs("#!/bin/sh\n")
    repository.guard("uninstall", "--yes")
    assert repository.hook.exists()


def test_many_paths_are_checked_in_part(repository: Repository) -> None:
    names = b"".join(b"x%d\0" % number for number in range(2000))
    assert "only the first 2000 of 2001" in repository.amq("lease", "guard", "check", stdin=names + b"y\0").err
    assert repository.amq("lease", "guard", "check", "--block", stdin=names + b"src/a\0").out == ""
    last = repository.amq("lease", "guard", "check", "--block", stdin=b"x\0src/\xff\n\0")
    assert (last.code, last.out) == (0, "block")


def test_without_a_repository_or_git_it_says_so(amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "git finds no repository" in amq("lease", "guard", "install", "--yes").err
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git was not found" in amq("lease", "guard", "install", "--yes").err
    assert amq("lease", "guard", "install").code == 2
