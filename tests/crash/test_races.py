"""Real processes on one mailbox, some of them killed at any instant: nothing is lost, nothing shown twice unmarked.

A soak runs at full length, in memory and on a disk. AMQ_SOAK_MESSAGES sets the number of messages in either run,
AMQ_SEED the random choices.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from amq.mail.sending import Draft
from tests.crash import processes
from tests.crash.world import World, append_line, broken_promises, lines
from tests.seeds import SEED, SOAK, TOLD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proof_table import Proof


@dataclass(frozen=True)
class Race:
    """The minimum number of messages, and the number of processes that send them; as many drain."""

    messages: int
    processes: int

    @property
    def each(self) -> int:
        """Return the number of messages of one writer."""
        return -(-self.messages // self.processes)


def _race(messages: int, processes: int) -> Race:
    return Race(int(os.environ.get("AMQ_SOAK_MESSAGES", messages)), processes)


IN_MEMORY = _race(1_000_000, 8) if SOAK else _race(3_000, 3)
ON_DISK = _race(100_000, 8)
_BETWEEN_KILLS = 0.02
_TOKEN = b"." * 32  # the pipe holds 128 of them


def test_two_drains_at_once_show_each_message_once(place: Path) -> None:
    world = World(place)
    world.make("ann", "bob")
    ann = world.mailbox("ann")
    for number in range(200):
        ann.send(["bob"], world.expect(f"text {number}", ("bob",)), Draft(new_id=f"m{number:03}"))
    ready, go = os.pipe()

    def drain() -> None:
        os.close(go)
        os.read(ready, 1)  # until the other exists too
        while world.drain("bob", limit=7):
            pass

    pids = [processes.start(drain), processes.start(drain)]
    os.close(go)
    os.close(ready)
    assert [processes.wait(pid) for pid in pids] == [0, 0]
    shown = world.shown()
    assert len(shown) == len({each.id for each in shown}) == 200
    assert not any(each.again for each in shown)
    assert list(broken_promises(world)) == []


def test_who_dies_in_a_line_of_the_history_spoils_no_other(place: Path) -> None:
    world = World(place)
    world.make("ann", "bob")
    world.mailbox("ann").send(["bob"], world.expect("text", ("bob",)))
    world.journal.write_text('\n{"me": "bob", "te')
    world.drain("bob")
    assert [each.text for each in world.shown()] == ["text\n"]


@pytest.mark.timeout(600 + IN_MEMORY.messages // 50)  # on a busy machine too
def test_writers_and_drainers_are_killed_and_nothing_is_lost(place: Path, proof: Proof) -> None:
    _run(IN_MEMORY, World(place), proof)


@pytest.mark.skipif(not SOAK, reason="AMQ_SOAK=1 runs it")
@pytest.mark.timeout(600 + ON_DISK.messages // 20)
def test_nor_on_a_disk(tmp_path: Path, proof: Proof) -> None:
    """On a disk each send and each drain waits longer, and so meets others."""
    place = tmp_path / "world"
    place.mkdir()
    _run(ON_DISK, World(place), proof)
    shutil.rmtree(place)


def _run(race: Race, world: World, proof: Proof) -> None:
    world.make("ann", "bob")
    world.mailbox("bob").state_dir  # noqa: B018  made before the race
    tokens = os.pipe()  # one token for each message, so that drains wait instead of polling
    if sys.platform == "linux":  # and writers wait too: a drain of a full inbox would be killed before its end
        fcntl.fcntl(tokens[1], fcntl.F_SETPIPE_SZ, 4096)
    jobs: list[Callable[[], None]] = [partial(_write, world, n, race.each, tokens[1]) for n in range(race.processes)]
    jobs += [partial(_drain, world, tokens[0])] * race.processes
    kills = Chaos(jobs, race.processes, random.Random(SEED)).run()
    for end in tokens:
        os.close(end)
    accepted = [_accepted(world, writer) for writer in range(race.processes)]
    assert accepted == [race.each] * race.processes
    for _ in range(2):  # the second forgets the records of the dead
        world.drain("bob")
    verdict = world.place / "verdict"
    judge = processes.start(partial(_judge, race, world, verdict))  # gigabytes, which each later fork would copy
    assert processes.wait(judge) == 0
    shown, wrong = json.loads(verdict.read_text())
    note = f"{race.processes} writers, {race.processes} drainers, {kills:,} kills"
    proof.add(points=sum(accepted), met=shown, violations=len(wrong), note=note)
    assert not wrong, f"{TOLD}: {len(wrong)} promises\n" + "\n".join(wrong[:20])


def _judge(race: Race, world: World, verdict: Path) -> None:
    """Write how many messages were shown, and the broken promises."""
    for writer in range(race.processes):
        for number in range(race.each):
            world.expect(_text(writer, number), ("bob",))
    wrong = list(broken_promises(world))
    verdict.write_text(json.dumps([len({each.id for each in world.shown()}), wrong]))


class Chaos:
    """A run of JOBS, each in a process, of which one is killed now and then; a killed one starts again.

    The first WRITERS of them end by themselves; when they have, the others are killed once more and left alone.
    """

    def __init__(self, jobs: list[Callable[[], None]], writers: int, chance: random.Random) -> None:
        self._jobs = jobs
        self._writers = writers
        self._chance = chance
        self._running: dict[int, int] = {}

    def run(self) -> int:
        """Run the jobs; return how many were killed."""
        kills = 0
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            for job in range(len(self._jobs)):
                self._start(job)
            while any(job < self._writers for job in self._running.values()):
                ended = signal.sigtimedwait({signal.SIGCHLD}, self._chance.uniform(0, 2 * _BETWEEN_KILLS))
                if ended is None:
                    kills += 1
                    os.kill(self._chance.choice(list(self._running)), signal.SIGKILL)
                self._reap()
        finally:
            for pid in self._running:
                os.kill(pid, signal.SIGKILL)
                processes.wait(pid)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return kills

    def _start(self, job: int) -> None:
        self._running[processes.start(self._jobs[job])] = job

    def _reap(self) -> None:
        """Wait only for this run's children: an earlier test may have left a child in this process."""
        for pid in list(self._running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                job, code = self._running.pop(pid), os.waitstatus_to_exitcode(status)
                assert code in (0, -signal.SIGKILL), f"{TOLD}: job {job} ended with {code}"
                if code:
                    self._start(job)


def _write(world: World, writer: int, count: int, token: int) -> None:
    """Send the unsent of COUNT messages; reuse an id that may have been sent before the writer was killed."""
    ann = world.mailbox("ann")
    for number in range(_accepted(world, writer), count):
        ann.send(["bob"], _text(writer, number).encode(), Draft(new_id=f"w{writer}-{number:06}"))
        append_line(_accepted_path(world, writer), str(number))
        os.write(token, _TOKEN)


def _text(writer: int, number: int) -> str:
    return f"{writer}/{number} " + "x" * (number % 50 * 40)


def _accepted_path(world: World, writer: int) -> Path:
    return world.place / f"accepted{writer}"


def _accepted(world: World, writer: int) -> int:
    return len(lines(_accepted_path(world, writer)))


def _drain(world: World, tokens: int) -> None:
    while os.read(tokens, 5 * len(_TOKEN)):
        world.drain("bob", limit=10)
