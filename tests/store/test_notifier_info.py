"""An agent's notifier, read from the lock that it holds."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from amq.layout import NOTIFIER_NAME, QueueLayout
from amq.mail.mailbox import Mailbox
from amq.store import durable
from amq.store.durable import Directory, Syscalls
from amq.store.notifier_info import Notifier, read_notifier
from tests.conftest import Shell


class NotWritable(Syscalls):
    """A system that opens nothing for writing."""

    def __init__(self, code: int) -> None:
        self._code = code

    def open(self, directory: Directory, name: str, flags: int) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(self._code, os.strerror(self._code), name)
        return super().open(directory, name, flags)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_it_is_known_where_nothing_may_be_written(amq: Shell, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    mailbox = Mailbox(str(amq.root), "bob")
    lock = Path(mailbox.state_dir, NOTIFIER_NAME)
    lock.write_text(json.dumps({"pid": 1, "how": "run"}))
    monkeypatch.setattr(durable, "syscalls", NotWritable(code))
    assert read_notifier(mailbox.account.agent) is None
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert read_notifier(mailbox.account.agent) == Notifier(1, "run")


def test_what_is_not_a_file_is_an_error(amq: Shell) -> None:
    """It is not taken for an agent without a notifier."""
    agent = QueueLayout(str(amq.root)).agent("bob")
    Path(str(agent.state), NOTIFIER_NAME).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        read_notifier(agent)
