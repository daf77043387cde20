"""A recovery may die too: the repetition and the drains after a death are cut off, and done once more."""

from __future__ import annotations

import os
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.crash import processes
from tests.crash.scenarios import LASTING
from tests.crash.seam import DIED, Fault, Step, Watched, faults
from tests.crash.snapshot import Snapshot
from tests.crash.verdict import MET, judge, tried
from tests.crash.world import World, broken_files, broken_promises
from tests.seeds import SOAK, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.crash.scenario import Scenario
    from tests.proof_table import Proof

REPEATABLE = [scenario for scenario in LASTING if scenario.knows_id]
"""Scenarios that may be repeated any number of times. Those left out may deliver anew with each repetition.

The one that only sets modes is left out too, because a snapshot does not restore them.
"""
FIRST_DEATHS, SECOND_DEATHS = 2, 3
"""Deaths of each operation, and of the recovery after each of them, unless it is a soak."""


@pytest.mark.timeout(3600 if SOAK else 120)
def test_a_recovery_that_is_cut_off_is_recovered_from(place: Path, proof: Proof) -> None:
    judge(processes.shared(REPEATABLE, partial(_search, place), place), proof)


def _search(place: Path, scenarios: Sequence[Scenario]) -> Iterator[str]:
    for number, scenario in enumerate(scenarios):
        recovery = Recovery(scenario, place / f"{os.getpid()} {number}")
        for first, second in recovery.deaths():
            yield from tried(f"{scenario}, {first}, and in the recovery {second}", recovery.verdict(first, second))


class Recovery:
    """A run of SCENARIO, its recovery after a death, and a second recovery after the death of that.

    Each has its own world in PLACE.
    """

    def __init__(self, scenario: Scenario, place: Path) -> None:
        self._scenario = scenario
        place.mkdir()
        self._prepared = World(place)
        scenario.prepare(self._prepared)
        self._fresh = Snapshot(place)

    def deaths(self) -> Iterator[tuple[Fault, Fault]]:
        """Yield where the operation dies, and where its recovery does."""
        acted = _log(partial(self._act, self._world()))
        for first in sample(_deaths(acted), FIRST_DEATHS, of=str(self._scenario)):
            world = self._world()
            _die(first, partial(self._act, world))
            recovered = _log(partial(self._recover, world))
            for second in sample(_deaths(recovered), SECOND_DEATHS, of=f"{self._scenario} {first}"):
                yield first, second

    def verdict(self, first: Fault, second: Fault) -> Iterator[str]:
        """Yield MET if both deaths happened, and the problems: at once, and when a second recovery has completed."""
        world = self._world()
        _die(first, partial(self._act, world))
        _die(second, partial(self._recover, world))
        yield MET
        yield from broken_files(world)
        self._recover(world)
        yield from broken_promises(world)

    def _world(self) -> World:
        self._fresh.restore()
        return deepcopy(self._prepared)

    def _act(self, world: World) -> None:
        self._scenario.act(world, "")

    def _recover(self, world: World) -> None:
        self._scenario.repeat(world, None)
        world.finish()


def _log(act: Callable[[], None]) -> list[Step]:
    with Watched() as watched:
        act()
    return watched.log


def _deaths(log: list[Step]) -> list[Fault]:
    return [fault for fault in faults(log) if fault.dies]


def _die(fault: Fault, act: Callable[[], None]) -> None:
    """Do ACT in a process that dies at FAULT."""

    def work() -> None:
        with Watched(fault=fault):
            act()

    assert processes.wait(processes.start(work)) == DIED
