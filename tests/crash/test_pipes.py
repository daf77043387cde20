"""`amq drain` into a reader that leaves, stops, or was never there: the next drain shows the unread mail."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from amq.cli import pipe_ack as patience
from amq.cli.main import main
from amq.instants import SECOND_NS
from amq.mail.draining import Drained
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.store.drain_claim import STUCK_AFTER_NS
from tests.crash import processes
from tests.crash.world import World, regular_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL, LARGE = 100, 100_000  # a pipe holds 65,536
COUNT = 3


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def world(place: Path, request: pytest.FixtureRequest) -> World:
    """A queue in which bob has a few messages of that size, always of equal bytes."""
    return _world(place, request.param)


def _world(place: Path, size: int) -> World:
    world = World(place)
    world.make("ann", "bob")
    ann = Mailbox(world.queue.root, "ann", clock=lambda: 1_750_000_000 * SECOND_NS)
    for number in range(COUNT):
        body = world.expect(f"{number}" * size, ("bob",))
        ann.send(["bob"], body, Draft(new_id=f"m{number}"))
    return world


def _pipe() -> tuple[int, int]:
    return os.pipe()


def _socket() -> tuple[int, int]:
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


@pytest.fixture(params=[_pipe, _socket], ids=["pipe", "socket"])
def channel(request: pytest.FixtureRequest) -> tuple[int, int]:
    """A pipe: the reader's end, and the end for stdout."""
    make: Callable[[], tuple[int, int]] = request.param
    return make()


def start_drain(world: World, reader: int, stdout: int) -> int:
    """Start `amq drain` in a child whose stdout is that descriptor, with a short time-out; return its pid."""

    def work() -> int:
        os.close(reader)
        os.dup2(stdout, 1)
        os.close(stdout)
        patience.STALLED_AFTER_S = 0.05
        return _drain(world)

    pid = processes.start(work)
    os.close(stdout)
    return pid


def _drain(world: World) -> int:
    """Drain as bob, by the environment: else the output would name the queue's path."""
    os.environ |= {"AM_ROOT": world.queue.root, "AM_ME": "bob"}
    return main(["drain", "--include-body", "--limit", "0", "--max-chars", "0"])


def read_exactly(fd: int, count: int) -> bytes:
    """Return COUNT bytes, or fewer if the writer ends."""
    data = b""
    while len(data) < count and (more := os.read(fd, count - len(data))):
        data += more
    return data


def boxes(world: World) -> tuple[set[str], set[str]]:
    """Return the ids in bob's new, and those in cur."""
    bob = world.queue.agent("bob")
    new, cur = ({path.stem for path in regular_files(box)} for box in (bob.inbox_new, bob.inbox_cur))
    return new, cur


def drained(world: World, *, later: int = 0) -> list[Drained]:
    """Return the output of the next drain, which comes LATER nanoseconds from now."""
    bob = Mailbox(world.queue.root, "bob", clock=lambda: time.time_ns() + later)
    with bob.drain(0) as mail:
        return list(mail)


def test_who_reads_everything_has_been_shown_it(world: World, channel: tuple[int, int]) -> None:
    pid = start_drain(world, *channel)
    output = read_exactly(channel[0], 10 * LARGE)
    os.close(channel[0])
    assert processes.wait(pid) == 0
    assert output.count(b"- From: ann") == COUNT
    assert boxes(world) == (set(), {"m0", "m1", "m2"})


@pytest.mark.parametrize("cut", ["one byte", "middle", "boundary", "all but one"])
def test_who_leaves_before_the_end_is_shown_the_mail_again(
    world: World, channel: tuple[int, int], cut: str, tmp_path: Path
) -> None:
    whole = _whole_output(tmp_path, len(world.expected[0].text))
    second = whole.index(b"- From: ann", 40)
    count = {"one byte": 1, "middle": second // 2, "boundary": second, "all but one": len(whole) - 1}[cut]
    pid = start_drain(world, *channel)
    assert read_exactly(channel[0], count) == whole[:count]
    os.close(channel[0])
    assert processes.wait(pid) == 1
    assert boxes(world) == ({"m0", "m1", "m2"}, set())
    assert [(item.id, item.redelivered) for item in drained(world)] == [("m0", True), ("m1", True), ("m2", True)]


def _whole_output(place: Path, size: int) -> bytes:
    """Return the output of a drain of that mail to a file."""
    world = _world(place, size)
    output = place / "output"

    def work() -> int:
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT, 0o600), 1)
        return _drain(world)

    assert processes.wait(processes.start(work)) == 0
    return output.read_bytes()


@pytest.mark.parametrize("words", ["drain --include-body", "drain --json --include-body", "monitor --include-body"])
@pytest.mark.parametrize("count", ["1", "150", "70000"])
def test_head_takes_what_it_wants_and_the_next_drain_shows_it_all(world: World, words: str, count: str) -> None:
    """In a shell, as an agent does it: one byte, the middle of a message, less and more than a pipe holds."""
    if len(world.expected[0].text) < LARGE and count == "70000":
        count = "500"
    amq = f"{shlex.quote(sys.executable)} -m amq --root {shlex.quote(world.queue.root)} --me bob {words} --max-chars 0"
    shell = subprocess.run(["sh", "-c", f"{amq} | head -c {count}"], capture_output=True, timeout=50, check=True)
    assert len(shell.stdout) == int(count)
    assert shell.stderr.count(b"\n") <= 1  # that the mail stays, or nothing
    assert boxes(world) == ({"m0", "m1", "m2"}, set())
    assert [(item.id, item.redelivered) for item in drained(world)] == [("m0", True), ("m1", True), ("m2", True)]


def test_what_a_reader_of_one_message_did_not_take_stays_new(place: Path) -> None:
    world = _world(place, LARGE)
    amq = f"{shlex.quote(sys.executable)} -m amq --root {shlex.quote(world.queue.root)} --me bob read --id m1"
    subprocess.run(["sh", "-c", f"{amq} | head -c 10"], capture_output=True, timeout=50, check=True)
    assert boxes(world) == ({"m0", "m1", "m2"}, set())


def test_a_reader_who_stops_reading_has_not_been_shown_it(place: Path, channel: tuple[int, int]) -> None:
    world = _world(place, SMALL)
    pid = start_drain(world, *channel)
    read_exactly(channel[0], 10)
    assert processes.wait(pid) == 1  # it gave up by itself: the reader's end is still open
    os.close(channel[0])
    assert boxes(world) == ({"m0", "m1", "m2"}, set())
    assert all(item.redelivered for item in drained(world))


def test_a_drain_that_cannot_get_rid_of_its_output_loses_its_mail_to_the_next(
    place: Path, channel: tuple[int, int]
) -> None:
    world = _world(place, 3 * LARGE)
    pid = start_drain(world, *channel)
    read_exactly(channel[0], 10)  # it has begun to write, and cannot end
    assert drained(world) == []
    taken = drained(world, later=STUCK_AFTER_NS + SECOND_NS)
    assert [(item.id, item.redelivered) for item in taken] == [("m0", True), ("m1", True), ("m2", True)]
    os.close(channel[0])
    assert processes.wait(pid) == 1
    assert boxes(world) == (set(), {"m0", "m1", "m2"})


def test_a_closed_stdout_shows_nothing(world: World) -> None:
    def work() -> int:
        os.close(1)
        return _drain(world)

    assert processes.wait(processes.start(work)) == 1
    assert boxes(world) == ({"m0", "m1", "m2"}, set())
    assert len(drained(world)) == COUNT


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_device_shows_nothing(world: World) -> None:
    def work() -> int:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
        return _drain(world)

    assert processes.wait(processes.start(work)) == 1
    assert boxes(world) == ({"m0", "m1", "m2"}, set())
    assert len(drained(world)) == COUNT
