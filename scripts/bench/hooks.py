"""What a hook with nothing to say costs an agent, in milliseconds of its waiting, beside a shell that does nothing.

    python scripts/bench/hooks.py [--runs 200]

Both take turns, so that a machine that changes its pace changes both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from amq.runtime.hooks import write_script

GOAL_MS = 5.0


def milliseconds(command: list[str]) -> float:
    """How long COMMAND takes, from its start until it has ended."""
    before = time.perf_counter()
    os.waitpid(os.posix_spawn(command[0], command, os.environ), 0)
    return (time.perf_counter() - before) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="What a hook with nothing to say costs.")
    parser.add_argument("--runs", type=int, default=200, help="default: %(default)s")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as place:
        new = Path(place, "new")
        new.mkdir()
        script = write_script(
            place, str(new), root=place, me="claude", kind="claude", command="/bin/false", normal_after=120.0
        )
        commands = {"hook": [script, "tool"], "shell": ["/bin/sh", "-c", ":"]}
        took: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                took[name].append(milliseconds(command))
    for name, values in took.items():
        print(f"{name:<6} p50 {statistics.median(values):.2f} ms   p95 {statistics.quantiles(values, n=20)[-1]:.2f} ms")
    print(f"goal: a hook with nothing to say in {GOAL_MS:.0f} ms")


if __name__ == "__main__":
    main()
