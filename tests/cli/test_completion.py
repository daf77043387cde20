"""`amq completion`: TAB is pressed in each shell, set up as INSTALL.md says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from amq.cli.commands import completion
from amq.cli.main import COMMANDS
from tests.conftest import Shell
from tests.pty.user import hang_up

SHELLS = ("bash", "zsh", "fish")
TYPED = {
    "amq dra": "drain",
    "amq presence se": "presence set",
    "amq dlq pu": "dlq purge",
    "amq dlq purge --dry": "dlq purge --dry-run",
    "amq send --wait-f": "send --wait-for",
    "amq send --wait-for ack": "send --wait-for acked",
    "amq send --priority urg": "send --priority urgent",
    "amq list --kind quest": "list --kind question",
    "amq reply --kind ans": "reply --kind answer",
    "amq list --from al": "list --from alice",
    "amq send --to car": "send --to carol",
    "amq send --to alice,car": "send --to alice,carol",
    "amq init --agents bob,al": "init --agents bob,alice",
    "amq why bo": "why bob",
    "amq send --body @not": "send --body @notes.txt",
    "amq run -- cod": "run -- codex",
    "amq read --id id-a": "read --id id-abc",
    "amq send --refs id-0,id-a": "send --refs id-0,id-abc",
    "amq thread --id plan/c": "thread --id plan/cache",
    "amq send --thread plan/c": "send --thread plan/cache",
    "amq --me bo": "--me bob",
    "amq --me bob dlq ret": "--me bob dlq retry",
    "amq list --root .agent-m": "list --root .agent-mail",
    "amq send --body-file not": "send --body-file notes.txt",
    "amq schema dlq-pu": "schema dlq-purge",
    "amq help who": "help who",
}
"""Text typed before TAB and Enter, and the words that `amq` gets then."""


@pytest.fixture(params=SHELLS)
def interactive(request: pytest.FixtureRequest) -> str:
    """An installed shell."""
    program: str = request.param
    if shutil.which(program) is None:
        if os.environ.get("AMQ_REQUIRE_ALL") == "1":
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is missing")
    return program


@pytest.fixture
def environment(amq: Shell, tmp_path: Path) -> dict[str, str]:
    """An empty home, and an `amq` that prints its arguments.

    Calls by the completion scripts and their installation reach the real one.
    """
    (amq.project / "notes.txt").touch()
    program = tmp_path / "bin" / "amq"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
case "$1" in completion) exec {sys.executable} -m amq "$@" ;; esac
echo "<$*>"
"""
    )
    program.chmod(0o755)
    home = tmp_path / "home"
    (home / ".local/share/fish/generated_completions").mkdir(parents=True)  # else fish reads all manual pages first
    path = f"{program.parent}:{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "TERM": "xterm", "LANG": "C.UTF-8", "PS1": "$ "}


def install(shell: str, environment: dict[str, str]) -> None:
    """Follow the help's instructions, which README repeats."""
    line = next(line for line in completion.EXAMPLES.splitlines() if f"amq completion {shell} " in line)
    subprocess.run(["bash", "-c", line], env=environment, check=True)


@contextmanager
def started(shell: str, environment: dict[str, str], project: Path) -> Iterator[pexpect.spawn[str]]:
    """Start SHELL at a terminal, as a user does."""
    child = pexpect.spawn(
        shell, ["-i"], env=environment, cwd=str(project), encoding="utf-8", dimensions=(24, 200), timeout=20
    )
    try:
        yield child
    finally:
        hang_up(child)


def test_tab_completes(interactive: str, amq: Shell, environment: dict[str, str]) -> None:
    amq.send("--new-id", "id-abc", "--thread", "plan/cache", to="user")
    install(interactive, environment)
    answers = {}
    with started(interactive, environment, amq.project) as shell:
        for typed in TYPED:
            answers[typed] = press_tab(shell, typed)
        amq("init", "--agents", "dora")
        answers["amq send --to do"] = press_tab(shell, "amq send --to do")
    assert answers == TYPED | {"amq send --to do": "send --to dora"}


def press_tab(shell: pexpect.spawn[str], typed: str) -> str:
    """Return the words that `amq` gets when TYPED is completed; zsh removes the slash behind a directory again."""
    shell.send(f"{typed}\t\r")
    shell.expect(r"<([^>\r\n]*)>\r?\n")
    assert isinstance(shell.match, re.Match)
    return str(shell.match.group(1)).rstrip(" /")


def test_the_help_and_the_page_on_installing_agree() -> None:
    page = Path(__file__).parents[2].joinpath("INSTALL.md").read_text()
    assert all(f"\n    {line.strip()}\n" in page for line in completion.EXAMPLES.splitlines())


def test_a_script_knows_every_command_and_every_option_that_its_help_names(shell: Shell) -> None:
    script = shell.ok("completion", "bash", me=None)
    found = re.findall(r"^_shtab_amq_(\w+)_option_strings=\((.*)\)", script, re.MULTILINE)
    known = {name: options.split() for name, options in found}
    for command in COMMANDS:
        named = re.findall(r"^  (?:-h, )?(--[a-z-]+)", shell.ok("help", command, me=None), re.MULTILINE)
        assert named
        assert set(named) <= set(known[command.replace(" ", "_")]), command


def test_handles_are_those_of_the_queue(amq: Shell) -> None:
    assert amq.ok("completion", "handles", me=None) == "alice\nbob\ncarol\nuser\n"


def test_a_name_that_a_shell_would_expand_is_not_a_handle(amq: Shell) -> None:
    (amq.root / "agents" / "$(reboot)" / "inbox" / "new").mkdir(parents=True)
    assert "reboot" not in amq.ok("completion", "handles", me=None)


def test_ids_and_threads_are_those_of_the_latest_mail(amq: Shell) -> None:
    amq.send("--thread", "$(reboot)")
    ids = [amq.send("--thread", f"plan/{number}") for number in range(2)]
    assert amq.ok("completion", "ids", me="bob").splitlines()[-2:] == ids
    assert amq.ok("completion", "threads", me="bob") == "plan/0\nplan/1\n"
    assert amq.ok("completion", "ids", me="carol") == ""


def test_without_a_queue_there_are_no_handles(shell: Shell) -> None:
    assert shell.ok("completion", "handles", me=None) == ""


def test_another_shell_is_a_usage_error(shell: Shell) -> None:
    refused = shell("completion", "csh", me=None)
    assert (refused.code, refused.out) == (2, "")
    assert "'bash', 'zsh', 'fish'" in refused.err
