"""Run the tests of each mutant in a copy of the tree, and report the mutants that live.

    python -m tests.mutants [WORD]...

The working tree is not touched. The exit status is 1 if a mutant lives. Tests that fail without any mutant, or that
time out, kill nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

from tests.mutants.mutant import REPOSITORY, Mutant
from tests.mutants.table import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Iterable

WAYS = max(1, (os.cpu_count() or 1))
MOST_S = 600


def main(words: list[str]) -> int:
    """Run the mutants whose name has one of WORDS in it, or all; return the exit status."""
    mutants = [each for each in MUTANTS if not words or any(word in each.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="amq-mutants-") as place:
        trees: Queue[Path] = Queue()
        for number in range(WAYS):
            trees.put(_copy(Path(place, str(number))))
        with ThreadPoolExecutor(WAYS) as pool:
            tests = dict.fromkeys(name for each in mutants for name in each.tests.split())
            if broken := list(filter(None, pool.map(lambda name: _without_mutant(name, trees), tests))):
                _say("".join(f"fails without any mutant:\n{said}" for said in broken))
                return 1
            lived = [name for name, died in pool.map(lambda each: _try(each, trees), mutants) if not died]
    _say(f"{len(mutants)} mutants, {len(mutants) - len(lived)} killed, {len(lived)} alive")
    return 1 if lived else 0


def _copy(place: Path) -> Path:
    """Copy the tree as it is now, without files that git does not know."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, place / name, follow_symlinks=False)
    return place


def _try(mutant: Mutant, trees: Queue[Path]) -> tuple[str, bool]:
    """Try a mutant; return its name, and whether it died."""
    tree = trees.get()
    path = tree / mutant.path
    source = path.read_text()
    began = time.monotonic()
    try:
        path.write_text(mutant.apply(source))
        found = _killer(tree, mutant.tests.split())
    finally:
        path.write_text(source)
        trees.put(tree)
    what = f"killed by {found}" if found else "ALIVE"
    _say(f"{time.monotonic() - began:6.1f} s  {mutant.name:50}  {what}")
    return mutant.name, bool(found)


def _without_mutant(tests: str, trees: Queue[Path]) -> str:
    """Return the failure of TESTS without the mutant, empty if they pass."""
    tree = trees.get()
    try:
        return _failure(tree, tests)
    finally:
        trees.put(tree)


def _killer(tree: Path, tests: Iterable[str]) -> str:
    """Return the first of TESTS that fails in TREE; empty if none does."""
    return next((each for each in tests if _failure(tree, each)), "")


def _failure(tree: Path, tests: str) -> str:
    """Return the output of a failure of TESTS in TREE, empty if they pass; a hanging test fails after two minutes."""
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout", "120", tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "AMQ_SEED": "1"}
    try:
        done = subprocess.run(
            pytest, cwd=tree, env=environment, capture_output=True, text=True, timeout=MOST_S, check=False
        )
    except subprocess.TimeoutExpired:
        _say(f"{tests} took more than {MOST_S} s")
        return ""
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{tests} cannot be run: {done.stdout}{done.stderr}")
    return done.stdout if done.returncode == 1 else ""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
