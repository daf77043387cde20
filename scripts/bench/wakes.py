"""Measure how soon an idle agent, or a command that waits, hears of its mail."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
from commands import queue_in
from inboxes import Queue
from measure import AMQ, Bench, Figure, figure, running, sleeps, until, watches
from peer import here

REPOSITORY = Path(__file__).parents[2]
STYLE = "claude"  # of the fake CLI
MODULE = (sys.executable, "-P", "-m", "amq")
SEND = (*MODULE, "send", "--me", "user", "--to")


def noted(log: Path, word: str) -> list[float]:
    """Return when the fake CLI noted that."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [at for at, what, _ in map(json.loads, filter(_whole, lines)) if what == word]


def _whole(line: str) -> bool:
    return line.endswith("]")


def write_agent(place: Path, style: str) -> tuple[Path, Path]:
    """Write a fake CLI as a program in PLACE; return it and its log."""
    program, log = place / style, place / "log"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m tests.agents.program {style} {log} "$@"\n'
    )
    program.chmod(0o700)
    return program, log


@contextmanager
def hosted(place: Path, program: Path, **more: str) -> Iterator[pexpect.spawn]:
    """Run PROGRAM under `amq run` in PLACE, with MORE variables, in a terminal whose output is discarded."""
    environment = os.environ | {"HOME": str(place)} | more
    words = [*MODULE, "run", "--", str(program)]
    session = pexpect.spawn(words[0], words[1:], cwd=str(place), env=environment)
    reader = threading.Thread(target=lambda: session.expect(pexpect.EOF, timeout=None), daemon=True)
    reader.start()
    try:
        yield session
    finally:
        session.kill(15)
        reader.join(10)
        session.close(force=True)


@contextmanager
def ready(place: Path, style: str, settle: float) -> Iterator[Callable[[], float]]:
    """Run an idle fake CLI under `amq run` in PLACE.

    Yield a function that wakes it and returns how many milliseconds that took.
    """
    program, log = write_agent(place, style)
    words = [*MODULE, "init", "--here", "--agents", f"user,{style}"]
    subprocess.run(words, cwd=place, check=True, stdout=subprocess.DEVNULL)
    with hosted(place, program) as session:
        until(lambda: noted(log, "started") and watches(session.pid))
        time.sleep(settle)
        new = next(place.glob(f"**/agents/{style}/inbox/new"))
        yield lambda: _one_wake(place, style, log, new)


def _one_wake(place: Path, style: str, log: Path, new: Path) -> float:
    before = len(noted(log, "read"))
    subprocess.run([*SEND, style, "--body", "hello"], cwd=place, check=True, stdout=subprocess.DEVNULL)
    sent = time.monotonic()
    until(lambda: len(noted(log, "read")) > before and not any(new.iterdir()))
    time.sleep(random.uniform(0.5, 1.0))  # idle again, at an arbitrary time
    return (noted(log, "read")[before] - sent) * 1000


@contextmanager
def pane(bench: Bench, place: Path) -> Iterator[Callable[[], float] | None]:
    """Run that CLI in a tmux.

    Yield a function that types into it by `tmux send-keys`, and returns the milliseconds since the call.
    """
    if here(bench, "tmux") is None:
        yield None
        return
    program, log = write_agent(place, STYLE)
    tmux = ("tmux", "-S", str(place / "socket"), "-f", "/dev/null")
    subprocess.run([*tmux, "new-session", "-d", "-x", "120", "-y", "40", str(program)], check=True)
    try:
        until(lambda: noted(log, "started"))
        yield lambda: _one_key(tmux, log)
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)


def _one_key(tmux: tuple[str, ...], log: Path) -> float:
    before, begun = len(noted(log, "read")), time.monotonic()
    subprocess.run([*tmux, "send-keys", "x"], check=True)
    until(lambda: len(noted(log, "read")) > before)
    return (noted(log, "read")[before] - begun) * 1000


def wake(bench: Bench) -> Iterator[Figure]:
    """Measure the first byte typed into an idle agent, beside one typed by tmux."""
    with (
        tempfile.TemporaryDirectory(dir=bench.place) as ours,
        tempfile.TemporaryDirectory(dir=bench.place) as theirs,
        ready(Path(ours), STYLE, bench.sizes.settle) as by_us,
        pane(bench, Path(theirs)) as by_tmux,
    ):
        ways = {"wake": by_us} | ({"tmux send-keys": by_tmux} if by_tmux else {})
        took = bench.in_turns(ways, bench.sizes.wakes)
    values = took.pop("wake")
    yield figure("wake", values, took)
    yield figure("wake-p99", values)


def waiting(bench: Bench) -> Iterator[Figure]:
    """Measure how soon `watch` and `monitor` have ended."""
    programs = {"": AMQ} | ({" Go": bench.go} if bench.go else {})
    for key in sorted({"watch", "monitor"} & bench.wanted, reverse=True):
        with queue_in(bench) as queue:
            ways = {key + who: lambda amq=amq: _one_wait(bench, queue, amq, key) for who, amq in programs.items()}  # noqa: B023
            took = bench.in_turns(ways, bench.sizes.runs)
        yield figure(key, took[key], {who.strip(): took[key + who] for who in programs if who})


def _one_wait(bench: Bench, queue: Queue, amq: str, command: str) -> float:
    queue.fill(0)
    with running((amq, command, "--me", "bob", "--root", queue.root, "--timeout", "60s")) as process:
        until(lambda: sleeps(process.pid) or watches(process.pid))
        time.sleep(min(0.2, bench.sizes.settle))
        send = (AMQ, "send", "--me", "alice", "--to", "bob", "--body", "hello", "--root", queue.root)
        subprocess.run(send, check=True, capture_output=True)
        sent = time.monotonic()
        process.wait()  # with a limit it would poll more and more seldom, and be late
        return (time.monotonic() - sent) * 1000
