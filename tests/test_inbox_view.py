"""Repeated looks at an inbox: a bad file is read once, and a changed one is noticed."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from amq.mail import inbox_view
from amq.mail.inbox_view import InboxView
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from tests.conftest import Shell
from tests.crash.seam import Watched
from tests.samples import message_file

LATER_NS = 10**10
"""By this much later all files have settled."""


@pytest.fixture
def view(amq: Shell) -> InboxView:
    return Mailbox(str(amq.root), "bob", clock=lambda: time.time_ns() + LATER_NS).inbox_view()


def ids(view: InboxView) -> list[str]:
    return [each.id for each in view.look()]


def in_place(path: Path, data: bytes) -> None:
    """Give PATH another content of equal length, and keep its inode; its time changes."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(data.ljust(before.st_size)[: before.st_size])
    while path.stat().st_ctime_ns == before.st_ctime_ns:
        os.utime(path)


def test_a_bad_file_is_read_once(amq: Shell, view: InboxView, opened: list[str]) -> None:
    amq.put("bad.md", b"x")
    first = view.look()
    assert view.look() is first
    amq.send("--new-id=good")
    opened.clear()
    assert (ids(view), opened) == (["bad", "good"], ["good"])
    assert (ids(view), opened) == (["bad", "good"], ["good"])


def test_one_that_is_replaced_is_read(amq: Shell, view: InboxView) -> None:
    amq.put("bad.md", b"x")
    assert [each.sender for each in view.look()] == [""]
    beside = amq.put(".beside", message_file(id="bad"))
    beside.rename(beside.with_name("bad.md"))
    assert [each.sender for each in view.look()] == ["alice"]


def test_one_that_is_fixed_in_place_is_read(amq: Shell, view: InboxView) -> None:
    good = message_file(id="bad")
    path = amq.put("bad.md", b"x" * len(good))
    assert [each.sender for each in view.look()] == [""]
    in_place(path, good)
    assert [each.sender for each in view.look()] == ["alice"]


def test_a_file_that_has_just_changed_is_read_again(amq: Shell, opened: list[str]) -> None:
    """It may change once more without another time."""
    view = Mailbox(str(amq.root), "bob").inbox_view()
    amq.put("bad.md", b"x")
    first = view.look()
    assert (view.look() is first, opened) == (True, ["bad", "bad"])


def test_of_many_bad_files_some_are_asked_for_changes_in_turn(
    amq: Shell, view: InboxView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_view, "MOST_STAMPS", 2)
    good = {f"bad{number}": message_file(id=f"bad{number}") for number in range(5)}
    paths = {name: amq.put(f"{name}.md", b"x" * len(data)) for name, data in good.items()}
    assert len(view.look()) == 5
    for name, data in good.items():
        in_place(paths[name], data)
        looks = [[each.sender for each in view.look() if each.id == name] for _ in range(4)]
        assert looks[-1] == ["alice"], name


class Forbidding(Watched):
    """A system that opens no message."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code
        self.tries = 0

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, unless it opens a message."""
        if name == "open" and str(arguments[1]).endswith(".md"):
            self.tries += 1
            raise OSError(self.code, os.strerror(self.code), arguments[1])
        return super().take(name, arguments)


def test_what_may_not_be_read_is_tried_once_and_again_when_it_may(amq: Shell, view: InboxView) -> None:
    amq.send("--new-id=m1")
    path = Path(amq.agent("bob").inbox_new, "m1.md")
    with Forbidding(errno.EACCES) as system:
        assert [[each.sender for each in view.look()] for _ in range(3)] == [[""]] * 3
        assert system.tries == 1
        path.chmod(0o400)
        view.look()
        assert system.tries == 2
    path.chmod(0o600)
    assert [each.sender for each in view.look()] == ["alice"]


def test_what_cannot_be_read_just_now_is_tried_each_time(amq: Shell, view: InboxView) -> None:
    amq.send("--new-id=m1")
    with Forbidding(errno.EIO) as system:
        assert [len(view.look()) for _ in range(3)] == [1] * 3
        assert system.tries == 3
    assert [each.sender for each in view.look()] == ["alice"]


def test_it_is_in_order_whatever_comes_and_goes(amq: Shell, view: InboxView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_view, "_PORTION", 2)
    alice, bob = (Mailbox(str(amq.root), handle) for handle in ("alice", "bob"))
    for name in ("z", "b", "a", "y", "x"):
        amq.put(f"{name}.md", b"x")
        alice.send(["bob"], b"1", Draft(new_id=f"m{name}"))
    assert ids(view) == ["a", "b", "x", "y", "z", "mz", "mb", "ma", "my", "mx"]
    with bob.drain(only=["ma", "y"]) as mail:
        list(mail)
    alice.send(["bob"], b"1", Draft(new_id="last"))
    assert ids(view) == ["a", "b", "x", "z", "mz", "mb", "my", "mx", "last"]
    assert view.look() == bob.unread()


def test_a_good_file_in_the_place_of_another_is_read(amq: Shell, view: InboxView) -> None:
    amq.send("--new-id=m1")
    assert ids(view) == ["m1"]
    beside = amq.put(".beside", message_file(id="m1", priority="urgent"))
    beside.rename(beside.with_name("m1.md"))
    assert [each.priority for each in view.look()] == ["urgent"]
