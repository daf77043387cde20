"""`amq skill install` and `uninstall`: the files written, and the user's changes that are kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from amq import __version__
from amq.cli.main import COMMANDS
from amq.setup import skill
from tests.conftest import Shell

REPOSITORY = Path(__file__).parents[2]
FILES = ["SKILL.md", *(f"references/{name}.md" for name in ("commands", "messages", "teams", "trouble"))]


@pytest.fixture
def home(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home directory."""
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return tmp_path / "home"


def tree(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_it_is_written_where_each_cli_looks(shell: Shell, home: Path) -> None:
    said = shell.ok("skill", "install", "--claude", "--codex", me=None)
    claude, codex = home / ".claude/skills/amq-cli", home / ".agents/skills/amq-cli"
    assert said.splitlines() == [f"{place}: {', '.join(FILES)}" for place in (claude, codex)]
    assert tree(claude) == tree(codex)
    assert sorted(tree(claude)) == [skill.WRITTEN, *FILES]


def test_in_the_project_and_in_another_home_of_claude(
    shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "other"))
    shell.ok("skill", "install", "--claude", me=None)
    shell.ok("skill", "install", "--claude", "--codex", "--project", me=None)
    assert (home / "other/skills/amq-cli/SKILL.md").exists()
    assert (shell.project / ".claude/skills/amq-cli/SKILL.md").exists()
    assert (shell.project / ".agents/skills/amq-cli/SKILL.md").exists()
    assert not (home / ".claude").exists()


def test_a_second_time_there_is_nothing_to_do(shell: Shell, home: Path) -> None:
    shell.ok("skill", "install", "--claude", me=None)
    assert shell.ok("skill", "install", "--claude", me=None).endswith(": nothing to do\n")


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_a_changed_file_is_kept_and_nothing_else_done_unless_forced(shell: Shell, home: Path, action: str) -> None:
    place = home / ".claude/skills/amq-cli"
    shell.ok("skill", "install", "--claude", me=None)
    (place / "references" / "commands.md").write_text("mine")
    (place / "SKILL.md").unlink()
    before = tree(place)
    result = shell("skill", action, "--claude", me=None)
    assert (result.code, tree(place)) == (1, before)
    assert f"{place}/references/commands.md has your changes" in result.err
    shell.ok("skill", action, "--claude", "--force", me=None)
    assert (place / "SKILL.md").exists() == (action == "install")
    assert b"mine" not in tree(place).values()


def test_an_older_version_is_replaced_without_a_word(shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = home / ".claude/skills/amq-cli"
    older = {"SKILL.md": b"old", "references/gone.md": b"old"}
    with monkeypatch.context() as patch:
        patch.setattr(skill, "packaged", lambda: older)
        shell.ok("skill", "install", "--claude", me=None)
    shell.ok("skill", "install", "--claude", me=None)
    assert sorted(tree(place)) == [skill.WRITTEN, *FILES]
    assert (place / "SKILL.md").read_bytes() == skill.packaged()["SKILL.md"]


def test_uninstall_removes_what_was_written_and_nothing_else(shell: Shell, home: Path) -> None:
    place = home / ".claude/skills/amq-cli"
    shell.ok("skill", "install", "--claude", "--codex", me=None)
    (place / "notes.md").write_text("mine")
    shell.ok("skill", "uninstall", "--claude", "--codex", me=None)
    assert tree(home) == {".claude/skills/amq-cli/notes.md": b"mine"}
    assert not (home / ".agents/skills/amq-cli").exists()
    assert shell.ok("skill", "uninstall", "--codex", me=None).endswith(": nothing to do\n")


@pytest.mark.parametrize("name", ["../../../precious", "/precious"])
def test_a_forged_list_removes_nothing_outside(shell: Shell, home: Path, name: str) -> None:
    place = home / ".claude/skills/amq-cli"
    shell.ok("skill", "install", "--claude", me=None)
    precious = home / "precious"
    precious.write_text("")
    forged = name if name.startswith("..") else str(precious)
    (place / skill.WRITTEN).write_text(
        json.dumps({forged: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})
    )
    shell("skill", "uninstall", "--claude", "--force", me=None)
    assert precious.exists()


def test_an_agent_must_be_named(shell: Shell) -> None:
    assert "no agent named" in shell("skill", "install", me=None).err


def test_json_names_places_and_files(shell: Shell, home: Path) -> None:
    place = str(home / ".agents/skills/amq-cli")
    assert shell("skill", "install", "--codex", "--json", me=None).value == {"written": {place: FILES}}
    assert shell("skill", "uninstall", "--codex", "--json", me=None).value == {"removed": {place: FILES}}


def test_the_skill_names_only_commands_that_there_are() -> None:
    text = b"\n".join(skill.packaged().values()).decode()
    named = set(re.findall(r"\bamq ([a-z]+)", text)) - {"has"}
    assert {name for name in named if not any(command.split()[0] == name for command in COMMANDS)} == set()


def test_the_links_of_the_skill_lead_somewhere() -> None:
    files = skill.packaged()
    assert set(re.findall(r"\]\((\S+)\)", files["SKILL.md"].decode())) == set(FILES[1:])


def test_the_repository_shows_the_packaged_skill() -> None:
    shown = tree(REPOSITORY / "skills" / "amq-cli")
    assert shown == skill.packaged()


@pytest.mark.parametrize("manifest", [".claude-plugin/plugin.json", ".codex-plugin/plugin.json"])
def test_the_plugins_have_our_version_and_hold_the_skill(manifest: str) -> None:
    plugin = json.loads((REPOSITORY / manifest).read_text())
    assert plugin["version"] == __version__
    assert (REPOSITORY / plugin.get("skills", "skills") / "amq-cli" / "SKILL.md").is_file()


@pytest.mark.parametrize("catalogue", [".claude-plugin/marketplace.json", ".agents/plugins/marketplace.json"])
def test_the_marketplaces_offer_the_repository_itself(catalogue: str) -> None:
    (plugin,) = json.loads((REPOSITORY / catalogue).read_text())["plugins"]
    assert plugin["source"] in ("./", {"source": "local", "path": "./"})
