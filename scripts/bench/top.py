"""Measure `amq top` at a terminal, beside queues of several sizes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from commands import watched_queues
from inboxes import Queue
from measure import AMQ, Bench, Figure, figure
from processes import percent_used, resident
from ptyprocess import PtyProcess

from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.names import USER

ROWS, COLUMNS = 24, 80
KEYS = ("top", "top-drawn", "top-memory", "top-rest")


def top(bench: Bench) -> Iterator[Figure]:
    """Measure the first picture, and then, at rest and after a send, the same process (Linux)."""
    for name, queue in watched_queues(bench, KEYS):
        yield from _of(bench, queue, name)


def _of(bench: Bench, queue: Queue, name: str) -> Iterator[Figure]:
    first, drawn, percent, megabytes = [], [], [], []
    alice = Mailbox(queue.root, "alice")
    for run in range(bench.sizes.few):
        bench.say(f"top beside {name}, {run + 1} of {bench.sizes.few}")
        begun = time.perf_counter()
        with shown(queue) as screen:
            screen.until(b"A message")
            first.append(time.perf_counter() - begun)
    with shown(queue) as screen:
        screen.until(b"A message")
        for run in range(bench.sizes.runs):
            screen.quiet(bench.sizes.settle)
            bench.say(f"top beside {name}: send, {run + 1} of {bench.sizes.runs}")
            subject = f"No{run:04}x"
            alice.send([USER], b"hello", Draft(subject=subject))
            sent = time.perf_counter()
            screen.until(subject.encode())
            drawn.append((time.perf_counter() - sent) * 1000)
        screen.quiet(bench.sizes.settle)
        for _ in range(bench.sizes.few):
            bench.say(f"top beside {name}: at rest")
            percent.append(percent_used(screen.pid, lambda: screen.quiet(4 * bench.sizes.settle)))
            megabytes.append(resident(screen.pid))
    yield figure(f"top-{name}", first)
    yield figure(f"top-drawn-{name}", drawn)
    yield figure(f"top-memory-{name}", megabytes)
    yield figure(f"top-rest-{name}", percent)


class Screen:
    """The terminal in which `amq top` runs."""

    def __init__(self, process: PtyProcess) -> None:
        self.pid: int = process.pid
        self._fd: int = process.fd
        os.set_blocking(self._fd, False)

    def until(self, shown: bytes) -> None:
        """Read until SHOWN is in what was drawn."""
        drawn, end = b"", time.monotonic() + 60
        while shown not in drawn:
            assert time.monotonic() < end, drawn[-300:]
            drawn += self._read() or b""

    def quiet(self, seconds: float) -> None:
        """Read for SECONDS."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._read() is None:
                time.sleep(0.02)

    def _read(self) -> bytes | None:
        try:
            return os.read(self._fd, 1 << 16)
        except BlockingIOError:
            time.sleep(0.0005)
            return None


@contextmanager
def shown(queue: Queue) -> Iterator[Screen]:
    """Run `amq top` for the time of a block."""
    words = [AMQ, "--root", queue.root, "--me", USER, "top"]
    process = PtyProcess.spawn(words, dimensions=(ROWS, COLUMNS), env=os.environ | {"TERM": "xterm-256color"})
    try:
        yield Screen(process)
    finally:
        process.terminate(force=True)
        process.wait()
