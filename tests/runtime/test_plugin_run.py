"""`amq run` with a program that is given a plugin."""

from __future__ import annotations

import os
from pathlib import Path

import pexpect
import pytest

from amq.runtime.agents import registry
from amq.runtime.journal import LOG_NAME
from tests.conftest import private_directory
from tests.pty.user import wait_until
from tests.runtime.run_session import Desk

REFUSES = """\
#!/bin/sh
case "$*" in --version) echo 2.1.332; exit;; esac
case "$*" in *--plugin-dir*) printf '%s\\r\\n' "$SAYS"; exit 1;; esac
echo "without it: $*"
read -r line
"""
FORBIDDEN = "--plugin-dir is disabled by your organization's managed settings"


@pytest.fixture
def claude(tmp_path: Path) -> str:
    program = tmp_path / "claude"
    program.write_text(REFUSES)
    program.chmod(0o755)
    return str(program)


def logged(desk: Desk) -> str:
    """Return the private log of the agent."""
    return (private_directory(desk.root, "tui") / LOG_NAME).read_text()


def test_a_program_that_may_not_load_it_is_started_again_without(desk: Desk, claude: str) -> None:
    session = desk.run(claude, "-c", SAYS=FORBIDDEN)
    session.expect_exact("mail goes to claude by a plugin for this run; --no-plugin leaves it out")
    session.expect_exact("so it is started without one")
    session.expect_exact("without it: ")
    session.expect_exact(" -c\r\n")
    assert logged(desk).endswith("no plugin: your organization does not allow claude to load a plugin\n")
    session.sendline("")
    session.expect(pexpect.EOF)
    session.close()
    assert session.exitstatus == 0


def test_a_program_without_hooks_is_refused_no_edit_and_that_is_said(desk: Desk, claude: str) -> None:
    session = desk.run(claude, options=("--no-hooks", "--no-plugin", "--deny-leased"))
    session.expect_exact("is refused no edit (--deny-leased): its hooks are off")
    session.expect_exact("without it: ")
    session.sendline("")
    session.expect(pexpect.EOF)


def test_without_its_pipes_the_program_is_started_without_it(desk: Desk, claude: str) -> None:
    """As in a filesystem that has none."""
    taken = f'for run in "{os.environ["XDG_STATE_HOME"]}"/amq/r/*; do touch "$run/mod.events"; done'
    Path(claude).write_text(f'#!/bin/sh\ncase "$*" in --version) {taken}; echo 2.1.332; exit;; esac\necho "with: $*"\n')
    session = desk.run(claude)
    session.expect_exact("the pipes to the plugin cannot be made")
    session.expect_exact("with: ")
    session.expect(pexpect.EOF)
    assert b"--plugin-dir" not in (session.before or b"")
    session.close()
    assert session.exitstatus == 0


@pytest.mark.parametrize(("lived_s", "is_refused"), [(0.1, True), (10.0, True), (60.0, False)])
def test_a_busy_machine_takes_its_time_to_refuse(lived_s: float, is_refused: bool) -> None:
    assert registry.is_plugin_refused(FORBIDDEN, lived_s) is is_refused


def test_a_program_that_fails_otherwise_is_not(desk: Desk, claude: str) -> None:
    session = desk.run(claude, SAYS="no such model")
    session.expect_exact("no such model")
    session.expect(pexpect.EOF)
    assert b"without it" not in (session.before or b"")
    session.close()
    assert session.exitstatus == 1


def test_without_the_option_it_gets_none_and_nothing_is_said(desk: Desk, claude: str) -> None:
    session = desk.run(claude, options=("--no-plugin",), SAYS=FORBIDDEN)
    session.expect_exact("without it: ")
    assert b"plugin" not in (session.before or b"")
    assert logged(desk).endswith("no plugin: off\n")


def test_its_directory_is_removed_with_the_run(desk: Desk, claude: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    Path(claude).write_text(f"#!/bin/sh\n[ $1 = --version ] && echo 2.1.332 || {{ echo $* >{kept}; read -r line; }}\n")
    session = desk.run(claude)
    wait_until(kept.exists)
    wait_until(lambda: "--plugin-dir" in kept.read_text())
    words = kept.read_text().split()
    folder = Path(words[words.index("--plugin-dir") + 1])
    assert (folder / "hooks" / "amq.js").exists()
    assert (folder.parent / "mod.events").is_fifo()
    session.sendline("")
    session.expect(pexpect.EOF)
    assert not folder.parent.exists()
