"""The mailbox lock: held by one, released by death, never waited for without end."""

from __future__ import annotations

import fcntl
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from amq.errors import AmqError
from amq.layout import RootedPath
from amq.store import durable, locks
from amq.store.durable import Syscalls
from amq.store.locks import lock_beside, mailbox_lock
from tests.conftest import Shell


def test_one_at_a_time(tmp_path: Path) -> None:
    first = lock_beside(RootedPath(str(tmp_path)), "lock")
    second = lock_beside(RootedPath(str(tmp_path)), "lock", within_s=0)
    with first, pytest.raises(AmqError, match="held the lock"), second:
        pass
    with lock_beside(RootedPath(str(tmp_path)), "lock", within_s=0):
        pass


class Crowd(Syscalls):
    """A system in which others have the lock 1,000 times before it is free.

    They `touch` it when they get it, or one of them stays.
    """

    def __init__(self, *, touch: bool) -> None:
        self.turns = 1000
        self._touch = touch

    def lock(self, fd: int) -> bool:
        """Refuse the lock, except at the last call."""
        self.turns -= 1
        if self._touch:
            os.utime(fd, (self.turns, self.turns))
        return self.turns == 0


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the seconds that were slept."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += seconds


@pytest.mark.parametrize("touch", [True, False])
def test_it_is_waited_for_as_long_as_it_changes_hands(
    touch: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, crowd = Clock(), Crowd(touch=touch)
    monkeypatch.setattr(locks, "time", clock)
    monkeypatch.setattr(durable, "syscalls", crowd)
    with (
        nullcontext() if touch else pytest.raises(AmqError, match="for 1 s"),
        lock_beside(RootedPath(str(tmp_path)), "lock", 1),
    ):
        assert crowd.turns == 0
    assert clock.now > 10 if touch else clock.now < 2


def test_a_new_holder_touches_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    os.utime(path, (1, 1))
    with lock_beside(RootedPath(str(tmp_path)), "lock"):
        assert path.stat().st_mtime > 1


def test_it_dies_with_its_descriptor(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.close(fd)
    with lock_beside(RootedPath(str(tmp_path)), "lock", within_s=0):
        assert (tmp_path / "lock").stat().st_size == 0


def test_the_mailbox_of_another_program_gets_its_lock(amq: Shell) -> None:
    with mailbox_lock(amq.agent("bob")):
        assert os.listdir(amq.agent("bob").state) == ["lock"]
