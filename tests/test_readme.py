"""The documents are true: the commands that they name exist, and their command blocks do what they say."""

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
from tests.conftest import Shell

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "COOP.md", "INSTALL.md")
COMMAND = re.compile(r"(amq|make|mkdir|scripts/\S+|/path/to/\S+|claude|codex)( |$)")
"""How the first line of a block begins if it is one to be typed into a shell."""
RUN_BY_CI = "run by CI"


@dataclass(frozen=True)
class Block:
    """Indented lines of a document, and what the comment above them says, if there is one."""

    lines: tuple[str, ...]
    mark: str

    @property
    def commands(self) -> list[str]:
        """The commands in it, without what stands in a second column; none if it is no command block."""
        if not COMMAND.match(self.lines[0]):
            return []
        return [re.split(r" {2,}", line)[0] for line in self.lines]


def blocks(text: str) -> Iterator[Block]:
    """The indented blocks of a document; an empty line does not end one."""
    for found in re.finditer(r"(?:^<!-- (.+) -->\n\n)?((?:^ {4}.*\n|^\n(?= {4}))+)", text, re.MULTILINE):
        lines = found[2].strip("\n").split("\n")
        yield Block(tuple(line.removeprefix("    ") for line in lines), found[1] or "")


def blocks_of(document: str) -> list[Block]:
    return list(blocks((REPOSITORY / document).read_text()))


def commands_in_the_table() -> set[str]:
    """The commands that the first column of README's table names."""
    rows = re.findall(r"^\| (`amq .*?) \|", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    calls = [call for row in rows for call in re.findall(r"`amq ([a-z ]+)", row)]
    return {next(name for name in (" ".join(call.split()[:2]), call.split()[0]) if name in COMMANDS) for call in calls}


def test_the_table_names_every_command_and_no_other() -> None:
    assert commands_in_the_table() == set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_block_does_what_it_says(document: str, shell: Shell, tmp_path: Path) -> None:
    """In a project as the text has it: both agents have mailboxes, and claude has a question from codex."""
    shell.ok("init", "--agents", "claude,codex", me=None)
    question = shell.send("--kind", "question", to="claude", me="codex")
    me = "user" if document == "README.md" else "claude"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "amq").symlink_to(Path(sys.executable).with_name("amq"))
    (tmp_path / "home").mkdir()
    environ = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path / "home"), "AM_ME": me}
    ran = 0
    for block in blocks_of(document):
        for command in block.commands if not block.mark else ():
            words = ["sh", "-c", re.sub(r"\bID\b", question, command)]
            done = subprocess.run(
                words,
                cwd=shell.project,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode, done.stderr) == (0, ""), command
            ran += 1
    assert ran > 1


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_said_to_be_run_by_ci_is(document: str) -> None:
    ran = (REPOSITORY / ".ci" / "run").read_text()
    named = [command for block in blocks_of(document) if block.mark == RUN_BY_CI for command in block.commands]
    assert [command for command in named if command not in ran] == []


def test_the_python_in_the_readme_runs(shell: Shell) -> None:
    shell.ok("init", "--agents", "claude,codex", me=None)
    shell.send(to="codex", me="claude", body="Is it done?")
    (block,) = (block for block in blocks_of("README.md") if block.lines[0].startswith("from amq import"))
    program = "\n".join(block.lines).replace("/project", str(shell.project))
    done = subprocess.run([sys.executable, "-c", program], env={}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["claude", "Is", "it", "done?"]
    assert len(os.listdir(shell.agent("claude").inbox_new)) == 1


def test_a_block_is_read_as_markdown_has_it() -> None:
    text = "A:\n\n    amq who    shows\n    amq list\n\n<!-- no -->\n\n    luck\n\nB:\n\n    a = 1\n\n    b = 2\n"
    first, second, third = blocks(text)
    assert (first.commands, first.mark) == (["amq who", "amq list"], "")
    assert (second.lines, second.mark) == (("luck",), "no")
    assert (third.lines, third.commands) == (("a = 1", "", "b = 2"), [])


def test_links_between_the_documents_lead_somewhere() -> None:
    for document in (*DOCUMENTS, "CONTRIBUTING.md", "AGENTS.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (REPOSITORY / document).read_text()):
            assert (REPOSITORY / target).exists(), f"{document}: {target}"
