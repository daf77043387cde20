"""Measure the delay that a host adds to a key's way to the program and back, at rest and under a flood of output."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

from flood import read_for, writer
from measure import Bench, Figure, figure
from terminal import OURS, Host, by_host, hosted, hosts, read_until

KEY = b"@"  # not in the flood
PAUSE_S = 0.001  # between two keys: no one types faster
PAUSE_IN_FLOOD_S = 0.01


def key(bench: Bench) -> Iterator[Figure]:
    """Measure in milliseconds; the way through a bare pseudo-terminal, under the same flood, is subtracted."""
    for name, way in (("key", _at_rest), ("key-flood", _in_flood)):
        if name in bench.wanted:
            yield _added(bench, name, way)


def _added(bench: Bench, name: str, way: Callable[[Bench, Host], float]) -> Figure:
    took = by_host(bench, name, hosts(bench), partial(way, bench), bench.sizes.few)
    bare = statistics.median(took.pop("no relay"))
    added = {by: [each - bare for each in values] for by, values in took.items()}
    return figure(name, added.pop(OURS), added)


def _at_rest(bench: Bench, host: Host) -> float:
    """Return the median of a key's way to the program and back."""
    with hosted(host, "stty raw -echo; printf GO; exec cat") as process:
        read_until(process.fd, b"GO")
        host.come_to_rest(bench, process.pid)
        return _median(bench, process.fd, lambda: time.sleep(PAUSE_S))


def _in_flood(bench: Bench, host: Host) -> float:
    """Return that median where another program prints beside the one that gets the key."""
    with hosted(host, f"stty raw -echo; printf GO; read -r _; {writer(bench)} & exec cat") as process:
        read_until(process.fd, b"GO")
        host.come_to_rest(bench, process.pid)
        os.write(process.fd, b"\n")
        read_for(process.fd, bench.sizes.settle)
        return _median(bench, process.fd, lambda: read_for(process.fd, PAUSE_IN_FLOOD_S))


def _median(bench: Bench, fd: int, pause: Callable[[], object]) -> float:
    took = []
    for _ in range(bench.sizes.keys):
        started = time.perf_counter()
        os.write(fd, KEY)
        while KEY not in os.read(fd, 1 << 16):
            pass
        took.append(time.perf_counter() - started)
        pause()
    return 1000 * statistics.median(took)
