"""Profiles: the ones that come with amq are valid, and a person's own says what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from amq.errors import UsageError
from amq.runtime.profiles import HookStyle, built_in, own_file, profile_for
from amq.runtime.profiles.own import checked, read_own


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
        settle = 0.3
        [line]
        burst = 0
        """,
    )
    profile, claude = read_own(path), built_in()["claude"]
    assert (profile.name, profile.hooks, profile.rules.submit) == ("claude-work", HookStyle.NONE, b"\r")
    assert (profile.rules.settle, profile.rules.quiet) == (0.3, claude.rules.quiet)
    assert (profile.line.burst, profile.line.submit) == (0.0, claude.line.submit)
    assert profile.environment == (("A", "b"),)
    assert [each.arguments for each in profile.added(["x"])] == [("--verbose",)]
    assert profile.added(["--quiet"]) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("extends = 'clod'", "no profile 'clod' to extend"),
        ("name = ", "cannot be read"),
        ("hooked = true", "no field hooked; did you mean hooks"),
        ("[rules]\nsetle = 1", r"no field rules.setle; did you mean rules.settle"),
        ("name = 1", "own.toml: name: "),
        ("hooks = 'all'", "own.toml: hooks: "),
        ("name = 'x'\n[rules]\nsettle = 'soon'", "own.toml: rules.settle: "),
        ("name = 'x'\nrules = 1", "own.toml: rules: "),
        ("name = 'x'\n[rules]\nsubmit = ''", "rules.submit: no key"),
        ('name = "x"\n[rules]\nsubmit = "\\u001b"', "rules.submit: no key"),
        ('name = "x"\n[rules]\nsubmit = "\\u0003"', "rules.submit: no key"),
        ('name = "x"\n[rules]\nplain = "\\u0003"', "rules.plain: no key"),
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
