"""The queue's location and the caller's handle."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from amq import config, procfs
from amq.config import Setting
from amq.errors import NotFound, Unsafe, UsageError

NOWHERE = "/nonexistent/a/b"
"""A working directory with no repository above it, wherever the tests run."""


def make(*parts: str | Path) -> str:
    path = Path(*parts)
    path.mkdir(parents=True)
    return str(path)


def make_repository(*parts: str | Path) -> None:
    Path(make(*parts, ".git"), "HEAD").touch()


def test_what_python_adds_is_not_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the C locale Python sets LC_CTYPE. Where the system does not show the original environment, it stays."""
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
    monkeypatch.setattr(procfs, "PROC", str(tmp_path))
    assert "LC_CTYPE" in config.environment()
    (tmp_path / "self").mkdir()
    for given, stays in ((b"A=1\0XLC_CTYPE=\0LC_CTYPE2=\0", False), (b"A=1\0LC_CTYPE=C.UTF-8\0", True)):
        (tmp_path / "self" / "environ").write_bytes(given)
        assert ("LC_CTYPE" in config.environment()) == stays


# -- a queue that is there --------------------------------------------------------------------------------------------


def test_the_nearest_ancestor_has_it(tmp_path: Path) -> None:
    make(tmp_path, ".agent-mail")
    near, below = make(tmp_path, "a", ".agent-mail"), make(tmp_path, "a", "b", "c")
    assert config.find_root(None, {}, below) == Setting(near, "found")


def test_the_working_directory_is_looked_at_first(tmp_path: Path) -> None:
    here = make(tmp_path, ".agent-mail")
    assert config.existing_root(None, {}, str(tmp_path)).value == here


def test_a_relative_name_is_looked_for_in_the_ancestors_too(tmp_path: Path) -> None:
    mail, below = make(tmp_path, "mail"), make(tmp_path, "a")
    assert config.find_root("mail", {}, below) == Setting(mail, "--root")
    assert config.find_root(None, {"AM_ROOT": "mail"}, below) == Setting(mail, "AM_ROOT")


@pytest.mark.parametrize("code", ["EIO", "ESTALE"])
def test_where_a_disk_fails_no_queue_above_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    above, near, below = (make(tmp_path, *parts) for parts in ([".agent-mail"], ["a", ".agent-mail"], ["a", "b"]))
    look, error = os.stat, OSError(getattr(errno, code), "x")

    def fail(path: str) -> os.stat_result:
        if path == near:
            raise error
        return look(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", fail)
        with pytest.raises(OSError, match="x"):
            config.find_root(None, {}, below)
        error = PermissionError(errno.EACCES, "a directory that may not be searched has no queue to use")
        assert config.find_root(None, {}, below) == Setting(above, "found")


@pytest.mark.parametrize(("name", "found"), [("./mail", False), ("../mail", True), ("../../mail", False)])
def test_a_name_with_dots_is_meant_from_here(tmp_path: Path, name: str, found: bool) -> None:
    make(tmp_path, "mail")
    assert (config.find_root(name, {}, make(tmp_path, "a")) is not None) is found


def test_the_option_wins_over_the_environment_and_that_over_discovery(tmp_path: Path) -> None:
    found, option, environment = (make(tmp_path, name) for name in (".agent-mail", "option", "environment"))
    environ = {"AM_ROOT": environment}
    assert config.find_root(option, environ, str(tmp_path)) == Setting(option, "--root")
    assert config.find_root(None, environ, str(tmp_path)) == Setting(environment, "AM_ROOT")
    assert config.find_root(None, {"AM_ROOT": ""}, str(tmp_path)) == Setting(found, "found")


def test_every_path_is_absolute_and_plain(tmp_path: Path) -> None:
    mail = make(tmp_path, "mail")
    assert config.find_root(f"{tmp_path}/x/../mail/", {}, "/") == Setting(mail, "--root")


@pytest.mark.parametrize("wanted", ["absolute/mail", "mail"])
def test_what_is_not_there_is_not_found_and_never_made(tmp_path: Path, wanted: str) -> None:
    if wanted == "absolute/mail":
        wanted = str(tmp_path / wanted)
    with pytest.raises(NotFound, match="no queue") as refused:
        config.existing_root(wanted, {}, str(tmp_path))
    assert wanted in refused.value.message
    assert "amq init" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_not_found_says_where_it_looked() -> None:
    with pytest.raises(NotFound, match=f"no queue .agent-mail in {NOWHERE} or above it"):
        config.existing_root(None, {}, NOWHERE)


def test_a_file_of_that_name_is_not_a_queue(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("")
    assert config.find_root("mail", {}, str(tmp_path)) is None


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """A linked git worktree of the repository `main` beside it."""
    private = make(tmp_path, "main", ".git", "worktrees", "linked")
    Path(private, "commondir").write_text("../..\n")
    for directory in (private, tmp_path / "main" / ".git"):
        Path(directory, "HEAD").touch()
    linked = Path(make(tmp_path, "linked"))
    (linked / ".git").write_text(f"gitdir: {private}\n")
    return linked


def test_a_linked_worktree_shares_the_queue_of_the_main_one(tmp_path: Path, worktree: Path) -> None:
    shared = make(tmp_path, "main", ".agent-mail")
    assert config.find_root(None, {}, make(worktree, "src")) == Setting(shared, "found")


def test_a_worktrees_own_queue_goes_first(tmp_path: Path, worktree: Path) -> None:
    make(tmp_path, "main", ".agent-mail")
    own = make(worktree, ".agent-mail")
    assert config.find_root(None, {}, str(worktree)) == Setting(own, "found")


def test_an_empty_directory_is_a_queue_only_where_its_repository_has_no_other(
    tmp_path: Path, worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = make(worktree, ".agent-mail")
    make(tmp_path, ".agent-mail", "meta")
    assert config.find_root(None, {}, str(worktree)) == Setting(empty, "found")
    shared = os.path.dirname(make(tmp_path, "main", ".agent-mail", "meta"))
    assert config.find_root(None, {}, str(worktree)) == Setting(shared, "found")
    assert config.find_root(empty, {}, str(worktree)) == Setting(empty, "--root")

    def unless_forbidden(path: str) -> list[str]:
        if path == empty:
            raise PermissionError
        return ["meta"]

    monkeypatch.setattr(os, "listdir", unless_forbidden)  # what is in it is not known
    assert config.find_root(None, {}, str(worktree)) == Setting(empty, "found")


def test_a_new_queue_of_a_linked_worktree_is_made_in_the_main_one(tmp_path: Path, worktree: Path) -> None:
    assert config.new_root(None, {}, str(worktree)).value == str(tmp_path / "main" / ".agent-mail")


@pytest.mark.parametrize("pointer", ["", "gitdir: /nonexistent\n", "x", "gitdir: \xff\0"])
def test_a_broken_worktree_is_like_none(tmp_path: Path, pointer: str) -> None:
    (tmp_path / ".git").write_text(pointer, encoding="latin-1")
    assert config.find_root("mail", {}, str(tmp_path)) is None


# -- a new queue ------------------------------------------------------------------------------------------------------


def test_a_new_queue_is_made_at_the_top_of_the_repository(tmp_path: Path) -> None:
    below = make(tmp_path, "a", "b")
    make_repository(tmp_path)
    assert config.new_root(None, {}, below).value == str(tmp_path / ".agent-mail")


def test_an_empty_git_directory_makes_no_repository(tmp_path: Path) -> None:
    make_repository(tmp_path)
    here = Path(make(tmp_path, "a", ".git")).parent
    assert config.new_root(None, {}, str(here)).value == str(tmp_path / ".agent-mail")


def test_without_a_repository_it_is_made_in_the_working_directory() -> None:
    assert config.new_root(None, {}, NOWHERE).value == f"{NOWHERE}/.agent-mail"


def test_here_is_the_working_directory(tmp_path: Path) -> None:
    make_repository(tmp_path)
    here = make(tmp_path, "a")
    assert config.new_root(None, {}, here, here=True).value == f"{here}/.agent-mail"


def test_here_wins_over_the_environment() -> None:
    assert config.new_root(None, {"AM_ROOT": "/elsewhere/mail"}, NOWHERE, here=True).value == f"{NOWHERE}/.agent-mail"


def test_a_relative_option_is_meant_from_here(tmp_path: Path) -> None:
    make_repository(tmp_path)
    here = make(tmp_path, "a")
    assert config.new_root("mail", {}, here).value == f"{here}/mail"


@pytest.mark.parametrize("name", ["./mail", "../mail"])
def test_a_name_with_dots_is_made_where_it_is_looked_for(tmp_path: Path, name: str) -> None:
    make_repository(tmp_path)
    here, environ = make(tmp_path, "a", "b"), {"AM_ROOT": name}
    made = config.new_root(None, environ, here)
    assert made == Setting(os.path.normpath(f"{here}/{name}"), "AM_ROOT")
    os.mkdir(made.value)
    assert config.find_root(None, environ, here) == made


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize("place", ["/", "home"])
def test_never_in_the_home_directory_or_the_root_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, here: bool
) -> None:
    home = make(tmp_path, "home")
    monkeypatch.setenv("HOME", home)
    cwd = home if place == "home" else "/"
    if place == "home":
        make_repository(home)
    with pytest.raises(UsageError, match="refused to create a queue in") as refused:
        config.new_root(None, {"AM_ROOT": "my mail"} if not here else {}, cwd, here=here)
    assert here or refused.value.hint.endswith(f" --root '{os.path.join(cwd, 'my mail')}'")
    assert config.new_root(".agent-mail", {}, cwd).value == os.path.join(cwd, ".agent-mail")


def test_an_empty_option_is_not_an_option_left_out() -> None:
    """A script that lost the variable gets an error, instead of another queue or another mailbox."""
    with pytest.raises(UsageError, match="--root"):
        config.wanted_root("", {"AM_ROOT": "/x"})
    with pytest.raises(UsageError, match="--me"):
        config.resolve_me("", {"AM_ME": "alice"}, why_not_user=lambda: "")


# -- safety -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "loose"), [(0o700, False), (0o755, False), (0o720, True), (0o702, True), (0o777, True)]
)
def test_a_queue_that_others_can_write_to(tmp_path: Path, mode: int, loose: bool) -> None:
    queue = tmp_path / "a; b"
    queue.mkdir()
    queue.chmod(mode)
    complaints: list[tuple[str, str]] = []
    config.check_root(str(queue), trusted=False, complain=lambda *words: complaints.append(words))
    expected = (f"other users can write to the queue {queue}", f"chmod go-w '{queue}'")
    assert complaints == [expected] * loose


def test_a_queue_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid

    def check(user: int, *, trusted: bool) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: user)
        config.check_root(str(tmp_path), trusted=trusted, complain=lambda *_: None)

    check(owner, trusted=False)
    check(0, trusted=False)
    check(owner + 1, trusted=True)
    with pytest.raises(Unsafe, match="belongs to another user") as refused:
        check(owner + 1, trusted=False)
    assert "--trust-root" in refused.value.hint


# -- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "environ", "me"),
    [
        ("bob", {"AM_ME": "alice"}, Setting("bob", "--me")),
        (None, {"AM_ME": "alice"}, Setting("alice", "AM_ME")),
        (None, {"AM_ME": ""}, Setting("user", "terminal")),
        (None, {}, Setting("user", "terminal")),
    ],
)
def test_who_is_asking(option: str | None, environ: dict[str, str], me: Setting) -> None:
    assert config.resolve_me(option, environ, why_not_user=lambda: "") == me


def test_an_agent_that_lost_its_environment_does_not_become_the_user() -> None:
    with pytest.raises(UsageError, match=r"who are you.*, and there is no terminal"):
        config.resolve_me(None, {}, why_not_user=lambda: "there is no terminal")


@pytest.mark.parametrize(("option", "environ"), [("Bob", {}), (None, {"AM_ME": "../bob"})])
def test_a_bad_handle_is_refused_and_not_passed_over(option: str | None, environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="is not a handle"):
        config.resolve_me(option, environ, why_not_user=lambda: "")


@pytest.mark.parametrize(("value", "debugging"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_debugging(value: str, debugging: bool) -> None:
    assert config.debugging({"AMQ_DEBUG": value}) is debugging
    assert config.debugging({}) is False


@pytest.mark.parametrize("name", ["main\udcff", " main ", "ma\nin", "é"])
def test_a_linked_worktree_finds_the_queue_of_a_main_one_called_anything(tmp_path: Path, name: str) -> None:
    main, linked = tmp_path / name, tmp_path / "linked"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(main)]
    subprocess.run(["git", "init", "-q", str(main)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", str(linked)], check=True, capture_output=True)
    (main / ".agent-mail").mkdir()
    found = config.find_root(None, {}, str(linked))
    assert found is not None
    assert found.value == f"{main}/.agent-mail"


def test_no_agent_works_in_a_home_directory_that_is_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many users keep their settings in git; private files are in that directory, too."""
    for name in (".git", "project/.git", "notes", "project/sub"):
        (tmp_path / name).mkdir(parents=True)
    for name in (".git", "project/.git"):
        (tmp_path / name / "HEAD").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "notes")
    assert config.where_agents_work() == [str(tmp_path / "notes")]
    monkeypatch.chdir(tmp_path / "project" / "sub")
    assert config.where_agents_work() == [str(tmp_path / "project" / "sub"), str(tmp_path / "project")]
    monkeypatch.chdir(tmp_path)
    assert config.where_agents_work() == [str(tmp_path)]
