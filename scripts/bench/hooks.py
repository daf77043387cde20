"""Measure the cost of a silent hook to an agent, in milliseconds of its waiting, beside a shell that does nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import Bench, Figure, figure, over, seconds

from amq.runtime.hooks.script import write_script


def hook(bench: Bench) -> Iterator[Figure]:
    """Measure a hook that finds an empty inbox."""
    with tempfile.TemporaryDirectory(dir=bench.place) as place:
        new = Path(place, "new")
        new.mkdir()
        script = write_script(
            place, str(new), root=place, me="claude", kind="claude", command="/bin/false", normal_after_s=120.0
        )
        ways = {"hook": lambda: seconds([script, "tool"]), "sh": lambda: seconds(["/bin/sh", "-c", ":"])}
        took = {name: over(values, 1e-3) for name, values in bench.in_turns(ways, 10 * bench.sizes.runs).items()}
        yield figure("hook", took["hook"], {"sh -c :": took["sh"]})
