"""Measure the cost of a silent hook to an agent, in milliseconds of its waiting, beside a shell that does nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import Bench, Figure, figure, over, seconds

from amq.layout import QueueLayout
from amq.runtime.hooks.script import write_script


def hook(bench: Bench) -> Iterator[Figure]:
    """Measure a hook that finds an empty inbox, and one before an edit that finds only the agent's own leases."""
    with tempfile.TemporaryDirectory(dir=bench.place) as place:
        new, leases = Path(place, "new"), Path(QueueLayout(place).leases)
        for directory in (new, leases):
            directory.mkdir(parents=True)
        (leases / "claude.json").touch()
        script = write_script(
            place, str(new), root=place, me="claude", kind="claude", command="/bin/false", normal_after_s=120.0
        )
        ways = {
            "hook": lambda: seconds([script, "tool"]),
            "edit": lambda: seconds([script, "edit"]),
            "sh": lambda: seconds(["/bin/sh", "-c", ":"]),
        }
        took = {name: over(values, 1e-3) for name, values in bench.in_turns(ways, 10 * bench.sizes.runs).items()}
        for key in ("hook", "edit"):
            yield figure(key, took[key], {"sh -c :": took["sh"]})
