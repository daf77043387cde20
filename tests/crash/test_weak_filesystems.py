"""The power fails on a filesystem that keeps what was synced, and of the rest anything."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING

import pytest

from amq.errors import AmqError
from tests.chance import SEED, SOAK, TOLD, sample
from tests.crash import processes
from tests.crash.scenarios import LASTING
from tests.crash.snapshot import Snapshot
from tests.crash.weak import Change, Recorder, leave
from tests.crash.world import World, broken_files, broken_promises

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.crash.conftest import Report
    from tests.crash.scenario import Scenario

SAMPLE = 30
"""States of each operation, but in a soak."""


class Blackouts:
    """Runs SCENARIO once, in the directory PLACE, and leaves there one state after the other."""

    def __init__(self, scenario: Scenario, place: Path) -> None:
        self._scenario = scenario
        self._limbo = place.with_name(f"{place.name}.limbo")
        place.mkdir()
        self._prepared = World(place)
        scenario.prepare(self._prepared)
        before = len(self._journal(self._prepared))
        self._fresh = Snapshot(place)
        world = deepcopy(self._prepared)
        with Recorder() as recorder:
            scenario.act(world, "")
        self._recording = recorder.recording
        self._end = len(recorder.log) - 1
        self._lines = self._journal(world)
        self._earlier = before

    def states(self) -> Iterator[tuple[int, list[Change]]]:
        """After which step the power failed, and what was kept of the changes before."""
        chance = random.Random(SEED)
        seen = set()
        for at in range(self._end + 1):
            for kept in self._recording.states(at, chance):
                shown = sum(number <= at for number in self._recording.shown)
                if (state := (at == self._end, shown, tuple(kept))) not in seen:
                    seen.add(state)
                    yield at, kept

    def problems(self, at: int, kept: list[Change]) -> Iterator[str]:
        """What is wrong when the power failed after step AT, of whose changes those in KEPT are there."""
        self._fresh.restore()
        world, scenario = deepcopy(self._prepared), self._scenario
        leave(kept, self._limbo)
        shown = self._earlier + sum(number <= at for number in self._recording.shown)
        if self._lines:
            world.journal.write_text("".join(self._lines[:shown]))
        yield from broken_files(world)
        done = at == self._end
        yield from scenario.check(world, done=done)
        if not done:
            scenario.repeat(world, None)
            yield from scenario.check(world, done=True)
        world.finish()
        yield from broken_promises(world, doubled=not scenario.knows_id and not done)

    @staticmethod
    def _journal(world: World) -> list[str]:
        return world.journal.read_text().splitlines(keepends=True) if world.journal.exists() else []


@pytest.mark.timeout(3600 if SOAK else 120)
def test_what_may_be_left_when_the_power_fails_breaks_no_promise(place: Path, report: Report) -> None:
    began = time.monotonic()
    told = processes.shared(LASTING, partial(_try, place), place)
    counts = Counter(line for line in told if line in ("known", "tried"))
    wrong = [line for line in told if line not in counts]
    report.say(
        f"{counts['tried']:,} of {counts['known']:,} states after a loss of power in {len(LASTING)} operations: "
        f"{len(wrong)} violations in {time.monotonic() - began:.1f} s ({TOLD})"
    )
    assert not wrong, f"{TOLD}\n" + "\n".join(wrong[:10])


def _try(place: Path, scenarios: Sequence[Scenario]) -> Iterator[str]:
    for scenario in scenarios:
        blackouts = Blackouts(scenario, place / str(scenario))
        states = list(blackouts.states())
        yield from ["known"] * len(states)
        for at, kept in sample(states, SAMPLE, of=str(scenario)):
            yield "tried"
            where = f"{scenario}, after step {at}, kept {_told(kept)}"
            try:
                yield from (f"{where}: {problem!r}" for problem in blackouts.problems(at, kept))
            except (AmqError, OSError) as error:
                yield f"{where}: {error!r}"


def _told(kept: list[Change]) -> str:
    parts = (f"{os.path.basename(each.name)}={os.path.basename(each.file)}{len(each.data) or ''}" for each in kept)
    return ", ".join(parts)[-600:]
