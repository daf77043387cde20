"""The guard: descriptors that it holds, times when it acts, and times when it leaves the terminal alone."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.pty.user import wait_until
from tests.terminal.terminal_session import A_COMMAND, AMQ, DISORDER, HALF, PtyDesk, desk, is_alive


def start(user: PtyDesk, redirection: str = "") -> tuple[int, int]:
    """Start `amq run`; return its process and the guard's, while a program has switched on everything."""
    user.type(f"{AMQ} run --no-wake --as x -- {DISORDER} 'exec sleep 1000' {redirection}\r")
    wait_until(lambda: HALF in user.stream(), user.stream)
    amq, guard, *_ = user.job()
    wait_until(lambda: os.getsid(guard) == guard)
    return amq, guard


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed in /proc")
def test_it_holds_the_terminal_and_a_pipe_and_nothing_else(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        terminal = user.says("tty").decode()
        _, guard = start(user)
        held = [os.readlink(entry) for entry in Path(f"/proc/{guard}/fd").iterdir()]
        assert [name for name in held if name != terminal and not name.startswith("pipe:")] == []
        assert len(held) == 3


def test_it_guards_a_terminal_that_only_shows(tmp_path: Path) -> None:
    """Then descriptor 0 is one of those that it has to keep."""
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        amq, guard = start(user, "</dev/null")
        os.kill(amq, signal.SIGKILL)
        wait_until(lambda: not is_alive(guard))
        user.says("true")
        assert user.left_on() == {}


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_a_line_editor_that_has_the_terminal_is_not_overruled(name: str, tmp_path: Path) -> None:
    """The guard comes late: it is stopped until the shell has its prompt."""
    with desk(name, tmp_path) as user:
        assert isinstance(user, PtyDesk)
        before = user.says("stty -g")
        amq, guard = start(user)
        os.kill(guard, signal.SIGSTOP)
        os.kill(amq, signal.SIGKILL)
        wait_until(lambda: b"\x1b[?2004h" in user.stream().rpartition(HALF)[2])
        settings = user.settings()
        shown = len(user.stream())
        os.kill(guard, signal.SIGCONT)
        wait_until(lambda: b"\x1b[?1003l" in user.stream()[shown:])
        assert user.settings() == settings
        assert b"\x1b[?2004l" not in user.stream()[shown:]
        assert user.says(f"{A_COMMAND}; echo hello") == b"hello"
        wait_until(lambda: not is_alive(guard))
        assert user.says("stty -g") == before
        assert user.left_on() == {}


def test_it_does_not_do_again_what_was_done(tmp_path: Path) -> None:
    """A second pop would take the user's own entry from the stack."""
    with desk("bash", tmp_path) as user:
        user.type(f"{AMQ} run --no-wake --as x -- {DISORDER} 'exit 0'\r")
        wait_until(lambda: HALF in user.stream(), user.stream)
        wait_until(lambda: user.job() == [])
        user.says("true")
        assert user.stream().count(b"\x1b[23;0t") == 1


def test_a_program_that_has_changed_nothing_but_colours(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        user.type(f"{AMQ} run --no-wake --as x -- sh -c \"printf '\\033[31mr''ed'; exec sleep 1000\"\r")
        wait_until(lambda: b"\x1b[31mred" in user.stream(), user.stream)
        amq, guard, *_ = user.job()
        os.kill(amq, signal.SIGKILL)
        user.says(A_COMMAND)
        wait_until(lambda: not is_alive(guard))
        user.says("true")
        assert user.left_on() == {}


def test_a_signal_for_all_of_amq_leaves_it_at_its_post(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        before = user.says("stty -g")
        amq, guard = start(user)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            os.kill(guard, number)
        os.kill(amq, signal.SIGKILL)
        user.says(A_COMMAND)
        wait_until(lambda: not is_alive(guard))
        assert user.says("stty -g") == before
        assert user.left_on() == {}


def test_with_hangups_ignored_only_the_program_survives(tmp_path: Path) -> None:
    """This is so behind nohup(1), which is there to let the program stay."""
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        user.says("trap '' HUP")
        before = user.says("stty -g")
        amq, guard = start(user)
        *_, program = job = user.job()
        assert job == [amq, guard, os.getsid(program), program]
        try:
            os.kill(amq, signal.SIGKILL)
            user.says(A_COMMAND)
            wait_until(lambda: not any(map(is_alive, job[:-1])))
            assert is_alive(program)
            assert user.says("stty -g") == before
            assert user.left_on() == {}
        finally:
            os.kill(program, signal.SIGKILL)


def test_without_it_the_rest_goes_on(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        before = user.says("stty -g")
        amq, guard = start(user)
        os.kill(guard, signal.SIGKILL)
        os.kill(amq, signal.SIGTERM)
        wait_until(lambda: not is_alive(amq))
        assert user.says("stty -g") == before
        assert user.left_on() == {}
