"""`amq reset`: it restores a terminal in any state, and keeps what the terminal shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
from pathlib import Path

from amq.pty.blanket_reset import everything_off, reset
from amq.pty.line_discipline import raw_attributes, sane
from amq.pty.mode_ledger import Ledger
from amq.pty.sequences import Splitter
from amq.pty.user_terminal import Tty
from tests.pty.user import terminal, wait_until
from tests.terminal.modes import left_on
from tests.terminal.terminal_session import AMQ, DISORDER, HALF, TmuxDesk, desk

WHOLE_DISORDER = subprocess.run(["sh", Path(DISORDER.split()[1]), ":"], capture_output=True, check=True).stdout


def test_every_mode_goes_off() -> None:
    assert len(left_on(WHOLE_DISORDER)) > 20
    assert set(left_on(WHOLE_DISORDER + everything_off())) == {"titles", "progress"}


def test_nothing_is_cleared_and_the_cursor_stays() -> None:
    assert not re.search(rb"\x1b\[[0-9;]*[JKHfABCD]|\x1bc|\r|\n", everything_off())


def test_the_ledger_agrees() -> None:
    ledger, splitter = Ledger(), Splitter()
    for kind, token in splitter.feed(everything_off()):
        ledger.take(kind, token)
    assert ledger.undo() == b""


def test_raw_settings_become_sane() -> None:
    with terminal() as user:
        usual = termios.tcgetattr(user.slave)
        assert sane(raw_attributes(usual))[3] == sane(usual)[3]
        termios.tcsetattr(user.slave, termios.TCSANOW, raw_attributes(usual))
        tty = Tty(user.slave, user.slave)
        assert reset(tty)
        assert not reset(tty)
        assert termios.tcgetattr(user.slave)[3] == usual[3]
        assert os.read(user.master, 2000).startswith(everything_off())
        tty.close()


def test_keys_that_were_taken_away_come_back_and_chosen_ones_stay() -> None:
    with terminal() as user:
        attributes = termios.tcgetattr(user.slave)
        attributes[6][termios.VINTR], attributes[6][termios.VERASE] = b"\0", b"\x08"
        made = sane(attributes)[6]
        assert isinstance(made, list)
        assert (made[termios.VINTR], made[termios.VERASE]) == (b"\x03", b"\x08")


def test_in_a_real_terminal(tmp_path: Path) -> None:
    with desk("tmux", tmp_path) as user:
        assert isinstance(user, TmuxDesk)
        before, flags = user.says("stty -g").split(b":"), user.flags()
        user.type(f"stty raw -echo; {DISORDER} :\r")
        wait_until(lambda: HALF in user.stream(), user.stream)
        user.type(f"{AMQ} reset\n")
        wait_until(lambda: b"is restored" in user.stream(), user.stream)
        wait_until(lambda: "is restored" in user.screen(), user.screen)
        assert user.says("stty -g").split(b":")[1:] == before[1:]
        wait_until(lambda: user.flags() == flags, user.flags)


def test_where_there_is_no_terminal() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "amq", "reset"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert "no terminal" in said.stderr
