"""`amq who --watch`: the table again whenever something changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from amq.cli.open_mailbox import private_directory as user_directory
from amq.cli.terminal import Terminal
from amq.cli.who_watch import Picture, _fitting
from amq.dashboard.agents import rows
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock
from amq.runtime.file_events import FileEvents
from amq.runtime.policy.reasons import Activity
from amq.runtime.policy.schedule import Readiness
from amq.runtime.state_file import StatePublisher
from tests.cli.on_terminal import on_terminal
from tests.conftest import Shell, private_directory

USER = Terminal(80, colour=False, now_ns=0)


def instead_of_waiting(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> None:
    """Do one of ACTS for each wait, and interrupt the next one."""
    steps = iter(acts)

    def wait(*_: object) -> None:
        act = next(steps, None)
        if act is None:
            raise KeyboardInterrupt
        act()

    monkeypatch.setattr(FileEvents, "wait", wait)


def publishing(amq: Shell, activity: Activity, question: str = "") -> Callable[[], None]:
    """Return a function that publishes bob's state."""
    place = str(private_directory(amq.root, "bob"))
    return lambda: StatePublisher(place, "run").publish(Readiness(activity=activity, question=question))


def sending(amq: Shell) -> Callable[[], object]:
    """Return a function that sends bob a message."""
    return lambda: Mailbox(str(amq.root), "alice").send(["bob"], b"hello")


def test_each_change_is_a_line(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    asking = publishing(amq, Activity.ASKS, "Bash(git push)")
    instead_of_waiting(
        monkeypatch, publishing(amq, Activity.IDLE), lambda: None, asking, sending(amq), claim.release,
        lambda: amq.root.joinpath("agents", "carol").rename(amq.root / "carol"),
        lambda: (amq.root / "meta" / "config.json").write_text('{"version": 1, "agents": ["alice", "bob"]}'),
    )  # fmt: skip
    result = amq("who", "--watch")
    assert result.code == 130
    assert [line.partition("  ")[2] for line in result.out.splitlines()] == [
        "alice  -  0 unread",
        "bob  unknown  0 unread",
        "carol  -  0 unread",
        "user  -  0 unread",
        "bob  idle 0s  0 unread",
        "bob  asks you: Bash(git push)  0 unread",
        "bob  asks you: Bash(git push)  1 unread  waits for notified",
        "bob  not running  1 unread  waits for no-channel",
        "carol  removed",
    ]


def test_each_change_is_an_object(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    instead_of_waiting(monkeypatch, sending(amq))
    result = amq("who", "--watch", "--json")
    assert result.code == 130
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [(each["handle"], each["unread"]) for each in found] == [
        ("alice", 0), ("bob", 0), ("carol", 0), ("user", 0), ("bob", 1),
    ]  # fmt: skip


def test_a_warning_comes_once(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(amq.agent("bob").presence).write_text("nonsense")
    instead_of_waiting(monkeypatch, sending(amq), sending(amq))
    assert amq("who", "--watch").err.count("amq: warning: ") == 1


def test_a_terminal_gets_the_table_over_the_last_one(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    instead_of_waiting(monkeypatch, lambda: None, sending(amq))
    written, result = on_terminal(amq, "who", "--watch", me=None)
    assert result.code == 130
    first, again = written.split("\x1b[5F\x1b[J")
    assert first.splitlines()[0].split() == ["agent"]
    assert again.splitlines()[0].split() == ["agent", "unread", "oldest", "waits", "for"]
    monkeypatch.setenv("TERM", "dumb")
    instead_of_waiting(monkeypatch)
    written, _ = on_terminal(amq, "who", "--watch", me=None)
    assert "\x1b" not in written


def test_where_not_all_fit_those_come_first_that_need_the_user(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    amq.send(to="user")
    claim = notifier_lock.claim(Mailbox(str(amq.root), "carol").state_dir, "run")
    publishing(amq, Activity.IDLE)()
    asking = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    publishing(amq, Activity.ASKS, "Bash(git push)")()
    found = rows(Mailbox(str(amq.root), "alice").account, user_directory(str(amq.root)))
    assert [row.agent.handle for row in _fitting(found, len(found) + 2)] == ["alice", "bob", "carol", "user"]
    assert [row.agent.handle for row in _fitting(found, len(found) + 1)] == ["bob", "user", "carol", "alice"]
    claim.release()
    asking.release()


def test_an_unchanged_table_is_not_drawn() -> None:
    picture = Picture()
    assert picture.draw("a\nb\n", USER, 24) == "a\nb\n"
    assert picture.draw("a\nb\n", USER, 24) == ""
    assert picture.draw("a\nc\n", USER, 24) == "\x1b[2F\x1b[Ja\nc\n"


def test_after_a_change_of_size_all_is_drawn_anew() -> None:
    picture = Picture()
    picture.draw("a\nb\n", USER, 24)
    assert picture.draw("a\nb\n", Terminal(60, colour=False, now_ns=0), 24) == "\x1b[H\x1b[2Ja\nb\n"


def test_a_table_that_is_too_high_is_cut() -> None:
    """Else its beginning would be above the screen, where no cursor can go."""
    assert Picture().draw("1\n2\n3\n4\n5\n", USER, 5) == "1\n2\n3\n… 2 more\n"
    assert Picture().draw("1\n2\n3\n4\n", USER, 5) == "1\n2\n3\n4\n"
