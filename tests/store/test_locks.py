"""The mailbox lock: held by one, given back by death, never waited for without end."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from amq.errors import AmqError
from amq.store.locks import lock_beside, mailbox_lock
from tests.conftest import Shell


def test_one_at_a_time(tmp_path: Path) -> None:
    first = lock_beside(str(tmp_path), "lock")
    second = lock_beside(str(tmp_path), "lock", patience=0)
    with first, pytest.raises(AmqError, match="has held the lock"), second:
        pass
    with lock_beside(str(tmp_path), "lock", patience=0):
        pass


def test_it_dies_with_its_descriptor(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.close(fd)
    with lock_beside(str(tmp_path), "lock", patience=0):
        assert (tmp_path / "lock").stat().st_size == 0


def test_the_mailbox_of_another_program_gets_its_lock(amq: Shell) -> None:
    with mailbox_lock(amq.agent("bob")):
        assert os.listdir(amq.agent("bob").state) == ["lock"]
