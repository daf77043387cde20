"""The conversation of a queue as its user watches it: what is new, and where each message is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amq.dashboard.conversation import Conversation
from amq.dashboard.overview import Dashboard
from amq.mail.mailbox import Mailbox
from amq.store import maildir
from tests.conftest import Shell
from tests.dashboard.watched import dashboard, dashboard_of, states
from tests.samples import ID, message_file

__all__ = ["dashboard"]


def test_each_message_once_with_its_places(amq: Shell, dashboard: Dashboard) -> None:
    amq.send("--subject", "one", to="bob,carol")
    amq.ok("drain", me="bob")
    amq.send("--subject", "two", "--ack", to="carol")
    amq.ok("drain", "--limit", "1", me="carol")
    assert states(dashboard) == [("one", [("bob", "drained"), ("carol", "drained")]), ("two", [("carol", "unread")])]
    amq.ok("drain", me="carol")
    assert states(dashboard)[1] == ("two", [("carol", "acknowledged")])


def test_a_dead_letter_and_a_file_that_is_gone(amq: Shell, dashboard: Dashboard) -> None:
    dead, gone = amq.send("--subject", "dead"), amq.send("--subject", "gone")
    for name in (dead, gone):
        Path(amq.agent("bob").inbox_new, f"{name}.md").unlink()
    amq.put(f"{dead}.md", b"nonsense")
    amq.ok("drain", me="bob")
    assert states(dashboard) == [("dead", [("bob", "dead")]), ("gone", [("bob", "missing")])]


def test_a_mailbox_that_cannot_be_looked_into_is_unknown(amq: Shell, dashboard: Dashboard) -> None:
    amq.send("--subject", "one")
    Path(amq.agent("bob").inbox_new).rename(amq.root / "kept")
    Path(amq.agent("bob").inbox_new).symlink_to(amq.root / "kept")
    assert states(dashboard) == [("one", [("bob", "unknown")])]
    assert any("link" in problem for problem in dashboard.look().problems)


def test_the_newest_only(amq: Shell) -> None:
    for number in range(5):
        amq.send("--subject", str(number))
    assert [subject for subject, _ in states(dashboard_of(amq, newest=2))] == ["3", "4"]


def test_ids_without_a_time(amq: Shell) -> None:
    """Those of other programs: as many as are shown, and more."""
    watched = dashboard_of(amq, newest=2)
    for number in range(4):
        amq.put(f"m{number}.md", message_file(id=f"m{number}", created=f"2026-03-0{number + 1}T10:00:00Z"))
        amq.put(f"{ID}.md", message_file(id=ID, created="2026-03-01T10:00:00Z"))
        expected = [ID, *(f"m{each}" for each in range(number + 1))][-2:]
        assert [each.id for each in watched.look().messages] == expected


def test_an_id_without_a_time_may_be_the_newest(amq: Shell) -> None:
    """Wherever its name is in the alphabet."""
    for number in range(3):
        name = f"{ID[:-1]}{number}"
        amq.put(f"{name}.md", message_file(id=name, created=f"2026-03-01T10:00:0{number}Z"))
    amq.put("0.md", message_file(id="0", created="2026-03-02T10:00:00Z"))
    assert [each.id for each in dashboard_of(amq, newest=2).look().messages] == [f"{ID[:-1]}2", "0"]


def test_a_look_opens_only_what_is_new(amq: Shell, opened: list[str]) -> None:
    conversation = Conversation(Mailbox(str(amq.root), "alice").account)
    for _ in range(3):
        amq.send()
    conversation.newest(10)
    new = amq.send()
    opened.clear()
    conversation.newest(10)
    assert set(opened) == {new}


def test_a_directory_without_a_change_is_not_listed(
    amq: Shell, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    amq.send()
    settle(amq)
    dashboard.look()
    monkeypatch.setattr(maildir, "ends", lambda *_: pytest.fail("it was listed"))
    assert len(dashboard.look().messages) == 1


def settle(amq: Shell) -> None:
    """Give all directories of the queue times that are past."""
    for directory, _, _ in os.walk(amq.root):
        os.utime(directory, (1, 1))


def test_what_is_not_a_message_is_named_at_each_look(amq: Shell, dashboard: Dashboard) -> None:
    amq.put("bad.md", b"nonsense")
    amq.send("--subject", "good")
    settle(amq)
    for _ in range(2):
        assert [message.header.subject for message in dashboard.look().messages] == ["good"]
        assert any("bad is not a message" in problem for problem in dashboard.look().problems)


def test_a_forged_id_hides_nothing(amq: Shell, dashboard: Dashboard) -> None:
    true = amq.send("--subject", "true")
    amq.put(
        f"{true}.md", message_file(id=true, sender="carol", subject="forged", created="2026-03-01T10:00:00Z"), "carol"
    )
    assert sorted(subject for subject, _ in states(dashboard)) == ["forged", "true"]


def test_a_thread_and_a_pair(amq: Shell, dashboard: Dashboard) -> None:
    amq.send("--subject", "a to b", "--thread", "x")
    amq.send("--subject", "b to a", to="alice", me="bob")
    amq.send("--subject", "a to c", "--thread", "x", to="carol")
    assert [each.header.subject for each in dashboard.thread("x").messages] == ["a to b", "a to c"]
    assert [each.header.subject for each in dashboard.thread("x", 1).messages] == ["a to c"]
    assert [each.header.subject for each in dashboard.pair("bob", "alice").messages] == ["a to b", "b to a"]
    assert [each.header.subject for each in dashboard.pair("alice", "bob", 1).messages] == ["b to a"]
    assert dashboard.thread("").problems == ("no thread given",)


def test_a_search_finds_the_newest_first(amq: Shell, dashboard: Dashboard) -> None:
    for number in range(3):
        amq.send("--subject", str(number), body="the parser")
    assert [each.header.subject for each in dashboard.search("parser", 2).messages] == ["2", "1"]
    assert dashboard.search('"', 2).problems


def test_a_body_moves_with_its_message(amq: Shell, dashboard: Dashboard) -> None:
    amq.send(body="the text")
    (message,) = dashboard.look().messages
    Path(amq.agent("alice").sent, f"{message.id}.md").unlink()
    (message,) = dashboard.look().messages
    amq.ok("drain", me="bob")
    assert dashboard.body(message.header).text == "the text\n"
    Path(amq.agent("bob").inbox_cur, f"{message.id}.md").unlink()
    assert dashboard.body(message.header).problem == "it was removed just now"


def test_a_queue_that_has_gone_and_comes_back(amq: Shell, dashboard: Dashboard) -> None:
    amq.send("--subject", "one")
    amq.root.rename(amq.project / "away")
    looked = dashboard.look()
    assert (looked.rows, looked.messages) == ((), ())
    assert "not a queue any more" in looked.gone
    (amq.project / "away").rename(amq.root)
    assert [subject for subject, _ in states(dashboard)] == ["one"]
    assert dashboard.look().gone == ""
