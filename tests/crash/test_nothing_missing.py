"""The search is complete: every verb, and every function that changes a queue file, is reached by a scenario."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

import pytest

import amq
from amq.cli.main import main
from amq.mail.mailbox import Mailbox
from tests.crash.scenarios import SCENARIOS
from tests.crash.seam import CHANGING, Step, Watched
from tests.crash.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(inspect.getfile(amq)).parent
SURE_MOVES = {"write_new", "publish_new", "link", "move", "take", "replace_file", "discard", "fill"}
AFTER_AN_ERROR = {"_give_up", "forget_all"}
"""Functions that are reached only after a fault."""
NO_QUEUE_FILE = {"setup/hooks.py: write_file"}
"""Functions that change an agent's settings and no file of a queue; `tests/setup/test_hooks.py` tests them."""
NO_MAIL = {
    "runtime/hooks/turn_summary.py: write_summary",
    "runtime/launch.py: remove_old_settings",
    "store/header_cache.py: save",
    "mail/search_index.py: _remove",
}
"""Functions whose files only inform the user, save looks, or come from an older version, and may be lost.

They have their own tests.
"""
WHOLE_MAILBOXES = {"store/archive.py: remove", "store/archive.py: restore"}
"""Functions that move a directory, which the model of a disk does not know; `tests/cli/test_agent.py` stops each."""
FOR_ANOTHER_USER = {"store/locks.py: _make_lock_for_owner", "store/directories.py: _make_for"}
"""Functions that only root runs, in another user's queue; `tests/store/test_owners.py` checks their every step."""


def _reached(place: Path) -> set[tuple[str, int]]:
    """Return the file and first line of amq's functions that run in some scenario."""
    codes: set[CodeType] = set()

    def note(frame: FrameType, *_: object) -> None:
        codes.add(frame.f_code)

    for number, scenario in enumerate(SCENARIOS):
        world = World(place / str(number))
        world.place.mkdir()
        scenario.prepare(world)
        sys.setprofile(note)
        try:
            scenario.act(world, "")
        finally:
            sys.setprofile(None)
    return {(code.co_filename, code.co_firstlineno) for code in codes}


def _changers() -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield the functions outside the seam that take a step which changes something, by name and place."""
    for path in PACKAGE.rglob("*.py"):
        if path.name != "durable.py":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and any(map(_changes, ast.walk(node))):
                    first = min(node.lineno, *(each.lineno for each in node.decorator_list), node.lineno)
                    yield f"{path.relative_to(PACKAGE)}: {node.name}", (str(path), first)


def _changes(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="durable"), attr=name)):
            return name in SURE_MOVES
        case ast.Call(func=ast.Attribute(value=ast.Name(id="directories"), attr="make")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="steps"), attr=name)):
            return name in CHANGING
    return False


def _verbs() -> Iterator[tuple[str, tuple[str, int]]]:
    members: dict[str, Any] = dict(vars(Mailbox))
    for name, verb in members.items():
        if not name.startswith("_"):
            code = getattr(verb, "fget", verb).__code__
            yield name, (code.co_filename, code.co_firstlineno)


def test_every_verb_and_whatever_changes_a_file_is_in_a_scenario(place: Path) -> None:
    reached = _reached(place)
    wanted = [*_verbs(), *_changers()]
    assert len(wanted) > 40
    missing = {name for name, where in wanted if where not in reached}
    missing -= NO_QUEUE_FILE | NO_MAIL | WHOLE_MAILBOXES | FOR_ANOTHER_USER
    assert {name for name in missing if name.split()[-1] not in AFTER_AN_ERROR} == set()


def _changing(log: list[Step]) -> list[str]:
    """Return the names of the steps that change something."""
    return [step.name for step in log if step.creates or step.name in CHANGING]


LOOKING = (
    "list", "list --new --limit 1", "read --id m1", "thread --id p2p/ann__bob", "trace --id m1", "who",
    "presence list", "dlq list", "dlq purge --dry-run", "cleanup --tmp-older-than 0 --dry-run", "env",
    "watch --timeout 10ms", "monitor --timeout 10ms --peek",
)  # fmt: skip


@pytest.mark.parametrize("words", LOOKING)
def test_who_looks_takes_no_step_that_changes_anything(words: str, place: Path) -> None:
    scenario = next(each for each in SCENARIOS if each.name == "everything that only looks")
    world = World(place)
    scenario.prepare(world)
    with Watched() as watched:
        main(["--root", world.queue.root, "--me", "bob", *words.split()])
    assert _changing(watched.log) == []


@pytest.mark.parametrize("stage", ["drained", "acked"])
def test_to_wait_for_the_recipient_adds_no_step_that_changes_anything(stage: str, place: Path) -> None:
    world = World(place)
    world.make("ann", "bob")
    words = ["--root", world.queue.root, "--me", "ann", "send", "--to", "bob", "--body=x", "--ack"]
    logs = []
    for waiting in ([], ["--wait-for", stage, "--wait-timeout", "1ms"]):
        with Watched() as watched:
            main([*words, *waiting])
        logs.append(watched.log)
    assert _changing(logs[0]) == _changing(logs[1])
    assert len(logs[1]) > len(logs[0])
