"""Every end of `amq run` or its program: the user's terminal is as it was, and no process is left behind."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pty.user import wait_until
from tests.seeds import SEED, SOAK
from tests.terminal.terminal_session import A_COMMAND, AMQ, BROKEN, DISORDER, HALF, Desk, PtyDesk, desk, is_alive

RUN = "run --no-wake --as x --"
STAY = f"{AMQ} {RUN} {DISORDER} 'exec sleep 1000'"


def ends(command: str) -> Callable[[Desk], list[int]]:
    """Return a way in which the program itself does COMMAND when all modes are on."""

    def way(user: Desk) -> list[int]:
        user.type(f"{AMQ} {RUN} {DISORDER} '{command}'\r")
        wait_until(lambda: HALF in user.stream(), user.stream)
        return user.job()

    return way


def signalled(number: int) -> Callable[[Desk], list[int]]:
    """Return a way in which `amq run` gets signal NUMBER while the program runs."""

    def way(user: Desk) -> list[int]:
        user.type(f"{STAY}\r")
        wait_until(lambda: HALF in user.stream(), user.stream)
        pids = user.job()
        os.kill(pids[0], number)
        return pids

    return way


def fails(user: Desk) -> list[int]:
    user.type(f"{BROKEN} {RUN} {DISORDER} 'exec sleep 1000'\r")
    wait_until(lambda: HALF in user.stream(), user.stream)
    user.type("x")
    wait_until(lambda: b"the defect of this test" in user.stream(), user.stream)
    return user.job()


def cannot_start(user: Desk) -> list[int]:
    user.type("printf '#!/no/such/interpreter\\n' > bad; chmod 700 bad\r")
    user.type(f"{AMQ} {RUN} ./bad\r")
    wait_until(lambda: b"cannot run" in user.stream(), user.stream)
    return user.job()


# each returns the processes of the job, `amq run` first
WAYS: dict[str, Callable[[Desk], list[int]]] = {
    "exit 0": ends("exit 0"),
    "exit 3": ends("exit 3"),
    **{f"program {name}": ends(f"kill -{name} $$") for name in ("KILL", "SEGV", "TERM", "HUP")},
    **{
        f"amq {name}": signalled(getattr(signal, f"SIG{name}"))
        for name in ("TERM", "INT", "HUP", "QUIT", "KILL", "ABRT", "SEGV")
    },
    "a failure of ours": fails,
    "a program that cannot start": cannot_start,
}
DESKS = ("bash", "zsh", "tmux", "dash")


def cases() -> list[tuple[str, str]]:
    """Return every way with every terminal in a soak, else every way with one of them."""
    if SOAK:
        return [(way, name) for way in WAYS for name in DESKS]
    desks = random.Random(SEED).choices(DESKS[:3], k=len(WAYS))
    return list(zip(WAYS, desks, strict=True))


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.parametrize(("way", "name"), cases())
def test_the_terminal_is_as_it_was(way: str, name: str, seed: int, tmp_path: Path) -> None:
    with desk(name, tmp_path) as user:
        before, flags = user.says("stty -g"), user.flags()
        pids = WAYS[way](user)
        ended = pids[:1] if user.edits_lines else pids  # what is typed before that goes to the program, or goes raw
        wait_until(lambda: not any(map(is_alive, ended)))
        user.says(A_COMMAND)
        wait_until(lambda: not any(map(is_alive, pids)), lambda: user.stream()[-2000:])
        assert user.says("stty -g") == before
        assert user.left_on() == {}
        wait_until(lambda: user.flags() == flags, user.flags)
        assert user.job() == []


def test_a_closed_terminal_ends_all(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        user.type(f"{STAY}\r")
        wait_until(lambda: HALF in user.stream(), user.stream)
        pids = user.job()
        user.hang_up()
        wait_until(lambda: not any(map(is_alive, pids)))
