"""The documents name files, modules, classes and functions that exist."""

from __future__ import annotations

import builtins
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAME = f"tests/{Path(__file__).stem}"
FOLDERS = ("amq", "tests", "scripts")
HISTORY = {"CHANGELOG.md"}
PATH = re.compile(r"[a-z][\w-]*(?:/[\w.-]+)+|[a-z]\w*(?:\.py|/)")
DOTTED = re.compile(r"(\w+)\.(\w+)(?:\(.*\))?")
CLASS = re.compile(r"[A-Z]\w*[a-z]\w*")
SNAKE = re.compile(r"[a-z]\w*_\w+")
DEFINED = re.compile(r"^ *(?:(?:async )?def|class) (\w+)|^ *(?:self\.)?(\w+)(?:: [^=\n]+)? = ", re.MULTILINE)
FILES = {"json", "jsonl", "key", "md", "nk", "log", "pem", "sh", "svg", "toml", "txt"}
"""Endings of file names, which look like a member of a module."""
PLACES = {"agents/codex", "dlq/", "meta/", "new/"}
"""Names in a queue."""
OTHERS = {"Default_Ignorable_Code_Point", "exit_group", "amq/cli/commands/NAME.py", "PostToolBatch"}
"""A property of Unicode's, a system call, an example, and an event of Claude Code's."""


def documents() -> list[Path]:
    found = [path for pattern in ("*.md", "docs/**/*.md", "tests/*.md", "amq/**/*.md") for path in ROOT.glob(pattern)]
    return sorted(path for path in found if path.name not in HISTORY)


@cache
def sources() -> dict[str, str]:
    """Return the text of each Python module, by its path without the suffix."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return {str(path.relative_to(ROOT).with_suffix("")): path.read_text("utf-8") for path in found}


@cache
def defined() -> frozenset[str]:
    """Return the classes, functions and variables of the tree."""
    return frozenset(name for text in sources().values() for found in DEFINED.findall(text) for name in found if name)


@cache
def words() -> frozenset[str]:
    return frozenset(word for name, text in sources().items() for word in re.findall(r"\w+", text) if name != NAME)


@cache
def folders() -> frozenset[str]:
    return frozenset(folder for name in sources() for folder in name.split("/")[:-1])


def path_exists(path: str) -> bool:
    """Return whether PATH is in the tree, below any folder, or begins at a folder that is not."""
    part = f"/{path.strip('/').removesuffix('.py')}/"
    elsewhere = "/" in path and path.partition("/")[0] not in folders()
    return elsewhere or (ROOT / path).exists() or any(part in f"/{name}/" for name in sources())


def member_exists(owner: str, member: str) -> bool:
    """Return whether MEMBER is in the module or class OWNER; true if the tree has no OWNER."""
    bodies = [text for name, text in sources().items() if name.rpartition("/")[2] == owner]
    bodies += [text for text in sources().values() if re.search(rf"^class {owner}\b", text, re.MULTILINE)]
    return not bodies or any(member in found for text in bodies for found in DEFINED.findall(text))


def exists(name: str) -> bool:
    """Return whether NAME is in the tree, or does not look as if it should be."""
    if name in PLACES | OTHERS:
        return True
    if PATH.fullmatch(name):
        return path_exists(name)
    if (dotted := DOTTED.fullmatch(name)) and dotted[2] not in FILES:
        return member_exists(dotted[1], dotted[2])
    if CLASS.fullmatch(name):
        return name in defined() or hasattr(builtins, name)
    return not SNAKE.fullmatch(name) or name in words()


def missing(document: str) -> list[str]:
    """Return the names in the prose of a Markdown DOCUMENT that do not exist."""
    prose = re.sub(r"(?m)^ {4}.*$", "", document)
    return sorted({name for name in re.findall(r"`([^`\s]+)`", prose) if not exists(name)})


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_names_exist(document: Path) -> None:
    assert missing(document.read_text("utf-8")) == []


def test_a_name_that_is_gone_is_found() -> None:
    real = "amq/text.py store/durable durable.py pty/ Mailbox Mailbox.send quoting.tmux keeps_path"
    foreign = "inbox/new json.loads KeyError"
    gone = "Gone Mailbox.gone amq/gone.py gone.py gone_with_it quoting.gone store/gone"
    text = " ".join(f"`{name}`" for name in f"{real} {foreign} {gone}".split())
    assert missing(text) == sorted(gone.split())
