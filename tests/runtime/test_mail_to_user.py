"""Notices of an agent's mail to the user: from its own notifier alone, once until the user has read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.mail_to_user import MailToUser
from amq.runtime.policy.reasons import Activity
from amq.store import maildir, registry
from amq.store.durable import Directory
from tests.pty.user import wait_until
from tests.runtime.run_session import Desk
from tests.runtime.test_published_state import is_at


class Office:
    """A queue of two agents, and the watch of codex's notifier."""

    def __init__(self, place: Path) -> None:
        self.root = str(place)
        self.queue = QueueLayout(self.root)
        registry.make_queue(self.queue, tracked=False)
        registry.register(self.queue, ["codex", "claude"], 0)
        self.mail = MailToUser(self.queue, "codex")
        self.user = Mailbox(self.root, "user")

    def send(self, sender: str = "codex", to: str = "user") -> str:
        return Mailbox(self.root, sender).send([to], b"done").id

    def drain(self) -> None:
        with self.user.drain() as mail:
            assert list(mail)

    def begins(self) -> bool:
        return self.mail.is_look_due() and self.mail.has_begun()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    assert not office.begins()
    return office


def test_mail_is_signalled_once_until_the_user_has_read_it(office: Office) -> None:
    office.send()
    assert [office.begins() for _ in range(3)] == [True, False, False]
    office.send()
    assert not office.begins()
    office.drain()
    assert not office.begins()
    office.send()
    assert office.begins()
    office.drain()
    office.send()
    assert office.begins(), "between two looks the user has read all, and more came"


def test_mail_of_others_and_to_others_is_not_its_concern(office: Office) -> None:
    office.send("claude")
    office.send(to="claude")
    assert not office.begins()
    office.send()
    assert office.begins()


def test_what_was_there_before_is_neither_counted_nor_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office, opened = Office(tmp_path), list[str]()
    before = office.send()
    look = maildir.look

    def notes(new: Directory, identifier: str) -> maildir.Found | None:
        opened.append(identifier)
        return look(new, identifier)

    monkeypatch.setattr(maildir, "look", notes)
    assert not office.begins()
    sent = office.send()
    assert office.begins()
    assert not office.begins()
    assert (opened, before != sent) == ([sent], True)


def test_an_inbox_at_rest_is_not_read(office: Office) -> None:
    assert not office.begins()
    assert not office.mail.is_look_due()
    office.send()
    assert office.mail.is_look_due()


def test_the_user_s_own_notifier_is_enough(office: Office) -> None:
    claim = notifier_lock.claim(office.user.state_dir, "wake --via notice")
    office.send()
    assert not office.begins()
    claim.release()
    office.drain()
    office.send()
    assert office.begins()


def test_a_broken_message_is_not_signalled(office: Office) -> None:
    Path(office.queue.agent("user").inbox_new, "broken.md").write_bytes(b"---json\n{")
    assert not office.begins()
    office.send()
    assert office.begins()


def test_an_inbox_that_cannot_be_read_is_as_before(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.send()
    assert office.begins()

    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(maildir, "message_ids", fails)
        office.send()
        assert not office.begins()
    assert not office.begins(), "the first one is still unread"


def test_a_queue_that_is_gone_has_no_mail(office: Office) -> None:
    os.rename(office.root, f"{office.root}-gone")
    assert not office.begins()


def test_run_rings_when_its_agent_writes_to_the_user(desk: Desk) -> None:
    session = desk.run_tui(options=("--prompt", "> ", "--notice", "osc777"))
    wait_until(lambda: is_at(desk, Activity.IDLE))
    Mailbox(desk.root, "codex").send(["user"], b"of another agent")
    Mailbox(desk.root, "tui").send(["user"], b"done")
    session.expect_exact("\x1b]777;notify;amq;tui has written to you\a")
