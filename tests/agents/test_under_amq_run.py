"""The fake CLIs as programs under a real `amq run`, found by their names: it shows what the simulated world cannot."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from tests.agents.cli_styles import STYLES
from tests.pty.user import wait_until
from tests.runtime.run_session import ONE_MESSAGE, Desk

REPOSITORY = Path(__file__).parents[2]


def install(style: str, place: Path, log: Path) -> str:
    """Make a directory with a program named like the CLI, and return its path."""
    directory = place / "programs"
    directory.mkdir()
    program = directory / style.partition("-")[0]
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m tests.agents.program {style} {log} "$@"\n'
    )
    program.chmod(0o700)
    return str(program)


def noted(desk: Desk, *words: str) -> list[str]:
    """Return the texts of the notes with one of these WORDS."""
    if not desk.log.exists():
        return []
    notes = [json.loads(line) for line in desk.log.read_text().splitlines()]
    return [text for _, what, text in notes if what in words]


@pytest.mark.parametrize("style", STYLES)
def test_the_row_of_its_profile_is_what_counts(desk: Desk, tmp_path: Path, style: str) -> None:
    """The states: idle, a half-typed line, and a dialog that only the screen of some CLIs shows."""
    session = desk.run(install(style, tmp_path, desk.log), HOME=str(tmp_path))
    wait_until(lambda: noted(desk, "started"))
    desk.send()
    wait_until(lambda: desk.unread() == 0)
    assert noted(desk, "submitted") == [ONE_MESSAGE]

    session.send("ask")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["draft"])
    slower_than_a_paste = time.monotonic() + 0.2
    wait_until(lambda: time.monotonic() > slower_than_a_paste)
    session.send("\r")
    wait_until(lambda: desk.recorded()[-1:] == ["dialog"])
    assert noted(desk, "submitted")[1:] == ["ask"]
    session.expect_exact("Do you want to proceed")  # it was announced before it was drawn
    session.send("n")
    wait_until(lambda: desk.unread() == 0)
    assert noted(desk, "submitted") == [ONE_MESSAGE, "ask", ONE_MESSAGE]
    assert noted(desk, "approved", "denied", "aborted") == ["n"]


def test_a_profile_names_the_cli_behind_another_program(desk: Desk, tmp_path: Path) -> None:
    """Without a profile it is an unknown program."""
    behind = ("sh", install("claude", tmp_path, desk.log))
    session = desk.run(*behind, options=("--profile", "claude"), HOME=str(tmp_path))
    wait_until(lambda: noted(desk, "started"))
    session.send("half")
    desk.send()
    wait_until(lambda: desk.recorded()[-1:] == ["draft"], desk.recorded)
    session.send("\x7f" * 4)
    wait_until(lambda: desk.unread() == 0)
    assert noted(desk, "submitted") == [ONE_MESSAGE]
