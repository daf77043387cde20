"""Every step of every operation fails once in every plausible way, and is once the last step of a process."""

from __future__ import annotations

import os
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from amq.errors import AmqError, Uncertain
from amq.store.durable import Syscalls
from tests.crash import processes
from tests.crash.scenarios import SCENARIOS
from tests.crash.seam import DIED, Fault, Step, Watched, WithoutLinks, faults
from tests.crash.snapshot import Snapshot
from tests.crash.verdict import KNOWN, MET, judge, tried
from tests.crash.world import World, broken_files, broken_promises, is_private
from tests.seeds import SOAK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.crash.scenario import Scenario
    from tests.proof_table import Proof

_SLOW = pytest.mark.timeout(300)  # thousands of small worlds, on a machine that may be busy


@_SLOW
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_every_step_may_fail_or_be_the_last(scenario: Scenario, place: Path, proof: Proof) -> None:
    search_all(scenario, Syscalls, place, proof)


@_SLOW
@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if each.has_links], ids=str)
def test_so_may_it_where_the_filesystem_has_no_links(scenario: Scenario, place: Path, proof: Proof) -> None:
    search_all(scenario, WithoutLinks, place, proof)


def search_all(scenario: Scenario, filesystem: type[Syscalls], place: Path, proof: Proof) -> None:
    """Try every fault of SCENARIO on FILESYSTEM."""

    def lines(points: Sequence[Fault]) -> Iterator[str]:
        search = Search(scenario, filesystem(), place / f"world{os.getpid()}")
        steps = search.dry_run()
        for fault in points:
            yield from tried(f"{scenario}, {fault}, {steps[fault.at]}", search.verdict(fault))

    log = Search(scenario, filesystem(), place / "world").dry_run()
    points = list(faults(log, everywhere=SOAK))
    judge([KNOWN] * len(points) + processes.shared(points, lines, place), proof)


class Search:
    """A search: SCENARIO runs with one fault after the other, each in its own world in the directory PLACE."""

    def __init__(self, scenario: Scenario, filesystem: Syscalls, place: Path) -> None:
        self._scenario = scenario
        self._filesystem = filesystem
        self._place = place
        place.mkdir()
        self._prepared = World(place)
        scenario.prepare(self._prepared)
        self._fresh = Snapshot(place)
        self._litter = set(self._prepared.litter())
        self.steps: list[Step] = []

    def dry_run(self) -> list[Step]:
        """Return the steps of the operation when nothing goes wrong."""
        world = self._world()
        with Watched(self._filesystem) as watched:
            self._scenario.act(world, "")
        self.steps = watched.log
        return self.steps

    def verdict(self, fault: Fault) -> Iterator[str]:
        """Yield MET if FAULT happened, and the problems: at once, and after all was repeated and drained."""
        world = self._world()
        before = world.copies(), _descriptors()
        check = self._scenario.check
        watched = Watched(self._filesystem, fault)
        if fault.dies:
            yield from self._die(world, watched)
            yield from check(world, done=False)
            self._scenario.repeat(world, None)
        else:
            error = self._try(world, watched)
            yield from _wrong_error(error, watched, nothing_sent=world.copies() == before[0])
            yield from self._leftovers(world, before[1], may_litter=self.steps[fault.at].name == "unlink")
            yield from check(world, done=error is None)
            if error is not None:
                self._scenario.repeat(world, error)
        yield from check(world, done=True)
        world.finish()
        yield from broken_promises(world, doubled=fault.dies and not self._scenario.knows_id)

    def _world(self) -> World:
        self._fresh.restore()
        return deepcopy(self._prepared)

    def _try(self, world: World, watched: Watched) -> Exception | None:
        """Try the operation; return the error that it raises."""
        try:
            with watched:
                self._scenario.act(world, "")
        except Exception as error:
            return error
        return None

    def _die(self, world: World, watched: Watched) -> Iterator[str]:
        def work() -> None:
            with watched:
                self._scenario.act(world, "")

        status = processes.wait(processes.start(work))
        yield MET if status == DIED else f"the process should have died and ended with {status}"
        yield from broken_files(world)
        yield from (f"litter: {path}" for path in self._new_litter(world) if not is_private(path))

    def _leftovers(self, world: World, descriptors: set[str], *, may_litter: bool) -> Iterator[str]:
        yield from broken_files(world)
        if _descriptors() != descriptors:
            yield "leaves a descriptor open"
        if not may_litter:
            yield from (f"litter: {path}" for path in self._new_litter(world))

    def _new_litter(self, world: World) -> set[str]:
        return set(world.litter()) - self._litter


def _wrong_error(error: Exception | None, watched: Watched, *, nothing_sent: bool) -> Iterator[str]:
    """Check the error: it is amq's or the system's, and only an uncertain one leaves a message behind."""
    yield MET if watched.reached else "the step was not reached"
    if not isinstance(error, AmqError | OSError | None):
        yield f"raises {error!r}"
    if error is not None and not isinstance(error, Uncertain) and not nothing_sent:
        yield f"says that it failed ({error}), and has delivered"


def _descriptors() -> set[str]:
    """Return the open descriptors, where the system shows them."""
    return set(os.listdir("/dev/fd"))
