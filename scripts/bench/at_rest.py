"""Measure an `amq run` at rest: memory and processor (Linux)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from measure import Bench, Figure, figure
from processes import Memory, memory, percent_used
from terminal import OURS, Host, hosted, ours, read_until

from amq import procfs

SCRIPT = "printf GO; read -r _"
FLOOR_NAME = "Python, anyio, watchfiles, pyavt"
FLOOR = """
import sys
import anyio
import anyio.to_thread
import avt
from watchfiles._rust_notify import RustNotify

async def main():
    events = RustNotify([sys.argv[1]], False, False, 0, False, False)
    screen = avt.Vt(120, 40, 0)
    print("GO", end="", flush=True)
    await anyio.to_thread.run_sync(events.watch, 0, 1000, 0, None)

anyio.run(main)
"""
"""A program with all that `amq run` is built on, and nothing of amq."""


def rest(bench: Bench) -> Iterator[Figure]:
    """Measure the memory of an idle `amq run`, all its processes, beside its floor; and its processor time."""
    if not procfs.exists():
        bench.leave_out("amq run at rest: there is no /proc here")
        return
    if bench.wanted & {"memory-private", "memory-pss"}:
        yield from _memory(bench)
    if "idle" in bench.wanted:
        yield figure("idle", _percents(bench))


def _memory(bench: Bench) -> Iterator[Figure]:
    floor = Host((sys.executable, "-c", FLOOR, str(bench.place)))
    hosts = {OURS: ours(bench.place / "queue"), FLOOR_NAME: floor}
    found: dict[str, list[Memory]] = {name: [] for name in hosts}
    for run in range(bench.sizes.few):
        for name, host in hosts.items():
            bench.say(f"memory of {name}, {run + 1} of {bench.sizes.few}")
            found[name].append(_memory_at_rest(bench, host))
    for kind in ("private", "pss"):
        values = {name: [getattr(each, kind) for each in taken] for name, taken in found.items()}
        yield figure(f"memory-{kind}", values.pop(OURS), values)


def _memory_at_rest(bench: Bench, host: Host) -> Memory:
    with hosted(host, SCRIPT) as process:
        read_until(process.fd, b"GO")
        host.come_to_rest(bench, process.pid)
        time.sleep(bench.sizes.settle)
        return memory(process.pid)


def _percents(bench: Bench) -> list[float]:
    """Return the percent of a processor in each of some seconds."""
    host, found = ours(bench.place / "queue"), []
    with hosted(host, SCRIPT) as process:
        read_until(process.fd, b"GO")
        host.come_to_rest(bench, process.pid)
        for second in range(bench.sizes.runs):
            bench.say(f"at rest, {second + 1} of {bench.sizes.runs} s")
            found.append(percent_used(process.pid, lambda: time.sleep(1.0)))
    return found
