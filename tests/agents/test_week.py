"""A simulated week of agents with hooks: no promise breaks, and what amq holds stays as much as it was.

AMQ_SOAK=1 has 100,000 wakes, `make test` some.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from amq.runtime.agents import status_sources
from tests.agents.cli_styles import STYLES, Style
from tests.agents.holdings import Holdings, growth, holdings
from tests.agents.week import Week
from tests.proof_table import Proof
from tests.seeds import SEED, SOAK, TOLD

WAKES = (100_000 if SOAK else 90) // len(STYLES) + 1
"""The texts that are typed into one agent."""
QUIET = 300 if SOAK else 0
"""The idle scenes among which the others are: a week is mostly quiet."""
SAMPLES = 40 if SOAK else 4
GROWTH_MB = 2.0 if SOAK else 8.0  # from the first quarter to the last; in a short run caches still fill
GROWTH_FILES, GROWTH_KB = 3, 64.0  # a journal is cut to a half when it has 64 KB

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc"),
    pytest.mark.timeout(4 * 3600 if SOAK else 120),
]


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_week_breaks_no_promise_and_leaves_nothing(
    style: Style, place: Path, proof: Proof, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    week = Week(style, str(SEED), place, QUIET)
    world, tally = week.world, week.tally
    monkeypatch.setattr(status_sources, "time", SimpleNamespace(time=lambda: world.wall_s))
    week.begin()
    samples = list[Holdings]()
    while world.pastes < WAKES and not tally.faults:
        week.live(10)
        if world.pastes >= WAKES * len(samples) / SAMPLES:
            gc.collect()
            samples.append(holdings(place / "state", os.getpid()))
            if SOAK:
                with capsys.disabled():  # an aborted run has said how far it came
                    print(f"\n{_progress(week)}; {samples[-1]}", end="", flush=True)  # noqa: T201
    proof.add(points=world.pastes, met=world.pastes, violations=len(tally.faults))
    assert not tally.faults, "\n".join(tally.faults)
    assert tally.once >= 0.999 * tally.idle, f"{TOLD}: {tally}"
    # the least of each quarter: the megabyte of a flood is there or not, which makes 4 MB
    assert growth(samples, "memory_mb", min) <= GROWTH_MB
    assert growth(samples, "files") <= GROWTH_FILES
    assert growth(samples, "files_kb") <= GROWTH_KB
    assert growth(samples, "descriptors") == growth(samples, "threads") == 0


def _progress(week: Week) -> str:
    world = week.world
    return (
        f"{week.style.name}: {world.now / 86_400:.1f} days, {world.pastes:,} texts, {world.hooks:,} hooks, "
        f"{world.flooded_bytes / 1e6:.0f} MB"
    )
