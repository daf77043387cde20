"""The power fails on a real filesystem: unflushed changes are dropped, and the mounted result is checked.

The filesystem is ext4, and xfs where its tools exist, in a file. The process dies at a step, the filesystem is shut
down without flushing (XFS_IOC_GOINGDOWN, which ext4 knows too, with NOLOGFLUSH), unmounted and mounted again.
"""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING

import pytest

from amq.store.durable import Syscalls
from tests.crash import processes
from tests.crash.scenarios import LASTING
from tests.crash.seam import DIED, Fault, Watched
from tests.crash.tools import mounted, require, require_root
from tests.crash.verdict import KNOWN, MET, judge, tried
from tests.crash.world import World, broken_files, broken_promises, is_private
from tests.seeds import SOAK, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.crash.scenario import Scenario
    from tests.proof_table import Proof

SAMPLE = 1
"""Deaths in each operation, unless it is a soak; besides one power failure after its end."""
_GOING_DOWN, _WITHOUT_FLUSHING = 0x8004587D, 2
_MAKE = {
    "ext4": (16, ["mkfs.ext4", "-q", "-F", "-b", "1024", "-J", "size=1", "-E", "nodiscard,lazy_itable_init=0"]),
    "xfs": (300, ["mkfs.xfs", "-q", "-f"]),
}
"""The size of a filesystem, in MiB, and the command that makes it."""
_OPTIONS = {"ext4": "loop", "xfs": "loop,nouuid"}
"""Mount options. Another process's namespace may still hold the mount before, whose filesystem has the same UUID."""


class Disk:
    """A filesystem in a file below PLACE, with a world in it; its journal is outside."""

    def __init__(self, kind: str, scenario: Scenario, place: Path) -> None:
        self._scenario = scenario
        self._image, self._copy, self._mount = place / "prepared", place / "disk", place / "mount"
        place.mkdir()
        size, words = _MAKE[kind]
        self._options = _OPTIONS[kind]
        with self._image.open("wb") as file:
            file.truncate(size * 1024**2)
        subprocess.run([*words, str(self._image)], check=True)
        self._prepared = World(self._mount)
        self._prepared.journal = place / "journal"
        with mounted(self._mount, "-o", self._options, str(self._image)):
            scenario.prepare(self._prepared)
        lines = self._prepared.journal.read_bytes() if self._prepared.journal.exists() else b""
        self._lines = lines

    def deaths(self) -> list[Fault]:
        """Return the deaths to try: before and after each step that changes or syncs something."""
        with self._mounted(fresh=True) as world, Watched() as watched:
            self._scenario.act(world, "")
        steps = [
            at
            for at, step in enumerate(watched.log)
            if step.name not in ("stat", "look", "may_read", "entries", "names", "read")
        ]
        return [Fault(at, how) for at in steps for how in ("die before", "die after") if watched.log[at].name != "show"]

    def verdict(self, fault: Fault | None) -> Iterator[str]:
        """Yield MET if the power failed at FAULT, or (None) when all was done; and the problems then."""
        scenario = self._scenario
        with self._mounted(fresh=True) as world:
            litter = set(world.litter())
            yield self._until(world, fault)
        with self._mounted(fresh=False) as world:
            yield from broken_files(world)
            yield from (f"litter: {path}" for path in set(world.litter()) - litter if not is_private(path))
            yield from scenario.check(world, done=fault is None)
            if fault is not None:
                scenario.repeat(world, None)
                yield from scenario.check(world, done=True)
            world.finish()
            yield from broken_promises(world, doubled=fault is not None and not scenario.knows_id)

    def _until(self, world: World, fault: Fault | None) -> str:
        """Run until FAULT, and have the power fail at once; return MET, or the event before it."""

        def work() -> int:
            with Watched(fault=fault):
                self._scenario.act(world, "")
            return 0

        status = processes.wait(processes.start(work))
        top = os.open(self._mount, os.O_RDONLY)
        fcntl.ioctl(top, _GOING_DOWN, struct.pack("I", _WITHOUT_FLUSHING))
        os.close(top)
        return MET if status == (DIED if fault else 0) else f"the process ended with {status}"

    @contextmanager
    def _mounted(self, *, fresh: bool) -> Iterator[World]:
        """Yield the world on its mounted filesystem: as it was prepared if FRESH, else as the last mount left it."""
        if fresh:
            self._prepared.journal.write_bytes(self._lines)
        self._renew(self._image if fresh else self._copy)
        with mounted(self._mount, "-o", self._options, str(self._copy)):
            yield deepcopy(self._prepared)

    def _renew(self, source: Path) -> None:
        """Copy SOURCE to a file that was never mounted: mount(8) reuses a loop device, with its cache of the old file.

        A loop device outlives umount(8) while any other process has it open, and mount(8) itself opens all of them.
        """
        renewed = self._copy.with_suffix(".new")
        subprocess.run(["cp", "--sparse=always", str(source), str(renewed)], check=True)
        renewed.replace(self._copy)


@pytest.mark.timeout(7200 if SOAK else 120)
@pytest.mark.parametrize("kind", _MAKE)
def test_what_was_promised_outlives_the_power(kind: str, tmp_path: Path, proof: Proof) -> None:
    require_root()
    require(_MAKE[kind][1][0])
    scenarios = sample(LASTING, 4, of=kind)
    judge(processes.shared(scenarios, partial(_try, kind, tmp_path), tmp_path), proof)


def _try(kind: str, place: Path, scenarios: Sequence[Scenario]) -> Iterator[str]:
    for scenario in scenarios:
        disk = Disk(kind, scenario, place / str(scenario))
        deaths = disk.deaths()
        yield from [KNOWN] * (1 + len(deaths))
        for fault in (None, *sample(deaths, SAMPLE, of=str(scenario))):
            yield from tried(f"{scenario}, {fault}", disk.verdict(fault))


def test_without_its_syncs_a_loss_of_power_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_root()
    require("mkfs.ext4")
    disk = Disk("ext4", next(each for each in LASTING if each.name == "send to one"), tmp_path / "disk")
    assert list(disk.verdict(None)) == [MET]
    monkeypatch.setattr(Syscalls, "fsync", lambda *_: None)
    assert "bob: 'one' was never shown" in list(disk.verdict(None))


@pytest.mark.parametrize("kind", _MAKE)
def test_what_others_hold_spoils_no_verdict(kind: str, tmp_path: Path) -> None:
    """Another process has the loop device open, and a third has the mount in its own namespace."""
    require_root()
    require(_MAKE[kind][1][0], "losetup", "unshare")
    disk = Disk(kind, next(each for each in LASTING if each.name == "send to one"), tmp_path / "disk")
    verdict = disk.verdict(None)
    assert next(verdict) == MET
    words = ["losetup", "-n", "-O", "NAME", "-j", str(tmp_path / "disk/disk")]
    used = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    held = [os.open(name, os.O_RDONLY) for name in used]
    with subprocess.Popen(["unshare", "-m", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE) as namespace:
        assert namespace.stdout
        namespace.stdout.readline()
        told = [*verdict, *disk.verdict(None)]
        namespace.kill()
    for descriptor in held:
        os.close(descriptor)
    assert held
    assert told == [MET]
