"""The lock file agrees with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = (REPOSITORY / "requirements-dev.txt").read_text()
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

    def test_it_names_no_host_and_no_path(self) -> None:
        rest = PIN.sub("", LOCK).splitlines()
        assert [line for line in rest if not line.startswith("#")] == []
        assert re.findall(r"\S*(?:://|@ |/\w+/)\S*", LOCK) == []
