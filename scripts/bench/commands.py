"""Measure the processor time of the commands, in units of `python -c pass`.

A floor is the cost in bare Python of the unavoidable part: the imports, and reading those files and their JSON, or the
directories and the cache of a large box.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inboxes import THREAD, Queue
from measure import AMQ, PASS, Bench, Figure, Sizes, Way, figure, over, processor_seconds
from peer import SOURCES

from amq.mail.mailbox import Mailbox
from amq.mail.message_table import STORED
from amq.mail.summary import CREATED, ID, PRIORITY, SENDER, SUBJECT
from amq.names import USER

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
class Command:
    """A row's command, the arguments of the Python that is its floor, and the preparation of each run."""

    key: str
    words: tuple[str, ...]
    floor: tuple[str, ...] = ("-c", IMPORTS)
    before: Callable[[], None] = lambda: None


def cold_commands(queue: Queue) -> list[Command]:
    """Return short commands on a small inbox."""
    queue.fill(20)
    newest = max(path.stem for path in queue.inbox.iterdir())
    said = ("--body", "Done.")
    return [
        Command("send", ("send", "--me", "bob", "--to", "alice", *said)),
        Command("list", ("list", "--me", "bob", "--limit", "20")),
        Command("reply", ("reply", "--me", "bob", "--id", newest, *said)),
        Command("drain", ("drain", "--me", "bob"), before=lambda: queue.add(1)),
    ]


def large_commands(queue: Queue, size: int) -> list[Command]:
    """Return commands that read an inbox of SIZE messages, and their sender's copies."""
    queue.fill(size, sent=True)
    look = ("list", "--me", "bob")
    thread = ("thread", "--me", "bob", "--id", THREAD)
    return [
        Command("list-all", look, read_cache(queue, (CREATED, PRIORITY, SENDER, ID, SUBJECT), queue.boxes()[:2])),
        Command("list-50", (*look, "--limit", "50"), read_headers(queue, 50)),
        Command("thread", thread, read_cache(queue, (CREATED, SENDER, SUBJECT), queue.boxes())),
    ]


def drain_command(key: str, queue: Queue, size: int) -> Command:
    """Return a drain of SIZE messages, with their bodies."""
    everything = ("drain", "--me", "bob", "--limit", "0", "--include-body")
    return Command(key, everything, read_headers(queue), lambda: queue.fill(size))


def read_headers(queue: Queue, most: int = 0) -> tuple[str, ...]:
    """Return the program that reads the headers of the inbox, at most MOST of them."""
    return ("-c", READ_ALL, str(queue.inbox), str(most))


def read_cache(queue: Queue, columns: Sequence[int], boxes: Iterable[Path]) -> tuple[str, ...]:
    """Return the program that reads BOXES, the inbox first, and prints COLUMNS of its cache, which is made."""
    processor_seconds((AMQ, "list", "--me", "bob", "--root", queue.root))
    caches = Path(os.environ["XDG_STATE_HOME"]).rglob("bob.new")
    newest = max(caches, key=lambda path: path.stat().st_mtime_ns)
    in_cache = ",".join(str(0 if each == ID else 2 + STORED.index(each)) for each in columns)  # names, inodes, STORED
    return (str(SOURCES / "listing.py"), str(newest), in_cache, *map(str, boxes))


def unit(bench: Bench) -> Iterator[Figure]:
    """Measure `pass`, which says how fast the machine is, in milliseconds."""
    took = bench.in_turns({"pass": lambda: 1000 * processor_seconds(PASS)}, bench.sizes.runs)
    yield figure("pass", took["pass"])


def cold(bench: Bench) -> Iterator[Figure]:
    """Measure the short commands."""
    with queue_in(bench) as queue:
        yield from in_units_of_pass(bench, queue, cold_commands(queue), bench.sizes.runs)


def large(bench: Bench) -> Iterator[Figure]:
    """Measure commands that grow with the inbox, but for `drain`, which empties it."""
    with queue_in(bench) as queue:
        yield from in_units_of_pass(bench, queue, large_commands(queue, bench.sizes.large), bench.sizes.runs)


def drains(bench: Bench) -> Iterator[Figure]:
    """Measure `drain` of a thousand, and of many in units of that."""
    sizes = bench.sizes
    with queue_in(bench) as queue:
        small = drain_command("drain-1000", queue, sizes.drained)
        if wanted := [small] * bool(bench.wanted & {small.key}):
            yield from in_units_of_pass(bench, queue, wanted, sizes.runs)
        if "drain-all" not in bench.wanted:
            return
        many = drain_command("drain-all", queue, sizes.large)
        took = bench.in_turns(contenders(bench, queue, [small, many]), sizes.few)
        unit = statistics.median(took[small.key])
        yield figure(many.key, over(took[many.key], unit), _beside(took, many, unit))


@contextmanager
def queue_in(bench: Bench) -> Iterator[Queue]:
    """Make a queue at the bench's place, for the time of a block."""
    with tempfile.TemporaryDirectory(dir=bench.place) as place:
        yield Queue(Path(place))


def watched_queues(bench: Bench, keys: Sequence[str]) -> Iterator[tuple[str, Queue]]:
    """Yield the name of each size of which a row of KEYS is wanted, and a queue of so many messages that a user has."""
    for size in bench.sizes.top:
        name = str(size if size in Sizes.top else Sizes.top[-1])  # a quick run has its own sizes
        if bench.wanted.isdisjoint(f"{key}-{name}" for key in keys):
            continue
        with queue_in(bench) as queue:
            queue.fill(size, sent=True)
            Mailbox(queue.root, USER)
            yield name, queue


def in_units_of_pass(bench: Bench, queue: Queue, commands: Iterable[Command], runs: int) -> Iterator[Figure]:
    """Yield the figures of those COMMANDS that are wanted."""
    commands = [command for command in commands if command.key in bench.wanted]
    took = bench.in_turns({"pass": lambda: processor_seconds(PASS)} | contenders(bench, queue, commands), runs)
    unit = statistics.median(took["pass"])
    for command in commands:
        yield figure(command.key, over(took[command.key], unit), _beside(took, command, unit))


def contenders(bench: Bench, queue: Queue, commands: Iterable[Command]) -> dict[str, Way]:
    """Return for each command its floor, amq, and the Go program if it exists."""
    ways: dict[str, Way] = {}
    for command in commands:
        words = (*command.words, "--root", queue.root)
        ways[f"{command.key} floor"] = cost((sys.executable, *command.floor), command.before)
        ways[command.key] = cost((AMQ, *words))  # the floor has left everything as it was made for it
        if bench.go:
            ways[f"{command.key} Go"] = cost((bench.go, *words), command.before)
    return ways


def cost(words: tuple[str, ...], before: Callable[[], None] = lambda: None) -> Way:
    """Return the processor time of WORDS, after BEFORE."""

    def way() -> float:
        before()
        return processor_seconds(words)

    return way


def _beside(took: dict[str, list[float]], command: Command, unit: float) -> dict[str, list[float]]:
    names = {f"{command.key} floor": "bare Python", f"{command.key} Go": "Go"}
    return {name: over(took[key], unit) for key, name in names.items() if key in took}
