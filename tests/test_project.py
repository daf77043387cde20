"""The lock file, the workflow and the git hooks agree with pyproject.toml, the Makefile and README."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.crash.tools import require
from tests.test_readme import RUN_BY_CI, blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = (REPOSITORY / "requirements-dev.txt").read_text()
WORKFLOW = (REPOSITORY / ".github" / "workflows" / "tests.yml").read_text()
PYTHONS = re.findall(
    r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(PROJECT["project"]["classifiers"]), re.M
)
MACHINES = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64")]
ENVIRONMENTS = [
    {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_machine": machine,
    }
    for python, (system, machine) in product(PYTHONS, MACHINES)
]
PIN = re.compile(
    r"^(\S+)==(\S+?)(?: ; (.+))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)((?:    # .+\n)+)", re.M
)
"""An entry of the lock file: name, version, marker, hashes, and the comment that says what needs it."""


def requirements(project: dict[str, Any]) -> Iterator[Requirement]:
    """Yield what pyproject.toml names, for users, developers and the build."""
    groups = (*project["project"].get("optional-dependencies", {}).values(), *project["dependency-groups"].values())
    for each in (project["project"]["dependencies"], project["build-system"]["requires"], *groups):
        yield from (Requirement(text) for text in each if isinstance(text, str))


def applies(marker: Marker | str | None, environment: dict[str, str]) -> bool:
    """Return whether a requirement with MARKER is installed in ENVIRONMENT."""
    return not marker or Marker(str(marker)).evaluate({"platform_python_implementation": "CPython", **environment})


def disagreements(project: dict[str, Any], lock: str) -> set[str]:
    """Return the packages that pyproject.toml and the lock file do not agree on, in any supported environment."""
    pins = [match.groups() for match in PIN.finditer(lock)]
    wanted = list(requirements(project))
    unmet = {
        canonicalize_name(each.name)
        for each, environment in product(wanted, ENVIRONMENTS)
        if applies(each.marker, environment)
        and not any(
            name == canonicalize_name(each.name) and version in each.specifier and applies(marker, environment)
            for name, version, marker, *_ in pins
        )
    }
    direct = {name for name, *_, why in pins if f"{project['project']['name']} (pyproject.toml" in why}
    return unmet | (direct - {canonicalize_name(each.name) for each in wanted})


class TestLock:
    def test_it_agrees_with_pyproject(self) -> None:
        assert disagreements(PROJECT, LOCK) == set(), "run `make lock`"

    @pytest.mark.parametrize(
        ("asked", "pin", "wrong"),
        [
            ("Typing_Extensions>=4", "typing-extensions==4.1", set()),
            ("anyio>=5", "anyio==4.1", {"anyio"}),
            ("anyio>=4", "httpx==1.0", {"anyio", "httpx"}),
            ("anyio>=4", "anyio==4.1 ; sys_platform == 'linux'", {"anyio"}),
            ("anyio>=4; sys_platform == 'linux'", "anyio==4.1 ; sys_platform == 'linux'", set()),
        ],
    )
    def test_a_disagreement_is_found(self, asked: str, pin: str, wrong: set[str]) -> None:
        named = {"name": "amq", "dependencies": [asked]}
        project = {"project": named, "dependency-groups": {}, "build-system": {"requires": []}}
        lock = f"{pin} \\\n    --hash=sha256:{'0' * 64}\n    # via amq (pyproject.toml)\n"
        assert disagreements(project, lock) == wrong

    def test_it_has_no_host_and_no_path(self) -> None:
        rest = PIN.sub("", LOCK).splitlines()
        assert [line for line in rest if not line.startswith("#")] == []
        assert re.findall(r"\S*(?:://|@ |/\w+/)\S*", LOCK) == []


class TestWorkflow:
    def test_it_runs_the_pythons_of_pyproject(self) -> None:
        (matrix,) = re.findall(r"python: \[(.+)\]", WORKFLOW)
        assert re.findall(r"[\d.]+", matrix) == PYTHONS
        assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
        assert f"--python-version {PYTHONS[0]} " in (REPOSITORY / "Makefile").read_text()

    def test_it_runs_the_commands_of_readme(self) -> None:
        said = {line for block in blocks_of("README.md") if block.mark == RUN_BY_CI for line in block.lines}
        assert {"make lint", "make test", *said} <= set(re.findall(r"- run: (.+)", WORKFLOW))


@pytest.mark.parametrize(
    ("message", "fits"),
    [
        ("drain: show what fits, and leave unreadable mail in new\n\nWhy.\n", True),
        ("tests/agents, docs/performance.md: say ESC\n", True),
        (f"a: {'x' * 69}\n", True),
        (f"a: {'x' * 70}\n", False),
        ("Merge branch 'trust': a queue that a clone brings along is announced only if the user trusts it\n", True),
        ('Revert "drain: show what fits"\n', True),
        ("fixup! drain: show what fits\n", True),
        ("\n# a comment: of git's\ndrain: show what fits\n", True),
        ("Show what fits\n", False),
        ("drain: Show what fits\n", False),
        ("Drain: show what fits\n", False),
        ("drain: show what fits.\n", False),
        ("drain:show what fits\n", False),
        ("# only a comment\n", False),
    ],
)
def test_a_subject_has_an_area_and_72_characters(message: str, fits: bool, tmp_path: Path) -> None:
    main = runpy.run_path(str(REPOSITORY / "scripts" / "check-subject.py"))["main"]
    (tmp_path / "message").write_text(message)
    assert (main(str(tmp_path / "message")) == 0) is fits


class TestHooks:
    def test_they_refuse_a_bad_commit(self, tmp_path: Path) -> None:
        require("git", f"{sys.prefix}/bin/pre-commit")
        clone = Clone(tmp_path)
        clone.run(".venv/bin/pre-commit", "install", code=0)
        for text, subject, refusing in [
            ("import os\n\n\na  =  1\n", "a: add it", ["ruff check", "ruff format"]),
            ("a = 1\n", "Add it", ["commit subject"]),
            ("a = 1\n", "a: add it", []),
        ]:
            clone.write("a.py", text)
            said = clone.run("git", "commit", "-m", subject, code=1 if refusing else 0)
            assert re.findall(r"^(.+?)\.{5,}.*Failed$", said, re.M) == refusing
        assert clone.run("git", "log", "--format=%s", code=0) == "a: add it\n"

    def test_they_run_the_tools_of_make_lint(self) -> None:
        (lint,) = re.findall(r"^lint: setup\n((?:\t.+\n)+)", (REPOSITORY / "Makefile").read_text(), re.M)
        hooks = re.findall(r"entry: \.venv/bin/(.+)", (REPOSITORY / ".pre-commit-config.yaml").read_text())
        assert [line.split()[0] for line in hooks] == [*re.findall(r"\$\(BIN\)/(\S+)", lint), "python"]


class Clone:
    """A repository with what the hooks need of this one. It skips mypy, which is slow."""

    def __init__(self, place: Path) -> None:
        self._place = place / "clone"
        (self._place / "scripts").mkdir(parents=True)
        for name in (".pre-commit-config.yaml", "pyproject.toml", "scripts/check-subject.py"):
            (self._place / name).symlink_to(REPOSITORY / name)
        (self._place / ".venv").symlink_to(sys.prefix)
        self._environ = {
            "PATH": os.environ["PATH"], "HOME": str(place), "PRE_COMMIT_HOME": str(place / "cache"), "SKIP": "mypy",
            **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }  # fmt: skip
        self.run("git", "init", "--quiet", code=0)

    def write(self, name: str, text: str) -> None:
        """Write a file and stage it."""
        (self._place / name).write_text(text)
        self.run("git", "add", name, code=0)

    def run(self, *words: str, code: int) -> str:
        """Return what a program prints, which must exit with CODE."""
        done = subprocess.run(
            words, cwd=self._place, env=self._environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
        return done.stdout


def test_the_page_on_tests_names_every_folder() -> None:
    named = re.findall(r"^\| `(\w+)/`", (REPOSITORY / "tests" / "README.md").read_text(), re.M)
    assert sorted(named) == sorted(path.parent.name for path in REPOSITORY.glob("tests/*/__init__.py"))
