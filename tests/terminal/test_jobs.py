"""^Z and fg: the agent's program and `amq run` are one job of the user's shell."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pty.user import wait_until
from tests.seeds import SOAK
from tests.terminal.terminal_session import (
    AMQ,
    JOB_SHELLS,
    LINES,
    PROMPT,
    SHELLS,
    PtyDesk,
    desk,
    is_alive,
    require,
    state,
)

RUN = f"{AMQ} run --no-wake --as x --"
FOCUS_ON = r"\033[?1004h"
KEYS_PUSHED = r"\033[>1u"
ROUNDS = 100 if SOAK else 5

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no job control on Windows")


@pytest.fixture(params=JOB_SHELLS)
def user(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PtyDesk]:
    """Open a terminal with bash, then one with zsh."""
    with desk(request.param, tmp_path) as user:
        assert isinstance(user, PtyDesk)
        yield user


def test_stopped_and_continued_again_and_again(user: PtyDesk) -> None:
    """Each time the shell has a sane terminal, and the program the size that the terminal has now."""
    sane = user.says("stty -g")
    user.run(f"{RUN} {LINES}")
    user.sees("ready")
    for turn in range(ROUNDS):
        rows, columns = 20 + turn % 7, 70 + turn
        user.stop()
        assert user.says("stty -g") == sane
        user.resize(rows, columns)
        user.go_on()
        user.type(f"line{turn}\r")
        user.sees(f"got line{turn} {rows}x{columns}")
    user.type("bye\r")
    user.sees("got bye")
    user.sees(PROMPT)
    user.run("echo status $?")
    user.sees("status 7")
    assert user.says("stty -g") == sane


def test_what_the_program_switched_on_is_off_for_the_shell_and_on_again_afterwards(user: PtyDesk) -> None:
    user.run(f"{RUN} {LINES} '{FOCUS_ON}'")
    user.sees("ready")
    user.type("\x1a")
    user.sees("\x1b[?1004l")
    user.is_told_of_the_stop()
    user.go_on()
    user.sees("\x1b[?1004h")
    user.type("bye\r")


def test_a_program_whose_screen_was_taken_away_is_asked_to_draw_it_anew(user: PtyDesk) -> None:
    script = f"printf '{FOCUS_ON}'; trap 'echo draw''n anew' WINCH; echo read''y; while :; do sleep 0.02; done"
    user.run(f'{RUN} bash -c "{script}"')
    user.sees("ready")
    user.stop()
    user.go_on()
    user.sees("drawn anew")


def test_settings_changed_meanwhile_stay(user: PtyDesk) -> None:
    user.run(f"{RUN} {LINES}")
    user.sees("ready")
    user.stop()
    changed = user.says("stty -ixon eol ^K; stty -g")
    user.go_on()
    user.type("bye\r")
    user.sees("got bye")
    user.sees(PROMPT)
    assert user.says("stty -g") == changed


def test_a_stop_from_outside_is_one_of_the_whole_job(user: PtyDesk) -> None:
    sane = user.says("stty -g")
    user.run(f"{RUN} {LINES}")
    user.sees("ready")
    for turn, number in enumerate([signal.SIGTSTP, signal.SIGSTOP]):
        user.signal_job(number)
        user.is_told_of_the_stop()
        assert user.says("stty -g") == sane
        user.resize(40 + turn, 90)
        user.go_on()
        user.type(f"line{turn}\r")
        user.sees(f"got line{turn} {40 + turn}x90")


def test_what_a_stop_from_outside_has_left_on_is_not_on_twice(user: PtyDesk) -> None:
    """A keyboard protocol that is pushed twice and popped once is still there when the program has ended."""
    user.run(f"{RUN} {LINES} '{KEYS_PUSHED}'")
    user.sees("ready")
    for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGSTOP):
        user.signal_job(number)
        user.is_told_of_the_stop()
        user.go_on()
        user.type("line\r")
        user.sees("got line")
    user.type("bye\r")
    user.sees("got bye")
    user.sees(PROMPT)
    user.says("true")
    assert not user.left_on()


def test_a_stopped_job_can_be_ended(user: PtyDesk) -> None:
    """The shell sends the signal, and continues the job in the background."""
    sane = user.says("stty -g")
    user.run(f"{RUN} {LINES} '{FOCUS_ON}'")
    user.sees("ready")
    job = user.job()
    user.stop()
    user.run("kill %1")
    user.sees(PROMPT)
    wait_until(lambda: not any(map(is_alive, job)), lambda: user.says("jobs"))
    assert sane in user.says("stty -g")
    assert not user.left_on()


def test_a_terminated_job_leaves_the_keys_to_the_shell(user: PtyDesk) -> None:
    """To read them in the background would stop it once more."""
    script = "trap 'read -r _ <%s' TERM; echo read''y; while :; do sleep 0.02; done"
    fifo = user.says("mkfifo held; echo $PWD/held").decode()
    user.run(f'{RUN} bash -c "{script % fifo}"')
    user.sees("ready")
    job = user.job()
    user.stop()
    user.run("kill %1")
    user.sees(PROMPT)
    for turn in range(ROUNDS):
        assert user.says(f"echo {turn}") == str(turn).encode()
        assert not user.job_is_stopped()
    wait_until(lambda: not is_alive(job[0]))


def test_a_job_that_never_had_the_terminal_can_be_ended(user: PtyDesk) -> None:
    user.run(f"{RUN} {LINES} &")
    user.sees(PROMPT)
    user.finds_it_stopped()
    job = user.job()
    user.run("kill %1")
    user.sees(PROMPT)
    wait_until(lambda: not any(map(is_alive, job)), lambda: user.says("jobs"))


def test_a_size_that_changed_before_a_key_is_the_programs_before_the_key(user: PtyDesk) -> None:
    """Also where `amq run` finds both at once."""
    user.run(f"exec {RUN} {LINES}")
    user.sees("ready")
    for turn in range(ROUNDS):
        os.kill(user.shell, signal.SIGSTOP)
        wait_until(lambda: state(user.shell).startswith("T"))
        user.resize(40 + turn, 90)
        user.type(f"line{turn}\r")
        os.kill(user.shell, signal.SIGCONT)
        user.sees(f"got line{turn} {40 + turn}x90")


def test_a_program_that_is_stopped_alone_stops_the_job(user: PtyDesk) -> None:
    """An example is a program that sends itself a signal that cannot be caught."""
    user.run(f"{RUN} sh -c 'kill -STOP $$; echo went o''n; read -r _'")
    user.is_told_of_the_stop()
    user.go_on()
    user.sees("went on")


def test_bg_leaves_it_stopped_until_it_has_the_terminal(user: PtyDesk) -> None:
    sane = user.says("stty -g")
    user.run(f"{RUN} {LINES}")
    user.sees("ready")
    user.stop()
    user.signal_job(signal.SIGCONT)  # while the line editor has the terminal
    wait_until(user.job_is_stopped)
    user.run("bg")
    user.sees(PROMPT)
    user.finds_it_stopped()
    assert sane in user.says("stty -g")
    user.go_on()
    user.type("bye\r")
    user.sees("got bye ")
    user.sees(PROMPT)
    assert user.says("stty -g") == sane


def test_what_a_line_editor_has_set_meanwhile_is_not_left_behind(user: PtyDesk) -> None:
    """Some shells keep the settings that a program leaves when it ends well."""
    sane = user.says("stty -g")
    user.run(f"{RUN} {LINES}")
    user.sees("ready")
    user.stop()
    user.signal_job(signal.SIGCONT)
    wait_until(user.job_is_stopped)
    user.go_on()
    user.type("line\r")
    user.sees("got line ")
    user.type("\r")
    user.sees(PROMPT)
    user.run("echo status $?")
    user.sees("status 0")
    assert user.says("stty -g") == sane


def test_started_in_the_background_it_waits_for_the_terminal(user: PtyDesk) -> None:
    """The shell's line editor has the terminal meanwhile: its settings are not those of before."""
    sane = user.says("stty -g")
    user.run(f"{RUN} {LINES} &")
    user.sees(PROMPT)
    user.finds_it_stopped()
    user.go_on()
    user.type("bye\r")
    user.sees("got bye ")
    user.sees(PROMPT)
    assert user.says("stty -g") == sane


def test_a_stop_in_the_background_leaves_the_terminal_alone(user: PtyDesk) -> None:
    """Another job has it, and is not disturbed."""
    user.run(f"{RUN} {LINES} '{FOCUS_ON}'")
    user.sees("ready")
    user.stop()
    user.run(f"{LINES} other")
    user.sees("other ready")
    user.signal_job(signal.SIGCONT)
    user.type("line\r")
    assert b"\x1b[?1004" not in user.sees("got line ")
    user.type("bye\r")
    user.sees(PROMPT)
    user.go_on()
    user.type("line2\r")
    user.sees("got line2 ")


@pytest.mark.parametrize("inner", JOB_SHELLS)
def test_a_shell_inside_has_jobs_of_its_own(user: PtyDesk, inner: str) -> None:
    require([inner])
    user.run(f"{RUN} {inner} {' '.join(SHELLS[inner])}")
    user.sees(PROMPT)
    user.run(LINES)
    user.sees("ready")
    for turn in range(3):
        user.stop()
        user.run("echo $((6 * 7)); fg")
        user.sees("42")
        user.type(f"line{turn}\r")
        user.sees(f"got line{turn} ")
    user.type("bye\r")
    user.sees(PROMPT)
    user.run("suspend")
    user.is_told_of_the_stop()
    user.go_on()
    user.run("echo $((7 * 7))")
    user.sees("49")
    user.sees(PROMPT)
    user.run("exit 3")
    user.sees(PROMPT)
    user.run("echo status $?")
    user.sees("status 3")
