"""Processor time and memory of processes, by Linux's own account."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amq import procfs


@dataclass(frozen=True)
class Memory:
    """Memory of some processes, in MiB.

    `private` is theirs alone; `pss` also has their share of what other processes have mapped too.
    """

    private: float
    pss: float


def forks(pid: int) -> list[int]:
    """Return PID and the processes below it that it has forked: they have its command line, other programs do not."""
    same = [each for each in procfs.children(pid) if procfs.words(each) == procfs.words(pid)]
    return [pid, *(below for each in same for below in forks(each))]


def percent_used(pid: int, rest: Callable[[], None]) -> float:
    """Return the percent of a processor that the process and its forks take while REST runs."""
    counted = forks(pid)
    before, begun = nanoseconds_used(counted), time.perf_counter()
    rest()
    return (nanoseconds_used(counted) - before) / 1e7 / (time.perf_counter() - begun)


def nanoseconds_used(pids: list[int]) -> int:
    """Return the processor time of all threads of PIDS so far."""
    threads = [path for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(path.read_text().split()[0]) for path in threads)


def resident(pid: int) -> float:
    """Return the megabytes in memory, shared ones included."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory(pid: int) -> Memory:
    """Return the memory of the process and its forks."""
    kib: dict[str, int] = {}
    for each in forks(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()[1:]:
            name, amount, _ = line.split()
            kib[name] = kib.get(name, 0) + int(amount)
    return Memory((kib["Private_Clean:"] + kib["Private_Dirty:"]) / 1024, kib["Pss:"] / 1024)
