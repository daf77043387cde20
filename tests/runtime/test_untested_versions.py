"""`amq run` with a program whose version was not tested, or has failed when it was tried."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pexpect

from amq import __version__
from amq.runtime.agents.version_cache import cached_version
from amq.runtime.private_state import private_state
from amq.runtime.verdicts import SCENARIOS, Verdict, write_verdict
from tests.conftest import run_amq
from tests.pty.user import wait_until
from tests.runtime.run_session import Desk, Session

FAKE = """\
#!/bin/sh
case "$1" in --version) echo {version}; exit;; esac
printf '\\033]7501;state=idle\\033\\\\'
echo ready
while read -r state; do printf '\\033]7501;state=%s\\033\\\\' "$state"; done
"""

ANOTHER_CLAUDE = """\
#!/bin/sh
case "$1" in --version) echo 9.9.4; exit;; esac
stty raw -echo
printf '\\033[?2004h\\033]0;Claude\\007ready\\033[2J\\033[H{rule}\r\n❯\xa0\r\n{rule}\\033[2;3H'
cat >/dev/null
"""
"""Its row is the known one, and its title that of no known version."""


def install(directory: Path, name: str, version: str) -> str:
    program = directory / name
    program.write_text(FAKE.format(version=version))
    program.chmod(0o755)
    return str(program)


def told(session: Session) -> str:
    """End the program, and return what was written from then on."""
    session.sendeof()
    session.expect(pexpect.EOF)
    return (session.before or b"").decode()


def asked(desk: Desk, place: Path, command: str, *words: str) -> Any:
    done = run_amq("--root", desk.root, command, *words, "--json", cwd=place, stdin=b"", **desk.environment())
    return json.loads(done.stdout)


def test_it_is_said_once_and_after_the_program_if_the_version_was_not_known(desk: Desk, tmp_path: Path) -> None:
    program = install(tmp_path, "codex", "9.9.1")
    line = "codex 9.9.1 is neither tested nor certified with this amq; to try it offline: amq certify codex"
    session = desk.run(program)
    session.expect_exact("ready")
    assert line.encode() not in (session.before or b"")
    wait_until(lambda: cached_version(private_state(os.environ, ()), program) == "9.9.1")
    assert line in told(session)
    session = desk.run(program)
    session.expect_exact("ready")
    assert line.encode() not in (session.before or b"")
    assert line not in told(session)


def test_it_is_said_before_the_program_if_the_version_is_known(desk: Desk, tmp_path: Path) -> None:
    session = desk.run(install(tmp_path, "claude", "9.9.2"))  # it is asked, for the plugin
    session.expect_exact("claude 9.9.2 is neither tested nor certified with this amq; to try it offline: ")
    session.expect_exact("ready")
    assert "certified" not in told(session)


def test_a_tested_version_needs_no_words(desk: Desk, tmp_path: Path) -> None:
    session = desk.run(install(tmp_path, "codex", "0.171.0"))
    session.expect_exact("ready")
    assert b"certified" not in (session.before or b"")
    wait_until(lambda: cached_version(private_state(os.environ, ()), str(tmp_path / "codex")) == "0.171.0")
    assert "certified" not in told(session)


def test_a_version_that_failed_gets_no_line_and_why_and_who_say_so(desk: Desk, tmp_path: Path) -> None:
    results = {name: "" for name, _ in SCENARIOS} | {"dialog": "it was answered"}
    verdict = Verdict("codex", "9.9.3", "xterm", __version__, "2026-11-30T10:00:00.000Z", results)
    write_verdict(private_state(os.environ, ()), verdict)
    session = desk.run(install(tmp_path, "codex", "9.9.3"))
    session.expect_exact("ready")
    desk.send()
    wait_until(lambda: "not-certified" in desk.recorded())
    why = asked(desk, tmp_path, "why", "tui")
    assert (why["waits_for"], why["detail"]) == ("not-certified", "dialog: it was answered")
    assert why["lacks"][-1] == "typed lines: amq certify has found a failure: dialog: it was answered"
    (tui,) = (agent for agent in asked(desk, tmp_path, "who") if agent["handle"] == "tui")
    assert (tui["mail_by"], tui["not_certified"]) == ("nothing", ["dialog"])
    session.sendline("newfangled")
    wait_until(lambda: "drift" in asked(desk, tmp_path, "why", "tui"))
    assert asked(desk, tmp_path, "why", "tui")["drift"] == {"state:newfangled": 1}
    words = run_amq("--root", desk.root, "why", "tui", cwd=tmp_path, stdin=b"", **desk.environment()).stdout
    assert b"tui: its program no longer looks as known: it said that its state is `newfangled`; to try" in words
    words = run_amq("--root", desk.root, "who", cwd=tmp_path, stdin=b"", **desk.environment()).stdout
    assert b"nothing (not certified: dialog, not as known)" in words
    assert "neither tested" not in told(session)


def test_a_version_that_does_not_say_that_it_idles_gets_no_line(desk: Desk, tmp_path: Path) -> None:
    program = install(tmp_path, "claude", "9.9.4")
    Path(program).write_text(ANOTHER_CLAUDE.format(rule="─" * 60))
    desk.run(program, options=("--no-hooks",)).expect_exact("ready")
    desk.send()
    wait_until(lambda: "not-certified" in desk.recorded())
    assert "neither tested nor certified" in asked(desk, tmp_path, "why", "tui")["detail"]
