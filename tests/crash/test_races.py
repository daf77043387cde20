"""Real processes on one mailbox, some of them killed at any instant: nothing is lost, nothing shown twice unmarked.

AMQ_SOAK_MESSAGES, AMQ_SOAK_WRITERS and AMQ_SOAK_DRAINERS change the sizes, AMQ_SEED the chances;
AMQ_SOAK_PLACE is a directory to do it in, such as one on a disk. After AMQ_SOAK_SECONDS nothing more is sent.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from amq.sending import Draft
from tests.chance import SEED, TOLD
from tests.crash import processes
from tests.crash.world import World, append_line, broken_promises, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proofs import Proof

MESSAGES = int(os.environ.get("AMQ_SOAK_MESSAGES", "3000"))
WRITERS = int(os.environ.get("AMQ_SOAK_WRITERS", "3"))
DRAINERS = int(os.environ.get("AMQ_SOAK_DRAINERS", "3"))
END = time.monotonic() + float(os.environ.get("AMQ_SOAK_SECONDS", "inf"))
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
        os.read(ready, 1)  # until the other is there too
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


@pytest.mark.timeout(600 + MESSAGES // 50)  # on a busy machine too
def test_writers_and_drainers_are_killed_and_nothing_is_lost(place: Path, proof: Proof) -> None:
    world = World(place)
    world.make("ann", "bob")
    world.mailbox("bob").state_dir  # noqa: B018  made before the race
    tokens = os.pipe()  # one for each message, so that who drains waits instead of looking all the time
    if sys.platform == "linux":  # and who writes waits too: a drain of a full inbox would be killed before its end
        fcntl.fcntl(tokens[1], fcntl.F_SETPIPE_SZ, 4096)
    jobs: list[Callable[[], None]] = [partial(_write, world, writer, tokens[1]) for writer in range(WRITERS)]
    jobs += [partial(_drain, world, tokens[0])] * DRAINERS
    kills = Chaos(jobs, WRITERS, random.Random(SEED)).run()
    for end in tokens:
        os.close(end)
    accepted = [_accepted(world, writer) for writer in range(WRITERS)]
    assert accepted == [MESSAGES // WRITERS] * WRITERS or time.monotonic() > END
    for writer, count in enumerate(accepted):
        for number in range(count):
            world.expect(_text(writer, number), ("bob",))
    for _ in range(2):  # the second forgets the records of the dead
        world.drain("bob")
    wrong = list(broken_promises(world))
    shown = {each.id for each in world.shown()}
    note = f"{WRITERS} writers, {DRAINERS} drainers, {kills:,} kills"
    proof.add(points=sum(accepted), met=len(shown), violations=len(wrong), note=note)
    assert not wrong, f"{TOLD}: {len(wrong)} promises\n" + "\n".join(wrong[:20])


class Chaos:
    """Runs JOBS, each in a process, and kills one of them now and then; who was killed begins again.

    The first WRITERS of them end by themselves; when they have, the others are killed once more and left alone.
    """

    def __init__(self, jobs: list[Callable[[], None]], writers: int, chance: random.Random) -> None:
        self._jobs = jobs
        self._writers = writers
        self._chance = chance
        self._running: dict[int, int] = {}

    def run(self) -> int:
        """How many were killed."""
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
        """Only our own: an earlier test may have left a child in this process."""
        for pid in list(self._running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                job, code = self._running.pop(pid), os.waitstatus_to_exitcode(status)
                assert code in (0, -signal.SIGKILL), f"{TOLD}: job {job} ended with {code}"
                if code:
                    self._start(job)


def _write(world: World, writer: int, token: int) -> None:
    """Send what this writer has not sent yet; an id that it may have sent before it was killed is repeated."""
    ann = world.mailbox("ann")
    for number in range(_accepted(world, writer), MESSAGES // WRITERS):
        ann.send(["bob"], _text(writer, number).encode(), Draft(new_id=f"w{writer}-{number:06}"))
        append_line(_accepted_path(world, writer), str(number))
        os.write(token, _TOKEN)
        if time.monotonic() > END:  # not before the first, which may repeat what was sent before it was killed
            return


def _text(writer: int, number: int) -> str:
    return f"{writer}/{number} " + "x" * (number % 50 * 40)


def _accepted_path(world: World, writer: int) -> Path:
    return world.place / f"accepted{writer}"


def _accepted(world: World, writer: int) -> int:
    return len(lines(_accepted_path(world, writer)))


def _drain(world: World, tokens: int) -> None:
    while os.read(tokens, 5 * len(_TOKEN)):
        world.drain("bob", limit=10)
