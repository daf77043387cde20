"""What the commands cost in processor time, each as a ratio to `python -c pass` in the same run.

    python scripts/bench/commands.py [--runs 20] [--large 20000] [--growth] [--json FILE]

Every figure is the median over runs in which the commands, their floors and `pass` take turns, so that a machine that
changes its pace changes all of them. A floor is what bare Python needs for the part that no program can leave out: the
imports, and the reading of the same files, and their JSON. The queues are made in a temporary directory and removed.
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
GROWING = ("send", "list", "list --limit 50", "thread", "drain")
SIZES = (10, 100, 1_000, 10_000, 20_000, 40_000)

IMPORTS = "import argparse, json, os, sys\n"
READ_ALL = f"""{IMPORTS}
directory, most = os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2])
headers = []
for name in sorted(os.listdir(directory))[:most or None]:
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    data = os.read(file, 4096)
    os.close(file)
    headers.append(json.loads(data[8 : data.index(b"\\n---\\n")]))
"""


@dataclass(frozen=True)
class Row:
    """A command to measure, the program that is its floor, and what has to be done before each run."""

    name: str
    words: tuple[str, ...]
    floor: tuple[str, ...]
    goal: float
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Figure:
    """What a row needs in units of `pass`: the median, the quartiles around it, and the floor's median."""

    median: float
    quartiles: tuple[float, float]
    floor: float
    milliseconds: float


class Queue:
    """A queue for bob's mail."""

    def __init__(self, place: Path) -> None:
        self.layout = QueueLayout(str(place / "queue"))
        registry.make_queue(self.layout, tracked=False)
        registry.register(self.layout, ["alice", "bob"], START)
        self.inbox = Path(self.layout.agent("bob").inbox_new)
        self._sent = Path(self.layout.agent("alice").sent)
        self._made = 0

    def fill(self, count: int, *, sent: bool = False) -> None:
        """Let COUNT messages be new, and none be read; with `sent` their sender keeps a copy of each."""
        for box in (self.inbox, self.inbox.with_name("cur"), self._sent):
            for path in box.iterdir():
                path.unlink()
        self.add(count, sent=sent)

    def add(self, count: int, *, sent: bool = False) -> None:
        """COUNT more new messages, written without a flush."""
        made = iter(range(self._made, self._made + count))
        self._made += count
        ids = IdMaker(lambda: START + next(made) * STEP, 1, lambda size: b"\1" * size)
        for _ in range(count):
            identifier, now = ids.make()
            header = Header(identifier, "alice", ["bob"], format_instant(now), now, THREAD, subject="A message")
            path = self.inbox / f"{identifier}{SUFFIX}"
            path.write_bytes(render(Message(header, BODY)))
            if sent:
                self._sent.joinpath(path.name).hardlink_to(path)

    def floor(self, most: int = 0) -> tuple[str, ...]:
        """The program that reads the headers of the inbox, at most MOST of them."""
        return (READ_ALL, str(self.inbox), str(most))


def processor_seconds(command: list[str]) -> float:
    """User and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rows: list[Row], root: str, runs: int) -> dict[str, Figure]:
    """The figure of each row."""
    amq = str(Path(sys.executable).with_name("amq"))
    nothing: list[float] = []
    seconds: dict[str, list[float]] = {row.name: [] for row in rows}
    floors: dict[str, list[float]] = {row.name: [] for row in rows}
    for run in range(-1, runs):  # the first only warms the caches
        empty = processor_seconds([sys.executable, "-c", "pass"])
        for row in rows:
            row.before()
            floor = processor_seconds([sys.executable, "-c", *row.floor])
            took = processor_seconds([amq, "--root", root, *row.words])
            if run >= 0:
                seconds[row.name].append(took)
                floors[row.name].append(floor)
        if run >= 0:
            nothing.append(empty)
    unit = statistics.median(nothing)
    return {row.name: _figure(seconds[row.name], floors[row.name], unit) for row in rows}


def _figure(seconds: list[float], floors: list[float], unit: float) -> Figure:
    low, middle, high = (quarter / unit for quarter in statistics.quantiles(seconds, n=4, method="inclusive"))
    return Figure(middle, (low, high), statistics.median(floors) / unit, statistics.median(seconds) * 1000)


def cold_rows(queue: Queue) -> list[Row]:
    """Short commands on a small inbox."""
    queue.fill(20)
    newest = max(path.stem for path in queue.inbox.iterdir())
    said = ("--body", "Done.")
    imports = (IMPORTS,)
    return [
        Row("send", ("--me", "bob", "send", "--to", "alice", *said), imports, 3.5),
        Row("list", ("--me", "bob", "list", "--limit", "20"), imports, 3.5),
        Row("reply", ("--me", "bob", "reply", "--id", newest, *said), imports, 3.5),
        Row("drain, 1 new", ("--me", "bob", "drain"), imports, 3.5, lambda: queue.add(1)),
    ]


def large_rows(queue: Queue, large: int) -> list[Row]:
    """What grows with the inbox, but for `drain`, which empties it."""
    queue.fill(large, sent=True)
    look = ("--me", "bob", "list")
    thread = ("--me", "bob", "thread", "--id", THREAD)
    return [
        Row(f"list of {large:,}", look, queue.floor(), 18),
        Row(f"list --limit 50 of {large:,}", (*look, "--limit", "50"), queue.floor(50), 4),
        Row(f"thread over {2 * large:,} files", thread, queue.floor(), 39),
    ]


def drain_rows(queue: Queue, large: int) -> list[Row]:
    """`drain` of a thousand, and of many."""
    everything = ("--me", "bob", "drain", "--limit", "0", "--include-body")
    return [
        Row("drain of 1,000", everything, queue.floor(), 14, lambda: queue.fill(1000)),
        Row(f"drain of {large:,}", everything, queue.floor(), 14 * 20, lambda: queue.fill(large)),
    ]


def growth_rows(queue: Queue, size: int) -> list[Row]:
    """Each command on an inbox of SIZE messages, drained last."""
    send = Row("send", ("--me", "alice", "send", "--to", "bob", "--body", "Done."), (IMPORTS,), 0)
    rows = [send, *large_rows(queue, size), drain_rows(queue, size)[-1]]
    return [Row(name, row.words, row.floor, 0, row.before) for name, row in zip(GROWING, rows, strict=True)]


def figures_of(make_rows: Callable[[Queue], list[Row]], runs: int) -> tuple[list[Row], dict[str, Figure]]:
    """Rows on a queue of their own, and their figures."""
    with tempfile.TemporaryDirectory() as place:
        queue = Queue(Path(place))
        rows = make_rows(queue)
        return rows, measure(rows, queue.layout.root, runs)


def report(make_rows: Callable[[Queue], list[Row]], runs: int) -> dict[str, Figure]:
    """Measure rows, and print them beside their goals."""
    rows, figures = figures_of(make_rows, runs)
    for row in rows:
        figure = figures[row.name]
        spread = f"{figure.quartiles[0]:.2f} to {figure.quartiles[1]:.2f}"
        met = "met" if figure.median <= row.goal else f"{figure.median / row.goal:.2f} of it"
        print(
            f"{row.name:<28} {figure.median:7.2f}  {spread:>17} {figure.milliseconds:7.0f} ms"
            f" {row.goal:7g} {figure.floor:7.2f}   {met}",
            flush=True,
        )
    return figures


def report_growth(runs: int) -> dict[str, Figure]:
    """Measure each command on inboxes of several sizes; what a message costs must not grow with their number."""
    found: dict[str, Figure] = {}
    print(f"\n{'messages':>8}" + "".join(f"{name:>17}" for name in GROWING))
    for size in SIZES:
        _, figures = figures_of(lambda queue, size=size: growth_rows(queue, size), runs)
        print(f"{size:8,}" + "".join(f"{figure.median:17.2f}" for figure in figures.values()), flush=True)
        found |= {f"{name}, {size}": figure for name, figure in figures.items()}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--large", type=int, default=20_000, help="messages in the large inbox")
    parser.add_argument("--growth", action="store_true", help="the commands at several sizes of the inbox too")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    few = max(3, options.runs // 4)
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; 1 = python -c pass (CPU)\n")
    print(f"{'':<28} {'median':>7}  {'half are within':>17} {'':>10} {'goal':>7} {'floor':>7}")
    figures = report(cold_rows, options.runs)
    figures |= report(lambda queue: large_rows(queue, options.large), few)
    figures |= report(lambda queue: drain_rows(queue, options.large), few)
    if options.growth:
        figures |= report_growth(3)
    if options.json:
        machine = {"python": platform.python_version(), "system": platform.platform(), "runs": options.runs}
        found = {name: figure.__dict__ for name, figure in figures.items()}
        options.json.write_text(json.dumps({**machine, "figures": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
