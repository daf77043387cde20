"""`amq coop up --save`: the agents of a project, in the user's own configuration."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.errors import AmqError
from amq.record import replace
from amq.setup.agent_specs import AgentSpec
from amq.setup.coop import continuing
from amq.setup.projects import Project as Saved
from amq.setup.projects import read_project, save_project
from tests.setup.conftest import Project


@pytest.fixture
def mine(bare: Project) -> Iterator[Project]:
    """A project without tmux, and a configuration where only the user can write."""
    (bare.path / "bin").mkdir()
    for name in ("alice", "bob", "claude", "codex"):
        (bare.path / "bin" / name).symlink_to("/bin/true")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as config:
        yield replace(bare, environ={**bare.environ, "PATH": str(bare.path / "bin"), "XDG_CONFIG_HOME": config})


def file(project: Project) -> Path:
    """Return the file that holds the project's agents."""
    (path,) = Path(project.environ["XDG_CONFIG_HOME"], "amq", "projects").iterdir()
    return path


def commands(project: Project, *words: str) -> list[str]:
    """Return what each line starts that `coop up` prints."""
    return [line.partition(" -- ")[2] for line in project.value("coop", "up", *words)["commands"]]


def test_what_was_saved_is_repeated_and_shown(mine: Project) -> None:
    agents = "alice,lead=bob -m 'o 3'"
    assert commands(mine, "--agents", agents, "--save") == ["alice", "bob -m 'o 3'"]
    assert file(mine).stat().st_mode & 0o777 == 0o600
    said = mine.amq("coop", "up")  # without the option
    assert [line.partition(" -- ")[2] for line in said.stdout.splitlines()] == ["alice", "bob -m 'o 3'"]
    assert f"amq: starting {agents}, as saved in {file(mine)}" in said.stderr
    assert mine.value("coop", "status")["saved"] == {
        "agents": agents, "continue": False, "deny_leased": False, "file": str(file(mine)),
    }  # fmt: skip
    assert not any("o 3" in path.read_text() for path in (mine.path / ".agent-mail").rglob("*") if path.is_file())


def test_sessions_are_continued_in_the_way_of_each_cli(mine: Project) -> None:
    words = "--continue", "--save", "--agents", "claude,codex=codex -m o3,alice"
    said = mine.amq("coop", "up", *words)
    assert [line.partition(" -- ")[2] for line in said.stdout.splitlines()] == [
        "claude --continue",
        "codex resume --last -m o3",
        "alice",
    ]
    assert "amq: alice starts a new session: amq does not know how `alice` continues one" in said.stderr
    assert commands(mine)[0] == "claude --continue"
    assert commands(mine, "--no-continue")[:2] == ["claude", "codex -m o3"]


def test_refusals_of_edits_are_kept_until_one_start_leaves_them_out(mine: Project) -> None:
    def refuses(*words: str) -> bool:
        (line,) = mine.value("coop", "up", *words)["commands"]
        return " --deny-leased " in line

    assert refuses("--agents", "alice", "--deny-leased", "--save")
    assert refuses()
    assert not refuses("--no-deny-leased")
    assert not refuses("--agents", "alice")
    assert mine.value("coop", "status")["saved"]["deny_leased"] is True
    assert "saved for amq coop up: alice --deny-leased (" in mine.amq("coop", "status").stdout
    assert not refuses("--no-deny-leased", "--save")
    assert not refuses()


def test_a_command_or_a_prompt_of_the_user_s_is_left_as_it_is() -> None:
    for words in (("codex", "exec", "x"), ("claude", "fix it")):
        assert continuing(AgentSpec("a", words)) is None


class Config:
    """A configuration where only the user can write, for a queue."""

    root = "/projects/parser/.agent-mail"

    def __init__(self, place: str) -> None:
        self.environ = {"XDG_CONFIG_HOME": place}

    def save(self, *shared: str) -> Path:
        """Save alice; return the file. SHARED are directories that agents may write to."""
        return Path(save_project(self.environ, self.root, Saved("alice"), shared))

    def read(self, *shared: str, root: str = root) -> Saved | None:
        """Return what was saved for the queue ROOT."""
        return read_project(self.environ, root, shared)


@pytest.fixture
def config() -> Iterator[Config]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as place:
        yield Config(place)


def test_each_queue_has_its_own(config: Config) -> None:
    path = config.save()
    assert path.stat().st_mode & 0o777 == 0o600
    assert config.read() == Saved("alice", resumes=False)
    assert config.read(root="/projects/other/.agent-mail") is None


def test_a_file_of_an_older_amq_refuses_no_edits(config: Config) -> None:
    path = config.save()
    path.write_text(path.read_text().replace("deny_leased = false\n", ""))
    assert config.read() == Saved("alice", denies_leased=False)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('queue = "/elsewhere"\nagents = "alice"\n', "is not for the queue"),
        ("agents = 3\nqueue = {queue!r}\n", "does not say which agents"),
        ("agents = 'alice'\ncontinue = 1\nqueue = {queue!r}\n", "does not say which agents"),
        ("agents = 'alice'\ndeny_leased = 'no'\nqueue = {queue!r}\n", "does not say which agents"),
        ("agents = 'Alice'\nqueue = {queue!r}\n", "is not a handle"),
        ("agents = ", "cannot be read"),
    ],
)
def test_a_file_that_is_not_right_starts_nothing(config: Config, text: str, what: str) -> None:
    path = config.save()
    path.write_text(text.format(queue=config.root))
    with pytest.raises(AmqError, match=f"{path}.*{what}"):
        config.read()


def test_a_file_that_others_can_change_starts_nothing(config: Config) -> None:
    config.save().chmod(0o666)
    with pytest.raises(AmqError, match="other users can write to it"):
        config.read()


def test_nothing_is_read_or_kept_where_agents_can_write(config: Config) -> None:
    """A clone could bring it, or an agent write it."""
    place = config.environ["XDG_CONFIG_HOME"]
    with pytest.raises(AmqError, match=r"the agents cannot be saved: .* where agents can write"):
        config.save(place)
    assert os.listdir(place) == []
    config.save()
    with pytest.raises(AmqError, match=r"does not count: .* where agents can write"):
        config.read(place)


def test_a_link_into_such_a_place_is_followed(config: Config, tmp_path: Path) -> None:
    path = config.save()
    path.rename(tmp_path / "agents.toml")
    path.symlink_to(tmp_path / "agents.toml")
    with pytest.raises(AmqError, match="does not count"):
        config.read()


def test_a_name_that_is_not_unicode_is_not_kept(config: Config) -> None:
    with pytest.raises(AmqError, match="not Unicode"):
        save_project(config.environ, "/p/\udce9/.agent-mail", Saved("alice"), ())
