"""^Z and fg: the agent's program and `amq run` are one job of the user's shell."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pty.person import wait_until
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
def person(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PtyDesk]:
    """Open a terminal with bash, then one with zsh."""
    with desk(request.param, tmp_path) as person:
        assert isinstance(person, PtyDesk)
        yield person


def test_stopped_and_continued_again_and_again(person: PtyDesk) -> None:
    """Each time the shell has a sane terminal, and the program the size that the terminal has now."""
    sane = person.says("stty -g")
    person.run(f"{RUN} {LINES}")
    person.sees("ready")
    for turn in range(ROUNDS):
        rows, columns = 20 + turn % 7, 70 + turn
        person.stop()
        assert person.says("stty -g") == sane
        person.resize(rows, columns)
        person.go_on()
        person.type(f"line{turn}\r")
        person.sees(f"got line{turn} {rows}x{columns}")
    person.type("bye\r")
    person.sees("got bye")
    person.sees(PROMPT)
    person.run("echo status $?")
    person.sees("status 7")
    assert person.says("stty -g") == sane


def test_what_the_program_switched_on_is_off_for_the_shell_and_on_again_afterwards(person: PtyDesk) -> None:
    person.run(f"{RUN} {LINES} '{FOCUS_ON}'")
    person.sees("ready")
    person.type("\x1a")
    person.sees("\x1b[?1004l")
    person.is_told_of_the_stop()
    person.go_on()
    person.sees("\x1b[?1004h")
    person.type("bye\r")


def test_a_program_whose_screen_was_taken_away_is_asked_to_draw_it_anew(person: PtyDesk) -> None:
    script = f"printf '{FOCUS_ON}'; trap 'echo draw''n anew' WINCH; echo read''y; while :; do sleep 0.02; done"
    person.run(f'{RUN} bash -c "{script}"')
    person.sees("ready")
    person.stop()
    person.go_on()
    person.sees("drawn anew")


def test_what_the_person_changes_meanwhile_stays(person: PtyDesk) -> None:
    person.run(f"{RUN} {LINES}")
    person.sees("ready")
    person.stop()
    changed = person.says("stty -ixon eol ^K; stty -g")
    person.go_on()
    person.type("bye\r")
    person.sees("got bye")
    person.sees(PROMPT)
    assert person.says("stty -g") == changed


def test_a_stop_from_outside_is_one_of_the_whole_job(person: PtyDesk) -> None:
    sane = person.says("stty -g")
    person.run(f"{RUN} {LINES}")
    person.sees("ready")
    for turn, number in enumerate([signal.SIGTSTP, signal.SIGSTOP]):
        person.signal_job(number)
        person.is_told_of_the_stop()
        assert person.says("stty -g") == sane
        person.resize(40 + turn, 90)
        person.go_on()
        person.type(f"line{turn}\r")
        person.sees(f"got line{turn} {40 + turn}x90")


def test_what_a_stop_from_outside_has_left_on_is_not_on_twice(person: PtyDesk) -> None:
    """A keyboard protocol that is pushed twice and popped once is still there when the program has ended."""
    person.run(f"{RUN} {LINES} '{KEYS_PUSHED}'")
    person.sees("ready")
    for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGSTOP):
        person.signal_job(number)
        person.is_told_of_the_stop()
        person.go_on()
        person.type("line\r")
        person.sees("got line")
    person.type("bye\r")
    person.sees("got bye")
    person.sees(PROMPT)
    person.says("true")
    assert not person.left_on()


def test_a_stopped_job_can_be_ended(person: PtyDesk) -> None:
    """The shell sends the signal, and continues the job in the background."""
    sane = person.says("stty -g")
    person.run(f"{RUN} {LINES} '{FOCUS_ON}'")
    person.sees("ready")
    job = person.job()
    person.stop()
    person.run("kill %1")
    person.sees(PROMPT)
    wait_until(lambda: not any(map(is_alive, job)), lambda: person.says("jobs"))
    assert sane in person.says("stty -g")
    assert not person.left_on()


def test_one_that_was_told_to_end_leaves_the_keys_to_the_shell(person: PtyDesk) -> None:
    """To read them in the background would stop it once more."""
    script = "trap 'read -r _ <%s' TERM; echo read''y; while :; do sleep 0.02; done"
    fifo = person.says("mkfifo held; echo $PWD/held").decode()
    person.run(f'{RUN} bash -c "{script % fifo}"')
    person.sees("ready")
    job = person.job()
    person.stop()
    person.run("kill %1")
    person.sees(PROMPT)
    for turn in range(ROUNDS):
        assert person.says(f"echo {turn}") == str(turn).encode()
        assert not person.job_is_stopped()
    wait_until(lambda: not is_alive(job[0]))


def test_a_job_that_never_had_the_terminal_can_be_ended(person: PtyDesk) -> None:
    person.run(f"{RUN} {LINES} &")
    person.sees(PROMPT)
    person.finds_it_stopped()
    job = person.job()
    person.run("kill %1")
    person.sees(PROMPT)
    wait_until(lambda: not any(map(is_alive, job)), lambda: person.says("jobs"))


def test_a_size_that_changed_before_a_key_is_the_programs_before_the_key(person: PtyDesk) -> None:
    """Also where `amq run` finds both at once."""
    person.run(f"exec {RUN} {LINES}")
    person.sees("ready")
    for turn in range(ROUNDS):
        os.kill(person.shell, signal.SIGSTOP)
        wait_until(lambda: state(person.shell).startswith("T"))
        person.resize(40 + turn, 90)
        person.type(f"line{turn}\r")
        os.kill(person.shell, signal.SIGCONT)
        person.sees(f"got line{turn} {40 + turn}x90")


def test_a_program_that_is_stopped_alone_stops_the_job(person: PtyDesk) -> None:
    """An example is a program that sends itself a signal that cannot be caught."""
    person.run(f"{RUN} sh -c 'kill -STOP $$; echo went o''n; read -r _'")
    person.is_told_of_the_stop()
    person.go_on()
    person.sees("went on")


def test_bg_leaves_it_stopped_until_it_has_the_terminal(person: PtyDesk) -> None:
    sane = person.says("stty -g")
    person.run(f"{RUN} {LINES}")
    person.sees("ready")
    person.stop()
    person.signal_job(signal.SIGCONT)  # while the line editor has the terminal
    wait_until(person.job_is_stopped)
    person.run("bg")
    person.sees(PROMPT)
    person.finds_it_stopped()
    assert sane in person.says("stty -g")
    person.go_on()
    person.type("bye\r")
    person.sees("got bye ")
    person.sees(PROMPT)
    assert person.says("stty -g") == sane


def test_what_a_line_editor_has_set_meanwhile_is_not_left_behind(person: PtyDesk) -> None:
    """Some shells keep the settings that a program leaves when it ends well."""
    sane = person.says("stty -g")
    person.run(f"{RUN} {LINES}")
    person.sees("ready")
    person.stop()
    person.signal_job(signal.SIGCONT)
    wait_until(person.job_is_stopped)
    person.go_on()
    person.type("line\r")
    person.sees("got line ")
    person.type("\r")
    person.sees(PROMPT)
    person.run("echo status $?")
    person.sees("status 0")
    assert person.says("stty -g") == sane


def test_started_in_the_background_it_waits_for_the_terminal(person: PtyDesk) -> None:
    """The shell's line editor has the terminal meanwhile: its settings are not those of before."""
    sane = person.says("stty -g")
    person.run(f"{RUN} {LINES} &")
    person.sees(PROMPT)
    person.finds_it_stopped()
    person.go_on()
    person.type("bye\r")
    person.sees("got bye ")
    person.sees(PROMPT)
    assert person.says("stty -g") == sane


def test_a_stop_in_the_background_leaves_the_terminal_alone(person: PtyDesk) -> None:
    """Another job has it, and is not disturbed."""
    person.run(f"{RUN} {LINES} '{FOCUS_ON}'")
    person.sees("ready")
    person.stop()
    person.run(f"{LINES} other")
    person.sees("other ready")
    person.signal_job(signal.SIGCONT)
    person.type("line\r")
    assert b"\x1b[?1004" not in person.sees("got line ")
    person.type("bye\r")
    person.sees(PROMPT)
    person.go_on()
    person.type("line2\r")
    person.sees("got line2 ")


@pytest.mark.parametrize("inner", JOB_SHELLS)
def test_a_shell_inside_has_jobs_of_its_own(person: PtyDesk, inner: str) -> None:
    require([inner])
    person.run(f"{RUN} {inner} {' '.join(SHELLS[inner])}")
    person.sees(PROMPT)
    person.run(LINES)
    person.sees("ready")
    for turn in range(3):
        person.stop()
        person.run("echo $((6 * 7)); fg")
        person.sees("42")
        person.type(f"line{turn}\r")
        person.sees(f"got line{turn} ")
    person.type("bye\r")
    person.sees(PROMPT)
    person.run("suspend")
    person.is_told_of_the_stop()
    person.go_on()
    person.run("echo $((7 * 7))")
    person.sees("49")
    person.sees(PROMPT)
    person.run("exit 3")
    person.sees(PROMPT)
    person.run("echo status $?")
    person.sees("status 3")
