"""Profiles: the ones that come with amq are valid, and an error in a user's own is explained."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from amq.errors import UsageError
from amq.pty.input_row import PromptRule
from amq.runtime.agents.profile import HookStyle, with_prompt
from amq.runtime.agents.profile_choice import BUILT_IN, chosen, own_file
from amq.runtime.agents.profiles import built_in, profile_for
from amq.runtime.agents.user_profile import checked, read_own


@pytest.mark.parametrize("name", built_in())
def test_each_that_comes_with_amq_is_valid(name: str) -> None:
    profile = built_in()[name]
    assert checked(asdict(profile), name) == profile
    assert all(profile_for(f"/opt/bin/{program}") is profile for program in profile.programs)
    assert bool(profile.programs) == bool(profile.tested), "it names the versions that it was tested on"


def test_what_is_not_known_is_generic() -> None:
    assert profile_for("/bin/claude-code-2").name == "generic"


def own(place: Path, text: str) -> str:
    path = place / "own.toml"
    path.write_text(text)
    return str(path)


def test_ones_own_extends_another(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        """
        extends = "claude"
        name = "claude-work"
        hooks = "none"
        environment = [["A", "b"]]
        additions = [{ arguments = ["--verbose"], unless = ["--quiet"] }]
        [rules]
        submit = "\\r"
        submit_delay_s = 0.3
        [line]
        burst = 0
        """,
    )
    profile, claude = read_own(path), built_in()["claude"]
    assert (profile.name, profile.hooks, profile.rules.submit) == ("claude-work", HookStyle.NONE, b"\r")
    assert (profile.rules.submit_delay_s, profile.rules.startup_quiet_s) == (0.3, claude.rules.startup_quiet_s)
    assert (profile.line.burst, profile.line.submit) == (0.0, claude.line.submit)
    assert profile.environment == (("A", "b"),)
    assert [each.arguments for each in profile.added(["x"])] == [("--verbose",)]
    assert profile.added(["--quiet"]) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("extends = 'clod'", "unknown profile 'clod' in extends"),
        ("name = ", "cannot be read"),
        ("hooked = true", "unknown field hooked; did you mean hooks"),
        ("[rules]\nsubmit_dely_s = 1", r"unknown field rules.submit_dely_s; did you mean rules.submit_delay_s"),
        ("name = 1", "own.toml: name: "),
        ("hooks = 'all'", "own.toml: hooks: "),
        ("name = 'x'\n[rules]\nsubmit_delay_s = 'soon'", "own.toml: rules.submit_delay_s: "),
        ("name = 'x'\nrules = 1", "own.toml: rules: "),
        ("name = 'x'\n[rules]\nsubmit = ''", "rules.submit: not a key"),
        ('name = "x"\n[rules]\nsubmit = "\\u001b"', "rules.submit: not a key"),
        ('name = "x"\n[rules]\nsubmit = "\\u0003"', "rules.submit: not a key"),
        ("[rules]\nprompt = ' '", "rules.prompt takes one line of printable text"),
        ("[rules]\nprompt = 1", "rules.prompt takes one line"),
        ("[rules]\nprompt_row = { text = '' }", "rules.prompt_row.text takes one line"),
        ('name = "x"\n[rules]\nfallback_submit_key = "\\u0003"', "rules.fallback_submit_key: not a key"),
        ("additions = [{ argument = ['x'] }]", "additions.0.arguments: "),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        read_own(own(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_own(str(tmp_path / "no.toml"))


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_ones_own_is_found_by_the_programs_name(tmp_path: Path, variable: str) -> None:
    directory = tmp_path / (".config/amq/profiles" if variable == "HOME" else "amq/profiles")
    directory.mkdir(parents=True)
    (directory / "claude.toml").touch()
    assert own_file("/opt/bin/claude", {variable: str(tmp_path)}) == str(directory / "claude.toml")
    assert own_file("codex", {variable: str(tmp_path)}) is None
    assert own_file("claude", {}) is None


@pytest.mark.parametrize("base", ["generic", "claude", "opencode"])
def test_ones_own_may_name_a_prompt(tmp_path: Path, base: str) -> None:
    profile = read_own(own(tmp_path, f"extends = '{base}'\n[rules]\nprompt = '$ '\nsubmit_delay_s = 0.3\n"))
    assert (profile.rules.prompt_row, profile.rules.submit_delay_s) == (PromptRule("$ "), 0.3)
    assert profile.rules.known


def test_without_a_row_or_a_prompt_ones_own_is_not_typed_into(tmp_path: Path) -> None:
    """Unless it is like one into which lines are typed."""
    assert not read_own(own(tmp_path, "name = 'x'\n[rules]\nready_when = 'titled'\n")).rules.known
    assert read_own(own(tmp_path, "extends = 'opencode'\nname = 'x'\n")).rules.known
    assert read_own(own(tmp_path, "name = 'x'\n[rules.prompt_row]\nprompt = '>'\nframed = false\n")).rules.known


@pytest.mark.parametrize("prompt", ["", "  ", "a\nb", "a\tb", "\x1b[m$", "\u202e$", None, 1])
def test_a_prompt_is_one_line_of_printable_text(prompt: object) -> None:
    with pytest.raises(UsageError, match="--prompt takes one line of printable text"):
        with_prompt(profile_for("bash"), prompt)


def test_a_profile_is_chosen_by_name_or_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "amq" / "profiles"
    directory.mkdir(parents=True)
    mine, codex, here = directory / "mine.toml", directory / "codex.toml", tmp_path / "here.toml"
    mine.write_text("name = 'my own'\n")
    codex.write_text("extends = 'codex'\nname = 'my codex'\n")
    here.write_text("name = 'here'\n")
    monkeypatch.chdir(tmp_path)
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert chosen(None, "/bin/claude", environment) == (built_in()["claude"], BUILT_IN)
    assert chosen(None, "/bin/codex", environment)[0].name == "my codex"
    assert chosen("claude", "npx", environment) == (built_in()["claude"], BUILT_IN)
    assert chosen("codex", "npx", environment)[0].name == "my codex"
    assert chosen("mine", "npx", environment)[1] == str(mine)
    for file in ("here.toml", "./here.toml", str(here)):
        assert chosen(file, "npx", environment)[0].name == "here"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("clade", "unknown profile 'clade'; did you mean claude"),
        ("mime", "unknown profile 'mime'; did you mean mine"),
        ("", "unknown profile ''"),
        ("./claude", "claude cannot be read"),
        ("no.toml", "no.toml cannot be read"),
    ],
)
def test_a_profile_that_is_not_there(tmp_path: Path, name: str, what: str) -> None:
    directory = tmp_path / "amq" / "profiles"
    directory.mkdir(parents=True)
    (directory / "mine.toml").write_text("name = 'x'\n")
    with pytest.raises(UsageError, match=what):
        chosen(name, "npx", {"XDG_CONFIG_HOME": str(tmp_path)})
    with pytest.raises(UsageError):
        chosen(name, "npx", {"HOME": "/nowhere"})
