"""The power fails on a filesystem that keeps synced changes, and any of the others."""

from __future__ import annotations

import os
import random
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.crash import processes
from tests.crash.lossy_fs import Change, Recorder, leave
from tests.crash.scenarios import LASTING
from tests.crash.snapshot import Snapshot
from tests.crash.verdict import KNOWN, MET, judge, tried
from tests.crash.world import World, broken_files, broken_promises, lines
from tests.seeds import SEED, SOAK, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.crash.scenario import Scenario
    from tests.proof_table import Proof

SAMPLE = 30
"""States of each operation, unless it is a soak."""


class Blackouts:
    """One run of SCENARIO in the directory PLACE, and the states that a power failure may leave."""

    def __init__(self, scenario: Scenario, place: Path) -> None:
        self._scenario = scenario
        self._limbo = place.with_name(f"{place.name}.limbo")
        place.mkdir()
        self._prepared = World(place)
        scenario.prepare(self._prepared)
        before = len(lines(self._prepared.journal))
        self._fresh = Snapshot(place)
        world = deepcopy(self._prepared)
        with Recorder() as recorder:
            scenario.act(world, "")
        self._recording = recorder.recording
        self._end = len(recorder.log) - 1
        self._lines = lines(world.journal)
        self._earlier = before

    def states(self) -> Iterator[tuple[int, list[Change]]]:
        """Yield after which step the power failed, and the earlier changes that were kept."""
        chance = random.Random(SEED)
        seen = set()
        for at in range(self._end + 1):
            for kept in self._recording.states(at, chance):
                shown = sum(number <= at for number in self._recording.shown)
                if (state := (at == self._end, shown, tuple(kept))) not in seen:
                    seen.add(state)
                    yield at, kept

    def verdict(self, at: int, kept: list[Change]) -> Iterator[str]:
        """Yield the problems when the power failed after step AT and the changes in KEPT are there."""
        self._fresh.restore()
        world, scenario = deepcopy(self._prepared), self._scenario
        leave(kept, self._limbo)
        yield MET
        shown = self._earlier + sum(number <= at for number in self._recording.shown)
        if self._lines:
            world.journal.write_text("\n".join(self._lines[:shown]))
        yield from broken_files(world)
        done = at == self._end
        yield from scenario.check(world, done=done)
        if not done:
            scenario.repeat(world, None)
            yield from scenario.check(world, done=True)
        world.finish()
        yield from broken_promises(world, doubled=not scenario.knows_id and not done)


@pytest.mark.timeout(3600 if SOAK else 120)
def test_what_may_be_left_when_the_power_fails_breaks_no_promise(place: Path, proof: Proof) -> None:
    judge(processes.shared(LASTING, partial(_try, place), place), proof)


def _try(place: Path, scenarios: Sequence[Scenario]) -> Iterator[str]:
    for scenario in scenarios:
        blackouts = Blackouts(scenario, place / str(scenario))
        states = list(blackouts.states())
        yield from [KNOWN] * len(states)
        for at, kept in sample(states, SAMPLE, of=str(scenario)):
            yield from tried(f"{scenario}, after step {at}, kept {_described(kept)}", blackouts.verdict(at, kept))


def _described(kept: list[Change]) -> str:
    parts = (f"{os.path.basename(each.name)}={os.path.basename(each.file)}{len(each.data) or ''}" for each in kept)
    return ", ".join(parts)[-600:]
