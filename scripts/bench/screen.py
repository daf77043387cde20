"""What the picture of the screen costs, fed with the recorded output of the real CLIs.

    python scripts/bench/screen.py [--runs 20] [--json FILE]

A slice is what one thread may keep the interpreter for; a look is one view and the input row in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from amq.pty.row import RowRule, find_row
from amq.pty.screen import SLICE, Screen
from tests.screens import recordings

RULE = RowRule("❯", framed=True)


def milliseconds(work: Callable[[], object]) -> float:
    """How long WORK takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def slices(runs: int) -> list[float]:
    """The time for each slice of all recordings, RUNS times."""
    times = []
    whole = b"".join(bytes(recordings.load(name).output) for name in recordings.names())
    for _ in range(runs):
        screen = Screen((30, 100))
        screen.eat()
        for begin in range(0, len(whole), SLICE):
            screen.put(whole[begin : begin + SLICE])
            times.append(milliseconds(screen.eat))
    return times


def looks(runs: int) -> list[float]:
    """The time for each look at the end of each recording."""
    times = []
    for name in recordings.names():
        recording = recordings.load(name)
        screen = Screen(recording.size)
        screen.put(bytes(recording.output))
        screen.eat(len(recording.output))
        times += [milliseconds(lambda: find_row(screen.view(), RULE)) for _ in range(runs)]  # noqa: B023
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    eating, looking = slices(options.runs), looks(options.runs)
    figures = {"slice": statistics.median(eating), "longest slice": max(eating), "look": statistics.median(looking)}
    for name, goal in (("slice", "2"), ("longest slice", ""), ("look", "1")):
        print(f"{name:<28} {figures[name]:7.2f} ms   {'goal ' + goal if goal else ''}")
    print(f"{'throughput':<28} {SLICE / figures['slice'] / 1000:7.1f} MB/s")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
