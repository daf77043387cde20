"""The start of Codex: access to the queue, and an introduction beside the user's words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from amq.runtime.agents.codex import user_settings
from amq.runtime.agents.codex.start import adapted
from amq.runtime.agents.codex.user_settings import NotKnownError, UserSettings
from amq.runtime.agents.codex.words import Words
from amq.runtime.agents.profile import Adapted

INTRODUCTION = "You are `codex`."


class Home:
    """A user's CODEX_HOME, a project that is a repository, and a queue elsewhere."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.config = place / "home" / "config.toml"
        self.project = place / "project"
        self.queue = place / "elsewhere" / ".agent-mail"
        for directory in (self.config.parent, self.project / ".git", self.project / "sub", self.queue):
            directory.mkdir(parents=True)
        (self.project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")

    def write(self, name: str, text: str) -> None:
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("PROJECT", str(self.project)))

    def settings(self, *words: str, cwd: str = "project") -> UserSettings:
        return UserSettings(Words(words), str(self.config), str(self.place / cwd))

    def adapted(self, *words: str, cwd: str = "project", introduction: str = INTRODUCTION) -> Adapted:
        return adapted(words, str(self.config), str(self.place / cwd), str(self.queue), introduction)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(user_settings, "OF_MACHINE", (str(tmp_path / "etc" / "requirements.toml"),))
    return Home(tmp_path)


def instructions(found: Adapted) -> str:
    """Return the developer instructions in the additions; "" if there are none."""
    words = [each.arguments for each in found.additions if each.arguments[0] == "-c"]
    return str(tomllib.loads(words[0][1])["developer_instructions"]) if words else ""


def has_access(found: Adapted) -> bool:
    return any(each.arguments[0] == "--add-dir" for each in found.additions)


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("-c a=1 --config b=2 -cc=3 --config=d=4 -c=e=5", "config a=1|config b=2|config c=3|config d=4|config e=5"),
        ("-s read-only -pmine --cd=/x -C /y", "sandbox read-only|profile mine|cd /x|cd /y"),
        ("-m -x --search prompt -- -s read-only", ""),
        ("resume --last -c", "config "),
    ],
)
def test_the_users_words_are_read_as_codex_reads_them(line: str, given: str) -> None:
    assert [f"{name[2:]} {value}" for name, value, _ in Words(line.split()).given] == given.split("|") * bool(given)


@pytest.mark.parametrize(
    ("words", "config", "mode"),
    [
        ("-s workspace-write", 'sandbox_mode = "read-only"', "workspace-write"),
        ("", 'sandbox_mode = "read-only"', "read-only"),
        ("-c sandbox_mode=read-only", 'sandbox_mode = "workspace-write"', "read-only"),
        ('-c sandbox_mode="workspace-write"', 'sandbox_mode = "read-only"', "workspace-write"),
        ("-p mine", 'sandbox_mode = "read-only"', "workspace-write"),
        ("--approve-for-me", "", "workspace-write"),
        ("--yolo", "not TOML", "danger-full-access"),
        ("", '[projects."PROJECT"]\ntrust_level = "trusted"', "workspace-write"),
        ("-C sub", '[projects."PROJECT"]\ntrust_level = "untrusted"', "workspace-write"),
    ],
)
def test_the_mode_of_its_sandbox_is_known(home: Home, words: str, config: str, mode: str) -> None:
    home.write("home/config.toml", config)
    home.write("home/mine.config.toml", 'sandbox_mode = "workspace-write"')
    assert home.settings(*words.split()).sandbox() == mode


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ("", {}),
        ("", {"home/config.toml": "not TOML"}),
        ("", {"home/config.toml": '[projects."PROJECT"]'}),
        ("", {"home/config.toml": '[projects."PROJECT/"]\ntrust_level = "trusted"'}),
        ("", {"home/config.toml": 'projects = "all"'}),
        ("-p other -s workspace-write", {}),
        ("-s workspace-write -c default_permissions=:read-only", {}),
        ("-s workspace-write -c permissions.x.network=1", {}),
        ("-s workspace-write", {"home/config.toml": 'default_permissions = ":workspace"'}),
        ("-s workspace-write", {"etc/requirements.toml": 'allowed_sandbox_modes = ["read-only"]'}),
        ("-s workspace-write", {"home/managed_config.toml": 'sandbox_mode = "read-only"'}),
        ("-s workspace-write", {"home/cloud-config-bundle-cache.json": '"allowed_sandbox_modes"'}),
        ("-s workspace-write", {"project/.codex/config.toml": 'sandbox_mode = "read-only"'}),
        ("-C sub -s workspace-write", {"project/.codex/config.toml": 'sandbox_mode = "read-only"'}),
        ("-s new-mode", {}),
        ("-c sandbox_mode=1", {}),
    ],
)
def test_where_the_mode_is_not_known_it_gets_no_directory(home: Home, words: str, files: dict[str, str]) -> None:
    """Codex does not start with one where it may only read."""
    for name, text in files.items():
        home.write(name, text)
    with pytest.raises(NotKnownError):
        home.settings(*words.split()).sandbox()
    found = home.adapted(*words.split())
    assert not has_access(found)
    assert "--add-dir" in found.lacks[0]
    if "-C" not in words:
        assert adapted(words.split(), str(home.config), str(home.project), str(home.project / "q"), "").lacks == ()


def test_a_file_that_cannot_be_read_may_decide(home: Home) -> None:
    (home.project / ".codex" / "config.toml").mkdir(parents=True)
    with pytest.raises(NotKnownError, match="cannot be read"):
        home.settings("-s", "workspace-write").sandbox()
    with pytest.raises(NotKnownError, match="cannot be read"):
        home.settings().developer_instructions()


@pytest.mark.parametrize(
    ("words", "cwd", "expected"),
    [
        ("-s workspace-write", "project", True),
        ("-s workspace-write", "elsewhere", False),
        ("-s workspace-write", "link", False),
        ("-s workspace-write -C ../elsewhere", "project", False),
        ("-s workspace-write --worktree", "elsewhere", True),
        ("-s workspace-write resume --last", "project", True),
        ("-s workspace-write exec", "project", False),
        ("-s read-only", "project", False),
        ("-s danger-full-access", "project", False),
    ],
)
def test_its_sandbox_is_opened_for_a_queue_outside_alone(home: Home, words: str, cwd: str, expected: bool) -> None:
    (home.place / "link").symlink_to(home.queue.parent)
    found = home.adapted(*words.split(), cwd=cwd)
    assert has_access(found) is expected
    if expected:
        assert found.additions[0].arguments == ("--add-dir", str(home.queue))
    assert bool(found.lacks) is ("read-only" in words)


@pytest.mark.parametrize(
    ("words", "config", "theirs"),
    [
        ("", "", ""),
        ("", 'developer_instructions = "  "', ""),
        ("", 'developer_instructions = "Be \\"brief\\"."', 'Be "brief".'),
        ("-p mine", 'developer_instructions = "base"', "mine"),
        ("-c developer_instructions=no\tTOML -c developer_instructions='last'", 'developer_instructions = "x"', "last"),
    ],
)
def test_an_introduction_is_joined_to_the_users_instructions(home: Home, words: str, config: str, theirs: str) -> None:
    home.write("home/config.toml", config)
    home.write("home/mine.config.toml", 'developer_instructions = "mine"')
    found = home.adapted(*words.split(" "), "-m", "x")
    assert instructions(found) == (f"{theirs}\n\n{INTRODUCTION}" if theirs else INTRODUCTION)
    assert not any("developer_instructions" in word for word in found.own)
    assert found.own[-2:] == ("-m", "x")


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ("", {"home/config.toml": "not TOML"}),
        ("", {"home/config.toml": "developer_instructions = 1"}),
        ("-p other", {}),
        ("", {"project/.codex/config.toml": 'developer_instructions = "project"'}),
        ("", {"etc/requirements.toml": 'developer_instructions = "machine"'}),
        ("-c developer_instructions=1", {}),
        ("-c developer_instructions=\udc80", {}),
        (f"-c developer_instructions={'x' * 100_000}", {}),
    ],
)
def test_instructions_that_are_not_known_are_not_replaced(home: Home, words: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        home.write(name, text)
    found = home.adapted(*words.split())
    assert instructions(found) == ""
    assert list(found.own) == words.split()
    assert "developer_instructions" in found.lacks[-1]


def test_it_is_not_introduced_twice(home: Home) -> None:
    home.write("home/config.toml", "not TOML")
    found = home.adapted("--yolo", introduction="")
    assert found == Adapted((), ("--yolo",), ())
