"""`amq watch`: it sees mail whenever that comes, and moves nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from amq.runtime import stat_polling
from tests.cli.waiting import Queue, in_the_gap, instead_of_waiting, while_waiting


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path)


def test_mail_that_is_there_is_reported_without_waiting(
    queue: Queue, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stat_polling, "until", lambda *_, **__: pytest.fail("it waits"))
    first, second = queue.send("one"), queue.send("two")
    assert queue.call("b", "watch") == 0
    head, *lines = capfd.readouterr().out.splitlines()
    assert head == "existing: 2 new message(s) for b"
    assert [line.split("  ")[2:] for line in lines] == [["a", first, "one"], ["a", second, "two"]]
    assert queue.boxes("b") == ([first, second], [])


def test_mail_that_comes_in_the_gap_is_seen(
    queue: Queue, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_gap(monkeypatch, queue.send)
    assert queue.call("b", "watch", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["event"], told["me"], told["count"]) == ("new_message", "b", 1)
    assert [message["id"] for message in told["messages"]] == queue.boxes("b")[0]


def test_an_event_ends_the_wait(
    queue: Queue, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with while_waiting(monkeypatch, queue.send):
        assert queue.call("b", "watch", "--timeout", "0") == 0
    assert capfd.readouterr().out.startswith("new_message: 1 new message(s) for b\n")


@pytest.mark.parametrize(("words", "pause"), [((), stat_polling.SWEEP_S), (("--poll",), stat_polling.POLL_S)])
def test_there_are_looks_without_a_change_and_more_of_them_for_who_polls(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], pause: float
) -> None:
    waits = instead_of_waiting(monkeypatch, int, queue.send)
    assert queue.call("b", "watch", *words) == 0
    assert waits == [stat_polling.TICK_S, pause]


def test_nothing_in_time_is_exit_code_4(queue: Queue, capfd: pytest.CaptureFixture[str]) -> None:
    assert queue.call("b", "watch", "--timeout", "20ms") == 4
    assert capfd.readouterr() == ("timeout: no mail for b\n", "")
    assert queue.call("b", "watch", "--timeout", "20ms", "--json") == 4
    assert json.loads(capfd.readouterr().out) == {"event": "timeout", "me": "b", "count": 0, "messages": []}


def test_an_interruption_ends_the_wait(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    with while_waiting(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGINT)):
        assert queue.call("b", "watch") == 130


def test_a_mailbox_that_is_replaced_meanwhile_is_watched_on(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    home, away = Path(queue.root, "agents", "b"), Path(queue.root, "away")
    instead_of_waiting(monkeypatch, lambda: home.rename(away), lambda: shutil.copytree(away, home), queue.send)
    assert queue.call("b", "watch") == 0


def test_a_bad_message_is_mail_too(queue: Queue, capfd: pytest.CaptureFixture[str]) -> None:
    Path(queue.root, "agents", "b", "inbox", "new", "bad.md").write_text("no header")
    assert queue.call("b", "watch") == 0
    told = capfd.readouterr()
    assert told.out == "existing: 1 new message(s) for b\n"
    assert "bad is not a message" in told.err
