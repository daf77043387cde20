"""Guards that are not a step: a flag, a call that refuses, a lock. Each check fails without its guard."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from amq.errors import AmqError, Conflict
from amq.instants import SECOND_NS
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.store import durable
from amq.store.drain_claim import DrainClaim
from amq.store.durable import Directory, Syscalls
from amq.store.locks import mailbox_lock
from tests.crash.seam import Watched
from tests.crash.world import World, regular_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ID = "2025-06-15T15-06-40.000Z_pid{pid}_00000000"


class Unguarded(Syscalls):
    """A program without its guards: it opens existing files, replaces them, and takes every lock."""

    def open(self, directory: Directory, name: str, flags: int) -> int:
        """Open without O_EXCL."""
        return super().open(directory, name, flags & ~os.O_EXCL)

    def link(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
        """Link by a rename that replaces."""
        self.replace(source, name, target, new_name)

    def move(self, source: Directory, name: str, target: Directory, new_name: str) -> None:
        """Move by a rename that replaces."""
        self.replace(source, name, target, new_name)

    def lock(self, _: int) -> bool:
        """Lock without asking."""
        return True


@pytest.fixture
def world(place: Path) -> World:
    """The queue of ann and bob."""
    world = World(place)
    world.make("ann", "bob")
    return world


def _twice(check: Callable[[World], bool], world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, bool]:
    """Return whether CHECK holds with the guards, and whether it holds without them."""
    guarded = check(world)
    monkeypatch.setattr(durable, "syscalls", Unguarded())
    return guarded, check(world)


def _ann(world: World) -> Mailbox:
    """Return a mailbox of ann whose next message has the id ID, and whose temporary files always have one name."""
    return Mailbox(world.queue.root, "ann", clock=lambda: 1_750_000_000 * SECOND_NS, random=bytes)


def test_a_temporary_file_of_another_is_not_touched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp = os.path.join(world.queue.agent("bob").inbox_tmp, _ann(world).account.temporary())

    def check(world: World) -> bool:
        _write(tmp, b"another's")
        try:
            _ann(world).send(["bob"], b"ours")
        except Conflict:
            return _read(tmp) == b"another's"
        return False

    assert _twice(check, world, monkeypatch) == (True, False)


def test_a_message_is_never_replaced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    public = os.path.join(world.queue.agent("bob").inbox_new, f"{ID.format(pid=os.getpid())}.md")

    def check(world: World) -> bool:
        _write(public, b"another's")
        try:
            _ann(world).send(["bob"], b"ours")
        except Conflict:
            return _read(public) == b"another's"
        return False

    assert _twice(check, world, monkeypatch) == (True, False)


def test_a_message_that_was_read_is_never_replaced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = world.queue.agent("bob")
    message = _message("m1", world)

    def check(world: World) -> bool:
        _write(os.path.join(bob.inbox_cur, "m1.md"), b"read before")
        _write(os.path.join(bob.inbox_new, "m1.md"), message)
        world.drain("bob")
        return _read(os.path.join(bob.inbox_cur, "m1.md")) == b"read before" and len(regular_files(bob.dlq_new)) == 1

    assert _twice(check, world, monkeypatch) == (True, False)


def _message(identifier: str, world: World) -> bytes:
    """Return the bytes of a message of this id to bob."""
    world.mailbox("ann").send(["bob"], b"text", Draft(new_id=identifier))
    path = os.path.join(world.queue.agent("bob").inbox_new, f"{identifier}.md")
    data = _read(path)
    os.unlink(path)
    return data


def test_the_mail_of_a_live_drain_is_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.mailbox("ann").send(["bob"], b"text")

    def check(world: World) -> bool:
        with pytest.raises(KeyError), world.mailbox("bob").drain(), world.mailbox("bob").drain() as other:
            held = other.count
            raise KeyError  # neither has shown it
        return held == 0

    assert _twice(check, world, monkeypatch) == (True, False)


def test_one_at_a_time_has_the_mailbox_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = world.queue.agent("bob")

    def check(_: World) -> bool:
        try:
            with mailbox_lock(bob), mailbox_lock(bob, within_s=0):
                return False
        except AmqError:
            return True

    assert _twice(check, world, monkeypatch) == (True, False)


def test_mail_that_was_not_recorded_would_be_shown_twice_unmarked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mailbox("ann").send(["bob"], b"text")

    def cut_off() -> bool:
        """Return whether a drain that is cut off while it shows leaves the mail marked."""
        with pytest.raises(KeyError), world.mailbox("bob").drain() as mail:
            for item in mail:
                raise KeyError(item.id)
        with pytest.raises(KeyError), world.mailbox("bob").drain() as mail:
            again = [item.redelivered for item in mail]
            raise KeyError
        return again == [True]

    assert cut_off()
    monkeypatch.setattr(DrainClaim, "keep", lambda *_: None)
    world.drain("bob")
    world.mailbox("ann").send(["bob"], b"text")
    assert not cut_off()


def test_mail_that_cannot_be_read_stays_and_stops_nothing(world: World) -> None:
    for number in range(3):
        world.mailbox("ann").send(["bob"], world.expect(f"text {number}", ("bob",)), Draft(new_id=f"m{number}"))

    class Unreadable(Watched):
        """A disk on which one of the messages may not be read."""

        def take(self, name: str, arguments: tuple[object, ...]) -> object:
            """Refuse to open it."""
            if name == "open" and arguments[1] == "m1.md":
                raise PermissionError(13, "Permission denied", "m1.md")
            return super().take(name, arguments)

    with Unreadable():
        world.drain("bob")
        world.drain("bob")
    assert [each.id for each in world.shown()] == ["m0", "m2"]
    bob = world.queue.agent("bob")
    assert [path.name for path in regular_files(bob.inbox_new)] == ["m1.md"]
    assert not os.path.exists(bob.refused)
    world.drain("bob")
    assert [(each.id, each.good, each.again) for each in world.shown()][2:] == [("m1", True, False)]


def test_a_failed_acknowledgement_to_one_sender_stops_no_other(world: World) -> None:
    world.make("ann", "bob", "cat")
    for sender in ("ann", "cat"):
        body = world.expect(f"from {sender}", ("bob",), sender=sender, ack=True)
        world.mailbox(sender).send(["bob"], body, Draft(new_id=f"m-{sender}", ack=True))
    received = world.queue.agent("ann").acks_received
    os.rmdir(received)
    os.symlink("/", received)
    world.drain("bob")
    assert [path.stem for path in regular_files(world.queue.agent("cat").acks_received)] == ["m-cat"]
    assert ["`amq ack --id m-ann`" in warning for warning in world.warnings] == [True]


def test_what_is_not_a_file_may_come_twice_under_one_name(world: World) -> None:
    bob = world.queue.agent("bob")
    for _ in range(2):
        os.mkfifo(os.path.join(bob.inbox_new, "pipe.md"))
        world.drain("bob")
    assert len(os.listdir(bob.refused)) == 2
    assert world.warnings == []


class Stubborn(Watched):
    """A disk on which nothing can be removed from the inbox."""

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Refuse to remove a file of the inbox."""
        if name == "unlink" and arguments[0].path.endswith("inbox/new"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().take(name, arguments)


class Swept(Watched):
    """A rival that removes this process's temporary files."""

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Fail as if the file was removed."""
        if name == "link" and arguments[0].path.endswith("dlq/tmp"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return super().take(name, arguments)


def test_a_bad_message_whose_letter_was_swept_away_is_not_taken_for_gone(world: World) -> None:
    _write(os.path.join(world.queue.agent("bob").inbox_new, "bad.md"), b"bad")
    with Swept():
        world.drain("bob")
    world.drain("bob")
    assert [each.again for each in world.shown()] == [False, True]


def test_a_bad_message_that_could_not_be_removed_has_one_letter_even_if_that_was_looked_at(world: World) -> None:
    bob = world.queue.agent("bob")
    _write(os.path.join(bob.inbox_new, "bad.md"), b"bad")
    with Stubborn():
        world.drain("bob")
        world.mailbox("bob").letter_seen(world.mailbox("bob").letters()[0])
        world.drain("bob")
    with Watched() as watched:
        world.drain("bob")
    assert [len(regular_files(box)) for box in (bob.inbox_new, bob.dlq_new, bob.dlq_cur)] == [0, 0, 1]
    steps = [str(step) for step in watched.log]
    assert steps.index("fsync agents/bob/dlq/cur") < steps.index("unlink agents/bob/inbox/new/bad.md")


def test_what_is_bad_in_another_way_or_comes_another_time_has_a_letter_of_its_own(world: World) -> None:
    bad = os.path.join(world.queue.agent("bob").inbox_new, "bad.md")
    for data, came in ((b"bad", 1), (b"worse", 1), (b"bad", 2)):
        _write(bad, data)
        os.utime(bad, ns=(came, came))
        world.drain("bob")
    bob = world.mailbox("bob")
    assert sorted(bob.letter(letter.id).original for letter in bob.letters()) == [b"bad", b"bad", b"worse"]


@pytest.mark.parametrize("other", [b"---\n{}\n---\nanother", None])
def test_a_letter_is_never_replaced(world: World, other: bytes | None) -> None:
    """This holds for any file with the letter's name; the message is moved aside then."""
    bob = world.queue.agent("bob")
    bad = os.path.join(bob.inbox_new, "bad.md")
    _write(bad, b"bad")
    os.utime(bad, ns=(1, 1))
    letter = os.path.join(bob.dlq_new, f"dlq_1_0_{hashlib.sha256(b'bad' + bytes(1) + b'bad').hexdigest()[:12]}.md")
    if other is None:
        os.mkfifo(letter)
    else:
        _write(letter, other)
    world.drain("bob")
    assert [path.name for path in regular_files(bob.refused)] == ["bad.md"]
    assert os.listdir(bob.dlq_new) == [os.path.basename(letter)]
    assert other is None or _read(letter) == other


def test_a_repeat_makes_good_the_copy_that_was_not_kept(world: World) -> None:
    ann = world.mailbox("ann")
    ann.send(["bob"], b"text", Draft(new_id="m1"))
    copy = os.path.join(world.queue.agent("ann").sent, "m1.md")
    data = _read(copy)
    os.unlink(copy)
    assert ann.send(["bob"], b"text", Draft(new_id="m1")).repeated
    assert _read(copy) == data


def test_what_another_drain_may_have_shown_stays_marked_when_it_is_not_shown_now(world: World) -> None:
    for number in range(2):
        world.mailbox("ann").send(["bob"], b"text", Draft(new_id=f"m{number}"))
    with pytest.raises(KeyError), world.mailbox("bob").drain() as cut_off:
        raise KeyError(cut_off.count)
    with world.mailbox("bob").drain() as mail:
        next(iter(mail))
    with world.mailbox("bob").drain() as mail:
        assert [(item.id, item.redelivered) for item in mail] == [("m1", True)]


def test_what_a_dead_drain_may_have_shown_stays_marked_until_a_later_one_shows_it(world: World) -> None:
    for number in range(2):
        world.mailbox("ann").send(["bob"], b"text", Draft(new_id=f"m{number}"))
    with pytest.raises(KeyError), world.mailbox("bob").drain() as cut_off:
        raise KeyError(cut_off.count)
    assert world.drain("bob", limit=1) == 1
    with world.mailbox("bob").drain() as mail:
        assert [(item.id, item.redelivered) for item in mail] == [("m1", True)]


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
