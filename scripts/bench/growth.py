"""Measure how the commands grow with the inbox: the cost of a message must not depend on the number of others."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from commands import Command, cost, drain_command, large_commands, queue_in
from measure import AMQ, PASS, Bench, Figure, figure, over, processor_seconds

NAMES = ("send", "list", "thread", "search", "log", "who", "drain")


def growth(bench: Bench) -> Iterator[Figure]:
    """Measure each command at several sizes, in units of `pass`; and the largest beside the one before."""
    values: dict[str, list[list[float]]] = {name: [] for name in NAMES}
    for size in bench.sizes.growth:
        for name, found in at_size(bench, size).items():
            values[name].append(found)
            bench.growth.setdefault(name, {})[size] = statistics.median(found)
    for name, (*_, before, last) in values.items():
        yield figure(f"growth-{name}", over(last, statistics.median(before)))


def at_size(bench: Bench, size: int) -> dict[str, list[float]]:
    """Return the cost of each command on an inbox of SIZE messages, in units of `pass`.

    The drain comes last and empties it.
    """
    with queue_in(bench) as queue:
        all_, _, thread = large_commands(queue, size)
        search = Command("", ("search", "--me", "bob", "--limit", "20", "body"))
        log = Command("", ("log", "--me", "bob"))
        who = Command("", ("who", "--me", "bob"))
        send = Command("", ("send", "--me", "alice", "--to", "bob", "--body", "Done."))
        drain = drain_command("", queue, size)
        took: dict[str, list[float]] = {}
        for names, commands in ((NAMES[:-1], (send, all_, thread, search, log, who)), (NAMES[-1:], (drain,))):
            ways = {
                f"{name} at {size:,}": cost((AMQ, *command.words, "--root", queue.root), command.before)
                for name, command in zip(names, commands, strict=True)
            }
            took |= bench.in_turns(ways, bench.sizes.growth_runs, warm=size < 10_000 or len(ways) > 1)
        unit = statistics.median(bench.in_turns({"pass": lambda: processor_seconds(PASS)}, 5)["pass"])
    return {name: over(took[f"{name} at {size:,}"], unit) for name in NAMES}
