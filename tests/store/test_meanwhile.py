"""Acts of another process, or refusals of the system, between two steps of this one."""

from __future__ import annotations

import _ctypes
import errno
import fcntl
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amq.errors import AmqError, BadMessage, Uncertain
from amq.layout import RootedPath
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.store import (
    acks,
    dlq_read,
    dlq_write,
    drain_claim,
    durable,
    maildir,
    open_beneath,
    refused_files,
    registry,
    rename_noreplace,
    stale_tmp,
)
from amq.store.durable import Directory, Syscalls
from amq.store.locks import lock_beside
from amq.store.open_beneath import Guard
from tests.crash.seam import Watched
from tests.crash.world import World

ID = "m1"


class Meanwhile(Watched):
    """A seam that calls ACT, once, before the first step whose text has PATTERN in it. ACT is a rival's, or raises."""

    def __init__(self, pattern: str, act: Callable[[], object]) -> None:
        super().__init__()
        self._pattern = pattern
        self._acts = [act]

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        step = self.describe(name, arguments)
        if self._acts and re.search(self._pattern, " ".join((step.name, *step.paths))):
            self._acts.pop()()
        return super().take(name, arguments)


def fails(code: int) -> Callable[[], None]:
    def act() -> None:
        raise OSError(code, os.strerror(code))

    return act


def interrupts() -> None:
    raise KeyboardInterrupt


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A queue of ann, bob and cat."""
    world = World(tmp_path)
    world.make("ann", "bob", "cat")
    return world


def send(world: World, identifier: str = ID) -> str:
    """Send bob a message from ann that asks for an acknowledgement; return its file."""
    world.mailbox("ann").send(["bob"], b"hello", Draft(new_id=identifier, ack=True))
    return os.path.join(world.queue.agent("bob").inbox_new, f"{identifier}.md")


# -- acknowledgements -------------------------------------------------------------------------------------------------


def test_the_first_acknowledgement_stays(world: World) -> None:
    send(world)
    bob = world.mailbox("bob")
    with Meanwhile(r"link \S+ \S+/acks/sent/", lambda: earlier.append(bob.acknowledge(ID))):
        earlier: list[acks.Ack] = []
        assert bob.acknowledge(ID) == earlier[0]


def test_another_file_in_an_acknowledgements_place_is_an_error(world: World) -> None:
    send(world)
    Path(world.queue.agent("bob").acks_sent, f"{ID}.json").write_bytes(b"junk")
    with pytest.raises((AmqError, OSError)):
        world.mailbox("bob").acknowledge(ID)


def test_another_file_in_its_place_on_the_other_side_is_left_there(world: World) -> None:
    send(world)
    received = Path(world.queue.agent("ann").acks_received)
    for name in (f"{ID}.json", f"{ID}__bob.json"):
        (received / name).write_bytes(b"junk")
    world.mailbox("bob").acknowledge(ID)
    assert {path.read_bytes() for path in received.iterdir()} == {b"junk"}


def test_the_senders_directory_is_synced_once_for_all_messages(world: World) -> None:
    send(world)
    send(world, "m2")
    with Watched() as watched:
        world.drain("bob")
    received = world.queue.agent("ann").acks_received
    assert sorted(os.listdir(received)) == ["m1.json", "m2.json"]
    assert [step.paths for step in watched.log if step.name == "fsync"].count((received,)) == 1


# -- dead letters -----------------------------------------------------------------------------------------------------


def put_away(world: World, temporary: str = "temporary") -> dlq_write.Put | None:
    return dlq_write.to_dead_letter(world.queue.agent("bob"), ID, BadMessage("bad"), temporary, 0)


def test_a_dead_letter_that_was_swept_before_it_was_public_leaves_the_message(world: World) -> None:
    path = send(world)
    swept = Path(world.queue.agent("bob").dlq_tmp, "temporary")
    with Meanwhile(r"link \S+ \S+/dlq/new/", swept.unlink), pytest.raises(FileNotFoundError):
        put_away(world)
    assert os.path.exists(path)
    assert put_away(world) is not None


def test_what_has_gone_before_it_was_moved_aside_is_nobodys(world: World) -> None:
    path = Path(world.queue.agent("bob").inbox_new, f"{ID}.md")
    path.symlink_to("nowhere")
    with Meanwhile(r"move \S+ \S+/refused/", path.unlink):
        assert put_away(world) is None


def test_a_dead_letter_that_has_gone_is_none(world: World) -> None:
    with Directory(world.queue.agent("bob").dlq_new) as box:
        assert dlq_read.look(box, "dlq_1_0_x", "new") is None


# -- drains and locks -------------------------------------------------------------------------------------------------


def test_another_drain_may_end_while_its_record_is_looked_for(world: World) -> None:
    send(world)
    bob = world.mailbox("bob")
    first = bob.drain()
    first.__enter__()
    (record,) = os.listdir(world.queue.agent("bob").drains)

    def end() -> None:
        os.unlink(os.path.join(world.queue.agent("bob").drains, record))

    with Meanwhile(rf"open \S+/{record}", end):
        assert world.drain("bob") == 1
    first.__exit__(None, None, None)


def test_the_record_of_a_dead_drain_goes_with_its_mail(world: World) -> None:
    send(world)
    agent = world.queue.agent("bob")
    drain_claim.claim(agent, [ID], 0, "dead", 0).abandon()
    assert os.listdir(agent.drains) == ["dead"]
    assert world.drain("bob") == 1
    assert os.listdir(agent.drains) == []


def test_who_holds_nothing_has_no_record_to_touch(world: World) -> None:
    agent = world.queue.agent("bob")
    held = drain_claim.claim(agent, [], 0, "x", 0)
    held.touch()
    held.release()
    assert os.listdir(agent.drains) == []


def test_a_lock_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Busy(Syscalls):
        def lock(self, fd: int) -> bool:
            asked.append(fd)
            return len(asked) == 4

    monkeypatch.setattr(durable, "syscalls", Busy())
    with lock_beside(RootedPath(str(tmp_path)), "lock"):
        assert len(asked) == 4


def test_a_lock_file_without_its_mode_is_given_back(tmp_path: Path) -> None:
    with (
        Meanwhile("chmod", fails(errno.EIO)) as watched,
        pytest.raises(OSError),
        lock_beside(RootedPath(str(tmp_path)), "lock"),
    ):
        pass
    assert [step.name for step in watched.log].count("close") == 2  # the directory, and the file that was made in it


# -- messages ---------------------------------------------------------------------------------------------------------


def test_an_interrupted_send_leaves_nothing_and_goes_on_as_it_is(world: World) -> None:
    with Meanwhile(r"fsync \S+/inbox/tmp/", interrupts), pytest.raises(KeyboardInterrupt):
        send(world)
    assert world.litter() == []


def test_a_send_that_was_interrupted_after_delivery_is_uncertain(world: World) -> None:
    with Meanwhile(r"fsync \S+/inbox/new", interrupts), pytest.raises(Uncertain, match="interrupted"):
        send(world)
    assert world.drain("bob") == 1


def test_a_copy_that_cannot_be_kept_is_reported(world: World) -> None:
    ann = world.queue.agent("ann")
    os.rmdir(ann.inbox_tmp)
    assert "No such file" in maildir.keep_missing(b"x", ID, ann, "temporary")


def test_what_cannot_be_confirmed_is_uncertain(world: World) -> None:
    bob = world.queue.agent("bob")
    os.rmdir(bob.inbox_cur)
    with pytest.raises(Uncertain, match="may not be on disk yet"):
        maildir.confirm(ID, [bob])


def test_a_message_that_has_gone_is_none(world: World) -> None:
    with Directory(world.queue.agent("bob").inbox_new) as new:
        assert maildir.look(new, ID) is None


def test_a_message_that_cannot_be_read_is_a_bad_one(world: World) -> None:
    send(world)
    with Directory(world.queue.agent("bob").inbox_new) as new, Meanwhile("read", fails(errno.EIO)):
        found = maildir.look(new, ID)
    assert found is not None
    assert "Input/output error" in str(found.error)


# -- temporary files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ELOOP])
def test_a_sweep_leaves_what_it_cannot_open(tmp_path: Path, code: int) -> None:
    (tmp_path / "x").touch()
    with Directory(RootedPath(str(tmp_path))) as tmp, Meanwhile(r"open \S+/x", fails(code)):
        assert stale_tmp.stale(tmp, 1 << 62, remove=True) == []


def test_a_sweep_reports_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with (
        Directory(RootedPath(str(tmp_path))) as tmp,
        Meanwhile(r"open \S+/x", fails(errno.EIO)),
        pytest.raises(OSError),
    ):
        stale_tmp.stale(tmp, 1 << 62, remove=True)


def test_a_queue_without_mailboxes_has_none(tmp_path: Path) -> None:
    assert registry.mailboxes(World(tmp_path).queue) == []


# -- what systems do --------------------------------------------------------------------------------------------------


class Stingy(Syscalls):
    """A system that reads and writes a byte at a time, and fails to close, as a full network filesystem does."""

    def read(self, fd: int, most: int) -> bytes:
        return super().read(fd, min(most, 1))

    def write(self, fd: int, data: bytes | memoryview) -> int:
        return super().write(fd, data[:1])

    def close(self, fd: int) -> None:
        super().close(fd)
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_reads_and_writes_may_be_short_and_a_close_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "syscalls", Stingy())
    with Directory(RootedPath(str(tmp_path))) as directory:
        durable.publish_new(directory, "temporary", directory, "x", b"a whole message")
        assert durable.read_regular(directory, "x", 100) == b"a whole message"
    assert os.listdir(tmp_path) == ["x"]


def test_a_filesystem_without_the_sync_of_macos_is_synced_as_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network's filesystem may be one: fcntl(2) of macOS has it for local ones.

    Linux does not know the request either.
    """
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with Directory(RootedPath(str(tmp_path))) as directory:
        durable.sync(directory)
        assert synced == [directory.fd]
    with pytest.raises(OSError, match="Bad file descriptor"):
        Syscalls().fsync(1_000_000)  # every other failure is one


def _no_such_name(*_: object) -> None:
    raise OSError


def _refusing(code: int) -> Callable[[], tuple[Callable[..., int], int]]:
    """Return a system call that fails with CODE."""

    def call(*_: object) -> int:
        _ctypes.set_errno(code)
        return -1

    return lambda: (call, 1)


@pytest.mark.parametrize(
    ("where", "name", "double"),
    [
        (_ctypes, "dlsym", _no_such_name),
        (rename_noreplace, "_system_call", _refusing(errno.EINVAL)),
        (rename_noreplace, "_system_call", _refusing(errno.ENOTSUP)),
    ],
    ids=["a system without the call", "a filesystem without the flag", "one of macOS"],
)
def test_without_a_rename_that_refuses_we_look_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, double: object
) -> None:
    rename_noreplace._system_call.cache_clear()
    monkeypatch.setattr(where, name, double)
    (tmp_path / "x").touch()
    (tmp_path / "y").touch()
    with Directory(RootedPath(str(tmp_path))) as directory:
        with pytest.raises(FileExistsError):
            durable.move(directory, "x", directory, "y")
        durable.move(directory, "x", directory, "z")
    assert sorted(os.listdir(tmp_path)) == ["y", "z"]


# -- the mailbox of another user, as a user other than root sees it --------------------------------------------------


def _send(world: World) -> None:
    Mailbox(world.queue.root, "ann").send(["bob"], b"x", Draft(new_id=ID))


@pytest.fixture
def anothers(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The queue as another user sees it, on a filesystem that makes all files its owner's."""
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(world.queue.root).st_uid + 1)
    monkeypatch.setattr(open_beneath, "guard", Guard(trusted=True))
    return world


def test_a_record_gets_its_place_when_it_is_its_owners(anothers: World) -> None:
    _send(anothers)
    with Meanwhile("never", interrupts) as watched:
        anothers.drain("bob")
    steps = [str(step) for step in watched.log]
    (at,) = (number for number, step in enumerate(steps) if step.startswith("replace") and "/drains/" in step)
    assert any(step.startswith("fsync agents/bob/inbox/tmp/") for step in steps[:at])
    assert not any(step.startswith("open agents/bob/.amq/drains/") for step in steps[:at])


def test_a_record_that_gets_no_place_leaves_nothing(anothers: World) -> None:
    _send(anothers)
    with Meanwhile("replace", fails(errno.EIO)), pytest.raises(OSError):
        anothers.drain("bob")
    assert anothers.litter() == anothers.records() == []


def test_a_new_lock_and_a_new_directory_get_their_name_last(anothers: World) -> None:
    with Meanwhile("never", interrupts) as watched:
        registry.register(anothers.queue, ["dan"], 0)
        Mailbox(anothers.queue.root, "dan").set_presence("busy")
    steps = [str(step) for step in watched.log]
    assert any(re.match(r"move agents/\.amq-\S+ agents/dan$", step) for step in steps)
    assert any(re.match(r"link agents/dan/\.amq/\.amq-\S+ agents/dan/\.amq/lock$", step) for step in steps)
    assert anothers.litter() == []


def test_root_gives_what_it_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is root, so any user may do it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = tmp_path.stat()
    fd = os.open(tmp_path, os.O_RDONLY)
    with Meanwhile("never", interrupts) as watched:
        durable.give((found.st_uid, found.st_gid), fd)
    os.close(fd)
    assert [step.name for step in watched.log] == ["chown"]


# -- directories that go, or cannot be made ----------------------------------------------------------------------------


def test_a_mailbox_without_its_inbox_for_a_moment_loses_no_descriptor(world: World) -> None:
    """It disappears between the opening of `tmp` and of `new`."""
    new = world.queue.agent("bob").inbox_new
    before = os.listdir("/dev/fd")
    with Meanwhile(r"descend \S+/bob/inbox/new", lambda: os.rename(new, f"{new}-away")), pytest.raises(AmqError):
        _send(world)
    assert len(os.listdir("/dev/fd")) == len(before)


@pytest.mark.parametrize("name", ["new", "tmp"])
def test_who_lacks_a_directory_has_no_mailbox(world: World, name: str) -> None:
    os.rmdir(os.path.join(world.queue.agent("bob").inbox, name))
    assert not registry.has_mailbox(world.queue.agent("bob"))


def test_a_mode_that_cannot_be_set_without_following_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("chmod: cannot use dir_fd and follow_symlinks together")

    monkeypatch.setattr(os, "chmod", refuse)
    (tmp_path / "x").mkdir()
    with Directory(RootedPath(str(tmp_path))) as directory, pytest.raises(OSError, match="umask"):
        durable.syscalls.chmod_name(directory, "x", 0o700)


# -- mail that cannot be read -----------------------------------------------------------------------------------------


def test_what_has_left_meanwhile_is_neither_unreadable_nor_refused(world: World) -> None:
    agent = world.queue.agent("bob")
    os.makedirs(agent.refused)
    with Directory(agent.refused) as refused:
        assert refused_files.look(refused, ID) is None
    assert maildir.cannot_read(agent.inbox_new, [ID]) == []


def test_a_drain_that_has_kept_nothing_yet_may_be_narrowed(world: World) -> None:
    send(world)
    hold = drain_claim.DrainClaim(world.queue.agent("bob"), [ID, "m2"], set(), 0)
    os.makedirs(hold.agent.drains)
    hold.narrow([ID], "narrow")
    assert (hold.ids, os.listdir(hold.agent.drains)) == ([ID], ["narrow"])
    hold.release()
    assert os.listdir(hold.agent.drains) == []
