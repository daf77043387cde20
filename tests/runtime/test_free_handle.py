"""`amq run --as auto`: the handle of another agent of a program."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.free_handle import free_handles
from amq.runtime.private_state import PrivateState
from amq.runtime.session_info import SessionInfo, last_program, write_session
from amq.store import registry
from amq.store.locks import open_state
from tests.conftest import private_directory

AT_ONCE = 10


class Room:
    """A queue of three agents called `sh`, and the user's private directory."""

    def __init__(self, place: Path) -> None:
        self.root = str(place / "queue")
        self.queue = QueueLayout(self.root)
        self.private = PrivateState(str(place / "private"))
        self.warnings: list[str] = []
        registry.make_queue(self.queue, tracked=False)
        registry.register(self.queue, ["sh", "sh-2", "sh-3"], 0)

    def free(self, program: str = "/bin/sh") -> Iterator[str]:
        return free_handles(self.queue, program, self.private, self.warnings.append)

    def lock(self, handle: str) -> Path:
        """Return the path of the notifier lock of HANDLE, whose directory is made."""
        mailbox = Mailbox(self.root, handle)
        open_state(mailbox.account.agent, mailbox.state_dir).close()
        return Path(mailbox.state_dir, "notifier.lock")

    def had(self, handle: str, program: str) -> None:
        """Note PROGRAM as the last one that was hosted as HANDLE."""
        directory = self.private.of_agent(self.root, handle).directory
        write_session(directory, SessionInfo("none", is_allowed=False, program=program))


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_the_next_number_that_no_process_notifies(room: Room) -> None:
    with ExitStack() as stack:
        for handle, following in (("sh", "sh-2"), ("sh-2", "sh-3"), ("sh-3", "sh-4")):
            room.lock(handle)
            claim = notifier_lock.claim(Mailbox(room.root, handle).state_dir, "wake")
            stack.callback(claim.release)
            assert next(room.free()) == following
    assert next(room.free()) == "sh"
    assert next(room.free("new")) == "new"


def test_unread_mail_comes_first_but_not_to_a_second_reader(room: Room) -> None:
    for handle in ("sh-3", "sh-2"):
        Mailbox(room.root, "sh").send([handle], b"for you")
    free = room.free()
    assert [next(free) for _ in range(4)] == ["sh-2", "sh-3", "sh", "sh-4"]
    room.lock("sh-2")
    with ExitStack() as stack:
        stack.callback(notifier_lock.claim(Mailbox(room.root, "sh-2").state_dir, "run").release)
        assert next(room.free()) == "sh-3"


def test_a_lock_that_a_dead_process_left_is_free(room: Room) -> None:
    room.lock("sh").write_text('{"pid": 1, "how": "run"}\n')
    assert next(room.free()) == "sh"
    assert next(room.free()) == "sh"


def test_a_handle_of_another_program_is_left_out(room: Room) -> None:
    Mailbox(room.root, "sh").send(["sh-2"], b"for codex")
    room.had("sh", "sh")
    room.had("sh-2", "codex")
    free = room.free()
    assert [next(free), next(free)] == ["sh", "sh-3"]


def test_what_cannot_be_looked_at_is_not_free(room: Room) -> None:
    room.lock("sh").mkdir()
    inbox = Path(room.queue.agent("sh-2").inbox_new)
    inbox.rename(inbox.with_name("away"))
    inbox.symlink_to("away")
    free = room.free()
    assert [next(free), next(free)] == ["sh-3", "sh-4"]
    assert [warning.split(":")[0] for warning in room.warnings] == ["sh-2 is left out", "sh is left out"]


def test_the_last_program_of_a_handle_is_not_always_known(tmp_path: Path) -> None:
    assert last_program(str(tmp_path)) == ""
    for text in ("[]", "{", '{"program": 1}', "{}"):
        (tmp_path / "session.json").write_text(text)
        assert last_program(str(tmp_path)) == ""


def test_ten_at_once_get_ten_handles(room: Room) -> None:
    """A process that holds the lock of `sh-2` without a name in it, and a mailbox that is a link, are passed over."""
    os.symlink("sh", room.queue.agent("sh-4").home)
    room.lock("sh-2").touch()
    with ExitStack() as stack:
        locked = stack.enter_context(room.lock("sh-2").open("rb"))
        fcntl.flock(locked, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "amq", "--root", room.root, "run", "--as", "auto", "--", "sh", "-c"]
        agents = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, "echo $AM_ME; read line"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                )
            )
            for _ in range(AT_ONCE)
        ]  # fmt: skip
        for agent in agents:
            assert agent.stdin
            stack.enter_context(closing(agent.stdin))
        names = [agent.stdout.readline().strip() if agent.stdout else "" for agent in agents]
        expected = ["sh", "sh-3", *(f"sh-{number}" for number in range(5, 13))]
        assert sorted(names, key=lambda name: int(name[3:] or 1)) == expected
        said = [agent.communicate("\n")[1] for agent in agents]
    assert last_program(str(private_directory(room.root, "sh-5"))) == "sh"
    for name, text in zip(names, said, strict=True):
        assert f"sh runs as {name}\n" in text
        assert "sh-4 is left out" in text or name in ("sh", "sh-3")
