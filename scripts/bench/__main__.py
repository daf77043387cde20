"""Measure amq against its goals and its peers: every row of docs/performance.md, each side by side in one run.

    python scripts/bench [--only send,list] [--quick] [--go PATH] [--json FILE] [--write]
    python scripts/bench --from FILE [--write]

A row's own program takes turns with its floor and its peers. A value is a median, with the quartiles beside it.
`--write` puts the record, the table and the pictures into docs/.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the fake agents are among the tests

import report
from at_rest import rest
from bodies import bodies
from bridge import bridge
from commands import cold, drains, large, unit
from delivery import durable, fan_out
from flood import flood
from growth import NAMES, growth
from hooks import hook
from keys import key
from measure import QUICK, Bench, Figure, Sizes, machine, versions
from million import KEYS as MILLION_KEYS
from million import million
from page import KEYS as PAGE_KEYS
from page import page
from peer import version_commands
from rows import ROWS
from screen import screen
from searches import search
from terminal import relay, run
from top import KEYS as TOP_KEYS
from top import top
from wakes import waiting, wake

TOPICS: tuple[tuple[Callable[[Bench], Iterator[Figure]], tuple[str, ...]], ...] = (
    (unit, ("pass",)),
    (cold, ("send", "list", "reply", "drain")),
    (hook, ("hook", "edit")),
    (durable, ("durable",)),
    (fan_out, ("to-4", "to-16")),
    (large, ("list-all", "list-50", "thread")),
    (search, ("search", "search-update")),
    (drains, ("drain-1000", "drain-all")),
    (wake, ("wake", "wake-p99")),
    (waiting, ("watch", "monitor")),
    (bodies, ("requests-claude", "body-claude", "requests-codex", "body-codex")),
    (relay, ("relay-log", "relay")),
    (flood, ("flood",)),
    (key, ("key", "key-flood")),
    (run, ("run",)),
    (rest, ("memory-private", "memory-pss", "idle")),
    (page, tuple(f"{key}-{size}" for size in Sizes.top for key in PAGE_KEYS)),
    (top, tuple(f"{key}-{size}" for size in Sizes.top for key in TOP_KEYS)),
    (screen, ("slice", "look")),
    (bridge, tuple(key for key in ROWS if key.startswith("bridge-"))),
    (growth, tuple(f"growth-{name}" for name in NAMES)),
    (million, MILLION_KEYS),
)


USUAL = frozenset(ROWS) - frozenset(MILLION_KEYS)


class Progress:
    """One line of the terminal that is overwritten again and again; nothing where stderr is not a terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._shown:
            print(f"\r\x1b[K{text[:78]}", end="", file=sys.stderr, flush=True)


def measure(bench: Bench, keep: Callable[[report.Record], None]) -> report.Record:
    """Measure all wanted topics and report progress.

    KEEP gets the record after each topic, so that an aborted run loses little.
    """
    figures: list[report.Record] = []
    record = {"date": date.today().isoformat(), "quick": bench.sizes is QUICK}  # noqa: DTZ011  the reader's own day
    record |= {"machine": machine(bench.place), "versions": versions(version_commands(bench))}
    record |= {"figures": figures, "growth": bench.growth, "left_out": bench.left_out}
    if bench.go is None:
        bench.leave_out("the Go amq: --go PATH names it")
    for topic, keys in TOPICS:
        for figure in topic(bench) if bench.wanted.intersection(keys) else ():
            if figure.key in bench.wanted:
                figures.append(figure.record())
                bench.say("")
                print(report.line(figures[-1]), flush=True)
        keep(record)
    return record


def main() -> int:
    options = parsed()

    def keep(record: report.Record) -> None:
        if options.json:
            options.json.write_text(text_of(record))

    print(report.HEAD)
    if options.origin:
        record = json.loads(options.origin.read_text())
        print(*map(report.line, record["figures"]), sep="\n")
        keep(record)
    else:
        with (
            tempfile.TemporaryDirectory(prefix="amq-bench-", dir=options.place) as place,
            tempfile.TemporaryDirectory(prefix="amq-bench-", dir=options.place or "/var/tmp") as state,
        ):
            os.environ["XDG_STATE_HOME"] = state  # caches go there; amq keeps none below the usual temporary directory
            sizes = QUICK if options.quick else Sizes(runs=options.runs, few=max(2, options.runs // 4))
            record = measure(Bench(Path(place), sizes, options.only, options.go, Progress()), keep)
    print("", *report.machine_lines(record), sep="\n")
    if options.write:
        (report.DOCS / "performance.json").write_text(text_of(record))
        report.write(json.loads(text_of(record)))
    return 0


def text_of(record: report.Record) -> str:
    """Return a record as JSON text."""
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def parsed() -> argparse.Namespace:
    """Return the options; an error in them ends the program."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", type=rows, help=f"these rows: {', '.join(ROWS)}")
    parser.add_argument(
        "--million", action="store_true", help="all rows, also those of a million messages: 5 GB, and minutes"
    )
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that all of it works")
    parser.add_argument(
        "--runs", type=int, default=20, help="values of a figure (20); a quarter of them of what takes seconds"
    )
    parser.add_argument("--go", default=shutil.which("amq-go"), help="the Go amq (else amq-go on PATH)")
    parser.add_argument(
        "--place", type=Path, help="a directory on the disk that is measured (else where temporary files are)"
    )
    parser.add_argument("--json", type=Path, help="write the record there")
    parser.add_argument("--from", dest="origin", type=Path, metavar="FILE", help="show an earlier record")
    parser.add_argument("--write", action="store_true", help="put the record, the table and the pictures into docs/")
    options = parser.parse_args()
    options.only = options.only or (frozenset(ROWS) if options.million else USUAL)
    if options.write and (options.quick or not options.only >= USUAL):
        parser.error("--write is for all rows, measured in one run, and not in a quick one")
    return options


def rows(text: str) -> frozenset[str]:
    """Return the rows that TEXT names, such as `send` or `bridge` for all that begin so; for argparse."""
    names: frozenset[str] = frozenset()
    for word in text.split(","):
        names |= {word} if word in ROWS else {row for row in ROWS if row.startswith(f"{word}-")} or {word}
    if unknown := names - ROWS.keys():
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(sorted(unknown))}")
    return names


if __name__ == "__main__":
    sys.exit(main())
