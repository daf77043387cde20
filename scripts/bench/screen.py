"""Measure the cost of the screen model, fed with the recorded output of the real CLIs.

A slice is the longest that one thread may keep the interpreter; a look is one view and the input row in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from measure import Bench, Figure, figure

from amq.pty.input_row import RowRule, find_row
from amq.pty.screen import SLICE_BYTES, Screen
from tests.screens import recordings

RULE = RowRule("❯", framed=True)


def screen(bench: Bench) -> Iterator[Figure]:
    """Measure a slice, and a look."""
    names = sorted(recordings.names())
    yield figure("slice", slices(names, bench.sizes.few))
    yield figure("look", looks(names, bench.sizes.few))


def slices(names: list[str], runs: int) -> list[float]:
    """Return the milliseconds for each slice of all recordings, RUNS times."""
    times = []
    whole = b"".join(bytes(recordings.load(name).output) for name in names)
    for _ in range(runs):
        shown = Screen((30, 100))
        shown.feed()
        for begin in range(0, len(whole), SLICE_BYTES):
            shown.enqueue(whole[begin : begin + SLICE_BYTES])
            times.append(_milliseconds(shown.feed))
    return times


def looks(names: list[str], runs: int) -> list[float]:
    """Return the milliseconds for each look at the end of each recording."""
    times = []
    for name in names:
        recording = recordings.load(name)
        shown = Screen(recording.size)
        shown.enqueue(bytes(recording.output))
        shown.feed(len(recording.output))
        times += [_milliseconds(lambda: find_row(shown.view(), RULE)) for _ in range(runs)]  # noqa: B023
    return times


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000
