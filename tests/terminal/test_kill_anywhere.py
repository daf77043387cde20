"""`kill -9` of `amq run` at every system call from the first that touches the terminal."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.proof_table import Proof
from tests.pty.user import wait_until
from tests.seeds import SEED, SOAK
from tests.terminal.terminal_session import A_COMMAND, AMQ, DISORDER, Desk, desk, is_alive, require

SAMPLE = 6
RUN = f"{AMQ} run --no-wake --as x -- {DISORDER} 'printf \"\\033\\\\\\\\done\"; exit 3'"
_CALL = re.compile(r"^([a-z0-9_]+)\(", re.MULTILINE)


def traced(user: Desk, log: Path, *options: str) -> str:
    """Run amq under strace(1) with OPTIONS; return its log, when all processes of the run have ended."""
    log.unlink(missing_ok=True)
    user.type(f"strace -o {log} {' '.join(options)} {RUN}\r")
    wait_until(lambda: log.exists() and "\n+++ " in log.read_text(errors="replace"), user.stream)
    pids = user.job()
    user.says(A_COMMAND)
    wait_until(lambda: not any(map(is_alive, pids)), user.stream)
    return log.read_text(errors="replace")


def calls(log: str) -> list[tuple[str, int]]:
    """Return each system call, with its number among those of its name, from the first that names the terminal on."""
    found: list[tuple[str, int]] = []
    count: Counter[str] = Counter()
    first = log.index('"/dev/pts/')
    for match in _CALL.finditer(log):
        count[match[1]] += 1
        if match.end() + 100 > first:
            found.append((match[1], count[match[1]]))
    return found


def killed_at(user: Desk, log: Path, name: str, number: int) -> bool:
    """Return whether the run was killed at that call: how often it waits and reads differs a little between runs."""
    inject = f"-e inject={name}:signal=KILL:when={number}"
    return "killed by SIGKILL" in traced(user, log, inject)


@pytest.mark.timeout(1800 if SOAK else 60)
@pytest.mark.parametrize("seed", [SEED])
def test_the_terminal_is_as_it_was(seed: int, tmp_path: Path, proof: Proof) -> None:
    require(["strace"])
    log = tmp_path / "log"
    with desk("bash", tmp_path) as user:
        before = user.says("stty -g")
        traced(user, log)  # makes the mailbox
        every = calls(traced(user, log))
        assert len(every) > 80
        points = every if SOAK else random.Random(seed).sample(every, SAMPLE)
        met = 0
        for name, number in points:
            earlier = (each for other, each in reversed(every) if other == name and each <= number)
            assert any(killed_at(user, log, name, each) for each in earlier), (name, number)
            met += 1
            assert user.says("stty -g") == before, (name, number)
            assert user.left_on() == {}, (name, number)
    proof.add(points=len(points), known=len(every), met=met, violations=0)
