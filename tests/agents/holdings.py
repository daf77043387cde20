"""The holdings of a process, by `/proc`: memory, descriptors, threads, and the files that it keeps."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Holdings:
    """The memory, descriptors and threads of a process; the files in its private state, by number and size.

    The memory is what it has written, heap and stacks (`Anonymous`), also where its forks still share a page. What is
    private to it says less: that grows with each page that it writes for the first time after a fork, and with each
    other program of the machine that ends and has used the same libraries.
    """

    memory_mb: float
    descriptors: int
    threads: int
    files: int
    files_kb: float


def holdings(state: Path, pid: int) -> Holdings:
    """Return what the process PID holds, whose private state is in the directory STATE."""
    fields = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    (memory,) = (int(line.split()[1]) / 1024 for line in fields if line.startswith("Anonymous:"))
    descriptors, threads = (len(os.listdir(f"/proc/{pid}/{name}")) for name in ("fd", "task"))
    files = list(state.rglob("*"))
    return Holdings(memory, descriptors, threads, len(files), sum(each.lstat().st_size for each in files) / 1024)


def growth(samples: Sequence[Holdings], name: str, of: Callable[[Iterable[float]], float] = statistics.median) -> float:
    """Return how much NAME has grown from the first quarter of SAMPLES to the last; by the median of each, or OF it.

    The first eighth does not count: caches fill.
    """
    count = max(1, len(samples) // 4)
    first, last = samples[len(samples) // 8 :][:count], samples[-count:]
    before, after = (of([getattr(each, name) for each in quarter]) for quarter in (first, last))
    return after - before
