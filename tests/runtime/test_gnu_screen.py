"""The window of GNU screen that we are in, without screen."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from amq.runtime.channels.gnu_screen import ScreenWindow, why_not

INSIDE = {"STY": "123.pts-0.host", "WINDOW": "4", "PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize(
    "wrong",
    [
        *({"STY": value} for value in ("", "name", "-x", ".1", "12", "x12.y")),
        *({"WINDOW": value} for value in ("", "-", "name", "1x", "-1", "1 2")),
    ],
)
def test_only_a_session_and_the_number_of_a_window_name_one(wrong: dict[str, str]) -> None:
    """Any other word would be looked up among the titles, or be an option."""
    assert why_not(INSIDE | wrong) == "not inside screen"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the commands that screen is given."""
    commands: list[list[str]] = []

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        commands.append(words)
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_keys_go_to_the_program_past_all_modes_and_in_one_piece(asked: list[list[str]]) -> None:
    ScreenWindow(INSIDE).push(b"\x1b[200~it's; $1 ^M" + b"a" * 300)
    ((screen, *command),) = asked
    assert os.path.basename(screen) == "screen"
    assert command[:7] == ["-S", "123.pts-0.host", "-p", "4", "-X", "exec", ".!."]
    assert command[8:] == ["%s", "\\033\\133200\\176it\\047s; \\0441 \\136M" + "a" * 300]


def test_what_is_too_long_for_one_piece_is_not_typed(asked: list[list[str]]) -> None:
    with pytest.raises(OSError, match="too long"):
        ScreenWindow(INSIDE).push(b"a" * 700)
    assert asked == []


def test_without_a_program_that_prints_nothing_is_typed(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Screen would type its error into the window."""
    monkeypatch.setattr("amq.runtime.channels.gnu_screen.find_program", lambda *_: None)
    with pytest.raises(OSError, match="printf"):
        ScreenWindow(INSIDE).push(b"a")
    assert asked == []
