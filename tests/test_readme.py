"""The documents are true: the commands that they name exist, and their command blocks have the stated effects."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from amq.cli.main import COMMANDS
from tests.conftest import Shell, without_note

REPOSITORY = Path(__file__).parents[1]
PAGES = tuple(
    f"docs/{page}.md" for page in ("architecture", "commands", "comparison", "glossary", "python", "recipes", "waking")
)
DOCUMENTS = ("README.md", "COOP.md", "INSTALL.md", *PAGES)
COMMAND_TABLES = "docs/commands.md"
AS_CLAUDE = ("COOP.md", "INSTALL.md")
"""Documents for an agent; the others are for the user."""
SKILL = REPOSITORY / "amq" / "setup" / "skills"
TEXTS = (
    *DOCUMENTS,
    "SECURITY.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "AGENTS.md",
    *(str(path.relative_to(REPOSITORY)) for path in SKILL.rglob("*.md")),
)
LINKING = sorted(
    str(path.relative_to(REPOSITORY)) for folder in ("*.md", "docs/**/*.md") for path in REPOSITORY.glob(folder)
)
RUN_BY_CI = "run by CI"
TELLS = "its exit code tells whether something is wrong"
NO_COMMANDS = re.compile(r"amq: \d|from amq import |notify = \[")
"""First words of a block that shows something else: a line on a screen, Python, a setting."""


@dataclass(frozen=True)
class Block:
    """Indented lines of a document, and the comment above them, if there is one."""

    lines: tuple[str, ...]
    mark: str

    @property
    def is_to_run(self) -> bool:
        """Return whether the block can be pasted into a shell unchanged.

        It must not be marked, nor known for something else.
        """
        return self.mark in ("", TELLS) and not NO_COMMANDS.match(self.lines[0])


def blocks(text: str) -> Iterator[Block]:
    """Yield the indented blocks of a document; an empty line does not end one."""
    for found in re.finditer(r"(?:^<!-- (.+) -->\n\n)?((?:^ {4}.*\n|^\n(?= {4}))+)", text, re.MULTILINE):
        lines = found[2].strip("\n").split("\n")
        yield Block(tuple(line.removeprefix("    ") for line in lines), found[1] or "")


def blocks_of(document: str) -> list[Block]:
    return list(blocks((REPOSITORY / document).read_text()))


def run_block(block: Block, cwd: Path, environ: dict[str, str]) -> None:
    """Run the block in a shell that stops at the first failing line; it must succeed, and complain of nothing."""
    done = subprocess.run(
        ["sh", "-ec", "\n".join(block.lines)], cwd=cwd, env=environ, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode in ((0, 1) if block.mark == TELLS else (0,)), f"{block.lines}: {done.stderr}"
    assert without_note(done.stderr) == "", block.lines


def command_of(call: str) -> str:
    """Return the command in the text behind `amq`; empty if there is none."""
    words = re.findall(r"^[a-z ]*", call)[0].split()
    return next((name for name in (" ".join(words[:2]), *words[:1]) if name in COMMANDS), "")


def commands_in_the_tables(document: str) -> set[str]:
    """Return the commands that the first columns of a document's tables name."""
    rows = re.findall(r"^\| (`amq .*?) \|", (REPOSITORY / document).read_text(), re.MULTILINE)
    return {command_of(call) for row in rows for call in re.findall(r"`amq ([^`]+)", row)}


def test_the_tables_name_every_command_and_no_other() -> None:
    assert commands_in_the_tables(COMMAND_TABLES) == set(COMMANDS)


def test_the_readme_names_the_daily_ones() -> None:
    daily = commands_in_the_tables("README.md")
    assert daily < set(COMMANDS)
    assert daily >= {"send", "drain", "reply", "run", "coop up", "who", "why", "doctor"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_block_does_what_it_says(document: str, shell: Shell, tmp_path: Path) -> None:
    """The project is as the text has it: both agents have mailboxes, and claude has a question from codex."""
    shell.ok("init", "--agents", "claude,codex", me=None)
    question = shell.send("--kind", "question", to="claude", me="codex")
    me = "claude" if document in AS_CLAUDE else "user"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "amq").symlink_to(Path(sys.executable).with_name("amq"))
    (tmp_path / "home").mkdir()
    environ = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path / "home"), "AM_ME": me}
    to_run = [block for block in blocks_of(document) if block.is_to_run]
    assert document in PAGES or len(to_run) > 1
    for block in to_run:
        lines = tuple(re.sub(r"\bID\b", question, line) for line in block.lines)
        run_block(Block(lines, block.mark), shell.project, environ)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_not_run_says_why(document: str) -> None:
    marks = {block.mark for block in blocks_of(document)}
    assert [
        mark for mark in marks if mark not in ("", RUN_BY_CI, TELLS, "a picture") and not mark.startswith("needs ")
    ] == []
    assert "```" not in (REPOSITORY / document).read_text(), "a block that is not indented is not seen here"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_said_to_be_run_by_ci_is(document: str) -> None:
    ran = (REPOSITORY / ".ci" / "run").read_text()
    named = [line for block in blocks_of(document) if block.mark == RUN_BY_CI for line in block.lines]
    assert [line for line in named if line not in ran] == []


@pytest.mark.parametrize(
    "line", ["amq lst", "amq send --to codex", "amq list    what is new", "frobnicate", "amq who >&2"]
)
def test_a_block_that_is_wrong_is_found(line: str, amq: Shell) -> None:
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "AM_ME": "alice"}
    (block,) = blocks(f"So:\n\n    amq who\n    {line}\n    amq who\n")
    assert block.is_to_run
    with pytest.raises(AssertionError, match=line.split()[0]):
        run_block(block, amq.project, environ)


@pytest.mark.parametrize("document", TEXTS)
def test_every_command_and_option_that_is_named_exists(document: str, shell: Shell) -> None:
    """This covers prose and tables, and the blocks that are not run."""
    text = (REPOSITORY / document).read_text()
    calls = re.findall(r"`(?:…/)?amq ([^`]+)`|^ {4}amq (.+)", text, re.MULTILINE)
    helps = {command: shell.ok("help", command, me=None) for command in COMMANDS}
    assert [call for span, line in calls if (call := span or line) and not is_known(call, helps)] == []


def is_known(call: str, helps: dict[str, str]) -> bool:
    """Return whether the command in CALL exists, and its help names the options there."""
    if not call[0].isalpha() or call.split()[0] in ("help", "version"):  # no command, or one that is in no table
        return True
    command = command_of(call)
    options = re.findall(r"(?<!\S)\[?(--[a-z-]+)", call.partition(" -- ")[0])
    return bool(command) and all(re.search(rf"{option}\b(?!-)", helps[command]) for option in options)


def test_the_python_in_the_documents_runs(shell: Shell) -> None:
    shell.ok("init", "--agents", "claude,codex", me=None)
    shell.send(to="codex", me="claude", body="Is it done?")
    (block,) = (block for block in blocks_of("docs/python.md") if block.lines[0].startswith("from amq import"))
    program = "\n".join(block.lines).replace("/project", str(shell.project))
    done = subprocess.run([sys.executable, "-c", program], env={}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["claude", "Is", "it", "done?"]
    assert len(os.listdir(shell.agent("claude").inbox_new)) == 1


def test_a_block_is_read_as_markdown_has_it() -> None:
    text = "A:\n\n    amq who\n    amq list\n\n<!-- no -->\n\n    luck\n\nB:\n\n    from amq import a\n\n    a\n"
    first, second, third = blocks(text)
    assert (first.lines, first.mark, first.is_to_run) == (("amq who", "amq list"), "", True)
    assert (second.lines, second.mark, second.is_to_run) == (("luck",), "no", False)
    assert (third.lines, third.is_to_run) == (("from amq import a", "", "a"), False)


def heading_anchors(text: str) -> set[str]:
    """Return the fragments of the headings of TEXT, as GitHub names them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(document: Path) -> list[str]:
    """Return the links of DOCUMENT, to files and to their headings, that lead nowhere."""
    broken = []
    for link, path, fragment in re.findall(r"\]\((?!\w+:)(([^)#]*)#?([^)]*))\)", document.read_text()):
        target = document.parent / path if path else document
        if not target.exists() or (fragment and fragment not in heading_anchors(target.read_text())):
            broken.append(link)
    return broken


@pytest.mark.parametrize("document", LINKING)
def test_links_lead_somewhere(document: str) -> None:
    assert broken_links(REPOSITORY / document) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# The `amq` way, in short\n")
    page.write_text(
        "# A\n[1](other.md#the-amq-way-in-short) [2](#a) [3](https://x.org/y) [4](gone.md) [5](other.md#b)\n"
    )
    assert broken_links(page) == ["gone.md", "other.md#b"]
