"""The map of the code is true: its table is the layer rule, and the modules and paths that it names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import amq
from tests.test_layers import MAY_IMPORT

REPOSITORY, PACKAGE = Path(__file__).parents[1], Path(amq.__file__).parent
MAP = (REPOSITORY / "docs" / "architecture.md").read_text()
RECIPES = (REPOSITORY / "docs" / "recipes.md").read_text()


def test_the_table_of_rooms_is_the_layer_rule() -> None:
    table = MAP[MAP.index("| room | may import |") : MAP.index("## Seven walks")]
    rows = re.findall(r"^\| (\w+) \| ([\w, ]+) \| ", table, re.MULTILINE)[1:]
    assert {room: set() if others == "nothing" else set(others.split(", ")) for room, others in rows} == MAY_IMPORT


def test_the_modules_that_are_named_exist() -> None:
    modules = [f"/{path.relative_to(PACKAGE).with_suffix('')}" for path in PACKAGE.rglob("*.py")]
    walks = MAP[MAP.index("### send") : MAP.index("## Invariants")]
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+)`", walks)) - {"inbox/tmp", "inbox/new"}
    assert len(named) > 30
    assert [name for name in sorted(named) if not any(module.endswith(f"/{name}") for module in modules)] == []


def test_what_is_named_in_a_module_is_there() -> None:
    missing = []
    for name, member in re.findall(r"`([a-z_/]+)` \(([\w.]+)\)", MAP):
        (path,) = (path for path in PACKAGE.rglob("*.py") if f"/{path.with_suffix('')}".endswith(f"/{name}"))
        defined = {getattr(node, "name", "") for node in ast.walk(ast.parse(path.read_text()))}
        missing += [f"{name}: {member}" for part in member.split(".") if part not in defined]
    assert missing == []


def test_the_paths_in_the_recipes_exist() -> None:
    named = set(re.findall(r"`((?:amq|tests|scripts)/[\w/.]+)`", RECIPES)) - {"amq/cli/commands/NAME.py"}
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []
