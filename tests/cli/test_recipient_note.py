"""The note after a send: why a recipient may not read it soon."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator

import pytest

from amq.cli import recipient_note
from amq.instants import SECOND_NS, format_instant
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.policy.reasons import Activity
from amq.runtime.policy.schedule import Readiness
from amq.runtime.state_file import StatePublisher
from tests.conftest import Shell, private_directory


@pytest.fixture
def notified(amq: Shell) -> Iterator[StatePublisher]:
    """Notify bob, by this process."""
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    publisher = StatePublisher(str(private_directory(amq.root, "bob")), "run")
    publisher.publish(Readiness(activity=Activity.IDLE))
    yield publisher
    claim.release()


def note(amq: Shell, *words: str, to: str = "bob") -> str:
    result = amq("send", "--to", to, "--body", "x", *words)
    assert result.code == 0
    return result.err.removeprefix("amq: ").removesuffix(" (see amq who)\n")


def old_mail(amq: Shell, seconds: float, name: str = "{}_pid1_00000000.md") -> None:
    stamp = format_instant((time.time_ns() // SECOND_NS - int(seconds)) * SECOND_NS + 1_000_000).replace(":", "-")
    amq.put(name.format(stamp), b"")


def test_recipients_without_a_notifier_are_named(amq: Shell, notified: StatePublisher) -> None:
    assert note(amq) == ""
    assert note(amq, to="carol") == "nothing notifies carol"
    assert note(amq, to="bob,carol") == "nothing notifies carol"
    amq("init", "--agents", "d,e,f")
    assert note(amq, to="@all") == "nothing notifies carol, d, e, 1 more"


def test_one_that_asks_the_user_is_named(amq: Shell, notified: StatePublisher) -> None:
    notified.publish(Readiness(activity=Activity.ASKS, question="Bash(git push)"))
    assert note(amq, to="bob,carol") == "nothing notifies carol; bob asks the user something"
    replied = amq("reply", "--id", amq.send(to="alice", me="bob"), "--body", "x")
    assert replied.err == "amq: bob asks the user something (see amq who)\n"


def test_one_that_is_stopped_is_named(amq: Shell, notified: StatePublisher) -> None:
    notified.publish(Readiness(activity=Activity.STOPPED))
    assert note(amq) == "bob is stopped"


def test_of_one_whose_state_cannot_be_read_nothing_is_said(
    amq: Shell, notified: StatePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sandbox the private directory is missing, or another one: then it is neither idle nor anything else."""
    notified.publish(Readiness(activity=Activity.ASKS))
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as place, monkeypatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", place)
        assert note(amq) == ""
        assert amq("who", "--json").value[1]["state"] == "unknown"
        assert "bob    unknown  " in amq.ok("who")
        timed_out = amq("wait", "bob", "--idle", "--timeout", "0.1")
        assert (timed_out.code, timed_out.out) == (4, "timeout: bob: unknown\n")
    assert note(amq) == "bob asks the user something"


def test_mail_that_is_unread_for_an_hour_is_named(amq: Shell, notified: StatePublisher) -> None:
    old_mail(amq, 3500)
    old_mail(amq, 9000, "{}-of-another-program.md")
    assert note(amq) == ""
    old_mail(amq, 3700)
    assert note(amq) == "bob has mail that is unread for an hour"


def test_a_large_inbox_is_not_read_whole(amq: Shell, notified: StatePublisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipient_note, "MOST_NAMES", 2)
    for seconds in (3700, 3800, 3900):
        old_mail(amq, seconds)
    looked_at: list[str] = []

    def undated(names: list[str]) -> list[str]:
        looked_at.extend(names)
        return names

    monkeypatch.setattr(recipient_note, "undated", undated)
    assert note(amq) == ""
    assert 1 <= len(looked_at) <= 2


def test_programs_and_the_user_get_no_note(amq: Shell) -> None:
    assert amq("send", "--to", "bob", "--body", "x", "--json").err == ""
    assert amq("send", "--to", "user", "--create", "--body", "x").err == ""
    assert "nothing notifies" not in amq("send", "--to", "alice", "--body", "x").err


def test_trouble_with_the_note_is_none_of_the_send(amq: Shell, notified: StatePublisher) -> None:
    path = amq.agent("bob").inbox_new
    os.rename(path, f"{path}.away")
    os.symlink("/", path)
    found = Mailbox(str(amq.root), "alice")
    assert recipient_note._hindrance(found, "bob") == ""
