"""What the commands cost in processor time, each as a ratio to `python -c pass` in the same run.

    python scripts/bench/commands.py [--runs 20] [--large 20000] [--json FILE]

Every figure is the median over runs in which the commands and `pass` take turns, so that a machine that changes its
pace changes both. The queues are made in a temporary directory and removed.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amq.instants import format_instant
from amq.layout import QueueLayout
from amq.message import Header, Message, render
from amq.names import SUFFIX, IdMaker
from amq.store import registry

START = 1_772_366_400_000_000_000
STEP = 1_100_000  # nanoseconds between two messages
BODY = b"A line of the body.\n" * 20
THREAD = "p2p/alice__bob"


@dataclass(frozen=True)
class Row:
    """A command to measure, with what has to be done before each run."""

    name: str
    words: tuple[str, ...]
    before: Callable[[], None]
    goal: str


class Queue:
    """A queue for bob's mail."""

    def __init__(self, place: Path) -> None:
        self.layout = QueueLayout(str(place / "queue"))
        registry.make_queue(self.layout, tracked=False)
        registry.register(self.layout, ["alice", "bob"], START)
        self._inbox = Path(self.layout.agent("bob").inbox_new)
        self._made = 0

    def fill(self, count: int) -> None:
        """Let COUNT messages be new, and none be read."""
        for box in (self._inbox, self._inbox.with_name("cur")):
            for path in box.iterdir():
                path.unlink()
        self.add(count)

    def add(self, count: int) -> None:
        """COUNT more new messages, written without a flush."""
        made = iter(range(self._made, self._made + count))
        self._made += count
        ids = IdMaker(lambda: START + next(made) * STEP, 1, lambda size: b"\1" * size)
        for _ in range(count):
            identifier, now = ids.make()
            header = Header(identifier, "alice", ["bob"], format_instant(now), now, THREAD, subject="A message")
            (self._inbox / f"{identifier}{SUFFIX}").write_bytes(render(Message(header, BODY)))


def processor_seconds(command: list[str]) -> float:
    """User and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rows: list[Row], root: str, runs: int) -> dict[str, float]:
    """The median of each row, in units of `python -c pass`."""
    amq = str(Path(sys.executable).with_name("amq"))
    nothing: list[float] = []
    seconds: dict[str, list[float]] = {row.name: [] for row in rows}
    for run in range(runs + 1):
        empty = processor_seconds([sys.executable, "-c", "pass"])
        for row in rows:
            row.before()
            took = processor_seconds([amq, "--root", root, *row.words])
            if run:  # the first only warms the caches
                seconds[row.name].append(took)
        if run:
            nothing.append(empty)
    unit = statistics.median(nothing)
    return {name: statistics.median(took) / unit for name, took in seconds.items()}


def cold_rows(queue: Queue) -> list[Row]:
    """Short commands on a small inbox."""
    queue.fill(20)
    newest = sorted(path.stem for path in Path(queue.layout.agent("bob").inbox_new).iterdir())[-1]
    said = ("--body", "Done.")
    return [
        Row("send", ("--me", "alice", "send", "--to", "bob", *said), lambda: None, "3.5"),
        Row("list", ("--me", "bob", "list", "--limit", "20"), lambda: None, "3.5"),
        Row("reply", ("--me", "bob", "reply", "--id", newest, *said), lambda: None, "3.5"),
        Row("drain, 1 new", ("--me", "bob", "drain"), lambda: queue.add(1), "3.5"),
    ]


def large_rows(queue: Queue, large: int) -> list[Row]:
    """What grows with the inbox."""
    queue.fill(large)
    everything = ("--me", "bob", "drain", "--limit", "0", "--include-body")
    return [
        Row(f"list of {large:,}", ("--me", "bob", "list"), lambda: None, "18"),
        Row(f"list --limit 50 of {large:,}", ("--me", "bob", "list", "--limit", "50"), lambda: None, "4"),
        Row(f"thread over {large:,}", ("--me", "bob", "thread", "--id", THREAD), lambda: None, "19.5"),
        Row("drain of 1,000", everything, lambda: queue.fill(1000), "14"),
        Row(f"drain of {large:,}", everything, lambda: queue.fill(large), "20 × the former"),
    ]


def report(make_rows: Callable[[Queue], list[Row]], runs: int) -> dict[str, float]:
    """Measure rows on a queue of their own, and print them beside their goals."""
    with tempfile.TemporaryDirectory() as place:
        queue = Queue(Path(place))
        rows = make_rows(queue)
        figures = measure(rows, queue.layout.root, runs)
    for row in rows:
        print(f"{row.name:<28} {figures[row.name]:7.2f}   goal {row.goal}", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--large", type=int, default=20_000, help="messages in the large inbox")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; 1 = python -c pass (CPU)")
    figures = report(cold_rows, options.runs)
    figures |= report(lambda queue: large_rows(queue, options.large), max(3, options.runs // 5))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
