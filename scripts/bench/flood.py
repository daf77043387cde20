"""Measure what a host takes of a processor while a full-screen program prints faster than any CLI does."""

from __future__ import annotations

import os
import select
import shlex
import sys
import time
from collections.abc import Iterator

from measure import Bench, Figure, figure
from processes import percent_used
from terminal import OURS, Host, by_host, hosted, hosts, read_until, screens, write_output

from amq import procfs

RATE = 8_000_000  # bytes a second
PAGE_BYTES = 1_000_000  # printed again and again
WRITER = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)
with open(sys.argv[1], "rb") as file:
    page = file.read()
begun, written = time.perf_counter(), 0
while True:
    due = int((time.perf_counter() - begun) * int(sys.argv[2])) - written
    if due <= 0:
        time.sleep(0.001)
        continue
    at = written % len(page)
    written += os.write(1, page[at : at + min(due, 1 << 14)])
"""
"""Writes a file again and again, so many bytes a second, or as fast as it is read."""


def writer(bench: Bench) -> str:
    """Return the words that run the program, for a shell."""
    page = bench.place / "page"
    if not page.exists():
        write_output(page, PAGE_BYTES, screens)
    return shlex.join((sys.executable, "-S", "-c", WRITER, str(page), str(RATE)))


def read_for(fd: int, seconds: float) -> int:
    """Read for so many SECONDS; return the number of bytes."""
    count, end = 0, time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([fd], [], [], left)[0]:
            count += len(os.read(fd, 1 << 16))
    return count


def flood(bench: Bench) -> Iterator[Figure]:
    """Measure the percent of a processor that a host takes while RATE comes, and how much of it amq passes on."""
    if not procfs.exists():
        bench.leave_out("what a flood of output costs: there is no /proc here")
        return
    passed: list[float] = []
    relays = {name: host for name, host in hosts(bench).items() if name != "no relay"}

    def percent(host: Host) -> float:
        return _percent(bench, host, passed if host.is_ours else [])

    took = by_host(bench, "a flood", relays, percent, bench.sizes.few)
    yield figure("flood", took.pop(OURS), {"MB/s passed on": passed} | took)


def _percent(bench: Bench, host: Host, passed: list[float]) -> float:
    """Return the percent of a processor; add to PASSED the megabytes a second."""
    seconds = 4 * bench.sizes.settle
    with hosted(host, f"stty raw -echo; printf GO; read -r _; exec {writer(bench)}") as process:
        read_until(process.fd, b"GO")
        host.come_to_rest(bench, process.pid)
        os.write(process.fd, b"\n")
        read_for(process.fd, bench.sizes.settle)
        count = 0

        def read() -> None:
            nonlocal count
            count = read_for(process.fd, seconds)

        percent = percent_used(process.pid, read)
    passed.append(count / seconds / 1e6)
    return percent
