"""Disks that are really full, of blocks or of names, or read-only: accepted mail is kept, and work goes on.

Needs root, to mount small filesystems.
"""

from __future__ import annotations

import os
import resource
import subprocess
from typing import TYPE_CHECKING

import pytest

from amq.errors import AmqError, Uncertain
from amq.mail.sending import Draft
from tests.crash import processes
from tests.crash.tools import mounted, require, require_root
from tests.crash.world import World, broken_files, broken_promises, is_private, regular_files
from tests.seeds import SOAK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.proof_table import Proof

SENDS = 10_000 if SOAK else 300
FULL = {"blocks": "size=600k", "names": "size=8m,nr_inodes=150"}


def _world(place: Path) -> World:
    world = World(place)
    world.make("ann", "bob")
    return world


def _send(world: World, number: int, size: int = 20) -> str:
    """Return the outcome of a send: sent, failed or uncertain. An uncertain one is repeated until it is certain."""
    text = f"text {number} " + "x" * size
    new_id = f"m{number:05}"
    try:
        world.mailbox("ann").send(["bob"], text.encode(), Draft(new_id=new_id))
    except Uncertain:
        return "uncertain"
    except AmqError as error:
        assert "nothing was delivered" in error.message, error
        return "failed"
    world.expect(text, ("bob",))
    return "sent"


def _leftovers(world: World) -> list[str]:
    return [path for path in world.litter() if is_private(path) and not path.endswith("lock")]


@pytest.mark.timeout(1800 if SOAK else 60)
@pytest.mark.parametrize("full_of", FULL)
def test_a_full_disk_takes_all_or_nothing_and_works_again(full_of: str, tmp_path: Path, proof: Proof) -> None:
    require_root()
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", FULL[full_of], "none") as disk:
        world = _world(disk)
        world.journal = tmp_path / "journal"
        ballast = [disk / f"ballast{number}" for number in range(20)]
        for path in ballast:
            path.write_bytes(b"x" * 8192)
        ended = [_send(world, number, size=number % 4000) for number in range(SENDS)]
        assert {"sent", "failed"} <= set(ended) <= {"sent", "failed", "uncertain"}
        assert _leftovers(world) == []
        assert list(broken_files(world)) == []
        _drain_on_the_full_disk(world)
        for path in ballast:
            path.unlink()
        world.drain("bob")
        for box in (world.queue.agent("bob").inbox_cur, world.queue.agent("ann").sent):
            for found in regular_files(box):
                found.unlink()  # the user makes room
        read = {each.text.removesuffix("\n") for each in world.shown()}
        assert {each.text for each in world.expected} <= read
        assert _send(world, SENDS) == "sent"
        assert world.drain("bob") == 1
    note = f"full of {full_of}: {ended.count('sent'):,} accepted"
    proof.add(points=SENDS, met=len(ended), violations=0, note=note)


def _drain_on_the_full_disk(world: World) -> None:
    """Drain on a disk without room for the drain record: nothing is shown, or the drain works as usual."""
    try:
        world.drain("bob", limit=1)
    except (AmqError, OSError):
        assert world.shown() == []


def test_a_limit_on_the_size_of_files_is_an_error_like_others(place: Path) -> None:
    world = _world(place)

    def work() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        return 0 if [_send(world, number, size) for number, size in enumerate((20, 5000, 20))] == _EXPECTED else 1

    assert processes.wait(processes.start(work)) == 0
    assert _leftovers(world) == []
    for number in (0, 2):
        world.expect(f"text {number} " + "x" * 20, ("bob",))
    world.finish()
    assert list(broken_promises(world)) == []


_EXPECTED = ["sent", "failed", "sent"]


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[World]:
    """A queue with a message for bob, on a filesystem that has become read-only."""
    require_root()
    world = _world(tmp_path)
    world.journal = tmp_path.parent / f"{tmp_path.name}-journal"
    assert _send(world, 0) == "sent"
    with mounted(tmp_path, "--bind", str(tmp_path)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(tmp_path)], check=True)
        try:
            yield world
        finally:
            subprocess.run(["mount", "-o", "remount,rw,bind", str(tmp_path)], check=True)


def test_on_a_read_only_disk_one_may_look_and_nothing_is_shown_or_sent(read_only: World) -> None:
    bob = read_only.mailbox("bob")
    assert [found.id for found in bob.list()] == ["m00000"]
    assert bob.peek("m00000")[1] == "new"
    assert _send(read_only, 1) == "failed"
    with pytest.raises((AmqError, OSError)):
        read_only.drain("bob")
    assert read_only.shown() == []


@pytest.mark.parametrize("box", ["inbox/new", "inbox/tmp", "inbox/cur", "outbox/sent"])
def test_a_directory_that_may_not_be_changed(box: str, tmp_path: Path) -> None:
    require_root()
    require("chattr")
    world = _world(tmp_path)
    assert _send(world, 0) == "sent"
    agent = world.queue.agent("ann" if box.startswith("outbox") else "bob")
    path = os.path.join(agent.home, box)
    frozen = subprocess.run(["chattr", "+i", path], capture_output=True, check=False)
    if frozen.returncode:
        pytest.skip(f"the filesystem of {tmp_path} knows no chattr +i")
    try:
        assert _send(world, 1) == ("failed" if box in ("inbox/new", "inbox/tmp") else "sent")
        try:
            world.drain("bob")
        except (AmqError, OSError):
            assert box in ("inbox/new", "inbox/cur")
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    world.finish()
    assert _leftovers(world) == []
    assert list(broken_promises(world)) == []
