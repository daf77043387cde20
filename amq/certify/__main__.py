"""Count what amq does with the CLIs: `python -m amq.certify [--soak] [CLI[=PROGRAM]…]`.

Without `--soak` it prints what `amq certify` found out, as rows of a table; with it every scenario is tried often, and
the table counts. Nothing is recorded. The exit code is 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from amq import config
from amq.certify.certification import ONCE, Certification, Request, certify
from amq.certify.plan import LOST, Trial
from amq.runtime.agents.registry import NAMES
from amq.runtime.private_state import private_state
from amq.runtime.programs import find_program

SOAK = {"idle": 50, "streams": 20, "dialog": 20, "draft": 20, "ready": 20, "places": 10}
"""The number of trials of each scenario in a soak; the others are not tried."""
COLUMNS = {
    "approved": ("approved", "answered"),
    "merged": ("merged",),
    "wrong place": ("wrong place",),
    "doubled": ("doubled",),
    "lost": (LOST,),
}
"""The kinds of failure in each column of a table; the last column has all others."""


def main(words: Sequence[str]) -> int:
    """Try the CLIs that WORDS name, and print the table of counts."""
    parser = argparse.ArgumentParser(prog="python -m amq.certify", description=__doc__)
    parser.add_argument("--soak", action="store_true", help="try often, and print counts")
    parser.add_argument("--times", type=float, default=1.0, metavar="FACTOR", help="as often as a soak, times this")
    parser.add_argument("--patience", type=float, default=1.0, metavar="FACTOR", help="a factor for all time limits")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="sessions at a time")
    parser.add_argument("clis", nargs="*", metavar="CLI[=PROGRAM]", help="default: all that are installed")
    options = parser.parse_args(words)
    counts = {name: max(1, round(count * options.times)) for name, count in SOAK.items()} if options.soak else ONCE
    environment, failed = config.environment(), False
    for name, program in programs(options.clis):
        request = Request(
            name, program, counts, at_once=options.at_once, patience=options.patience, retries=not options.soak
        )
        begun = time.monotonic()
        done = certify(request, private_state(environment, ()), environment, report)
        sys.stdout.write("\n".join([*table(done), "", f"{time.monotonic() - begun:.0f} s", ""]))
        sys.stdout.flush()
        failed = failed or any(trial.kind for trial in done.trials)
    return int(failed)


def programs(words: Iterable[str]) -> list[tuple[str, str]]:
    """Return the CLIs in WORDS, or all that are installed, each with the path of its program."""
    named = [word.partition("=") for word in words or NAMES]
    found = [(name, path or find_program(name, config.environment()) or "") for name, _, path in named]
    return [(name, program) for name, program in found if program]


def report(version: str, trial: Trial | None) -> None:
    """Write a TRIAL that failed to stderr."""
    if trial and trial.kind:
        sys.stderr.write(f"{version} {trial.scenario}: {trial.kind}: {trial.reason}\n{trial.screen}\n")


def table(done: Certification) -> list[str]:
    """Return the rows of a table of the trials of DONE: how many, how many were announced once, and what went wrong."""
    titles = ["program", "version", "scenario", "tried", "announced once", *COLUMNS, "other"]
    rows = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    for scenario in dict.fromkeys(trial.scenario for trial in done.trials):
        trials = [trial for trial in done.trials if trial.scenario == scenario and trial.kind != "untried"]
        kinds = Counter(trial.kind for trial in trials)
        by_column = [sum(kinds[kind] for kind in column) for column in COLUMNS.values()]
        cells = [scenario, len(trials), kinds[""], *by_column, len(trials) - kinds[""] - sum(by_column)]
        rows.append(f"| {done.request.name} | {done.version} | {' | '.join(map(str, cells))} |")
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
